using System;
using System.Runtime;
using System.Runtime.CompilerServices;
using HvKernel.Boot.Uefi;
using HvKernel.Link;

namespace HvKernel.Guests.Sabotage;

/// <summary>
/// The cases, in order. Where VMX is to be had: each refusal of the firmware, then a start that succeeds in spite of processors that are not there, and one more
/// inside it. Where it is not: the machine is reset each time HvKernel has begun a boot, as long as it begins one.
/// </summary>
internal static unsafe class SabotageMain
{
    private const int LoaderDataCases = 3;

    // Where HvKernel looks first (boot/SurvivingLog.cs).
    private const ulong FirstPlace = 0x1000_0000;
    private const int OrdersRequest = 3;

    [RuntimeImport("*", "SabotageHasVmx")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern ulong HasVmx();

    [RuntimeImport("*", "SabotageEnterVmx")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void EnterVmx(byte* page);

    [RuntimeImport("*", "SabotageLeaveVmx")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void LeaveVmx();

    [RuntimeImport("*", "SabotageReset")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void Reset();

    [RuntimeExport("SabotageMain")]
    public static ulong Main(void* image, SystemTable* system)
    {
        var services = system->BootServices;
        ulong pages = 0;
        if (FirmwareCall.Invoke(services->AllocatePages, 0, (ulong)MemoryKind.BootServicesData, 2, (ulong)&pages) != EfiStatus.Success)
        {
            return EfiStatus.OutOfResources;
        }

        var state = (SabotageState*)pages;
        *state = default;
        state->Calm();
        Hooks.Install(state, system);
        if (HasVmx() == 0)
        {
            state->ResetsAtRefusal = true;
            Start(image, system, state, "reset when it has begun"u8);
            Reset();
        }

        for (var i = 0; i < LoaderDataCases; i++)
        {
            state->RefusedLoaderData = i;
            state->RefusesReserved = true;
            Start(image, system, state, "loader's data"u8);
        }

        state->HidesImage = true;
        Start(image, system, state, "own image"u8);
        state->RefusesMemoryMap = true;
        Start(image, system, state, "memory map"u8);
        state->RefusesBootServicesData = true;
        Start(image, system, state, "memory for the memory map"u8);
        state->RefusesPlaces = true;
        state->RefusesReserved = true;
        Start(image, system, state, "all reserved memory"u8);
        state->RefusesVariables = true;
        state->RefusesReserved = true;
        Start(image, system, state, "variables"u8);
        state->HidesMpServices = true;
        state->RefusesReserved = true;
        Start(image, system, state, "MP services"u8);
        state->RefusedLoaderData = OrdersRequest;
        Start(image, system, state, "orders"u8);
        var region = (byte*)pages + 4096;
        for (var i = 0; i < 4096; i++)
        {
            region[i] = 0;
        }

        EnterVmx(region);
        Start(image, system, state, "VMX"u8);
        LeaveVmx();

        // As if an earlier boot had left it.
        LogRing.Initialize((byte*)FirstPlace);
        LogRing.Line((byte*)FirstPlace, "sabotage: words of an earlier boot"u8);
        state->LiesAboutProcessors = true;
        PublishNonsense(system, region);
        Start(image, system, state, "true words about tables and processors"u8);
        Start(image, system, state, "nothing, a second time"u8);
        Say(system, "sabotage: end"u8);
        for (; ; )
        {
            FirmwareCall.Invoke(services->Stall, 100_000);
        }
    }

    // An ACPI pointer of the right form to a list where no memory is; the firmware, which would look there itself, is not told.
    private static void PublishNonsense(SystemTable* system, byte* pointer)
    {
        const ulong Signature = 0x2052_5450_2044_5352;
        for (var i = 0; i < 36; i++)
        {
            pointer[i] = 0;
        }

        *(ulong*)pointer = Signature;
        pointer[15] = 2;
        *(ulong*)(pointer + 24) = 0xFFFF_FFFF_FFFF_F000;
        var last = &system->ConfigurationTable[system->ConfigurationTables - 1];
        last->Id = Guid.Acpi20;
        last->Table = pointer;
    }

    /// <summary>Where checks that the compiler made end.</summary>
    [RuntimeExport("HvkRuntimeFailure")]
    public static void RuntimeFailure(uint failure)
    {
        while (true)
        {
        }
    }

    private static void Start(void* image, SystemTable* system, SabotageState* state, ReadOnlySpan<byte> name)
    {
        // What the loader itself needs is not refused.
        var refusals = *state;
        state->Calm();
        void* program = null;
        var status = Load(image, system, &program);
        state->RefusedLoaderData = refusals.RefusedLoaderData;
        state->RefusesReserved = refusals.RefusesReserved;
        state->RefusesPlaces = refusals.RefusesPlaces;
        state->RefusesBootServicesData = refusals.RefusesBootServicesData;
        state->HidesImage = refusals.HidesImage;
        state->RefusesMemoryMap = refusals.RefusesMemoryMap;
        state->RefusesVariables = refusals.RefusesVariables;
        state->LiesAboutProcessors = refusals.LiesAboutProcessors;
        state->HidesMpServices = refusals.HidesMpServices;
        state->ResetsAtRefusal = refusals.ResetsAtRefusal;
        Write(system, "sabotage: HvKernel is refused "u8);
        Say(system, name);
        if (status == EfiStatus.Success)
        {
            FirmwareCall.Invoke(system->BootServices->StartImage, (ulong)program);
        }

        state->Calm();
        Write(system, "sabotage: reserved pages "u8);
        SayHex(system, Reserved(system));
        Say(system, status == EfiStatus.Success ? "sabotage: HvKernel came back"u8 : "sabotage: HvKernel cannot be loaded"u8);
    }

    private static ulong Load(void* image, SystemTable* system, void** program)
    {
        var services = system->BootServices;
        var guid = Guid.LoadedImage;
        LoadedImage* self;
        var status = FirmwareCall.Invoke(services->HandleProtocol, (ulong)image, (ulong)&guid, (ulong)&self);
        if (status != EfiStatus.Success)
        {
            return status;
        }

        guid = Guid.DevicePath;
        byte* device;
        status = FirmwareCall.Invoke(services->HandleProtocol, (ulong)self->DeviceHandle, (ulong)&guid, (ulong)&device);
        ulong buffer = 0;
        if (status != EfiStatus.Success
            || FirmwareCall.Invoke(services->AllocatePages, 0, (ulong)MemoryKind.BootServicesData, 1, (ulong)&buffer) != EfiStatus.Success)
        {
            return EfiStatus.OutOfResources;
        }

        var path = (byte*)buffer;
        var at = 0;
        while (device[at] != 0x7F && at < 2048)
        {
            int size = *(ushort*)(device + at + 2);
            for (var i = 0; i < size; i++)
            {
                path[at + i] = device[at + i];
            }

            at += size;
        }

        fixed (char* name = "\\EFI\\sabotage\\hvkernel.efi")
        {
            var length = 0;
            while (name[length] != 0)
            {
                length++;
            }

            var bytes = 2 * (length + 1);
            *(uint*)(path + at) = 0x0404 | ((uint)(4 + bytes) << 16);
            for (var i = 0; i < bytes; i++)
            {
                path[at + 4 + i] = ((byte*)name)[i];
            }

            at += 4 + bytes;
        }

        *(uint*)(path + at) = 0x0004_FF7F;
        return FirmwareCall.Invoke(services->LoadImage, 0, (ulong)image, (ulong)path, 0, 0, (ulong)program);
    }

    // Pages that the memory map keeps from an OS; 0 where there is no map.
    private static ulong Reserved(SystemTable* system)
    {
        const ulong MapPages = 8;
        var services = system->BootServices;
        ulong buffer = 0;
        if (FirmwareCall.Invoke(services->AllocatePages, 0, (ulong)MemoryKind.BootServicesData, MapPages, (ulong)&buffer) != EfiStatus.Success)
        {
            return 0;
        }

        var size = MapPages * 4096;
        ulong key;
        ulong descriptorBytes;
        uint version;
        ulong pages = 0;
        if (FirmwareCall.Invoke(services->GetMemoryMap, (ulong)&size, buffer, (ulong)&key, (ulong)&descriptorBytes, (ulong)&version) == EfiStatus.Success)
        {
            for (ulong at = 0; at + descriptorBytes <= size; at += descriptorBytes)
            {
                var descriptor = (MemoryDescriptor*)(buffer + at);
                pages += descriptor->Kind == MemoryKind.Reserved ? descriptor->Pages : 0;
            }
        }

        FirmwareCall.Invoke(services->FreePages, buffer, MapPages);
        return pages;
    }

    private static void SayHex(SystemTable* system, ulong value)
    {
        for (var shift = 28; shift >= 0; shift -= 4)
        {
            Character(system, "0123456789abcdef"u8[(int)(value >> shift) & 15]);
        }

        Say(system, ""u8);
    }

    private static void Write(SystemTable* system, ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            Character(system, text[i]);
        }
    }

    private static void Say(SystemTable* system, ReadOnlySpan<byte> text)
    {
        Write(system, text);
        Character(system, '\r');
        Character(system, '\n');
    }

    private static void Character(SystemTable* system, uint character) =>
        FirmwareCall.Invoke(system->ConOut->OutputString, (ulong)system->ConOut, (ulong)&character);
}
