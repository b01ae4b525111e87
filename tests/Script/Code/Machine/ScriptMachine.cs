using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using HvDbg.Client.Script;
using HvDbg.Client.Script.Code;
using HvDbg.Client.Script.Semantics;
using HvKernel.Protocol;
using Shouldly;

namespace HvDbg.Script.Tests.Code.Machine;

/// <summary>
/// Runs compiled scripts in the test's process, in a space like the target's: a window with code, stack, data and globals in it and nothing
/// else, and memory that plays the guest's, with nothing mapped behind it. Faults and reports end the script, not the test.
/// </summary>
internal sealed unsafe class ScriptMachine
{
    internal const ulong WindowBytes = 0x40_0000;
    internal const int GuestBytes = 0x4000;
    internal const int GlobalCount = ScriptLimits.Globals;
    internal const int BufferBytes = 0x1000;

    /// <summary>What the data of a run is filled with before.</summary>
    internal const byte Unwritten = 0xA5;

    private const int CodeOffset = 0x10_0000;
    private const int CodeBytes = 0x10_0000;
    private const int DataOffset = 0x20_0000;
    private const int GlobalsOffset = 0x24_0000;
    private const int BufferOffset = 0x28_0000;
    private const int StackBytes = 0x4000;
    private const int EntryStackBytes = 0x28;
    private const int StackTopOffset = 0x3_0000;
    private const int PageBytes = 0x1000;

    private static readonly Lock Gate = new();
    private static ScriptMachine? _shared;

    private readonly MachineState* _state;
    private readonly MachineThunks _thunks;
    private readonly ulong[] _block = GC.AllocateArray<ulong>(ScriptBlock.Tick / 8 + 1, pinned: true);
    private readonly ulong _window;
    private ulong _endedAt;

    private ScriptMachine()
    {
        // Twice the window, to find a multiple of its size in it.
        var reserved = (ulong)Map(2 * WindowBytes, SystemCalls.ProtectNone);
        _window = (reserved + WindowBytes - 1) & ~(WindowBytes - 1);
        Open(_window + CodeOffset, CodeBytes, SystemCalls.ProtectAll);
        Open(_window + DataOffset, ScriptLimits.DataBytes, SystemCalls.ProtectReadWrite);
        Open(_window + GlobalsOffset, PageBytes, SystemCalls.ProtectReadWrite);
        Open(_window + BufferOffset, BufferBytes, SystemCalls.ProtectReadWrite);
        Open(_window + StackTopOffset - StackBytes, StackBytes, SystemCalls.ProtectReadWrite);

        Guest = (ulong)Map(GuestBytes + PageBytes, SystemCalls.ProtectNone);
        Open(Guest, GuestBytes, SystemCalls.ProtectReadWrite);

        _state = (MachineState*)NativeMemory.AllocZeroed((nuint)sizeof(MachineState));
        _thunks = new MachineThunks(_state, (ulong)(delegate* unmanaged<uint, ulong, ulong, ulong, ulong, ulong, ulong>)&OnHelper, Map(PageBytes, SystemCalls.ProtectAll));
        Helpers = new HelperDouble(this);
        Layout = new ScriptLayout(
            _thunks.Gate, _window + GlobalsOffset, GlobalCount, _window + DataOffset, ScriptLimits.DataBytes, _window, WindowBytes, _window + BufferOffset, BufferBytes);
        TakeSignals();
    }

    /// <summary>The addresses that scripts must be compiled for.</summary>
    internal ScriptLayout Layout { get; }

    internal HelperDouble Helpers { get; }

    /// <summary>Memory that scripts may read and write as the guest's.</summary>
    internal ulong Guest { get; }

    /// <summary>The safe buffer that a run gets, and its context.</summary>
    internal ulong Buffer => _window + BufferOffset;

    internal ulong Context { get; set; }

    /// <summary>The first byte of the code, for attacks on it.</summary>
    internal ulong Code => _window + CodeOffset;

    internal ulong StackTop => _window + StackTopOffset;

    /// <summary>GUEST_REGS, by their numbers.</summary>
    internal Span<ulong> Registers => _block.AsSpan(0, 16);

    internal Span<ulong> Globals => new((void*)Layout.Globals, GlobalCount);

    internal Span<byte> Data => new((void*)Layout.Data, Layout.DataBytes);

    internal Span<byte> SafeBuffer => new((void*)Buffer, BufferBytes);

    internal Span<byte> GuestMemory => new((void*)Guest, GuestBytes);

    /// <summary>Does something with the one machine, from a known state.</summary>
    internal static T With<T>(Func<ScriptMachine, T> action)
    {
        lock (Gate)
        {
            var machine = _shared ??= new ScriptMachine();
            machine.Clear();
            return action(machine);
        }
    }

    internal static void With(Action<ScriptMachine> action) => With(machine =>
    {
        action(machine);
        return 0;
    });

    /// <summary>A word of the control block, by its offset.</summary>
    internal ref ulong Block(int offset) => ref _block[offset / 8];

    /// <summary>Numbers for the globals of a script: in their order.</summary>
    internal static Dictionary<string, int> NumbersOf(BoundScript script) =>
        script.Globals.Select((global, number) => (global.Name, number)).ToDictionary(pair => pair.Name, pair => pair.number);

