using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace HvDbg.Client.Script.Semantics;

/// <summary>The registers that scripts can name.</summary>
public static class GuestRegisters
{
    private static readonly Dictionary<string, GuestRegister> ByName = All().ToDictionary(register => register.Name);

    /// <summary>Without the @.</summary>
    public static IReadOnlyCollection<string> Names => ByName.Keys;

    /// <summary>The register of a name; null: there is none.</summary>
    /// <param name="name">Without the @; lower case.</param>
    public static GuestRegister? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>
    /// Whether scripts can write it: what VM entry does not refuse and HvKernel does not depend on. Control registers other than CR2, selectors and
    /// descriptor tables are for reading.
    /// </summary>
    public static bool IsWritable(GuestRegister register) => register.Id is <= GuestRegisterId.Rflags
        or GuestRegisterId.FsBase or GuestRegisterId.GsBase or GuestRegisterId.KernelGsBase or GuestRegisterId.Cr2
        or (>= GuestRegisterId.Dr0 and <= GuestRegisterId.Dr7);

    private static IEnumerable<GuestRegister> All() => [.. General(), .. Flags(), .. SystemRegisters()];

    private static IEnumerable<GuestRegister> General()
    {
        foreach (var letter in "abcd")
        {
            var id = letter switch { 'a' => GuestRegisterId.Rax, 'b' => GuestRegisterId.Rbx, 'c' => GuestRegisterId.Rcx, _ => GuestRegisterId.Rdx };
            yield return new GuestRegister($"r{letter}x", id);
            yield return new GuestRegister($"e{letter}x", id, 0, 32);
            yield return new GuestRegister($"{letter}x", id, 0, 16);
            yield return new GuestRegister($"{letter}h", id, 8, 8);
            yield return new GuestRegister($"{letter}l", id, 0, 8);
        }

        foreach (var (name, id) in new[] { ("sp", GuestRegisterId.Rsp), ("bp", GuestRegisterId.Rbp), ("si", GuestRegisterId.Rsi), ("di", GuestRegisterId.Rdi) })
        {
            yield return new GuestRegister("r" + name, id);
            yield return new GuestRegister("e" + name, id, 0, 32);
            yield return new GuestRegister(name, id, 0, 16);
            yield return new GuestRegister(name + "l", id, 0, 8);
        }

        for (var number = 8; number <= 15; number++)
        {
            var name = "r" + number.ToString(CultureInfo.InvariantCulture);
            var id = (GuestRegisterId)number;
            yield return new GuestRegister(name, id);
            yield return new GuestRegister(name + "d", id, 0, 32);
            yield return new GuestRegister(name + "w", id, 0, 16);

            // Both names of the lowest byte are in use: Intel's and AMD's.
            yield return new GuestRegister(name + "l", id, 0, 8);
            yield return new GuestRegister(name + "b", id, 0, 8);
        }

        yield return new GuestRegister("rip", GuestRegisterId.Rip);
        yield return new GuestRegister("eip", GuestRegisterId.Rip, 0, 32);
        yield return new GuestRegister("ip", GuestRegisterId.Rip, 0, 16);
    }

    /// <summary>RFLAGS and its bits (SDM vol. 1, "EFLAGS Register").</summary>
    private static IEnumerable<GuestRegister> Flags()
    {
        yield return new GuestRegister("rflags", GuestRegisterId.Rflags);
        yield return new GuestRegister("eflags", GuestRegisterId.Rflags, 0, 32);
        yield return new GuestRegister("flags", GuestRegisterId.Rflags, 0, 16);
        var bits = new (string Name, int Bit)[]
        {
            ("cf", 0), ("pf", 2), ("af", 4), ("zf", 6), ("sf", 7), ("tf", 8), ("if", 9), ("df", 10), ("of", 11),
            ("nt", 14), ("rf", 16), ("vm", 17), ("ac", 18), ("vif", 19), ("vip", 20), ("id", 21),
        };
        foreach (var (name, bit) in bits)
        {
            yield return new GuestRegister(name, GuestRegisterId.Rflags, bit, 1);
        }

        yield return new GuestRegister("iopl", GuestRegisterId.Rflags, 12, 2);
    }

    private static IEnumerable<GuestRegister> SystemRegisters()
    {
        var selectors = new[]
        {
            GuestRegisterId.Cs, GuestRegisterId.Ds, GuestRegisterId.Es, GuestRegisterId.Ss, GuestRegisterId.Fs, GuestRegisterId.Gs, GuestRegisterId.Tr,
            GuestRegisterId.Ldtr,
        };
        var whole = new[]
        {
            GuestRegisterId.Gdtr, GuestRegisterId.Idtr, GuestRegisterId.Cr0, GuestRegisterId.Cr2, GuestRegisterId.Cr3, GuestRegisterId.Cr4,
            GuestRegisterId.Cr8, GuestRegisterId.Dr0, GuestRegisterId.Dr1, GuestRegisterId.Dr2, GuestRegisterId.Dr3, GuestRegisterId.Dr6,
            GuestRegisterId.Dr7, GuestRegisterId.Efer,
        };
        return selectors.Select(id => new GuestRegister(id.ToString().ToLowerInvariant(), id, 0, 16))
            .Concat(whole.Select(id => new GuestRegister(id.ToString().ToLowerInvariant(), id)))
            .Append(new GuestRegister("fs_base", GuestRegisterId.FsBase))
            .Append(new GuestRegister("gs_base", GuestRegisterId.GsBase))
            .Append(new GuestRegister("kernel_gs_base", GuestRegisterId.KernelGsBase));
    }
}
