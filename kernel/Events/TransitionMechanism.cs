using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Events;

/// <summary>
/// The two ways to make the first fetch in the other mode exit: views whose pages lack execute permission by mode (<see cref="Memory.EptViews"/>), or shadow roots
/// (<see cref="ShadowTrap"/>). <see cref="ModeTrap"/> decides when and for whom, the same with both; here stands what differs.
/// </summary>
public static unsafe class TransitionMechanism
{
    /// <summary>Why no transition can be caught as things are: Ok where they can.</summary>
    public static ReplyStatus Obstacle(VCpu* vcpu, out uint detail)
    {
        detail = 0;
        if (vcpu->Machine->HasModeBasedExecute)
        {
            return ReplyStatus.Ok;
        }

        if (!vcpu->Machine->HasShadowRoots)
        {
            detail = (uint)TargetCapabilities.ModeBasedExecute;
            return ReplyStatus.FeatureMissing;
        }

        detail = (uint)ShadowTrap.Obstacle();
        return detail == 0 ? ReplyStatus.Ok : ReplyStatus.PagingUnsuitable;
    }

    /// <summary>Whether a process can be caught on this processor now, from one of its roots.</summary>
    public static bool CanWatch(VCpu* vcpu, int watch, ulong root) =>
        vcpu->Machine->HasModeBasedExecute || ShadowTrap.CanWatch(vcpu, watch, root);

    /// <summary>The events or their processes have changed: prepares what catching them needs.</summary>
    public static void Update(VCpu* vcpu)
    {
        if (vcpu->Machine->HasShadowRoots)
        {
            ShadowTrap.Update(vcpu);
        }
    }

    /// <summary>View, watch, overlay or the guest's CR3 have changed on this processor, other than by a transition.</summary>
    public static void Apply(VCpu* vcpu)
    {
        if (vcpu->Machine->HasShadowRoots)
        {
            ShadowTrap.Apply(vcpu);
        }
    }

    /// <summary>Exceptions that exit for it, in the bits of the exception bitmap.</summary>
    public static ulong Exceptions(Machine* machine) => machine->HasShadowRoots ? ShadowTrap.Exceptions : 0;

    /// <summary>The tables that all views share have changed, while no processor executes anything of the guest.</summary>
    public static void OnTablesChanged(Machine* machine)
    {
        if (machine->HasShadowRoots)
        {
            machine->Shadows.Repatch(machine->Views);
        }
    }

    /// <summary>Guest memory was written other than through a view. The lock of what follows it is held.</summary>
    public static void OnMemoryWritten(Machine* machine)
    {
        if (machine->HasShadowRoots)
        {
            ShadowTrap.OnMemoryWritten(machine);
        }
    }
}
