using HvDbg.Client.Script.Semantics;
using HvKernel.Protocol;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>
/// Functions that walk over memory, in line: a fault in them belongs to their line. Each character is checked, because a string may run into
/// HvKernel's window, and paid for.
/// </summary>
internal sealed partial class FunctionCompiler
{
    /// <summary>Bytes that one operation of the budget copies.</summary>
    private const int CopyShift = 3;

    private void Walk(BuiltIn function, BoundExpression[] arguments)
    {
        switch (function)
        {
            case BuiltIn.Memcpy:
                Values(arguments, rcx, rdx, r8);
                CopyMemory();
                break;
            case BuiltIn.Strlen:
                Values(arguments, rcx);
                Length(1);
                break;
            case BuiltIn.Wcslen:
                Values(arguments, rcx);
                Length(2);
                break;
            case BuiltIn.Strcmp or BuiltIn.Wcscmp:
                Values(arguments, rcx, rdx);
                CompareMemory(function == BuiltIn.Strcmp ? 1 : 2, counted: false, terminated: true);
                break;
            case BuiltIn.Strncmp or BuiltIn.Wcsncmp:
                Values(arguments, rcx, rdx, r8);
                CompareMemory(function == BuiltIn.Strncmp ? 1 : 2, counted: true, terminated: true);
                break;
            default:
                Values(arguments, rcx, rdx, r8);
                CompareMemory(1, counted: true, terminated: false);
                break;
        }
    }

    // rcx: destination, rdx: source, r8: length.
    private void CopyMemory()
    {
        var done = Emitter.NewLabel();
        var tooMuch = _context.Failure(ScriptFailure.Budget);
        A.test(r8, r8);
        A.je(done.Label);
        A.mov(rax, r8);
        A.shr(rax, CopyShift);
        A.cmp(rax, ScriptLayout.Budget);
        A.jae(tooMuch.Label);
        A.sub(Plan.Budget!.Value.Low32(), eax);
        A.jle(tooMuch.Label);
        _context.AddressCheck.Range(rcx, r8, writes: true);
        _context.AddressCheck.Range(rdx, r8, writes: false);
        A.mov(r9, rdi);
        A.mov(r10, rsi);
        A.mov(rdi, rcx);
        A.mov(rsi, rdx);
        A.mov(rcx, r8);
        A.rep.movsb();
        A.mov(rdi, r9);
        A.mov(rsi, r10);
        Emitter.Place(done);
    }

    // rcx: string; characters up to the first zero in rax.
    private void Length(int bytes)
    {
        var next = Emitter.NewLabel();
        var done = Emitter.NewLabel();
        A.xor(eax, eax);
        Emitter.Place(next);
        Pay(1);
        _context.AddressCheck.Access(rcx, bytes, writes: false);
        A.cmp(Sized(rcx + 0, bytes), 0);
        A.je(done.Label);
        A.inc(rax);
        A.add(rcx, bytes);
        A.jmp(next.Label);
        Emitter.Place(done);
    }

    // rcx, rdx: strings, r8: most characters; 0, 1 or -1 in rax. Characters compare without sign.
    private void CompareMemory(int bytes, bool counted, bool terminated)
    {
        var next = Emitter.NewLabel();
        var equal = Emitter.NewLabel();
        var differ = Emitter.NewLabel();
        var done = Emitter.NewLabel();
        Emitter.Place(next);
        if (counted)
        {
            A.sub(r8, 1);
            A.jb(equal.Label);
        }

        Pay(1);
        _context.AddressCheck.Access(rcx, bytes, writes: false);
        _context.AddressCheck.Access(rdx, bytes, writes: false);
        LoadMemory(Unsigned(bytes), rax, rcx + 0);
        LoadMemory(Unsigned(bytes), r9, rdx + 0);
        A.cmp(eax, r9d);
        A.jne(differ.Label);
        if (terminated)
        {
            A.test(eax, eax);
            A.je(done.Label);
        }

        A.add(rcx, bytes);
        A.add(rdx, bytes);
        A.jmp(next.Label);

        // Below: -1, which is all ones.
        Emitter.Place(differ);
        A.sbb(rax, rax);
        A.or(rax, 1);
        A.jmp(done.Label);
        Emitter.Place(equal);
        A.xor(eax, eax);
        Emitter.Place(done);
    }
}
