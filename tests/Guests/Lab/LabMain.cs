using System.Runtime;
using HvKernel.Boot;
using HvKernel.Boot.Uefi;
using HvKernel.Cpu;

namespace HvKernel.Guests.Lab;

/// <summary>From the firmware's call to the guest's own kernel at its own addresses.</summary>
internal static unsafe class LabMain
{
    private const ulong MemoryBytes = 24UL << 20;
    private const ulong StackBytes = 64 * 1024;
    private const ulong AllocateMaxAddress = 1;
    private const ulong MapBytes = 256 * 1024;
    private const ulong CalibrationMicroseconds = 10_000;
    private const ulong LargePageBytes = 2UL << 20;

    // The vector of a start-up IPI is a page number below A0 (SDM vol. 3A, "MP Initialization Protocol Algorithm").
    private const ulong HighestStartPage = 0x9_FFFF;
    private const ulong La57 = 1 << 12;

    [RuntimeExport("LabMain")]
    public static ulong Main(void* image, SystemTable* system)
    {
        Com1.Initialize();
        var services = system->BootServices;
        var guid = Guid.LoadedImage;
        LoadedImage* self;
        var memory = KernelSpace.DirectMapBytes - 1;
        var map = KernelSpace.DirectMapBytes - 1;
        if (FirmwareCall.Invoke(services->HandleProtocol, (ulong)image, (ulong)&guid, (ulong)&self) != EfiStatus.Success
            || !Allocate(services, MemoryBytes, ref memory) || !Allocate(services, MapBytes, ref map)
            || (ulong)self->ImageBase >= KernelSpace.DirectMapBytes)
        {
            Com1.Line("LAB error: firmware has no memory for us below 4 GiB"u8);
            return EfiStatus.OutOfResources;
        }

        // Pointers are the firmware's, physical ones, until the direct map stands; nothing that is stored before then may be one.
        Pool pool = default;
        pool.Initialize((byte*)memory, MemoryBytes);
        var kernel = (Kernel*)pool.Pages((ulong)(sizeof(Kernel) + Pool.PageBytes - 1) / Pool.PageBytes);
        if (!kernel->Options.Parse((char*)self->LoadOptions, OptionsLength(self)))
        {
            RefuseOption((char*)self->LoadOptions + kernel->Options.BadStart, kernel->Options.BadLength);
        }

        if (kernel->Options.Cpus > 1)
        {
            kernel->StartPage = HighestStartPage;
            if (!Allocate(services, Pool.PageBytes, ref kernel->StartPage))
            {
                Fatal.Stop("firmware has no page for us below 1 MiB"u8);
            }
        }

        kernel->TicksPerSecond = MeasureTime(services);
        if (!LeaveFirmware(image, services, map))
        {
            Fatal.Stop("firmware does not let go"u8);
        }

        Machine.DisableInterrupts();
        if ((ControlRegisters.ReadCr4() & La57) != 0)
        {
            Fatal.Stop("firmware uses 5-level paging, which this guest does not know"u8);
        }

        kernel->Root = (ulong)BuildDirectMap(ref pool);
        var source = new PeImage((byte*)self->ImageBase);
        var copy = pool.Pages((source.Bytes + Pool.PageBytes - 1) / Pool.PageBytes);
        for (uint i = 0; i < source.Bytes / 8; i++)
        {
            ((ulong*)copy)[i] = ((ulong*)source.Base)[i];
        }

        var stack = pool.Pages(StackBytes / Pool.PageBytes);
        Machine.WriteCr3(kernel->Root);

        // Through the direct map: the addresses in the copy are to be valid there.
        var high = KernelSpace.At((ulong)copy);
        if (!source.Relocate(high))
        {
            Fatal.Stop("the image cannot be relocated"u8);
        }

        CodeAddresses code;
        Machine.Addresses(&code);
        kernel->Pool = pool.InDirectMap();
        kernel->Image = high;
        kernel->ImageBytes = source.Bytes;
        var run = code.Run - (ulong)source.Base + (ulong)high;
        Machine.ContinueAt(run, (ulong)KernelSpace.At((ulong)stack) + StackBytes, KernelSpace.At((ulong)kernel));
        return EfiStatus.LoadError;
    }

    private static bool Allocate(BootServices* services, ulong bytes, ref ulong address)
    {
        var at = address;
        var status = FirmwareCall.Invoke(
            services->AllocatePages, AllocateMaxAddress, (ulong)MemoryKind.LoaderData, bytes / Pool.PageBytes, (ulong)&at);
        address = at;
        return status == EfiStatus.Success;
    }

    private static int OptionsLength(LoadedImage* self)
    {
        var characters = (int)self->LoadOptionsSize / 2;
        for (var i = 0; i < characters; i++)
        {
            if (((char*)self->LoadOptions)[i] == 0)
            {
                return i;
            }
        }

        return characters;
    }

    private static void RefuseOption(char* item, int length)
    {
        Com1.Text("LAB error: option \""u8);
        for (var i = 0; i < length; i++)
        {
            Com1.Byte((byte)item[i]);
        }

        Com1.Line("\": expected [MODE:]SCENARIO[=TIMES], wait=SECONDS, wait=forever, hold=kernel, hold=process or a setting for processors (README.md)"u8);
        Power.Off();
    }

    private static ulong MeasureTime(BootServices* services)
    {
        var start = Machine.Tsc();
        FirmwareCall.Invoke(services->Stall, CalibrationMicroseconds);
        return (Machine.Tsc() - start) * (1_000_000 / CalibrationMicroseconds);
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

    // Memory below 4 GiB at its own addresses, for the moment of the change, and in the direct map.
    private static ulong* BuildDirectMap(ref Pool pool)
    {
        var root = (ulong*)pool.Pages(1);
        var gigabytes = (ulong*)pool.Pages(1);
        root[0] = (ulong)gigabytes | PageBit.Present | PageBit.Writable;
        root[KernelSpace.DirectMapSlot] = root[0];
        for (ulong i = 0; i < KernelSpace.DirectMapBytes >> 30; i++)
        {
            var large = (ulong*)pool.Pages(1);
            gigabytes[i] = (ulong)large | PageBit.Present | PageBit.Writable;
            for (ulong j = 0; j < 512; j++)
            {
                large[j] = ((i << 30) + (j * LargePageBytes)) | PageBit.Present | PageBit.Writable | PageBit.Large;
            }
        }

        return root;
    }
}
