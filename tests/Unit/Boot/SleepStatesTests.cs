using System;
using System.Linq;
using System.Text;
using HvKernel.Boot.Acpi;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Boot;

/// <summary>The AML is written by hand, after the ACPI specification's "AML Grammar Definition".</summary>
public sealed class SleepStatesTests
{
    // Name (\_S3_, Package (4) {1, 1, 0, 0}) as compilers write it inside a scope: NameOp, name, PackageOp, length, count, elements.
    private static readonly byte[] Suspend = [0x08, .. "_S3_"u8, 0x12, 0x06, 0x04, 0x01, 0x01, 0x00, 0x00];
    private static readonly byte[] PowerOff = [0x08, .. "_S5_"u8, 0x12, 0x06, 0x04, 0x00, 0x00, 0x00, 0x00];

    [Fact]
    public void SuspendIsRenamedAndNothingElse()
    {
        var table = Table([.. PowerOff, .. Suspend]);
        var before = table.ToArray();
        SleepStates.HideSuspend(table).ShouldBe(1);
        var at = 36 + PowerOff.Length + 1;
        Encoding.ASCII.GetString(table, at, 4).ShouldBe("XS3_");
        Enumerable.Range(0, table.Length).Where(i => table[i] != before[i]).ShouldBe([9, at]);
        table.Aggregate(0, (sum, value) => (sum + value) & 0xFF).ShouldBe(0);
    }

    [Fact]
    public void ATableWithoutSuspendStaysAsItIs()
    {
        var table = Table(PowerOff);
        var before = table.ToArray();
        SleepStates.HideSuspend(table).ShouldBe(0);
        table.ShouldBe(before);
    }

    [Fact]
    public void TheNameAloneIsNotTheObject()
    {
        var table = Table([.. "_S3_"u8, 0x08, .. "_S3_"u8]);
        SleepStates.HideSuspend(table).ShouldBe(0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(35)]
    [InlineData(4096)]
    public void ALengthThatMakesNoSenseIsLeftAlone(int length)
    {
        var table = Table(Suspend);
        BitConverter.TryWriteBytes(table.AsSpan(4), length).ShouldBeTrue();
        SleepStates.HideSuspend(table).ShouldBe(0);
    }

    private static byte[] Table(byte[] content)
    {
        var table = new byte[36 + content.Length];
        "DSDT"u8.CopyTo(table);
        BitConverter.TryWriteBytes(table.AsSpan(4), table.Length).ShouldBeTrue();
        content.CopyTo(table, 36);
        table[9] = (byte)-table.Aggregate(0, (sum, value) => sum + value);
        return table;
    }
}
