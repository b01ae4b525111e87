using HvKernel.Events.Scripts;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Events.Scripts;

public sealed class ScriptEffectsTests
{
    [Fact]
    public void Changes_keep_their_order()
    {
        ScriptEffects effects = default;
        effects.Add(3, EventOperation.Disable).ShouldBeTrue();
        effects.Add(4, EventOperation.Clear).ShouldBeTrue();
        effects.Add(3, EventOperation.Enable).ShouldBeTrue();
        effects.Changes.ShouldBe(3);
        effects.Change(0, out var id, out var operation);
        (id, operation).ShouldBe((3u, EventOperation.Disable));
        effects.Change(2, out id, out operation);
        (id, operation).ShouldBe((3u, EventOperation.Enable));
    }

    [Fact]
    public void The_same_change_again_takes_no_room_and_others_have_an_end()
    {
        ScriptEffects effects = default;
        for (var i = 0; i < 1000; i++)
            effects.Add(1, EventOperation.Disable).ShouldBeTrue();
        effects.Changes.ShouldBe(1);
        for (uint i = 0; i < ScriptEffects.MostChanges - 1; i++)
            effects.Add(i % 2, EventOperation.Enable).ShouldBeTrue();
        effects.Add(7, EventOperation.Clear).ShouldBeFalse();
        effects.Changes.ShouldBe(ScriptEffects.MostChanges);
    }

    [Fact]
    public void A_failed_run_leaves_what_others_asked_for()
    {
        ScriptEffects effects = default;
        effects.Add(1, EventOperation.Disable);
        var mark = effects.Mark();
        effects.Add(2, EventOperation.Clear);
        effects.Pause = true;
        effects.Injection = 0x8000_0302;
        effects.Return(mark);
        effects.Changes.ShouldBe(1);
        effects.Pause.ShouldBeFalse();
        effects.Injection.ShouldBe(0u);
    }
}
