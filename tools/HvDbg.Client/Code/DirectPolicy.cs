using System.Collections.Frozen;
using System.Linq;
using Iced.Intel;
using IcedCode = Iced.Intel.Code;

namespace HvDbg.Client.Code;

/// <summary>
/// Which instructions may run in VMX root at CPL 0 with nothing between them and the machine but paging and the exception handlers.
/// </summary>
/// <remarks>
/// <para>A list of what is allowed, never of what is not: an instruction that nobody thought of is not on it, and code that uses it runs
/// contained. General-purpose instructions are allowed by name, vector and x87 instructions by the extension they belong to, because there
/// all instructions only read and write registers and memory; the exceptions are named below.</para>
/// <para>What an allowed instruction can do: change general registers, flags of arithmetic, vector state (which is saved where
/// <see cref="TouchesVectorState"/> says so), and memory that the page tables let it; and fault, which ends the code with a report. So these
/// are left out although they look harmless:</para>
/// <list type="bullet">
/// <item>popf: at CPL 0 it sets IF, TF, NT, IOPL and AC. std: the C# code behind a fault or the end relies on DF being clear.</item>
/// <item>Repeated string instructions: rcx decides how long they take, up to hours.</item>
/// <item>call and ret in the middle: the return address lies on a stack that the code can write. int3, int1 and int n enter handlers.</item>
/// <item>Anything on segment, control, debug or bound registers, also reading: the values are HvKernel's and not the guest's. FS: in root it
/// is not the guest's either. The other overrides are ignored in 64-bit mode (SDM vol. 1, "Segment Registers in 64-Bit Mode").</item>
/// <item>fldcw, fldenv, frstor: an x87 exception that they unmask comes with the next x87 instruction, and that may be one behind the code.
/// SSE exceptions are precise, so ldmxcsr may stay. fnsave, fxsave, xsave and their counterparts: areas of state are the runner's.</item>
/// <item>cpuid, rdpmc, rdmsr, xgetbv, rdfsbase, sgdt, smsw, str, lar, …: their answers would be HvKernel's.</item>
/// <item>monitor, mwait, umwait, tpause, hlt: they wait. clflush and its kind, movdir64b, enqcmd, serialize, wbinvd, invd: their effects
/// reach beyond memory's contents. xbegin: an abort goes back to where the transaction began. CET, MPX, PKU, AMX, AVX-512: state that the
/// runner does not carry.</item>
/// <item>Prefixes without a meaning here (rep, repne, xacquire, bnd): another processor may read another instruction.</item>
/// </list>
/// <para>cli and sti, in and out, and all VMX instructions are privileged and on no list. A locked instruction may raise #AC where the
/// machine traps split locks; that is a fault like others.</para>
/// </remarks>
internal static class DirectPolicy
{
    private static readonly FrozenSet<Mnemonic> s_general = new[]
    {
        Mnemonic.Mov, Mnemonic.Movzx, Mnemonic.Movsx, Mnemonic.Movsxd, Mnemonic.Movbe, Mnemonic.Movnti, Mnemonic.Lea, Mnemonic.Xchg, Mnemonic.Xadd,
        Mnemonic.Cmpxchg, Mnemonic.Cmpxchg8b, Mnemonic.Cmpxchg16b, Mnemonic.Bswap, Mnemonic.Push, Mnemonic.Pop, Mnemonic.Pushf, Mnemonic.Pushfq,
        Mnemonic.Enter, Mnemonic.Leave,
        Mnemonic.Add, Mnemonic.Adc, Mnemonic.Sub, Mnemonic.Sbb, Mnemonic.Cmp, Mnemonic.Inc, Mnemonic.Dec, Mnemonic.Neg, Mnemonic.Not, Mnemonic.And,
        Mnemonic.Or, Mnemonic.Xor, Mnemonic.Test, Mnemonic.Mul, Mnemonic.Imul, Mnemonic.Div, Mnemonic.Idiv, Mnemonic.Adcx, Mnemonic.Adox,
        Mnemonic.Shl, Mnemonic.Sal, Mnemonic.Shr, Mnemonic.Sar, Mnemonic.Rol, Mnemonic.Ror, Mnemonic.Rcl, Mnemonic.Rcr, Mnemonic.Shld, Mnemonic.Shrd,
        Mnemonic.Bt, Mnemonic.Bts, Mnemonic.Btr, Mnemonic.Btc, Mnemonic.Bsf, Mnemonic.Bsr, Mnemonic.Tzcnt, Mnemonic.Lzcnt, Mnemonic.Popcnt,
        Mnemonic.Andn, Mnemonic.Bextr, Mnemonic.Blsi, Mnemonic.Blsmsk, Mnemonic.Blsr, Mnemonic.Bzhi, Mnemonic.Mulx, Mnemonic.Pdep, Mnemonic.Pext,
        Mnemonic.Rorx, Mnemonic.Sarx, Mnemonic.Shlx, Mnemonic.Shrx, Mnemonic.Crc32,
        Mnemonic.Seta, Mnemonic.Setae, Mnemonic.Setb, Mnemonic.Setbe, Mnemonic.Sete, Mnemonic.Setg, Mnemonic.Setge, Mnemonic.Setl, Mnemonic.Setle,
        Mnemonic.Setne, Mnemonic.Setno, Mnemonic.Setnp, Mnemonic.Setns, Mnemonic.Seto, Mnemonic.Setp, Mnemonic.Sets,
        Mnemonic.Cmova, Mnemonic.Cmovae, Mnemonic.Cmovb, Mnemonic.Cmovbe, Mnemonic.Cmove, Mnemonic.Cmovg, Mnemonic.Cmovge, Mnemonic.Cmovl,
        Mnemonic.Cmovle, Mnemonic.Cmovne, Mnemonic.Cmovno, Mnemonic.Cmovnp, Mnemonic.Cmovns, Mnemonic.Cmovo, Mnemonic.Cmovp, Mnemonic.Cmovs,
        Mnemonic.Cbw, Mnemonic.Cwde, Mnemonic.Cdqe, Mnemonic.Cwd, Mnemonic.Cdq, Mnemonic.Cqo,
        Mnemonic.Clc, Mnemonic.Stc, Mnemonic.Cmc, Mnemonic.Cld, Mnemonic.Lahf, Mnemonic.Sahf,
        Mnemonic.Lodsb, Mnemonic.Lodsw, Mnemonic.Lodsd, Mnemonic.Lodsq, Mnemonic.Stosb, Mnemonic.Stosw, Mnemonic.Stosd, Mnemonic.Stosq,
        Mnemonic.Movsb, Mnemonic.Movsw, Mnemonic.Movsq, Mnemonic.Scasb, Mnemonic.Scasw, Mnemonic.Scasd, Mnemonic.Scasq,
        Mnemonic.Cmpsb, Mnemonic.Cmpsw, Mnemonic.Cmpsq, Mnemonic.Xlatb,
        Mnemonic.Nop, Mnemonic.Pause, Mnemonic.Endbr64,
        Mnemonic.Rdtsc, Mnemonic.Rdtscp, Mnemonic.Rdpid, Mnemonic.Rdrand, Mnemonic.Rdseed,
        Mnemonic.Lfence, Mnemonic.Mfence, Mnemonic.Sfence,
        Mnemonic.Prefetchnta, Mnemonic.Prefetcht0, Mnemonic.Prefetcht1, Mnemonic.Prefetcht2, Mnemonic.Prefetchw,
    }.ToFrozenSet();

