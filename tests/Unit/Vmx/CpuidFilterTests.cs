using System.Collections.Generic;
using System.Linq;
using HvKernel.Cpu;
using HvKernel.Vmx;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Vmx;

/// <summary>Feature bits by SDM vol. 2A, "CPUID—CPU Identification".</summary>
public class CpuidFilterTests
{
    private const uint Ones = 0xFFFF_FFFF;

    private static CpuidResult Filter(uint leaf, uint subleaf, ulong cr4, uint fill = Ones)
    {
        var result = new CpuidResult { Eax = fill, Ebx = fill, Ecx = fill, Edx = fill };
        CpuidFilter.Apply(leaf, subleaf, cr4, is64BitCode: true, ref result);
        return result;
    }

    [Fact]
    public void SYSCALL_is_shown_to_64_bit_code_alone()
    {
        var result = new CpuidResult { Eax = Ones, Ebx = Ones, Ecx = Ones, Edx = Ones };
        CpuidFilter.Apply(0x8000_0001, 0, 0, is64BitCode: false, ref result);

        ShouldBe(result, Ones, Ones, Ones, Without(11));
        ShouldBe(Filter(0x8000_0001, 0, 0), Ones, Ones, Ones, Ones);
    }

    private static void ShouldBe(CpuidResult result, uint eax, uint ebx, uint ecx, uint edx) =>
        (result.Eax, result.Ebx, result.Ecx, result.Edx).ShouldBe((eax, ebx, ecx, edx));

    private static uint Without(params int[] bits) => bits.Aggregate(Ones, (value, bit) => value & ~(1u << bit));

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(0xFFFF_FFFFu)]
    public void Leaf_1_shows_no_VMX_no_SMX_and_no_hypervisor_whatever_the_subleaf(uint subleaf)
    {
        ShouldBe(Filter(1, subleaf, 0), Ones, Ones, Without(5, 6, 27, 31), Ones);
        ShouldBe(Filter(1, subleaf, 1 << 18), Ones, Ones, Without(5, 6, 31), Ones);
    }

    [Fact]
    public void OSXSAVE_is_the_guests_whatever_roots_CR4_says()
    {
        Filter(1, 0, 1 << 18, fill: 0).Ecx.ShouldBe(1u << 27);
        Filter(1, 0, ~(1UL << 18), fill: 0).Ecx.ShouldBe(0u);
        Filter(1, 0, ~(1UL << 18)).Ecx.ShouldBe(Without(5, 6, 27, 31));
    }

    [Fact]
    public void OSPKE_is_the_guests_whatever_roots_CR4_says()
    {
        Filter(7, 0, 1 << 22, fill: 0).Ecx.ShouldBe(1u << 4);
        Filter(7, 0, ~(1UL << 22), fill: 0).Ecx.ShouldBe(0u);
        (Filter(7, 0, 0).Ecx & (1u << 4)).ShouldBe(0u);
        (Filter(7, 0, 1 << 22).Ecx & (1u << 4)).ShouldBe(1u << 4);
    }

    [Fact]
    public void Leaf_7_hides_what_is_not_carried_over_exits()
    {
        // ECX: OSPKE 4 (clear here, CR4.PKE is), CET_SS 7, LA57 16, KL 23, PKS 31; EDX: UINTR 5, PCONFIG 18, CET_IBT 20.
        ShouldBe(Filter(7, 0, 0), Ones, Ones, Without(4, 7, 16, 23, 31), Without(5, 18, 20));

        // EAX of subleaf 1: LASS 6, FRED 17, LAM 26, MSRLIST 27.
        ShouldBe(Filter(7, 1, 0), Without(6, 17, 26, 27), Ones, Ones, Ones);
        ShouldBe(Filter(7, 2, 0), Ones, Ones, Ones, Ones);
    }

    [Theory]
    [InlineData(0x4000_0000u)]
    [InlineData(0x4000_0001u)]
    [InlineData(0x4000_0100u)]
    [InlineData(0x4FFF_FFFFu)]
    public void A_hypervisors_leaves_are_empty(uint leaf) => ShouldBe(Filter(leaf, 0, Ones), 0, 0, 0, 0);

    [Fact]
    public void All_other_leaves_are_the_processors()
    {
        uint[] leaves = [0, 2, 4, 5, 6, 8, 9, 0xA, 0xB, 0xD, 0xF, 0x10, 0x12, 0x14, 0x15, 0x16, 0x1F, 0x3FFF_FFFF, 0x5000_0000,
            0x8000_0000, 0x8000_0001, 0x8000_0007, 0x8000_0008, 0xFFFF_FFFF];
        foreach (var leaf in leaves)
        {
            for (uint subleaf = 0; subleaf < 4; subleaf++)
            {
                ShouldBe(Filter(leaf, subleaf, 0), Ones, Ones, Ones, Ones);
                ShouldBe(Filter(leaf, subleaf, ulong.MaxValue, fill: 0), 0, 0, 0, 0);
            }
        }
    }

    [Fact]
    public void A_feature_is_hidden_where_the_guest_may_not_set_its_CR4_bit()
    {
        // CR4 bit, and the CPUID bits whose reader will set it: a system that is told of one and gets #GP for it does not boot.
        Dictionary<int, (uint Leaf, uint Subleaf, string Register, int Bit)[]> features = new()
        {
            [12] = [(7, 0, "ecx", 16)],                         // LA57
            [13] = [(1, 0, "ecx", 5)],                          // VMXE
            [14] = [(1, 0, "ecx", 6)],                          // SMXE
            [19] = [(7, 0, "ecx", 23)],                         // KL
            [23] = [(7, 0, "ecx", 7), (7, 0, "edx", 20)],       // CET: shadow stacks, indirect branches
            [24] = [(7, 0, "ecx", 31)],                         // PKS
            [25] = [(7, 0, "edx", 5)],                          // UINTR
            [27] = [(7, 1, "eax", 6)],                          // LASS
            [28] = [(7, 1, "eax", 26)],                         // LAM
            [32] = [(7, 1, "eax", 17)],                         // FRED
        };
        foreach (var (bit, places) in features)
        {
            ControlRegisterRules.IsValidCr4((1UL << bit) | 0x20, 0x20, ulong.MaxValue, 0, 0).ShouldBeFalse($"CR4 bit {bit}");
            foreach (var (leaf, subleaf, register, position) in places)
            {
                var result = Filter(leaf, subleaf, 0);
                var value = register switch { "eax" => result.Eax, "ecx" => result.Ecx, _ => result.Edx };
                (value >> position & 1).ShouldBe(0u, $"CR4 bit {bit}: CPUID.({leaf:X},{subleaf}):{register}[{position}]");
            }
        }
    }
}
