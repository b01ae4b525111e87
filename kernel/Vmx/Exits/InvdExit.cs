using HvKernel.Cpu;

namespace HvKernel.Vmx.Exits;

/// <summary>INVD: written back first, because what it would throw away is HvKernel's memory too.</summary>
public static class InvdExit
{
    public static ExitAction Handle()
    {
        Processor.WriteBackInvalidate();
        return ExitAction.Advance;
    }
}
