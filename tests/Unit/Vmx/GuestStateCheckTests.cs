using System.Collections.Generic;
using System.Text;
using HvKernel.Vmx;
using HvKernel.Vmx.Checks;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Vmx;

/// <summary>Each rule, broken alone in a state that is right, is the one that is named.</summary>
public sealed class GuestStateCheckTests
{
    private static readonly VmxCapabilities Capabilities = new()
    {
        Cr0Fixed0 = 0x8000_0021,
        Cr0Fixed1 = 0xFFFF_FFFF,
        Cr4Fixed0 = 0x2000,
        Cr4Fixed1 = 0x0037_27FF,
        PhysicalAddressBits = 40,
    };

    [Fact]
    public void AKernelIn64BitModeIsRight() => Failure(LongMode()).ShouldBe("");

    [Fact]
    public void TheStateAfterSipiIsRight() => Failure(RealMode()).ShouldBe("");

    [Fact]
    public void TheStateAfterInitIsRight()
    {
        var fields = RealMode();
        fields[Vmcs.GuestActivityState] = 3;
        Failure(fields).ShouldBe("");
    }

    [Theory]
    [InlineData(Vmcs.GuestCr0, 0x8000_0011UL, "CR0 has a bit against IA32_VMX_CR0_FIXED0 or FIXED1")]
    [InlineData(Vmcs.GuestCr0, 0x1_8000_0031UL, "CR0 has a bit against IA32_VMX_CR0_FIXED0 or FIXED1")]
    [InlineData(Vmcs.GuestCr0, 0x8000_0030UL, "CR0.PG without CR0.PE")]
    [InlineData(Vmcs.GuestCr4, 0x20UL, "CR4 has a bit against IA32_VMX_CR4_FIXED0 or FIXED1")]
    [InlineData(Vmcs.GuestCr4, 0x3020UL, "CR4 has a bit against IA32_VMX_CR4_FIXED0 or FIXED1")]
    [InlineData(Vmcs.GuestCr4, 0x2000UL, "IA-32e mode guest without CR0.PG or CR4.PAE")]
    [InlineData(Vmcs.GuestCr3, 1UL << 40, "CR3 beyond the physical-address width")]
    [InlineData(Vmcs.GuestIa32DebugCtl, 4UL, "IA32_DEBUGCTL has a reserved bit")]
    [InlineData(Vmcs.GuestDr7, 1UL << 32, "DR7 has a bit above 31")]
    [InlineData(Vmcs.GuestSysenterEip, 1UL << 47, "IA32_SYSENTER_ESP or EIP not canonical")]
    [InlineData(Vmcs.GuestIa32Pat, 2UL, "IA32_PAT has a memory type that does not exist")]
    [InlineData(Vmcs.GuestIa32Efer, 0xD03UL, "IA32_EFER has a reserved bit")]
    [InlineData(Vmcs.GuestIa32Efer, 0x100UL, "IA32_EFER.LMA is not the IA-32e mode guest control")]
    [InlineData(Vmcs.GuestIa32Efer, 0x400UL, "IA32_EFER.LMA is not LME, with paging on")]
    [InlineData(Vmcs.GuestRip, 1UL << 47, "RIP not canonical")]
    [InlineData(Vmcs.GuestRflags, 0UL, "RFLAGS has a reserved bit")]
    [InlineData(Vmcs.GuestRflags, 0x8002UL, "RFLAGS has a reserved bit")]
    [InlineData(Vmcs.GuestRflags, 0x2_0202UL, "RFLAGS.VM in IA-32e mode or real mode")]
    [InlineData(Vmcs.VmEntryInterruptionInformation, 0x8000_0030UL, "")]
    [InlineData(Vmcs.GuestGdtrBase, 1UL << 47, "GDTR or IDTR base not canonical")]
    [InlineData(Vmcs.GuestIdtrLimit, 0x1_0000UL, "GDTR or IDTR limit above 16 bits")]
    [InlineData(Vmcs.GuestTrSelector, 4UL, "TR selector is in the LDT")]
    [InlineData(Vmcs.GuestTrAccessRights, 0x89UL, "TR is no busy TSS of this mode")]
    [InlineData(Vmcs.GuestTrAccessRights, 0x1_008BUL, "TR is unusable or has wrong access rights")]
    [InlineData(Vmcs.GuestTrLimit, 0x10_0000UL, "TR is unusable or has wrong access rights")]
    [InlineData(Vmcs.GuestTrBase, 1UL << 47, "TR base not canonical")]
    [InlineData(Vmcs.GuestLdtrAccessRights, 0x8BUL, "LDTR has wrong access rights")]
    [InlineData(Vmcs.GuestCsAccessRights, 0xA093UL, "CS.DPL does not go with its type and SS.DPL", 0x60UL)]
    [InlineData(Vmcs.GuestCsAccessRights, 0xA092UL, "CS type is no accessed code segment")]
    [InlineData(Vmcs.GuestCsAccessRights, 0xA0FBUL, "CS.DPL does not go with its type and SS.DPL")]
    [InlineData(Vmcs.GuestCsAccessRights, 0xA01BUL, "CS has wrong access rights")]
    [InlineData(Vmcs.GuestCsAccessRights, 0xE09BUL, "CS.L and CS.D both set")]
    [InlineData(Vmcs.GuestSsAccessRights, 0xC091UL, "SS type is no accessed writable data segment")]
    [InlineData(Vmcs.GuestDsAccessRights, 0xC092UL, "a data segment is not accessed or not readable")]
    [InlineData(Vmcs.GuestEsAccessRights, 0xC013UL, "a data segment has wrong access rights")]
    [InlineData(Vmcs.GuestDsBase, 1UL << 32, "base of SS, DS or ES above 32 bits")]
    [InlineData(Vmcs.GuestGsBase, 1UL << 47, "FS or GS base not canonical")]
    [InlineData(Vmcs.GuestActivityState, 4UL, "activity state does not exist")]
    [InlineData(Vmcs.GuestInterruptibilityState, 3UL, "interruptibility state has a reserved bit, or STI and MOV SS at once")]
    [InlineData(Vmcs.GuestPendingDebugExceptions, 0x10UL, "pending debug exceptions have a reserved bit")]
    [InlineData(Vmcs.VmcsLinkPointer, 0UL, "VMCS link pointer is not all ones")]
    public void ABrokenRuleIsNamed(uint field, ulong value, string rule, ulong alsoInCs = 0)
    {
        var fields = LongMode();
        fields[field] = value | alsoInCs;
        Failure(fields).ShouldBe(rule);
    }

