using System.Runtime;
using System.Runtime.CompilerServices;
using HvKernel.Boot.Uefi;

namespace HvKernel.Guests.Sabotage;

/// <summary>Functions that stand in the place of the firmware's.</summary>
internal static unsafe class Hooks
{
    private const ulong AllocateAddress = 2;
    private const ulong DeviceError = (1UL << 63) | 7;
    private const ulong WriteProtected = (1UL << 63) | 8;
    private const ulong ClaimedProcessors = 3;

    [RuntimeImport("*", "SabotageState")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern SabotageState** StateWord();

    [RuntimeImport("*", "SabotageAllocatePagesAddress")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void* AllocatePagesAddress();

    [RuntimeImport("*", "SabotageHandleProtocolAddress")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void* HandleProtocolAddress();

    [RuntimeImport("*", "SabotageLocateProtocolAddress")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void* LocateProtocolAddress();

    [RuntimeImport("*", "SabotageGetMemoryMapAddress")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void* GetMemoryMapAddress();

    [RuntimeImport("*", "SabotageSetVariableAddress")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void* SetVariableAddress();

    [RuntimeImport("*", "SabotageOutputStringAddress")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void* OutputStringAddress();

    [RuntimeImport("*", "SabotageGetNumberOfProcessorsAddress")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void* GetNumberOfProcessorsAddress();

    [RuntimeImport("*", "SabotageGetProcessorInfoAddress")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void* GetProcessorInfoAddress();

    [RuntimeImport("*", "SabotageReset")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void Reset();

    private static SabotageState* State => *StateWord();

    /// <summary>Puts the hooks into the firmware's tables.</summary>
    public static void Install(SabotageState* state, SystemTable* system)
    {
        *StateWord() = state;
        var boot = system->BootServices;
        var runtime = (RuntimeServices*)system->RuntimeServices;
        state->AllocatePages = boot->AllocatePages;
        state->HandleProtocol = boot->HandleProtocol;
        state->LocateProtocol = boot->LocateProtocol;
        state->GetMemoryMap = boot->GetMemoryMap;
        state->SetVariable = runtime->SetVariable;
        state->OutputString = system->ConOut->OutputString;
        boot->AllocatePages = AllocatePagesAddress();
        boot->HandleProtocol = HandleProtocolAddress();
        boot->LocateProtocol = LocateProtocolAddress();
        boot->GetMemoryMap = GetMemoryMapAddress();
        runtime->SetVariable = SetVariableAddress();
        system->ConOut->OutputString = OutputStringAddress();
    }

    [RuntimeExport("SabotageAllocatePages")]
    private static ulong AllocatePages(ulong type, ulong kind, ulong pages, ulong* address)
    {
        var state = State;
        var isPlace = (uint)type == AllocateAddress;
        var refused = (MemoryKind)(uint)kind switch
        {
            MemoryKind.LoaderData => !isPlace && state->LoaderDataSeen++ == state->RefusedLoaderData,
            MemoryKind.Reserved => isPlace ? state->RefusesPlaces : state->RefusesReserved,
            MemoryKind.BootServicesData => state->RefusesBootServicesData,
            _ => false,
        };
        return refused ? EfiStatus.OutOfResources : FirmwareCall.Invoke(state->AllocatePages, type, kind, pages, (ulong)address);
    }

    [RuntimeExport("SabotageHandleProtocol")]
    private static ulong HandleProtocol(ulong handle, Guid* guid, void** found)
    {
        var state = State;
        var image = Guid.LoadedImage;
        return state->HidesImage && guid->Low == image.Low && guid->High == image.High
            ? EfiStatus.NotFound
            : FirmwareCall.Invoke(state->HandleProtocol, handle, (ulong)guid, (ulong)found);
    }

    [RuntimeExport("SabotageLocateProtocol")]
    private static ulong LocateProtocol(Guid* guid, ulong registration, void** found)
    {
        var state = State;
        var wanted = Guid.MpServices;
        var isMp = guid->Low == wanted.Low && guid->High == wanted.High;
        if (isMp && state->HidesMpServices)
        {
            return EfiStatus.NotFound;
        }

        if (isMp && state->LiesAboutProcessors)
        {
            state->LyingProcessors.GetNumberOfProcessors = GetNumberOfProcessorsAddress();
            state->LyingProcessors.GetProcessorInfo = GetProcessorInfoAddress();
            *found = &state->LyingProcessors;
            return EfiStatus.Success;
        }

        return FirmwareCall.Invoke(state->LocateProtocol, (ulong)guid, registration, (ulong)found);
    }

    [RuntimeExport("SabotageGetMemoryMap")]
    private static ulong GetMemoryMap(ulong size, ulong map, ulong key, ulong descriptorSize, ulong version) =>
        State->RefusesMemoryMap ? DeviceError : FirmwareCall.Invoke(State->GetMemoryMap, size, map, key, descriptorSize, version);

    [RuntimeExport("SabotageSetVariable")]
    private static ulong SetVariable(ulong name, ulong vendor, ulong attributes, ulong size, ulong data) =>
        State->RefusesVariables ? WriteProtected : FirmwareCall.Invoke(State->SetVariable, name, vendor, attributes, size, data);

    // A line that begins so: "HvKernel: missing".
    [RuntimeExport("SabotageOutputString")]
    private static ulong OutputString(ulong console, char* text)
    {
        var state = State;
        var status = FirmwareCall.Invoke(state->OutputString, console, (ulong)text);
        if (state->ResetsAtRefusal && Contains(text, "missing:"u8))
        {
            Reset();
        }

        return status;
    }

    [RuntimeExport("SabotageGetNumberOfProcessors")]
    private static ulong GetNumberOfProcessors(ulong services, ulong* all, ulong* enabled)
    {
        *all = ClaimedProcessors;
        *enabled = ClaimedProcessors;
        return EfiStatus.Success;
    }

    [RuntimeExport("SabotageGetProcessorInfo")]
    private static ulong GetProcessorInfo(ulong services, ulong number, ProcessorInformation* information) => DeviceError;

    private static bool Contains(char* text, System.ReadOnlySpan<byte> word)
    {
        for (var start = 0; text[start] != 0; start++)
        {
            var i = 0;
            while (i < word.Length && text[start + i] == word[i])
            {
                i++;
            }

            if (i == word.Length)
            {
                return true;
            }
        }

        return false;
    }
}