    /// <summary>String instructions whose names are also those of SSE2 instructions.</summary>
    private static readonly FrozenSet<IcedCode> s_generalCodes = new[] { IcedCode.Movsd_m32_m32, IcedCode.Cmpsd_m32_m32 }.ToFrozenSet();

    private static readonly FrozenSet<CpuidFeature> s_vector = new[]
    {
        CpuidFeature.FPU, CpuidFeature.FPU287, CpuidFeature.FPU387, CpuidFeature.MMX, CpuidFeature.SSE, CpuidFeature.SSE2, CpuidFeature.SSE3,
        CpuidFeature.SSSE3, CpuidFeature.SSE4_1, CpuidFeature.SSE4_2, CpuidFeature.AES, CpuidFeature.PCLMULQDQ, CpuidFeature.SHA, CpuidFeature.GFNI,
        CpuidFeature.AVX, CpuidFeature.AVX2, CpuidFeature.FMA, CpuidFeature.F16C, CpuidFeature.VAES, CpuidFeature.VPCLMULQDQ,
    }.ToFrozenSet();

    private static readonly FrozenSet<Mnemonic> s_notVector = new[]
    {
        Mnemonic.Fldcw, Mnemonic.Fldenv, Mnemonic.Frstor, Mnemonic.Fsave, Mnemonic.Fnsave,
    }.ToFrozenSet();

    /// <summary>Why an instruction that goes on to the next one may not run directly; null: it may.</summary>
    internal static string? Objection(in Instruction instruction)
    {
        if (instruction.FlowControl != FlowControl.Next)
        {
            return instruction.FlowControl switch
            {
                FlowControl.Call or FlowControl.IndirectCall => "calls and VM entries go to code that was not looked at, or come back from a stack that the code can write",
                FlowControl.IndirectBranch => "where it goes is decided at run time",
                FlowControl.Interrupt => "it enters an interrupt handler",
                FlowControl.XbeginXabortXend => "transactions go back to where they began",
                _ => "it leaves the code in a way that is not followed",
            };
        }

        if (instruction.IsPrivileged)
        {
            return "a privileged instruction";
        }

        if (instruction.HasRepPrefix || instruction.HasRepnePrefix)
        {
            return instruction.IsStringInstruction ? "how often it repeats is decided at run time" : "a repeat prefix has no meaning here";
        }

        if (instruction.SegmentPrefix == Register.FS)
        {
            return "FS is not the guest's while code runs directly";
        }

        if (!IsGeneral(instruction) && !IsVector(instruction))
        {
            return "not among the instructions that may run directly";
        }

        for (var i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) == OpKind.Register && !IsPlain(instruction.GetOpRegister(i)))
            {
                return $"{instruction.GetOpRegister(i).ToString().ToLowerInvariant()} belongs to HvKernel while code runs directly";
            }
        }

        return null;
    }

    /// <summary>Whether an allowed instruction may change x87, MMX, SSE or AVX state.</summary>
    internal static bool TouchesVectorState(in Instruction instruction) => !IsGeneral(instruction);

    private static bool IsGeneral(in Instruction instruction) =>
        instruction.Encoding is EncodingKind.Legacy or EncodingKind.VEX
        && (s_general.Contains(instruction.Mnemonic) || s_generalCodes.Contains(instruction.Code));

    private static bool IsVector(in Instruction instruction) =>
        instruction.Encoding is EncodingKind.Legacy or EncodingKind.VEX
        && !s_notVector.Contains(instruction.Mnemonic)
        && !instruction.IsSaveRestoreInstruction
        && instruction.CpuidFeatures.All(f => s_vector.Contains(f) || f == CpuidFeature.CMOV)
        && instruction.CpuidFeatures.Any(s_vector.Contains);

    private static bool IsPlain(Register register) =>
        register.IsGPR() || register.IsMM() || register.IsST()
        || register is (>= Register.XMM0 and <= Register.XMM15) or (>= Register.YMM0 and <= Register.YMM15);
}
