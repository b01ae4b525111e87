using System.Runtime.CompilerServices;
using HvKernel.Cpu;

namespace HvKernel.Vmx;

/// <summary>
/// Whoever changes what all processors share holds it: events, the link, what is known of the guest. It is held for bounded work, and by the
/// processor that serves the console while the guest stands still. Who waits for it can be stopped and asked for things meanwhile, so that nobody waits
/// for a processor that waits itself.
/// </summary>
public static unsafe class MachineLock
{
    private const uint Free = 0;
    private const uint Held = 1;

    /// <summary>
    /// Takes the lock. Work of others may be carried out here meanwhile (<see cref="Rendezvous"/>): what was read before of view, watch and
    /// events no longer holds.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Acquire(VCpu* vcpu)
    {
        if (Atomic.Exchange(&vcpu->Machine->LockWord, Held) != Free)
        {
            Wait(vcpu);
        }
    }

    /// <summary>Takes the lock if it is free.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAcquire(VCpu* vcpu) => Atomic.Exchange(&vcpu->Machine->LockWord, Held) == Free;

    /// <summary>Gives it back. An ordinary store will do: processors see stores in their order (SDM vol. 3A, "Memory Ordering").</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Release(VCpu* vcpu) => vcpu->Machine->LockWord = Free;

    private static void Wait(VCpu* vcpu)
    {
        var word = &vcpu->Machine->LockWord;
        var start = Processor.Tsc();
        Rendezvous.Stand(vcpu);
        while (*word != Free || Atomic.Exchange(word, Held) != Free)
        {
            Rendezvous.Serve(vcpu);
            Processor.Pause();
        }

        Rendezvous.Leave(vcpu);
        vcpu->WaitTicks += Processor.Tsc() - start;
    }
}
