using System.IO;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Tests.Fake;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Symbols;

/// <summary>Names of the compiler as C# names, text without symbols, and files that are no program database. A real one is read by tests/Boot.</summary>
public class ImageSymbolsTests
{
    [Theory]
    [InlineData("HvKernel_Kernel_HvKernel_Link_Panic__Exception", "HvKernel.Link.Panic.Exception")]
    [InlineData("HvKernel_Kernel_HvKernel_Link_LogRing__Read_0", "HvKernel.Link.LogRing.Read")]
    [InlineData("HvKernel_Kernel_HvKernel_Link_Uart__get_CanTransmit", "HvKernel.Link.Uart.CanTransmit")]
    [InlineData("HvKernel_Boot_HvKernel_Boot_EfiMain__Main", "HvKernel.Boot.EfiMain.Main")]
    [InlineData("HvKernel_Kernel_HvKernel_Memory_GuestPageWalk__Walk<HvKernel_Kernel_HvKernel_Memory_PhysicalMemory>", "HvKernel.Memory.GuestPageWalk.Walk")]
    [InlineData("HvkVmExitEntry", "HvkVmExitEntry")]
    public void Names_are_those_of_the_source(string name, string readable) => ImageSymbols.Readable(name).ShouldBe(readable);

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(5000)]
    public void What_is_no_program_database_is_refused(int bytes) => Should.Throw<InvalidDataException>(() => ImageSymbols.Load(new byte[bytes]));

    [Fact]
    public void Without_symbols_the_text_stays_and_the_reason_is_told_once()
    {
        var annotator = new ImageAnnotator("", () => null);
        annotator.Annotate("HvKernel: a line", out var problem).ShouldBe("HvKernel: a line");
        problem.ShouldBeNull();
        annotator.Annotate("  at image+12", out problem).ShouldBe("  at image+12");
        problem.ShouldNotBeNull().ShouldContain("hvkernel.pdb was not found");
        annotator.Annotate("  at image+13", out problem).ShouldBe("  at image+13");
        problem.ShouldBeNull();
    }

    [Fact]
    public async Task The_log_of_either_boot_is_shown_whole()
    {
        await using var console = await ConsoleHarness.StartAsync();
        (await console.RunAsync(".log")).ShouldBe("the target has found no room for a log");
        (await console.RunAsync(".log previous")).ShouldBe("nothing is left of the boot before");
        console.Target.Machine.Log = "HvKernel: one\r\nHvKernel: another line that makes it longer than one part of a reply\r\n";
        console.Target.Machine.PreviousLog = "HvKernel: panic\r\n";
        (await console.RunAsync(".log")).ShouldBe("HvKernel: one\nHvKernel: another line that makes it longer than one part of a reply");
        (await console.RunAsync(".log previous")).ShouldBe("HvKernel: panic");
        (await console.RunAsync(".log later")).ShouldContain("boot: expected previous, found \"later\"");
    }
}
