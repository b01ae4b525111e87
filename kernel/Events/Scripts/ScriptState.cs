using HvKernel.Events.Code;
using HvKernel.Guest;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Events.Scripts;

/// <summary>Compiled scripts: what they share, and the one that runs. Whoever runs one holds the machine's lock.</summary>
public unsafe struct ScriptState
{
    public ScriptMemory Memory;
    public ScriptEffects Effects;
    public WallClock Clock;

    /// <summary>A script runs: the gate is answered.</summary>
    public bool Runs;

    /// <summary>The code that runs, and what for.</summary>
    public Blob* Blob;
    public RunSubject Subject;

    private EffectMark _mark;
    private ScriptRegisterLog _registers;

    /// <summary>A run begins.</summary>
    public void Begin(VCpu* vcpu, Blob* blob, in RunSubject subject)
    {
        if (subject.EventId == LinkProtocol.All)
        {
            vcpu->Runner.Registers->EventId = 0;
        }

        // No event that knows its process: the one that runs.
        if (subject.Pid == 0 && GuestProcess.TryCurrent(vcpu, out var task, out _))
        {
            vcpu->Runner.Registers->Pid = task.Tgid;
        }

        Blob = blob;
        Subject = subject;
        Runs = true;
        _mark = Effects.Mark();
        _registers.Start();
    }

    /// <summary>It has ended; what a failed run has changed or asked for does not count.</summary>
    public void End(VCpu* vcpu, bool succeeded)
    {
        Runs = false;
        Blob = null;
        if (!succeeded)
        {
            Effects.Return(_mark);
            _registers.TakeBack(vcpu);
        }
    }

    /// <summary>Remembers a register as it was before the run.</summary>
    public void Remember(VCpu* vcpu, ScriptRegister register) => _registers.Remember(vcpu, register);
}
