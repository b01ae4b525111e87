using System;
using System.Linq;
using System.Text;
using HvDbg.Client;
using HvDbg.Display;
using HvKernel.Protocol;

namespace HvDbg.Forwarding;

/// <summary>
/// Messages as outputs get them: one line of UTF-8 each, words in pairs, numbers hexadecimal, so that lines can be counted and taken apart by
/// any tool. <c>docs/commands.md</c> lists the forms.
/// </summary>
internal static class MessageLine
{
    internal static byte[] Of(uint id, in Transition transition) => Bytes(
        $"{Head(id, null, transition.Processor, transition.Context, transition.Tick)} rip {Format.Quad(transition.Rip)}");

    internal static byte[] Of(BufferEvent buffer) => Bytes(
        $"{Head(buffer.EventId, $"action {Format.Hex((ulong)buffer.Action)}", buffer.Processor, buffer.Context, buffer.Tick)} " +
        $"address {Format.Quad(buffer.Address)} length {Format.Hex((ulong)buffer.Bytes.Length)} bytes {Convert.ToHexStringLower(buffer.Bytes.AsSpan())}");

    internal static byte[] Of(PrintEvent printed, string text)
    {
        var part = printed.Action is { } action ? $"action {Format.Hex((ulong)action)}" : "part condition";
        var line = text.TrimEnd('\n').Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return Bytes($"{Head(printed.EventId ?? 0, part, printed.Processor, printed.Context, printed.Tick)} text {line}");
    }

    internal static byte[] Of(CodeFaultEvent fault)
    {
        var part = fault.Action is { } action ? $"action {Format.Hex((ulong)action)}" : "part condition";
        var offset = fault.Offset is { } place ? $" offset {Format.Hex(place)}" : "";
        var instruction = fault.Instruction.IsEmpty ? "" : $" instruction {Convert.ToHexStringLower(fault.Instruction.AsSpan())}";
        var registers = string.Join(' ', Registers(fault.Registers).Select(register => $"{register.Name} {Format.Quad(register.Value)}"));
        return Bytes(
            $"{Head(fault.EventId, part, fault.Processor, fault.Context, fault.Tick)} manner {EventText.Manner(fault.Manner)} " +
            $"rip {Format.Quad(fault.Rip)}{offset}{instruction} rflags {Format.Quad(fault.Rflags)} {registers} fault {CodeDisplay.Why(fault)}");
    }

    private static string Head(uint id, string? part, uint processor, byte context, ulong tick)
    {
        var reached = context switch { 3 => "user", 0 => "kernel", _ => Format.Hex(context) };
        return $"event {Format.Hex(id)} {(part is null ? "" : part + " ")}processor {Format.Hex(processor)} reached {reached} tick {Format.Hex(tick)}";
    }

    private static byte[] Bytes(string line) => Encoding.UTF8.GetBytes(line + "\n");

    private static (string Name, ulong Value)[] Registers(in GuestRegisters r) =>
    [
        ("rax", r.Rax), ("rcx", r.Rcx), ("rdx", r.Rdx), ("rbx", r.Rbx), ("rsp", r.Rsp), ("rbp", r.Rbp), ("rsi", r.Rsi), ("rdi", r.Rdi),
        ("r8", r.R8), ("r9", r.R9), ("r10", r.R10), ("r11", r.R11), ("r12", r.R12), ("r13", r.R13), ("r14", r.R14), ("r15", r.R15),
    ];
}
