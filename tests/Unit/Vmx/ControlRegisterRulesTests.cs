using System.Linq;
using HvKernel.Vmx;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Vmx;

/// <summary>
/// Cases of SDM vol. 2B, "MOV—Move to/from Control Registers" (its list of #GP(0) conditions), vol. 3A, "Control Registers", "Initializing
/// IA-32e Mode", "Enabling and Disabling PCIDs" and "Operations that Invalidate TLBs and Paging-Structure Caches".
/// </summary>
public class ControlRegisterRulesTests
{
    private const ulong Pe = 1, Ne = 1 << 5, Wp = 1 << 16, Nw = 1 << 29, Cd = 1 << 30, Pg = 1UL << 31;
    private const ulong Lme = 1 << 8, Lma = 1 << 10, Nxe = 1 << 11;
    private const ulong Pae = 1 << 5, Pge = 1 << 7, La57 = 1 << 12, Vmxe = 1 << 13, Pcide = 1 << 17;
    private const ulong LongMode = Lme | Lma | Nxe;

    // As on a processor of 2017: everything to PKE, and VMXE.
    private const ulong Cr4Fixed1 = 0x0077_2FFF;

    [Theory]
    [InlineData(Pe | Pg, Pae, LongMode, true, true)]                    // 64-bit code, paging stays on
    [InlineData(Pe | Pg | Ne | Wp, Pae, LongMode, true, true)]
    [InlineData(Pe | Pg | Cd, Pae, LongMode, true, true)]               // caches off
    [InlineData(Pe | Pg | Cd | Nw, Pae, LongMode, true, true)]
    [InlineData(Pe | Pg | Nw, Pae, LongMode, true, false)]              // NW without CD
    [InlineData(Pg, 0UL, 0UL, false, false)]                            // paging without protection
    [InlineData(Pe, 0UL, 0UL, false, true)]                             // protected mode
    [InlineData(0UL, 0UL, 0UL, false, true)]                            // real mode
    [InlineData(Nw, 0UL, 0UL, false, false)]
    [InlineData(Pe | Pg, 0UL, 0UL, false, true)]                        // 32-bit paging
    [InlineData(Pe | Pg, Pae, 0UL, false, true)]                        // PAE paging
    [InlineData(Pe | Pg, Pae, Lme, false, true)]                        // into IA-32e mode
    [InlineData(Pe | Pg, 0UL, Lme, false, false)]                       // the same without PAE
    [InlineData(Pe | Pg, Pae, Lme, true, false)]                        // from a code segment with L set
    [InlineData(Pe, Pae, LongMode, true, false)]                        // paging off from 64-bit code
    [InlineData(Pe, Pae, LongMode, false, true)]                        // out of IA-32e mode from compatibility mode
    [InlineData(Pe, Pae | Pcide, LongMode, false, false)]               // the same with PCIDs on
    [InlineData(0UL, Pae, LongMode, false, true)]
    [InlineData(Pe | Pg | (1UL << 32), Pae, LongMode, true, false)]     // bits 63:32
    [InlineData(Pe | Pg | (1UL << 63), Pae, LongMode, true, false)]
    [InlineData(1UL << 32, 0UL, 0UL, false, false)]
    public void CR0(ulong value, ulong cr4, ulong efer, bool codeIsLong, bool isValid) =>
        ControlRegisterRules.IsValidCr0(value, cr4, efer, codeIsLong).ShouldBe(isValid);

    [Fact]
    public void Bits_of_CR0_that_exist()
    {
        int[] bits = [0, 1, 2, 3, 4, 5, 16, 18, 29, 30, 31];
        ControlRegisterRules.Cr0Defined.ShouldBe(bits.Aggregate(0UL, (mask, bit) => mask | (1UL << bit)));
    }

    [Theory]
    [InlineData(Pae, Pae, LongMode, 0x1000UL, true)]
    [InlineData(Pae | Pge, Pae, LongMode, 0x1000UL, true)]
    [InlineData(0UL, Pae, LongMode, 0x1000UL, false)]                   // PAE off in IA-32e mode
    [InlineData(Pge, Pae, LongMode, 0x1000UL, false)]
    [InlineData(0UL, Pae, Lme, 0x1000UL, true)]                         // LME alone is not IA-32e mode
    [InlineData(0UL, 0UL, 0UL, 0UL, true)]
    [InlineData(Pae | Pcide, Pae, LongMode, 0x1000UL, true)]            // PCIDs on
    [InlineData(Pae | Pcide, Pae, LongMode, 0x1001UL, false)]           // with a PCID in CR3
    [InlineData(Pae | Pcide, Pae, LongMode, 0x1800UL, false)]
    [InlineData(Pae | Pcide, Pae, 0UL, 0x1000UL, false)]                // outside IA-32e mode
    [InlineData(Pae | Pcide, Pae, Lme, 0x1000UL, false)]
    [InlineData(Pae | Pcide | Pge, Pae | Pcide, LongMode, 0x1005UL, true)]     // PCIDs stay on: CR3 is not looked at
    [InlineData(Pae, Pae | Pcide, LongMode, 0x1005UL, true)]            // PCIDs off
    [InlineData(Pae | Vmxe, Pae, LongMode, 0x1000UL, false)]            // ours
    [InlineData(Pae | La57, Pae, LongMode, 0x1000UL, false)]            // not there
    [InlineData(La57, 0UL, 0UL, 0UL, false)]
    public void CR4(ulong value, ulong oldValue, ulong efer, ulong cr3, bool isValid) =>
        ControlRegisterRules.IsValidCr4(value, oldValue, Cr4Fixed1, efer, cr3).ShouldBe(isValid);

