using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using HvKernel.Cpu;
using HvKernel.Link;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Link;

/// <summary>A small image with functions that the compiler described and one that nobody did, and stacks in every condition.</summary>
public sealed unsafe class CallChainTests
{
    private const uint Functions = 0x200;
    private const uint Unwind = 0x300;
    private const int Rbx = 3;
    private const int Rbp = 5;
    private const int StackWords = 64;

    private readonly byte[] _image = GC.AllocateArray<byte>(0x2000, pinned: true);
    private readonly ulong[] _stack = GC.AllocateArray<ulong>(StackWords + 2, pinned: true);
    private uint _functions;

    public CallChainTests()
    {
        // A: 0x1000, pushes rbx, 0x20 bytes. B: 0x1100, rbp as frame pointer. C: 0x1200, keeps rbx by a move, a large frame. 0x1300: assembly.
        Describe(0x1000, 0x1080, 5, 0, [(5, 2, 3, []), (1, 0, Rbx, [])]);
        Describe(0x1100, 0x1180, 12, Rbp, [(12, 3, 0, []), (8, 2, 5, []), (1, 0, Rbp, [])]);
        Describe(0x1200, 0x1280, 16, 0, [(16, 4, Rbx, [2]), (8, 1, 0, [0x12])]);
        foreach (var call in new[] { 0x1010u, 0x1110u, 0x1210u, 0x1310u })
        {
            _image[call - 5] = 0xE8;
        }
    }

    [Fact]
    public void Each_kind_of_frame_is_left_by_what_its_description_says()
    {
        // In A's body, called from B, which has moved RSP far below its frame; called from C; called from assembly.
        Word(4, 0x1111);
        Word(5, Image(0x1110));
        // What calls that are over have left, below B's frame and in C's.
        Word(10, Image(0x1310));
        Word(30, Image(0x1010));
        Word(20, 0x2222);
        Word(21, Image(0x1210));
        Word(24, 0x3333);
        Word(22 + 0x12, Image(0x1310));
        Word(22 + 0x12 + 6, Image(0x1010));
        var frame = new HostFrame { Rip = Image(0x1040), Rsp = Stack(0), Rbp = Stack(14), Rbx = 1 };
        Chain(frame).ShouldBe([0x1040u, 0x1110, 0x1210, 0x1310, 0x1010]);
    }

    [Fact]
    public void In_the_middle_of_a_prologue_only_what_was_done_is_undone()
    {
        Word(0, 0x1111);
        Word(1, Image(0x1310));
        Chain(new HostFrame { Rip = Image(0x1001), Rsp = Stack(0) }).ShouldBe([0x1001u, 0x1310]);
        Word(0, Image(0x1310));
        Chain(new HostFrame { Rip = Image(0x1000), Rsp = Stack(0) })[1].ShouldBe(0x1310u);
    }

    [Fact]
    public void Words_that_stand_behind_no_call_are_no_callers()
    {
        Word(0, Image(0x1302));
        Word(1, Image(0x1FFF));
        Word(2, Image(0x1310));
        Chain(new HostFrame { Rip = Image(0x1300), Rsp = Stack(0) }).ShouldBe([0x1300u, 0x1310]);
    }

    [Fact]
    public void A_wild_jump_and_a_wild_stack_end_the_chain()
    {
        Chain(new HostFrame { Rip = 0x10, Rsp = 0x10 }).Count.ShouldBe(1);
        Chain(new HostFrame { Rip = Image(0x1040), Rsp = ulong.MaxValue - 7 }).Count.ShouldBe(1);
        Chain(new HostFrame { Rip = Image(0x1040), Rsp = Stack(0) + 1 }).Count.ShouldBe(1);
    }

    [Fact]
    public void Random_stacks_and_random_descriptions_end_and_read_nothing_else()
    {
        var random = new Random(11);
        for (var round = 0; round < 20_000; round++)
        {
            for (var i = 0; i < StackWords; i++)
            {
                Word(i, random.Next(3) == 0 ? Image((uint)random.Next(0x1000, 0x1400)) : random.Next(2) == 0 ? Stack(random.Next(StackWords)) : (ulong)random.NextInt64());
            }

            if (round > 10_000)
            {
                random.NextBytes(_image.AsSpan((int)Unwind, 0x60));
            }

            if (round > 15_000)
            {
                random.NextBytes(_image.AsSpan((int)Functions, 36));
            }

            var frame = new HostFrame
            {
                Rip = Image((uint)random.Next(0xF00, 0x1400)),
                Rsp = Stack(random.Next(StackWords)),
                Rbp = random.Next(2) == 0 ? Stack(random.Next(StackWords)) : (ulong)random.NextInt64(),
            };
            Chain(frame).Count.ShouldBeLessThanOrEqualTo(StackWords + 1);
        }
    }

    private ulong Image(uint offset)
    {
        fixed (byte* start = _image)
        {
            return (ulong)start + offset;
        }
    }

    private ulong Stack(int word)
    {
        fixed (ulong* start = _stack)
        {
            return (ulong)(start + word);
        }
    }

    private void Word(int index, ulong value) => _stack[index] = value;

    private List<uint> Chain(HostFrame frame)
    {
        ImageRange image;
        image.Base = (byte*)Image(0);
        image.Bytes = (uint)_image.Length;
        image.Functions = Functions;
        image.FunctionCount = _functions;
        CallChain chain = default;
        chain.Start(image, &frame, Stack(0), Stack(StackWords));
        List<uint> places = [(uint)(chain.Rip - Image(0))];
        while (places.Count <= StackWords && chain.Next())
        {
            places.Add((uint)(chain.Rip - Image(0)));
        }

        return places;
    }

    private void Describe(uint start, uint end, byte prologue, byte frameRegister, (int At, int Operation, int Operand, ushort[] More)[] codes)
    {
        var at = (int)(Unwind + (0x20 * _functions));
        var entry = _image.AsSpan((int)(Functions + (12 * _functions++)));
        BinaryPrimitives.WriteUInt32LittleEndian(entry, start);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], end);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], (uint)at);
        var words = new List<ushort>();
        foreach (var (offset, operation, operand, more) in codes)
        {
            words.Add((ushort)(offset | (operation << 8) | (operand << 12)));
            words.AddRange(more);
        }

        _image[at] = 1;
        _image[at + 1] = prologue;
        _image[at + 2] = (byte)words.Count;
        _image[at + 3] = frameRegister;
        for (var i = 0; i < words.Count; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(_image.AsSpan(at + 4 + (2 * i)), words[i]);
        }
    }
}