    [Theory]
    [InlineData(0x8000_0302UL, "an event is injected in HLT that cannot wake it")]
    [InlineData(0x8000_0202UL, "")]
    [InlineData(0x8000_0030UL, "")]
    [InlineData(0x8000_0312UL, "")]
    public void OnlySomeEventsEndAHalt(ulong injected, string rule)
    {
        var fields = LongMode();
        fields[Vmcs.GuestActivityState] = 1;
        fields[Vmcs.VmEntryInterruptionInformation] = injected;
        Failure(fields).ShouldBe(rule);
    }

    [Fact]
    public void NothingIsInjectedInWaitForSipi()
    {
        var fields = RealMode();
        fields[Vmcs.GuestActivityState] = 3;
        fields[Vmcs.VmEntryInterruptionInformation] = 0x8000_0202;
        Failure(fields).ShouldBe("an event is injected in wait-for-SIPI");
    }

    [Fact]
    public void AnInterruptNeedsTheFlag()
    {
        var fields = LongMode();
        fields[Vmcs.GuestRflags] = 2;
        fields[Vmcs.VmEntryInterruptionInformation] = 0x8000_0030;
        Failure(fields).ShouldBe("an external interrupt is injected with RFLAGS.IF clear");
    }

    [Fact]
    public void BlockingByStiNeedsTheFlag()
    {
        var fields = LongMode();
        fields[Vmcs.GuestRflags] = 2;
        fields[Vmcs.GuestInterruptibilityState] = 1;
        Failure(fields).ShouldBe("blocking by STI with RFLAGS.IF clear");
    }

