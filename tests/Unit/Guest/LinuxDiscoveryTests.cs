using System;
using System.Diagnostics;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using HvKernel.Guest.Linux;
using HvKernel.Tests.Guest.Dumps;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Tests.Guest;

/// <summary>Discovery in the memory of stock Debian kernels, held against what each guest said about itself.</summary>
public sealed class LinuxDiscoveryTests(ITestOutputHelper output)
{
    public static readonly TheoryData<string> Dumps = [DumpLibrary.Bookworm, DumpLibrary.BookwormPti, DumpLibrary.TrixiePti, DumpLibrary.Sid];

    [Theory, MemberData(nameof(Dumps))]
    public void The_kernel_is_found_where_the_guest_says_it_is(string name)
    {
        using var found = FoundGuest.Open(name);
        found.Guest.Image.Base.ShouldBe(found.Report.Address("_text"));
        found.Guest.Image.Physical.ShouldBe(found.Report.CodeStart);
        found.Guest.Slide.ShouldBe(found.Report.Address("_text") - 0xFFFF_FFFF_8100_0000);
        found.Guest.Processors.ShouldBe(found.Report.Processors);
        var state = found.Dump.Processors[0];
        output.WriteLine($"{found.Report.Release}: {found.Guest.Tables.Form}, {found.Guest.Tables.Count} symbols, image {found.Guest.Image.Size >> 20} MiB, "
            + $"names {found.Guest.Tables.Names:x}, BTF {found.Guest.BtfOffset:x}, phys_base {found.Guest.PhysBase:x}, "
            + $"direct map {found.Guest.DirectMap:x}, CR4 {state.Cr4:x}");
    }

    [Theory, MemberData(nameof(Dumps))]
    public void Any_processor_in_any_mode_leads_to_the_same_kernel(string name)
    {
        using var found = FoundGuest.Open(name);
        found.Dump.Processors[1].PrivilegeLevel.ShouldBe(3u, "the dump is made so");
        for (var processor = 0; processor < found.Dump.Processors.Count; processor++)
        {
            var memory = found.Dump.Memory;
            var guest = default(LinuxGuest);
            LinuxGuest.Discover(ref memory, found.Dump.State(processor, found.Lstar), ref guest).ShouldBe(DiscoveryResult.Found);
            guest.Image.ShouldBe(found.Guest.Image);
            guest.Kernel.Cr3.ShouldBe(found.Guest.Kernel.Cr3);
        }
    }

    [Theory, MemberData(nameof(Dumps))]
    public void Every_symbol_that_the_guest_printed_is_found_by_name(string name)
    {
        using var found = FoundGuest.Open(name);
        found.Report.Symbols.Count.ShouldBeGreaterThan(200);
        var symbols = found.Symbols();
        foreach (var group in found.Report.Symbols.GroupBy(s => s.Name))
        {
            symbols.TryFind(Encoding.ASCII.GetBytes(group.Key), out var address).ShouldBeTrue(group.Key);
            if (address == group.Min(s => s.Address))
                continue;

            // Names of static functions occur more than once, and the guest printed some of them: ours must be a lower one of that name.
            address.ShouldBeLessThan(group.Min(s => s.Address), group.Key);
            NamesAt(symbols, address).ShouldContain(group.Key);
        }
        symbols.TryFind("no_such_symbol"u8, out _).ShouldBeFalse();
        symbols.TryFind("init_tas"u8, out _).ShouldBeFalse();
        symbols.TryFind("init_taskk"u8, out _).ShouldBeFalse();
        symbols.TryFind([], out _).ShouldBeFalse();
    }

    [Theory, MemberData(nameof(Dumps))]
    public void Every_address_that_the_guest_printed_resolves_to_its_name(string name)
    {
        using var found = FoundGuest.Open(name);
        var symbols = found.Symbols();
        var image = found.Guest.Image;
        var printed = found.Report.Symbols.Where(s => s.Address >= image.Base && s.Address < image.Base + image.Size).ToArray();
        printed.Length.ShouldBeGreaterThan(200);
        foreach (var symbol in printed)
        {
            symbols.TryResolve(symbol.Address, out var index, out var offset).ShouldBeTrue();
            offset.ShouldBe(0UL);
            symbols.AddressOf(index).ShouldBe(symbol.Address);
            NamesAt(symbols, symbol.Address).ShouldContain(symbol.Name);
        }

        var entry = found.Report.Address("entry_SYSCALL_64");
        symbols.TryResolve(entry + 5, out var nearest, out var distance).ShouldBeTrue();
        distance.ShouldBe(5UL);
        symbols.AddressOf(nearest).ShouldBe(entry);
        symbols.TryResolve(image.Base - 1, out _, out _).ShouldBeFalse();
        symbols.TryResolve(0x1000, out _, out _).ShouldBeFalse();
        symbols.TryResolve(ulong.MaxValue, out _, out _).ShouldBeFalse();
    }

