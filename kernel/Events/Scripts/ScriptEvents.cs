using HvKernel.Link.Requests;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Events.Scripts;

/// <summary>What scripts do to events and to the guest's next instruction: asked for during the run, carried out after the trigger.</summary>
public static unsafe class ScriptEvents
{
    public static void Modify(VCpu* vcpu, ref ScriptCall call)
    {
        var operation = (EventOperation)call.Argument1;
        var id = call.Argument0;
        if (id >= LinkProtocol.All || vcpu->Machine->Events.Find((uint)id) == null || operation > EventOperation.Clear
            || !vcpu->Machine->Scripts.Effects.Add((uint)id, operation))
        {
            call.Fail(ScriptFailure.Argument, id);
        }
    }

    public static void Inject(VCpu* vcpu, ref ScriptCall call)
    {
        var hasErrorCode = call.Argument3 != 0;
        if (!Injection.TryDescribe(call.Argument0, call.Argument1, hasErrorCode, out var information))
        {
            call.Fail(ScriptFailure.Argument, call.Argument1);
            return;
        }

        vcpu->Machine->Scripts.Effects.Injection = information;
        vcpu->Machine->Scripts.Effects.InjectionErrorCode = (uint)call.Argument2;
    }

    /// <summary>
    /// Carries out what scripts of the last trigger asked for. Nobody goes through the tables now: an event may be cleared by its own script.
    /// </summary>
    public static void Apply(VCpu* vcpu)
    {
        var effects = &vcpu->Machine->Scripts.Effects;
        for (var i = 0; i < effects->Changes; i++)
        {
            effects->Change(i, out var id, out var operation);
            EventRequests.Modify(vcpu, id, operation);
            vcpu->Machine->Events.Stale = true;
        }

        if (effects->Injection != 0)
        {
            Injection.Carry(vcpu, effects->Injection, effects->InjectionErrorCode);
        }

        effects->Changes = 0;
        effects->Injection = 0;
        effects->Pause = false;
    }
}