    /// <summary>Compiles a text that is right.</summary>
    internal CompiledScript Compile(string text) => Compile(Bound(ScriptFrontEnd.Compile(text, ScriptOptions.Default), text));

    /// <summary>Compiles a single expression.</summary>
    internal CompiledScript CompileExpression(string text) => Compile(Bound(ScriptFrontEnd.CompileExpression(text, ScriptOptions.Default), text));

    internal RunResult Run(string text) => Run(Compile(text));

    internal CompiledScript Compile(BoundScript script) => ScriptCompiler.Compile(script, Layout, NumbersOf(script));

    internal RunResult Run(BoundScript script) => Run(Compile(script));

    /// <summary>Runs a script and counts the instructions of it that are executed, the RET at its end included.</summary>
    internal (RunResult Result, int Instructions) Step(CompiledScript script)
    {
        _state->Steps = 0;
        _state->IsStepped = 1;
        var result = Run(script);
        _state->IsStepped = 0;
        return (result, (int)_state->Steps);
    }

    internal RunResult Run(CompiledScript script)
    {
        script.Bytes.Length.ShouldBeLessThanOrEqualTo(CodeBytes);
        script.Bytes.CopyTo(new Span<byte>((void*)Code, CodeBytes));
        var result = Helpers.Result = new RunResult();
        _state->CodeStart = Code;
        _state->CodeEnd = Code + (ulong)script.Bytes.Length;
        _state->Ended = 0;
        _state->FaultRip = 0;
        _state->Misaligned = 0;
        var entryStack = StackTop - EntryStackBytes + 8;
        var ended = _thunks.Enter(Code, entryStack, Buffer, (ulong)Unsafe.AsPointer(ref _block[0]), Context);
        _state->CodeStart = _state->CodeEnd = 0;
        _state->Misaligned.ShouldBe(0UL, "helper calls with a stack that is not aligned");
        if (ended == 0)
        {
            _state->ScriptStack.ShouldBe(entryStack, "the script's stack pointer at its end");
            result.Value = _state->Result;
            return result;
        }

        var offset = (int)((_state->FaultRip != 0 ? _state->FaultRip : _endedAt - 1) - Code);
        result.End = _state->FaultRip != 0 ? RunEnd.Faulted : RunEnd.Failed;
        result.Address = _state->FaultAddress;
        result.Span = script.SpanOf(offset);
        if (_state->FaultRip != 0)
        {
            _state->FaultSignal.ShouldBe((ulong)SystemCalls.SignalSegment, $"a fault that no access to memory makes, at {offset:x}");
        }

        return result;
    }

    /// <summary>A helper ends the script; the call's return address.</summary>
    internal void EndAt(ulong address)
    {
        _endedAt = address;
        _state->Ended = 1;
    }

    /// <summary>Whether helpers may touch it for a script.</summary>
    internal bool IsMemory(ulong address, ulong bytes) =>
        Contains(Guest, GuestBytes, address, bytes) || Contains(Layout.Data, (ulong)Layout.DataBytes, address, bytes)
        || Contains(Layout.Globals, 8 * GlobalCount, address, bytes);

    private static BoundScript Bound(FrontEndResult result, string text)
    {
        result.Script.ShouldNotBeNull(text + "\n" + string.Join("\n", result.Diagnostics.SelectMany(diagnostic => diagnostic.Lines())));
        return result.Script;
    }

    private static bool Contains(ulong start, ulong length, ulong address, ulong bytes) => address - start < length && address - start <= length - bytes;

    private void Clear()
    {
        _block.AsSpan().Clear();
        Globals.Clear();
        GuestMemory.Clear();

        // Nothing may rely on data being zero.
        Data.Fill(Unwritten);
        SafeBuffer.Clear();
        Helpers.PseudoRegisters.Clear();
        Helpers.Registers.Clear();
        Context = 0;
    }

    [UnmanagedCallersOnly]
    private static ulong OnHelper(uint helper, ulong first, ulong second, ulong third, ulong fourth, ulong returnAddress) =>
        _shared!.Helpers.Call((ScriptHelper)helper, first, second, third, fourth, returnAddress);

    private static byte* Map(ulong bytes, int protection)
    {
        var address = SystemCalls.Map(null, (nuint)bytes, protection, SystemCalls.MapPrivateAnonymous, -1, 0);
        ((nint)address).ShouldNotBe(-1, "memory for scripts");
        return address;
    }

    private static void Open(ulong address, int bytes, int protection) =>
        SystemCalls.Protect((byte*)address, (nuint)bytes, protection).ShouldBe(0, "memory for scripts");

    private void TakeSignals()
    {
        foreach (var signal in new[] { SystemCalls.SignalTrap, SystemCalls.SignalBus, SystemCalls.SignalFloatingPoint, SystemCalls.SignalSegment })
        {
            var action = new SystemCalls.SignalAction
            {
                Handler = _thunks.Handler,
                Flags = SystemCalls.ActionInfo | SystemCalls.ActionOnStack | SystemCalls.ActionNoDefer,
            };
            SystemCalls.SignalAction before;
            SystemCalls.SetAction(signal, &action, &before).ShouldBe(0, "a signal handler for scripts' faults");
            _state->Handlers[signal] = (ulong)before.Handler;
        }
    }
}
