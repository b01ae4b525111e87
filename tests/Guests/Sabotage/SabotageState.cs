using HvKernel.Boot.Uefi;

namespace HvKernel.Guests.Sabotage;

/// <summary>What the hooks refuse now, and the functions in whose place they stand.</summary>
internal unsafe struct SabotageState
{
    /// <summary>The request for loader's data with this number, counted from 0, is refused; -1: none.</summary>
    public int RefusedLoaderData;

    /// <summary>Further requests for loader's data so far.</summary>
    public int LoaderDataSeen;

    /// <summary>Each request for reserved memory anywhere is refused; each one at an address is; each for boot-services data is.</summary>
    public bool RefusesReserved;
    public bool RefusesPlaces;
    public bool RefusesBootServicesData;

    /// <summary>Nobody is told about his own image.</summary>
    public bool HidesImage;
    public bool RefusesMemoryMap;
    public bool RefusesVariables;

    /// <summary>The MP services know three processors and nothing about the second and third; or are not there at all.</summary>
    public bool LiesAboutProcessors;
    public bool HidesMpServices;

    /// <summary>The machine is reset when this character's line comes: when "missing:" is printed.</summary>
    public bool ResetsAtRefusal;

    public void* AllocatePages;
    public void* HandleProtocol;
    public void* LocateProtocol;
    public void* GetMemoryMap;
    public void* SetVariable;
    public void* OutputString;
    public MpServices RealProcessors;
    public MpServices LyingProcessors;

    /// <summary>Nothing is refused.</summary>
    public void Calm()
    {
        RefusedLoaderData = -1;
        LoaderDataSeen = 0;
        RefusesReserved = false;
        RefusesPlaces = false;
        RefusesBootServicesData = false;
        HidesImage = false;
        RefusesMemoryMap = false;
        RefusesVariables = false;
        LiesAboutProcessors = false;
        HidesMpServices = false;
        ResetsAtRefusal = false;
    }
}