    [Fact]
    public void A_bit_of_CR4_can_be_set_where_the_guest_owns_it_and_the_processor_has_it()
    {
        int[] owned = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 20, 21, 22];
        for (var bit = 0; bit < 64; bit++)
        {
            var value = Pae | (1UL << bit);
            ControlRegisterRules.IsValidCr4(value, Pae, ulong.MaxValue, LongMode, 0x1000).ShouldBe(owned.Contains(bit), $"bit {bit}");
            ControlRegisterRules.IsValidCr4(value, Pae, Cr4Fixed1 & (~(1UL << bit) | Pae), LongMode, 0x1000)
                .ShouldBe(bit == 5, $"bit {bit}, where the processor does not have it");
        }
    }

    [Theory]
    [InlineData(0x1234_5000UL, 0UL, LongMode, 39, true)]
    [InlineData(0x1234_5018UL, 0UL, LongMode, 39, true)]                // PWT, PCD
    [InlineData(0x7F_FFFF_F000UL, 0UL, LongMode, 39, true)]
    [InlineData(0x80_0000_0000UL, 0UL, LongMode, 39, false)]            // above the physical width
    [InlineData(0x80_0000_0000UL, 0UL, LongMode, 40, true)]
    [InlineData(0x0010_0000_0000_0000UL, 0UL, LongMode, 52, false)]
    [InlineData(0x8000_0000_1234_5000UL, 0UL, LongMode, 39, false)]     // bit 63 without PCIDs
    [InlineData(0x8000_0000_1234_5006UL, Pcide, LongMode, 39, true)]    // with them it asks to keep translations
    [InlineData(0x8000_0080_0000_0006UL, Pcide, LongMode, 39, false)]
    [InlineData(0xC000_0000_1234_5006UL, Pcide, LongMode, 39, false)]   // bit 62: LAM is hidden
    [InlineData(0x2000_0000_1234_5006UL, Pcide, LongMode, 39, false)]
    [InlineData(0xFFFF_FFFFUL, Pae, 0UL, 39, true)]                     // outside IA-32e mode nothing is reserved
    [InlineData(0xFFFF_FFFFUL, 0UL, 0UL, 32, true)]
    public void CR3(ulong value, ulong cr4, ulong efer, int physicalAddressBits, bool isValid) =>
        ControlRegisterRules.IsValidCr3(value, cr4, efer, physicalAddressBits).ShouldBe(isValid);

    [Theory]
    [InlineData(0UL, true)]
    [InlineData(0xFFFF_FFFF_FFFF_FFFEUL, true)]                         // not present: everything is ignored
    [InlineData(0x1000_0001UL, true)]
    [InlineData(0x1000_0E19UL, true)]                                   // PWT, PCD, ignored bits 11:9
    [InlineData(0x1000_0003UL, false)]
    [InlineData(0x1000_0005UL, false)]
    [InlineData(0x1000_0021UL, false)]
    [InlineData(0x1000_0041UL, false)]
    [InlineData(0x1000_0081UL, false)]
    [InlineData(0x1000_0101UL, false)]
    [InlineData(0x7F_FFFF_F001UL, true)]
    [InlineData(0x80_0000_0001UL, false)]                               // above the physical width
    [InlineData(0x8000_0000_1000_0001UL, false)]                        // these entries have no XD bit
    public void Page_directory_pointer_entries_of_PAE_paging(ulong entry, bool isValid) =>
        ControlRegisterRules.IsValidPdpte(entry, 39).ShouldBe(isValid);

    [Theory]
    [InlineData(0UL, Pge, true)]
    [InlineData(Pge, 0UL, true)]
    [InlineData(0UL, Pae, true)]
    [InlineData(Pae, 0UL, true)]
    [InlineData(Pcide, 0UL, true)]
    [InlineData(0UL, Pcide, false)]             // PCIDs on keeps translations: they are those of PCID 0
    [InlineData(0UL, 1UL << 20, true)]          // SMEP on
    [InlineData(0UL, 0UL, false)]
    [InlineData(Pae | Pge, Pae | Pge, false)]
    [InlineData(0UL, 1UL << 2, false)]          // TSD
    [InlineData(0UL, 1UL << 18, false)]         // OSXSAVE
    public void Changes_of_CR4_that_drop_translations(ulong oldValue, ulong value, bool flushes) =>
        ControlRegisterRules.Cr4ChangeFlushes(oldValue, value).ShouldBe(flushes);
}
