using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Text.RegularExpressions;
using HvKernel.Tests.Boot;
using HvKernel.Vmx;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Vmx;

/// <summary>
/// Encodings of VMCS fields. SDM vol. 3C, "Structure of VMCS Component Encoding": access in bit 0, index in 9:1, type in 11:10 (control,
/// read-only, guest, host), width in 14:13 (16, 64, 32, natural). Indexes: vol. 3D, appendix B.
/// </summary>
public partial class VmcsTests
{
    private const int Control = 0, ReadOnly = 1, Guest = 2, Host = 3;
    private const int Word = 0, Quadword = 1, Doubleword = 2, Natural = 3;

    private static readonly Dictionary<string, uint> Fields = typeof(Vmcs).GetFields(BindingFlags.Public | BindingFlags.Static)
        .ToDictionary(field => field.Name, field => (uint)field.GetRawConstantValue()!);

    private static readonly string[] Segments = ["Es", "Cs", "Ss", "Ds", "Fs", "Gs", "Ldtr", "Tr"];

    /// <summary>Appendix B's tables: type, width, first index, names in order; "-" is a field that HvKernel has no name for.</summary>
    private static readonly (int Width, int Type, int First, string[] Names)[] AppendixB =
    [
        (Word, Control, 0, ["VirtualProcessorIdentifier"]),
        (Word, Guest, 0, [.. Segments.Select(name => $"Guest{name}Selector")]),
        (Word, Host, 0, ["HostEsSelector", "HostCsSelector", "HostSsSelector", "HostDsSelector", "HostFsSelector", "HostGsSelector", "HostTrSelector"]),
        (Quadword, Control, 0, ["IoBitmapA", "IoBitmapB", "MsrBitmap"]),
        (Quadword, Control, 8, ["TscOffset"]),
        (Quadword, Control, 13, ["EptPointer"]),
        (Quadword, Control, 22, ["XssExitingBitmap"]),
        (Quadword, ReadOnly, 0, ["GuestPhysicalAddress"]),
        (Quadword, Guest, 0, ["VmcsLinkPointer", "GuestIa32DebugCtl", "GuestIa32Pat", "GuestIa32Efer", "-", "GuestPdpte0", "GuestPdpte1", "GuestPdpte2", "GuestPdpte3"]),
        (Quadword, Host, 0, ["HostIa32Pat", "HostIa32Efer"]),
        (Doubleword, Control, 0,
            [
                "PinBasedControls", "PrimaryProcessorBasedControls", "ExceptionBitmap", "PageFaultErrorCodeMask", "PageFaultErrorCodeMatch",
                "Cr3TargetCount", "VmExitControls", "VmExitMsrStoreCount", "VmExitMsrLoadCount", "VmEntryControls", "VmEntryMsrLoadCount",
                "VmEntryInterruptionInformation", "VmEntryExceptionErrorCode", "VmEntryInstructionLength", "-", "SecondaryProcessorBasedControls",
            ]),
        (Doubleword, ReadOnly, 0,
            [
                "VmInstructionError", "ExitReason", "VmExitInterruptionInformation", "VmExitInterruptionErrorCode", "IdtVectoringInformation",
                "IdtVectoringErrorCode", "VmExitInstructionLength", "VmExitInstructionInformation",
            ]),
        (Doubleword, Guest, 0,
            [
                .. Segments.Select(name => $"Guest{name}Limit"), "GuestGdtrLimit", "GuestIdtrLimit",
                .. Segments.Select(name => $"Guest{name}AccessRights"), "GuestInterruptibilityState", "GuestActivityState", "-", "GuestSysenterCs",
                "-", "PreemptionTimerValue",
            ]),
        (Doubleword, Host, 0, ["HostSysenterCs"]),
        (Natural, Control, 0, ["Cr0GuestHostMask", "Cr4GuestHostMask", "Cr0ReadShadow", "Cr4ReadShadow", "Cr3Target0", "Cr3Target1", "Cr3Target2", "Cr3Target3"]),
        (Natural, ReadOnly, 0, ["ExitQualification", "IoRcx", "IoRsi", "IoRdi", "IoRip", "GuestLinearAddress"]),
        (Natural, Guest, 0,
            [
                "GuestCr0", "GuestCr3", "GuestCr4", .. Segments.Select(name => $"Guest{name}Base"), "GuestGdtrBase", "GuestIdtrBase", "GuestDr7",
                "GuestRsp", "GuestRip", "GuestRflags", "GuestPendingDebugExceptions", "GuestSysenterEsp", "GuestSysenterEip",
            ]),
        (Natural, Host, 0,
            [
                "HostCr0", "HostCr3", "HostCr4", "HostFsBase", "HostGsBase", "HostTrBase", "HostGdtrBase", "HostIdtrBase", "HostSysenterEsp",
                "HostSysenterEip", "HostRsp", "HostRip",
            ]),
    ];

    [Fact]
    public void Each_field_has_the_encoding_of_its_place_in_appendix_B_and_none_is_left_out()
    {
        var expected = new Dictionary<string, uint>();
        foreach (var (width, type, first, names) in AppendixB)
        {
            for (var i = 0; i < names.Length; i++)
            {
                if (names[i] != "-")
                    expected.Add(names[i], (uint)((width << 13) | (type << 10) | ((first + i) << 1)));
            }
        }
        Fields.OrderBy(field => field.Key).ShouldBe(expected.OrderBy(field => field.Key));
    }

    [Fact]
    public void The_dump_prints_every_field_once_by_its_name_in_its_group()
    {
        // The dump reads the VMCS and is no pure file, so its text is read.
        string[] widths = ["16-bit", "64-bit", "32-bit", "Natural-width"];
        string[] types = ["control", "read-only data", "guest-state", "host-state"];
        List<string> printed = [];
        var group = "";
        foreach (var line in Repository.Read("kernel/Vmx/VmcsDump.cs").Split('\n'))
        {
            if (Heading().Match(line) is { Success: true } heading)
                group = heading.Groups[1].Value;
            if (Printed().Match(line) is not { Success: true } field)
                continue;
            var name = field.Groups[1].Value;
            field.Groups[2].Value.ShouldBe(name);
            group.ShouldStartWith($"{widths[Fields[name] >> 13]} {types[Fields[name] >> 10 & 3]} field");
            printed.Add(name);
        }
        printed.Order().ShouldBe(Fields.Keys.Order());
    }

    [Fact]
    public void No_two_fields_are_one() => Fields.Values.Distinct().Count().ShouldBe(Fields.Count);

    [Fact]
    public void The_eight_segments_stand_two_apart_in_every_group()
    {
        foreach (var part in new[] { "Selector", "Base", "Limit", "AccessRights" })
        {
            var encodings = Segments.Select(name => Fields[$"Guest{name}{part}"]).ToArray();
            encodings.ShouldBe(Enumerable.Range(0, 8).Select(i => encodings[0] + (2 * (uint)i)));
        }
    }

    [GeneratedRegex("""output\.Line\("([^"]+)"u8\)""")]
    private static partial Regex Heading();

    [GeneratedRegex("""Field\(ref output, "(\w+)"u8, Vmcs\.(\w+)\)""")]
    private static partial Regex Printed();
}
