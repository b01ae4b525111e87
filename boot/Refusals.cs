using System;
using HvKernel.Vmx;

namespace HvKernel.Boot;

/// <summary>Why HvKernel did not start, in words.</summary>
public static unsafe class Refusals
{
    public static void Say(BootLog* log, ResidenceResult result) => BootLog.Line(log, result switch
    {
        ResidenceResult.NoLoadedImage => "refused: firmware does not tell where this image is"u8,
        ResidenceResult.NoReservedMemory => "refused: firmware has no reserved memory left"u8,
        ResidenceResult.PoolTooSmall => "refused: the reserved memory is too small for this machine's page tables"u8,
        ResidenceResult.BadRelocation => "refused: the image cannot be relocated"u8,
        ResidenceResult.NoOrders => "refused: firmware has no memory left for the orders to further processors"u8,
        _ => "refused: firmware has no memory map"u8,
    });

    public static void Say(BootLog* log, LaunchResult result)
    {
        var line = BootLog.Open(log);
        line.Text("refused: "u8);
        line.Line(Explain(result));
    }

    /// <summary>Which step failed.</summary>
    public static ReadOnlySpan<byte> Explain(LaunchResult result) => result switch
    {
        LaunchResult.FeatureControl => "IA32_FEATURE_CONTROL cannot be written"u8,
        LaunchResult.Vmxon => "VMXON failed"u8,
        LaunchResult.Vmclear => "VMCLEAR failed"u8,
        LaunchResult.ContainedContext => "the context for machine code cannot be made"u8,
        LaunchResult.Vmptrld => "VMPTRLD failed"u8,
        _ => "VMLAUNCH failed"u8,
    };
}
