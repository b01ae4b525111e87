using System;
using System.Collections.Immutable;
using System.IO;
using System.Text;
using HvDbg.Client.Script.Code;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>An event's registration as bytes: what is staged ahead, and the request itself.</summary>
internal sealed record EventRequest(byte[] Staged, byte[] Payload)
{
    /// <summary>Checks a definition and lays it out.</summary>
    /// <param name="definition">The event.</param>
    /// <param name="mostPayload">Longest payload that the target takes, in bytes.</param>
    /// <exception cref="DebuggerException">The definition is none that the target could accept; the message says why.</exception>
    internal static EventRequest Of(ModeEventDefinition definition, int mostPayload)
    {
        Check(definition);
        var blobs = new MemoryStream();
        var condition = definition.Condition is { } code ? Append(blobs, code, "condition")
            : definition.When is { } when ? Append(blobs, when, "condition") : default;
        var actions = new MemoryStream();
        for (var i = 0; i < definition.Actions.Length; i++)
        {
            var action = definition.Actions[i];
            actions.Write(Wire.Bytes(new ActionDescriptor
            {
                Kind = action.Kind,
                BufferBytes = (uint)action.BufferBytes,
                Code = action.Code is { } custom ? Append(blobs, custom, $"code of action {i:x}")
                    : action.Script is { } script ? Append(blobs, script, $"script of action {i:x}") : default,
            }));
        }

        var text = Cut(definition.CommandText);
        var request = new AddEventRequest
        {
            Type = definition.Type,
            Direction = definition.Mode,
            Flags = (definition.ShortCircuit ? EventFlags.ShortCircuit : 0) | (definition.Collect ? EventFlags.Collect : 0),
            Processor = definition.Processor ?? LinkProtocol.All,
            KeyKind = definition.Process.Kind,
            Actions = (uint)definition.Actions.Length,
            Key = definition.Process.Value,
            TextOffset = (uint)blobs.Length,
            TextBytes = (uint)text.Length,
            Condition = condition,
        };
        blobs.Write(text);
        var head = Wire.Bytes(request).Length + (int)actions.Length;
        if (head + blobs.Length <= mostPayload)
        {
            return new EventRequest([], [.. Wire.Bytes(request), .. actions.ToArray(), .. blobs.ToArray()]);
        }

        request.StagedBytes = (uint)blobs.Length;
        return blobs.Length <= LinkProtocol.StagingBytes
            ? new EventRequest(blobs.ToArray(), [.. Wire.Bytes(request), .. actions.ToArray()])
            : throw new DebuggerException($"the event's code has {blobs.Length:x} bytes altogether, at most {LinkProtocol.StagingBytes:x} are possible");
    }

    /// <summary>Text as UTF-8 of at most <see cref="LinkProtocol.MaximumText"/> bytes; what is cut ends in an ellipsis.</summary>
    internal static byte[] Cut(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length <= LinkProtocol.MaximumText)
        {
            return bytes;
        }

        var mark = "…"u8;
        var end = LinkProtocol.MaximumText - mark.Length;

        // Not within a character: bytes 10xxxxxx continue one.
        while ((bytes[end] & 0xC0) == 0x80)
        {
            end--;
        }

        return [.. bytes[..end], .. mark];
    }

    private static void Check(ModeEventDefinition definition)
    {
        if (definition.Type != EventType.TrapExecutionModeChanged)
        {
            throw new DebuggerException($"events of type {(uint)definition.Type} are not available: {(uint)EventType.TrapExecutionModeChanged} is the only one");
        }

        if (!Enum.IsDefined(definition.Mode))
        {
            throw new DebuggerException($"there is no mode {(uint)definition.Mode}: expected 1 (both), 3 (user mode is reached) or 0 (the kernel is reached)");
        }

        if (definition.Actions.Length > LinkProtocol.MaximumActions)
        {
            throw new DebuggerException($"an event has at most {LinkProtocol.MaximumActions} actions, not {definition.Actions.Length}");
        }

        if (definition.Condition is not null && definition.When is not null)
        {
            throw new DebuggerException("an event has one condition: machine code or a script, not both");
        }

        foreach (var action in definition.Actions)
        {
            Check(action);
        }
    }

    private static void Check(ActionDefinition action)
    {
        if (action.Kind == EventAction.Script != action.Script is not null)
        {
            throw new DebuggerException(action.Script is null ? "an action of a script needs a compiled script" : $"an action {action.Kind} has no script");
        }

        if (action.Kind == EventAction.CustomCode ? action.Code is null : action.Code is not null)
        {
            throw new DebuggerException(action.Code is null ? "an action of custom code needs code" : $"an action {action.Kind} has no code");
        }

        if (action.BufferBytes is < 0 or > LinkProtocol.MaximumBuffer)
        {
            throw new DebuggerException($"a safe buffer has at most {LinkProtocol.MaximumBuffer:x} bytes, not {action.BufferBytes:x}");
        }
    }

    private static BlobDescriptor Append(MemoryStream blobs, CodeDefinition code, string name)
    {
        CheckLength(code.Bytes, name);
        var plan = CodePlan.Of(code);
        var offset = (uint)blobs.Length;
        blobs.Write(code.Bytes.AsSpan());
        return new BlobDescriptor { Offset = offset, Bytes = (uint)code.Bytes.Length, Manner = plan.Manner, Flags = plan.Flags };
    }

    private static BlobDescriptor Append(MemoryStream blobs, CompiledScript script, string name)
    {
        CheckLength(script.Bytes, name);
        var offset = (uint)blobs.Length;
        blobs.Write(script.Bytes.AsSpan());
        return new BlobDescriptor { Offset = offset, Bytes = (uint)script.Bytes.Length, Manner = RunManner.Direct, Flags = ScriptFlags(script) };
    }

    /// <summary>What the target must know of a script: the compiler vouches for what <see cref="CodePlan"/> has to prove of other code.</summary>
    internal static BlobFlags ScriptFlags(CompiledScript script) =>
        BlobFlags.Script | (script.UsesVectorState ? BlobFlags.UsesVectorState : BlobFlags.None);

    internal static void CheckLength(ImmutableArray<byte> bytes, string name)
    {
        if (bytes.Length is 0 or > LinkProtocol.MaximumCode)
        {
            throw new DebuggerException($"the {name} has {bytes.Length:x} bytes: expected 1 to {LinkProtocol.MaximumCode:x}");
        }
    }
}
