using System.Runtime;
using HvKernel.Boot.Uefi;
using HvKernel.Cpu;
using HvKernel.Guests.Lab;

namespace HvKernel.Guests.Conformance;

/// <summary>From the firmware's call to a machine that is the guest's own, and through the checks.</summary>
internal static unsafe class ConformanceMain
{
    private const ulong MemoryBytes = 8UL << 20;
    private const ulong StackBytes = 16 * 1024;
    private const ulong AllocateMaxAddress = 1;
    private const ulong AllocateAddress = 2;
    private const ulong MapBytes = 256 * 1024;
    private const ulong La57 = 1 << 12;

    [RuntimeExport("ConformanceMain")]
    public static ulong Main(void* image, SystemTable* system)
    {
        Com1.Initialize();
        var services = system->BootServices;
        var guid = Guid.LoadedImage;
        LoadedImage* self;
        var memory = Layout.Window - 1;
        var map = Layout.Window - 1;
        var low = Layout.Low;
        if (FirmwareCall.Invoke(services->HandleProtocol, (ulong)image, (ulong)&guid, (ulong)&self) != EfiStatus.Success
            || !Allocate(services, AllocateMaxAddress, MemoryBytes, ref memory) || !Allocate(services, AllocateMaxAddress, MapBytes, ref map)
            || !Allocate(services, AllocateAddress, Layout.LowBytes, ref low) || (ulong)self->ImageBase >= Layout.Window)
        {
            Com1.Line("conformance error: firmware has no memory for us below 1 GiB, or not at 0x20000"u8);
            return EfiStatus.OutOfResources;
        }

        Pages pages = default;
        pages.Initialize((byte*)memory, MemoryBytes);
        var guest = (Guest*)pages.Take(((ulong)sizeof(Guest) / Layout.PageBytes) + 1);
        guest->Pages = pages;
        if (!Options.Parse((char*)self->LoadOptions, (int)self->LoadOptionsSize / 2, guest))
        {
            Com1.Line("conformance error: options: expected attack, attack-triplefault, attack-init or tables, and reserved=0xSTART-0xEND"u8);
            Power.Off();
        }

        if (!LeaveFirmware(image, services, map))
        {
            Fatal.Stop("firmware does not let go"u8);
        }

        TakeOver(guest);
        Run(guest);
        guest->Output.Text("conformance: "u8);
        guest->Output.Decimal(guest->Output.Lines);
        guest->Output.Text(" checks"u8);
        guest->Output.End();
        if (guest->Mode != Mode.Conformance)
        {
            while (true)
            {
                Machine.Sleep(uint.MaxValue);
            }
        }

        Power.Off();
        return EfiStatus.Success;
    }

    private static void Run(Guest* guest)
    {
        if (guest->Mode != Mode.Conformance)
        {
            Attack.Run(guest);
            return;
        }

        CpuidChecks.Run(guest);
        Runner.RunAll(guest, ""u8);
        MsrChecks.Run(guest);
        Runner.RunAll(guest, "x2apic."u8);
        Runner.RunAll(guest, "apicoff."u8);
    }

    // Interrupts stay off but where a check or the output asks for them.
    private static void TakeOver(Guest* guest)
    {
        Machine.DisableInterrupts();
        if ((ControlRegisters.ReadCr4() & La57) != 0)
        {
            Fatal.Stop("firmware uses 5-level paging, which this guest does not know"u8);
        }

        Port.Out8(0x21, 0xFF);
        Port.Out8(0xA1, 0xFF);
        CodeAddresses code;
        Machine.Addresses(&code);
        guest->Code = code;
        guest->Record = code.Record;
        guest->Output.Initialize(guest->Pages.Take(Output.Bytes / Layout.PageBytes));
        guest->TrapStackTop = (ulong)guest->Pages.Take(StackBytes / Layout.PageBytes) + StackBytes;
        guest->DoubleFaultStackTop = (ulong)guest->Pages.Take(StackBytes / Layout.PageBytes) + StackBytes;
        guest->ReadMsrOffset = Runner.Find(code, "probe.rdmsr"u8);
        guest->WriteMsrOffset = Runner.Find(code, "probe.wrmsr"u8);
        guest->CpuidOffset = Runner.Find(code, "probe.cpuid"u8);
        guest->EndOffset = Runner.Find(code, "probe.end"u8);
        CopyLegacy(code);
        guest->Pages.Build(code);
        guest->Record->Cr3 = (ulong)guest->Pages.Root;
        guest->Pages.Restore(code);
        guest->Saved.Initialize(guest);
        Machine.WriteCr3((ulong)guest->Pages.Root);
        Descriptors.Operands(guest->Record);
        Descriptors.Fill(guest, taskIsLoaded: false);
        Machine.LoadTables((DescriptorTable*)guest->Record->GdtOperand, (DescriptorTable*)guest->Record->IdtOperand);
        if (((ulong)guest->Record & 7) != 0 || (ulong)(code.LegacyEnd - code.Legacy) > Layout.LowCodeBytes)
        {
            Fatal.Stop("the code for legacy modes does not fit"u8);
        }

        guest->Saved.Remember(guest);
    }

    private static void CopyLegacy(in CodeAddresses code)
    {
        Pages.Clear((byte*)Layout.Low, Layout.LowBytes);
        for (ulong i = 0; i < (ulong)(code.LegacyEnd - code.Legacy); i++)
        {
            ((byte*)Layout.Low)[i] = code.Legacy[i];
        }
    }

    private static bool Allocate(BootServices* services, ulong kind, ulong bytes, ref ulong address)
    {
        var at = address;
        var status = FirmwareCall.Invoke(services->AllocatePages, kind, (ulong)MemoryKind.LoaderData, bytes / Layout.PageBytes, (ulong)&at);
        address = at;
        return status == EfiStatus.Success;
    }

    // The key of the memory map is good until anything changes it: a second attempt is what the specification expects.
    private static bool LeaveFirmware(void* image, BootServices* services, ulong map)
    {
        for (var attempt = 0; attempt < 4; attempt++)
        {
            var size = MapBytes;
            ulong key;
            ulong descriptorBytes;
            uint version;
            if (FirmwareCall.Invoke(services->GetMemoryMap, (ulong)&size, map, (ulong)&key, (ulong)&descriptorBytes, (ulong)&version) == EfiStatus.Success
                && FirmwareCall.Invoke(services->ExitBootServices, (ulong)image, key) == EfiStatus.Success)
            {
                return true;
            }
        }

        return false;
    }
}
