using System;
using System.Collections.Generic;

namespace HvDbg.Client.Code;

/// <summary>What can be known of a blob of machine code without running it.</summary>
/// <remarks>
/// <para>Provable means: whatever the registers and memory hold, the code comes to its end after at most <see cref="MaximumInstructions"/>
/// instructions or faults, and until then it does nothing but what <see cref="DirectPolicy"/> allows. All reachable code is decoded from
/// offset 0 along its branches; branches only go forward, so no instruction runs twice.</para>
/// <para>Not provable, although such code may well end: branches backward, into the middle of an instruction that is reachable too, or out
/// of the blob; branches with prefixes; a RET anywhere but in the last byte, or branches behind it, because the target replaces the last
/// byte by a jump of its own where it is C3, and appends that jump otherwise; a last byte C3 that is something else than the RET, for the
/// same reason; code that is cut off in an instruction.</para>
/// <para>What the proof relies on, and the target provides: the code is not writable while it runs (or it could change what was proved);
/// HvKernel's data is not writable by it; exceptions and NMIs have stacks of their own, because rsp may hold anything; DF, IF, TF and AC
/// are clear at entry.</para>
/// </remarks>
public sealed class BlobAnalysis
{
    /// <summary>Most instructions of a provable blob's longest way: even if each one has a page of the guest mapped, that is some milliseconds.</summary>
    public const int MostInstructions = 4096;

    internal BlobAnalysis(string reason, bool usesVectorState, bool usesGs, bool endsWithRet, int maximumInstructions, IReadOnlyList<BlobInstruction> instructions)
    {
        Reason = reason;
        UsesVectorState = usesVectorState;
        UsesGs = usesGs;
        EndsWithRet = endsWithRet;
        MaximumInstructions = maximumInstructions;
        Instructions = instructions;
    }

    /// <summary>Whether it ends and does nothing that VMX root at CPL 0 could not bear: it may run directly.</summary>
    public bool Provable => Reason.Length == 0;

    /// <summary>One sentence that says why it is not provable, with offset and instruction; "" where it is.</summary>
    public string Reason { get; }

    /// <summary>It may change x87, MMX, SSE or AVX state or MXCSR. True for every blob that is not provable.</summary>
    public bool UsesVectorState { get; }

    /// <summary>It may access memory through GS. True for every blob that is not provable.</summary>
    public bool UsesGs { get; }

    /// <summary>Its last byte is its one RET (plain C3). A provable blob without one comes to its end by falling or jumping there.</summary>
    public bool EndsWithRet { get; }

    /// <summary>Instructions that one run can take at most, the RET included; 0 where it is not provable.</summary>
    public int MaximumInstructions { get; }

    /// <summary>The reachable instructions, by offset; where it is not provable, those up to the one that <see cref="Reason"/> names.</summary>
    public IReadOnlyList<BlobInstruction> Instructions { get; }

    /// <summary>Analyses a blob.</summary>
    /// <param name="code">Its bytes.</param>
    /// <param name="baseAddress">Where it stands, or 0: then branch targets in texts are offsets. Changes texts only.</param>
    public static BlobAnalysis Of(ReadOnlySpan<byte> code, ulong baseAddress = 0) => new BlobProof(code.ToArray(), baseAddress).Run();
}
