using System.Runtime;
using System.Runtime.CompilerServices;
using HvKernel.Boot.Uefi;
using HvKernel.Link;
using HvKernel.Vmx;

namespace HvKernel.Boot;

/// <summary>What a further processor is to do when firmware calls it.</summary>
public unsafe struct ProcessorOrder
{
    /// <summary>The place of the processor that is to be launched; null: it only reads its capabilities.</summary>
    public VCpu* Launched;
    public ulong ExitEntry;
    public ulong ContainedExitEntry;
    public VmxCapabilities Capabilities;
    public LaunchResult Result;
    public bool Came;
    public fixed byte Text[TextBytes];
    private const int TextBytes = 256;

    /// <summary>For the explanation of a launch that failed: nobody reads it but a debugger.</summary>
    public const int MaximumText = TextBytes;
}

/// <summary>The machine's processors as firmware knows them, and how they are called (UEFI PI's MP services).</summary>
public readonly unsafe struct Processors
{
    /// <summary>As many as <see cref="Machine.Processors"/> has room for.</summary>
    public const uint Maximum = 256;

    // Firmware answers when the function has come back; a processor that does not come is given up.
    private const ulong TimeoutMicroseconds = 1_000_000;

    private readonly MpServices* _services;

    /// <summary>Processors that are enabled, the one that calls included.</summary>
    public readonly uint Count;

    /// <summary>Processors that firmware has disabled, or beyond <see cref="Maximum"/>.</summary>
    public readonly uint LeftOut;

    public Processors(in Firmware firmware)
    {
        var guid = Guid.MpServices;
        MpServices* services = null;
        Count = 1;
        LeftOut = 0;
        _services = null;
        if (FirmwareCall.Invoke(firmware.Services->LocateProtocol, (ulong)&guid, 0, (ulong)&services) != EfiStatus.Success)
        {
            return;
        }

        ulong all = 0;
        ulong enabled = 0;
        if (FirmwareCall.Invoke(services->GetNumberOfProcessors, (ulong)services, (ulong)&all, (ulong)&enabled) == EfiStatus.Success && enabled != 0)
        {
            _services = services;
            Count = enabled > Maximum ? Maximum : (uint)enabled;
            LeftOut = (uint)all - Count;
        }
    }

    [RuntimeImport("*", "HvkOnProcessorAddress")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern ulong OnProcessorAddress();

    /// <summary>Has an order carried out on the further processor of this number (from 1); false where it does not come.</summary>
    public bool Call(uint number, ProcessorOrder* order)
    {
        uint seen = 0;
        for (ulong index = 0; index < Count + LeftOut && _services != null; index++)
        {
            ProcessorInformation information = default;
            if (FirmwareCall.Invoke(_services->GetProcessorInfo, (ulong)_services, index, (ulong)&information) != EfiStatus.Success
                || (information.Status & ProcessorInformation.IsBootProcessor) != 0 || (information.Status & ProcessorInformation.IsEnabled) == 0)
            {
                continue;
            }

            if (++seen == number)
            {
                order->Came = false;
                FirmwareCall.Invoke(
                    _services->StartupThisAp, (ulong)_services, OnProcessorAddress(), index, 0, TimeoutMicroseconds, (ulong)order, 0);
                return order->Came;
            }
        }

        return false;
    }

    [RuntimeExport("HvkOnProcessor")]
    private static void OnProcessor(ProcessorOrder* order)
    {
        if (order->Launched == null)
        {
            VmxCapabilitiesReader.Read(out order->Capabilities);
        }
        else
        {
            TextWriter report = default;
            report.Initialize(order->Text, ProcessorOrder.MaximumText, null, &Discard);
            order->Result = ProcessorLaunch.Launch(order->Launched, order->ExitEntry, order->ContainedExitEntry, ref report);
        }

        order->Came = true;
    }

    private static void Discard(void* target, byte* bytes, int count)
    {
    }
}
