using System;
using System.Collections.Immutable;
using System.Linq;
using HvDbg.Client.Script.Code;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>How machine code is to be run: the <c>run</c> option of <c>!mode</c>.</summary>
public enum RunChoice
{
    /// <summary><see cref="RunManner.Direct"/> where the code is proved to end and to do nothing privileged, else <see cref="RunManner.Contained"/>.</summary>
    Auto,

    /// <summary>Always <see cref="RunManner.Contained"/>.</summary>
    Contained,

    /// <summary>
    /// In VMX root at CPL 0, for code that needs it: <see cref="RunManner.Direct"/> where it is proved, else <see cref="RunManner.Root"/>. Such
    /// code can take the machine down.
    /// </summary>
    Root,
}

/// <summary>Machine code of a condition or of an action, and how it is to be run.</summary>
/// <param name="Bytes">The code, 1 to <see cref="LinkProtocol.MaximumCode"/> bytes; a <c>ret</c> at the end may be left out.</param>
/// <param name="Run">The manner that is asked for.</param>
public sealed record CodeDefinition(ImmutableArray<byte> Bytes, RunChoice Run = RunChoice.Auto)
{
    /// <summary>Code out of bytes.</summary>
    public static CodeDefinition Of(ReadOnlySpan<byte> bytes, RunChoice run = RunChoice.Auto) => new([.. bytes], run);
}

/// <summary>One action of an event.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Code">Its code; of <see cref="EventAction.CustomCode"/> only.</param>
/// <param name="BufferBytes">
/// Length of its safe buffer, and of what is delivered when it returns a pointer; 0: none. At most <see cref="LinkProtocol.MaximumBuffer"/>.
/// </param>
public sealed record ActionDefinition(EventAction Kind, CodeDefinition? Code = null, int BufferBytes = 0)
{
    /// <summary>Its script, compiled for the target; of <see cref="EventAction.Script"/> only.</summary>
    public CompiledScript? Script { get; init; }

    /// <summary>Stops the guest.</summary>
    public static ActionDefinition Break { get; } = new(EventAction.Break);

    /// <summary>Sends a <see cref="Transition"/>.</summary>
    public static ActionDefinition Log { get; } = new(EventAction.Log);

    /// <summary>Counts only.</summary>
    public static ActionDefinition Count { get; } = new(EventAction.Count);

    /// <summary>Runs a script.</summary>
    public static ActionDefinition OfScript(CompiledScript script) => new(EventAction.Script) { Script = script };

    /// <summary>Runs machine code.</summary>
    public static ActionDefinition CustomCode(ReadOnlySpan<byte> bytes, int bufferBytes = 0, RunChoice run = RunChoice.Auto) =>
        new(EventAction.CustomCode, CodeDefinition.Of(bytes, run), bufferBytes);
}

/// <summary>
/// An event that is to be registered: whose transitions, under which condition, and what they cause. Immutable; <c>with</c> makes variants.
/// </summary>
public sealed record ModeEventDefinition
{
    /// <summary>The manual's event type.</summary>
    public EventType Type { get; init; } = EventType.TrapExecutionModeChanged;

    /// <summary>The manual's OptionalParam1: 1 both directions, 3 user mode is reached, 0 the kernel is reached.</summary>
    public required ModeTrapDirection Mode { get; init; }

    /// <summary>Whose transitions.</summary>
    public required ProcessKey Process { get; init; }

    /// <summary>The only processor that it holds for; null: all.</summary>
    public uint? Processor { get; init; }

    /// <summary>What a trigger does, in this order, at most <see cref="LinkProtocol.MaximumActions"/>; with none the event never triggers.</summary>
    public ImmutableArray<ActionDefinition> Actions { get; init; } = [];

    /// <summary>Code that must answer other than 0 for the actions to be carried out; null: none.</summary>
    public CodeDefinition? Condition { get; init; }

    /// <summary>A condition as a compiled script, in the place of <see cref="Condition"/>; null: none.</summary>
    public CompiledScript? When { get; init; }

    /// <summary>Transitions do not take effect unless an action decides otherwise (<c>sc on</c>).</summary>
    public bool ShortCircuit { get; init; }

    /// <summary>Messages are collected instead of being sent at once (<c>imm no</c>).</summary>
    public bool Collect { get; init; }

    /// <summary>
    /// The text that set the event: kept by the target and shown in lists, by consoles that attach later too. What is longer than
    /// <see cref="LinkProtocol.MaximumText"/> bytes of UTF-8 is cut.
    /// </summary>
    public string CommandText { get; init; } = "";

    /// <summary>Whether a trigger stops the guest.</summary>
    public bool Breaks => Actions.Any(action => action.Kind == EventAction.Break);

    /// <summary>An event of one action.</summary>
    public static ModeEventDefinition Of(ModeTrapDirection mode, ProcessKey process, params ActionDefinition[] actions) =>
        new() { Mode = mode, Process = process, Actions = [.. actions] };
}