    [Theory, MemberData(nameof(Dumps))]
    public void Every_symbol_is_found_without_the_sorted_index_too(string name)
    {
        using var found = FoundGuest.Open(name);
        found.Guest.Tables.Sequences.ShouldNotBe(0u);
        found.Guest.Tables.Sequences = 0;
        var symbols = found.Symbols();
        foreach (var symbol in new[] { "_text", "init_task", "entry_SYSCALL_64", "runqueues", "linux_banner" })
        {
            symbols.TryFind(Encoding.ASCII.GetBytes(symbol), out var address).ShouldBeTrue(symbol);
            address.ShouldBe(found.Report.Address(symbol));
        }
        symbols.TryFind("no_such_symbol"u8, out _).ShouldBeFalse();
    }

    [Theory, MemberData(nameof(Dumps))]
    public void A_name_is_cut_at_the_end_of_the_buffer(string name)
    {
        using var found = FoundGuest.Open(name);
        var symbols = found.Symbols();
        symbols.TryResolve(found.Report.Address("entry_SYSCALL_64"), out var index, out _).ShouldBeTrue();
        Span<byte> four = stackalloc byte[4];
        symbols.NameOf(index, four, out var type).ShouldBe(4);
        Encoding.ASCII.GetString(four).ShouldBe("entr");
        type.ShouldBe((byte)'T');
        symbols.NameOf(index, [], out _).ShouldBe(0);
        symbols.NameOf(uint.MaxValue, four, out _).ShouldBe(0);
    }

    [Theory, MemberData(nameof(Dumps))]
    public unsafe void The_types_are_those_that_the_guest_shows(string name)
    {
        using var found = FoundGuest.Open(name);
        var memory = found.Dump.Memory;
        found.Guest.TryOpenImage(ref memory, out var image).ShouldBeTrue();
        var bytes = new ReadOnlySpan<byte>(image.Start + found.Guest.BtfOffset, (int)found.Guest.BtfSize);
        Convert.ToHexStringLower(MD5.HashData(bytes)).ShouldBe(found.Report.BtfMd5);

        Btf.TryFind(in image, out var offset, out var btf).ShouldBeTrue("the search without symbols");
        offset.ShouldBe(found.Guest.BtfOffset);
        btf.TypeCount.ShouldBeGreaterThan(90_000u);
    }

    [Theory, MemberData(nameof(Dumps))]
    public void Per_CPU_variables_have_the_same_place_by_types_and_by_symbols(string name)
    {
        using var found = FoundGuest.Open(name);
        var memory = found.Dump.Memory;
        found.Guest.TryOpenImage(ref memory, out var image).ShouldBeTrue();
        Btf.TryOpen(in image, found.Guest.BtfOffset, out var btf).ShouldBeTrue();
        foreach (var variable in new[] { "runqueues", "this_cpu_off", "cpu_tlbstate" })
        {
            btf.TryPerCpuVariable(Encoding.ASCII.GetBytes(variable), out var offset).ShouldBeTrue(variable);
            found.Symbols().TryFind(Encoding.ASCII.GetBytes(variable), out var address).ShouldBeTrue();
            (found.Report.Address("__per_cpu_start") + offset).ShouldBe(address, variable);
        }
        btf.TryPerCpuVariable("no_such_variable"u8, out _).ShouldBeFalse();
    }

    [Theory, MemberData(nameof(Dumps))]
    public void The_banner_is_the_guests_version(string name)
    {
        using var found = FoundGuest.Open(name);
        var memory = found.Dump.Memory;
        Span<byte> text = stackalloc byte[512];
        var length = LinuxBanner.Read(ref memory, in found.Guest, text);
        Encoding.ASCII.GetString(text[..length]).ShouldBe(found.Report.Version);
        LinuxBanner.Read(ref memory, in found.Guest, text[..13]).ShouldBe(13);
        Encoding.ASCII.GetString(text[..13]).ShouldBe("Linux version");
    }

    [Theory, MemberData(nameof(Dumps))]
    public void Isolation_of_page_tables_is_seen(string name)
    {
        using var found = FoundGuest.Open(name);
        found.Guest.PageTableIsolation.ShouldBe(found.Report.CommandLine.Contains("pti=on", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Dumps))]
    public void How_long_it_takes(string name)
    {
        using var found = FoundGuest.Open(name);
        var memory = found.Dump.Memory;
        var state = found.Dump.State(0, found.Lstar);
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < 20; i++)
        {
            var guest = default(LinuxGuest);
            var clock = Stopwatch.StartNew();
            LinuxGuest.Discover(ref memory, in state, ref guest).ShouldBe(DiscoveryResult.Found);
            best = clock.Elapsed < best ? clock.Elapsed : best;
        }
        output.WriteLine($"{found.Report.Release}: {best.TotalMilliseconds:F1} ms");
        best.ShouldBeLessThan(TimeSpan.FromSeconds(1));
    }

    private static string[] NamesAt(Kallsyms symbols, ulong address)
    {
        symbols.TryResolve(address, out var index, out _).ShouldBeTrue();
        Span<byte> text = stackalloc byte[512];
        var names = new System.Collections.Generic.List<string>();
        for (; symbols.AddressOf(index) == address; index++)
            names.Add(Encoding.ASCII.GetString(text[..symbols.NameOf(index, text, out _)]));
        return [.. names];
    }
}
