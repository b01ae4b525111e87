using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Events.Scripts;

/// <summary>The registers outside GUEST_REGS that a run has changed, as they were before it.</summary>
public unsafe struct ScriptRegisterLog
{
    private const int Registers = 64;

    // One bit for each register's number.
    private ulong _changed;
    private fixed ulong _before[Registers];

    /// <summary>Nothing has changed.</summary>
    public void Start() => _changed = 0;

    /// <summary>The register is about to change.</summary>
    public void Remember(VCpu* vcpu, ScriptRegister register)
    {
        var bit = 1UL << (int)register;
        if ((_changed & bit) == 0 && ScriptRegisters.TryRead(vcpu, register, out var value))
        {
            _changed |= bit;
            _before[(int)register] = value;
        }
    }

    /// <summary>Writes back what was.</summary>
    public void TakeBack(VCpu* vcpu)
    {
        for (var i = 0; i < Registers && _changed != 0; i++)
        {
            if ((_changed & (1UL << i)) != 0)
            {
                ScriptRegisters.TryWrite(vcpu, (ScriptRegister)i, _before[i]);
                _changed &= ~(1UL << i);
            }
        }
    }
}
