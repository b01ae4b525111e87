using System.Text;
using HvKernel.Events.Code;
using HvKernel.Events.Scripts;
using HvKernel.Protocol;
using HvKernel.Tests.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Events.Scripts;

public sealed unsafe class ScriptMemoryTests : System.IDisposable
{
    private readonly NativePages _pages = new(ScriptMemory.PagesNeeded);
    private ScriptMemory _memory;

    public ScriptMemoryTests()
    {
        var pool = _pages.Pool();
        _memory.Build(ref pool).ShouldBeTrue();
        _pages.Taken(pool).ShouldBe(ScriptMemory.PagesNeeded);
    }

    public void Dispose() => _pages.Dispose();

    private int Find(string name, out bool isNew)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        fixed (byte* start = bytes)
            return _memory.Find(start, bytes.Length, out isNew);
    }

    [Fact]
    public void An_address_is_the_scripts_own_only_where_all_its_bytes_are()
    {
        const ulong Globals = RunnerWindow.Globals;
        const ulong Data = RunnerWindow.Data;
        ((ulong)_memory.Own(Globals, 8)).ShouldBe(_memory.GlobalPages);
        ((ulong)_memory.Own(Data + 5, 8)).ShouldBe(_memory.DataPages + 5);
        IsOwn(Globals + ScriptMemory.GlobalBytes - 8, 8).ShouldBeTrue();
        IsOwn(Globals + ScriptMemory.GlobalBytes - 7, 8).ShouldBeFalse();
        IsOwn(Globals - 1, 1).ShouldBeFalse();
        IsOwn(Globals - 1, 8).ShouldBeFalse();
        IsOwn(Data + ScriptLimits.DataBytes - 1, 1).ShouldBeTrue();
        IsOwn(Data + ScriptLimits.DataBytes, 1).ShouldBeFalse();
        IsOwn(Data, ScriptLimits.DataBytes).ShouldBeTrue();
        IsOwn(Data, ScriptLimits.DataBytes + 1).ShouldBeFalse();
        IsOwn(Data + 8, ulong.MaxValue).ShouldBeFalse();
        IsOwn(RunnerWindow.Context, 8).ShouldBeFalse();
        IsOwn(0, 8).ShouldBeFalse();
        IsOwn(ulong.MaxValue, 8).ShouldBeFalse();

        bool IsOwn(ulong address, ulong bytes) => _memory.Own(address, bytes) != null;
    }

    [Fact]
    public void A_name_keeps_its_number()
    {
        Find("n", out var isNew).ShouldBe(0);
        isNew.ShouldBeTrue();
        Find("name", out isNew).ShouldBe(1);
        isNew.ShouldBeTrue();
        Find("n", out isNew).ShouldBe(0);
        isNew.ShouldBeFalse();
        Find("name", out isNew).ShouldBe(1);
        isNew.ShouldBeFalse();
        Find("na", out isNew).ShouldBe(2);
        isNew.ShouldBeTrue();
        _memory.GlobalCount.ShouldBe(3);
    }

    [Fact]
    public void Names_beyond_the_last_word_are_refused_and_known_ones_are_not()
    {
        for (var i = 0; i < ScriptLimits.Globals; i++)
            Find($"a_name_as_long_as_names_can_{i:000}", out _).ShouldBe(i);
        Find("another", out var isNew).ShouldBe(-1);
        isNew.ShouldBeFalse();
        Find("a_name_as_long_as_names_can_511", out _).ShouldBe(511);
    }

    [Fact]
    public void Texts_stand_at_the_end_of_the_data_and_apart()
    {
        const ulong First = RunnerWindow.Data + ScriptLimits.DataBytes - ScriptLimits.TextBytes;
        _memory.Text(ScriptMemory.NameText, out var name);
        var date = (ulong)_memory.Text(ScriptMemory.DateText, out var dateAddress);
        _memory.Text(ScriptMemory.TimeText, out var time);
        name.ShouldBe(First);
        date.ShouldBe((ulong)_memory.Own(dateAddress, WallClock.DateBytes));
        (dateAddress - name).ShouldBeGreaterThanOrEqualTo((ulong)LinkProtocol.NameBytes + 1);
        (time - dateAddress).ShouldBeGreaterThanOrEqualTo((ulong)WallClock.DateBytes);
        (time + WallClock.TimeBytes).ShouldBeLessThanOrEqualTo(RunnerWindow.Data + ScriptLimits.DataBytes);
    }
}
