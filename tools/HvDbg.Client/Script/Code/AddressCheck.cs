using HvKernel.Protocol;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>
/// Keeps scripts out of HvKernel's window: an address that a script has computed may lie outside it, where the guest's memory is, or wholly
/// within the script's data, the globals, the safe buffers, or - to read - the literals in the code.
/// </summary>
/// <remarks>
/// The check in line is five instructions. It sends to the exact one, out of the way, whatever touches the window or comes close to its end,
/// so it is never wrong the dangerous way. Addresses that are not canonical pass: the access itself faults.
/// </remarks>
internal sealed class AddressCheck(CodeContext context)
{
    /// <summary>Shift that makes window start and length fit in 32 bits, by blocks of 1 MiB; smaller windows only in tests.</summary>
    private readonly int _shift = int.Min(20, (int)ulong.Log2(context.Layout.WindowBytes));

    private readonly CodeLabel[] _exact = new CodeLabel[2];

    private CodeEmitter Emitter => context.Emitter;

    private Assembler A => context.Emitter.Assembler;

    /// <summary>Checks the address of an access. Changes r10, r11 and the flags.</summary>
    /// <param name="address">Not r10 or r11; still the address afterwards.</param>
    /// <param name="bytes">Length of the access.</param>
    /// <param name="writes">Whether it writes.</param>
    internal void Access(AssemblerRegister64 address, int bytes, bool writes)
    {
        var suspicious = Emitter.NewLabel();
        var good = Emitter.NewLabel();
        if (bytes == 1)
        {
            A.mov(r11, address);
        }
        else
        {
            A.lea(r11, __[address + (bytes - 1)]);
        }

        A.sar(r11, (byte)_shift);
        A.sub(r11, checked((int)(unchecked((long)context.Layout.WindowStart) >> _shift)));
        A.cmp(r11, checked((int)(context.Layout.WindowBytes >> _shift)));

        // One block more than the window: what begins in its last bytes ends there.
        A.jbe(suspicious.Label);
        Emitter.Place(good);
        Emitter.Later(() =>
        {
            Emitter.Place(suspicious);
            A.mov(r10d, bytes);
            CheckExactly(address, writes);
            A.je(good.Label);
            context.Fail(ScriptFailure.Address, address);
        });
    }

    /// <summary>Checks a range whose length is not known. Changes r10, r11 and the flags.</summary>
    /// <param name="address">Not r10 or r11.</param>
    /// <param name="length">Bytes, at least 1. Not r10 or r11.</param>
    /// <param name="writes">Whether it is written.</param>
    internal void Range(AssemblerRegister64 address, AssemblerRegister64 length, bool writes)
    {
        var bad = Emitter.NewLabel();
        A.mov(r10, length);
        CheckExactly(address, writes);
        A.jne(bad.Label);
        Emitter.Later(() =>
        {
            Emitter.Place(bad);
            context.Fail(ScriptFailure.Address, address);
        });
    }

    /// <summary>The exact checks, if any code needs them. The literals must be complete.</summary>
    internal void EmitExact()
    {
        for (var i = 0; i < _exact.Length; i++)
        {
            if (_exact[i] is { } label)
            {
                EmitExact(label, writes: i == 1);
            }
        }
    }

    // r10: length. ZF: allowed.
    private void CheckExactly(AssemblerRegister64 address, bool writes)
    {
        A.mov(r11, address);
        A.call((_exact[writes ? 1 : 0] ??= Emitter.NewLabel()).Label);
    }

    // r11: address, r10: length of at least 1. ZF: allowed. Changes r10 and r11.
    private void EmitExact(CodeLabel label, bool writes)
    {
        var good = Emitter.NewLabel();
        var bad = Emitter.NewLabel();
        var layout = context.Layout;
        Emitter.Place(label);
        A.push(rax);
        A.push(rcx);

        // rcx: the last byte.
        A.lea(rcx, __[r10 - 1]);
        A.add(rcx, r11);
        A.jc(bad.Label);

        Outside(layout.WindowStart, layout.WindowBytes, good);
        Inside(layout.Data, layout.DataBytes, good);
        Inside(layout.Globals, 8 * layout.GlobalCount, good);
        Inside(layout.Buffers, layout.BufferBytes, good);
        if (!writes && Emitter.LiteralBytes != 0)
        {
            InsideLiterals(good);
        }

        Emitter.Place(bad);
        A.or(ecx, 1);
        var done = Emitter.NewLabel();
        A.jmp(done.Label);
        Emitter.Place(good);
        A.xor(ecx, ecx);
        Emitter.Place(done);
        A.pop(rcx);
        A.pop(rax);
        A.ret();
    }

    private void Outside(ulong start, ulong bytes, CodeLabel good)
    {
        A.mov(rax, start);
        A.cmp(rcx, rax);
        A.jb(good.Label);
        if (start + bytes != 0)
        {
            A.mov(rax, start + bytes);
            A.cmp(r11, rax);
            A.jae(good.Label);
        }
    }

    // First and last byte do not wrap around: both inside means all inside.
    private void Inside(ulong start, int bytes, CodeLabel good)
    {
        if (bytes == 0)
        {
            return;
        }

        var next = Emitter.NewLabel();
        A.mov(rax, 0 - start);
        A.add(rax, r11);
        A.cmp(rax, bytes);
        A.jae(next.Label);
        A.mov(rax, 0 - start);
        A.add(rax, rcx);
        A.cmp(rax, bytes);
        A.jb(good.Label);
        Emitter.Place(next);
    }

    private void InsideLiterals(CodeLabel good)
    {
        var next = Emitter.NewLabel();
        A.lea(rax, __[Emitter.Literals.Label]);
        A.sub(r11, rax);
        A.cmp(r11, Emitter.LiteralBytes);
        A.jae(next.Label);
        A.sub(rcx, rax);
        A.cmp(rcx, Emitter.LiteralBytes);
        A.jb(good.Label);
        Emitter.Place(next);
    }
}