    [Fact]
    public void ASingleStepIsPendingWhereStiBlocks()
    {
        var fields = LongMode();
        fields[Vmcs.GuestRflags] = 0x302;
        fields[Vmcs.GuestInterruptibilityState] = 1;
        Failure(fields).ShouldBe("pending single step does not go with RFLAGS.TF while the processor is blocked or halted");
        fields[Vmcs.GuestPendingDebugExceptions] = 0x4000;
        Failure(fields).ShouldBe("");
    }

    private static string Failure(Dictionary<uint, ulong> values)
    {
        var fields = new Fields(values);
        return Encoding.ASCII.GetString(GuestStateCheck.FirstFailure(ref fields, Capabilities));
    }

    private static Dictionary<uint, ulong> LongMode()
    {
        var fields = Common();
        fields[Vmcs.VmEntryControls] = EntryControl.LoadDebugControls | EntryControl.LoadIa32Pat | EntryControl.LoadIa32Efer | EntryControl.Ia32eModeGuest;
        fields[Vmcs.GuestCr0] = 0x8005_0033;
        fields[Vmcs.GuestCr3] = 0x1000;
        fields[Vmcs.GuestCr4] = 0x2020;
        fields[Vmcs.GuestIa32Efer] = 0xD01;
        fields[Vmcs.GuestRip] = 0xFFFF_FFFF_8100_0000;
        fields[Vmcs.GuestRflags] = 0x202;
        fields[Vmcs.GuestCsAccessRights] = 0xA09B;
        for (uint segment = 0; segment < 6; segment++)
        {
            fields[Vmcs.GuestEsLimit + (2 * segment)] = 0xFFFF_FFFF;
            if (segment != 1)
            {
                fields[Vmcs.GuestEsAccessRights + (2 * segment)] = 0xC093;
            }
        }

        return fields;
    }

    private static Dictionary<uint, ulong> RealMode()
    {
        var fields = Common();
        fields[Vmcs.VmEntryControls] = EntryControl.LoadDebugControls | EntryControl.LoadIa32Pat | EntryControl.LoadIa32Efer;
        fields[Vmcs.GuestCr0] = 0x30;
        fields[Vmcs.GuestCr4] = 0x2000;
        fields[Vmcs.GuestRflags] = 2;
        fields[Vmcs.GuestCsSelector] = 0x9A00;
        fields[Vmcs.GuestCsBase] = 0x9_A000;
        for (uint segment = 0; segment < 6; segment++)
        {
            fields[Vmcs.GuestEsLimit + (2 * segment)] = 0xFFFF;
            fields[Vmcs.GuestEsAccessRights + (2 * segment)] = segment == 1 ? 0x9BU : 0x93;
        }

        return fields;
    }

    private static Dictionary<uint, ulong> Common() => new()
    {
        [Vmcs.SecondaryProcessorBasedControls] = SecondaryBased.UnrestrictedGuest,
        [Vmcs.GuestIa32Pat] = 0x0007_0406_0007_0406,
        [Vmcs.GuestDr7] = 0x400,
        [Vmcs.GuestTrAccessRights] = 0x8B,
        [Vmcs.GuestTrLimit] = 0x67,
        [Vmcs.GuestLdtrAccessRights] = 0x82,
        [Vmcs.GuestLdtrLimit] = 0xFFFF,
        [Vmcs.VmcsLinkPointer] = ulong.MaxValue,
    };

    private readonly struct Fields(Dictionary<uint, ulong> values) : IVmcsFields
    {
        public ulong Read(uint field) => values.GetValueOrDefault(field);
    }
}
