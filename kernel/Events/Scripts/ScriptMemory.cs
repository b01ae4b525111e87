using HvKernel.Events.Code;
using HvKernel.Memory;
using HvKernel.Protocol;

namespace HvKernel.Events.Scripts;

/// <summary>
/// Memory of scripts in the window, common to all processors: the global words with their names, and the data of one run. One run at a time uses them,
/// because whoever carries out events holds the machine's lock. Pure.
/// </summary>
public unsafe struct ScriptMemory
{
    public const ulong GlobalBytes = ScriptLimits.Globals * sizeof(ulong);
    public const ulong GlobalPageCount = GlobalBytes / Page.Bytes;
    public const ulong DataPageCount = ScriptLimits.DataBytes / Page.Bytes;

    /// <summary>Pages that <see cref="Build"/> takes.</summary>
    public const ulong PagesNeeded = GlobalPageCount + DataPageCount + NamePageCount;

    /// <summary>Places of texts from the beginning of those at the data's end.</summary>
    public const int NameText = 0;
    public const int DateText = 64;
    public const int TimeText = 128;

    private const ulong NamePageCount = ScriptLimits.Globals * ScriptLimits.GlobalNameBytes / Page.Bytes;

    private byte* _globals;
    private byte* _data;
    private byte* _names;

    /// <summary>Names given so far.</summary>
    public int GlobalCount;

    /// <summary>Physical addresses of the two areas, for the windows.</summary>
    public readonly ulong GlobalPages => (ulong)_globals;

    public readonly ulong DataPages => (ulong)_data;

    /// <summary>Takes the areas, zeroed; false where the pool is too small.</summary>
    public bool Build(ref PagePool pool)
    {
        _globals = pool.Take(GlobalPageCount);
        _data = pool.Take(DataPageCount);
        _names = pool.Take(NamePageCount);
        return _globals != null && _data != null && _names != null;
    }

    /// <summary>Where HvKernel reads and writes what a script sees at an address of its globals or data; null where some byte is neither.</summary>
    public readonly byte* Own(ulong address, ulong bytes)
    {
        if (address - RunnerWindow.Globals < GlobalBytes && bytes <= GlobalBytes - (address - RunnerWindow.Globals))
        {
            return _globals + (address - RunnerWindow.Globals);
        }

        return address - RunnerWindow.Data < ScriptLimits.DataBytes && bytes <= ScriptLimits.DataBytes - (address - RunnerWindow.Data)
            ? _data + (address - RunnerWindow.Data)
            : null;
    }

    /// <summary>A global word.</summary>
    public readonly ulong* Global(int number) => (ulong*)_globals + number;

    /// <summary>The name of a global word, <see cref="ScriptLimits.GlobalNameBytes"/> filled with zeros.</summary>
    public readonly byte* Name(int number) => _names + (number * ScriptLimits.GlobalNameBytes);

    /// <summary>A place for a text that helpers answer the address of.</summary>
    /// <param name="place">Where among the texts.</param>
    /// <param name="address">The same place as scripts see it.</param>
    public readonly byte* Text(int place, out ulong address)
    {
        const int First = ScriptLimits.DataBytes - ScriptLimits.TextBytes;
        address = RunnerWindow.Data + (ulong)(First + place);
        return _data + First + place;
    }

    /// <summary>The number of the global of this name, given to it now where it is new; -1: there is no room for another.</summary>
    /// <param name="name">The name.</param>
    /// <param name="length">Its bytes, less than <see cref="ScriptLimits.GlobalNameBytes"/>.</param>
    /// <param name="isNew">Whether it was given now.</param>
    public int Find(byte* name, int length, out bool isNew)
    {
        isNew = false;
        for (var i = 0; i < GlobalCount; i++)
        {
            if (IsName(Name(i), name, length))
            {
                return i;
            }
        }

        if (GlobalCount == ScriptLimits.Globals)
        {
            return -1;
        }

        isNew = true;
        var place = Name(GlobalCount);
        for (var i = 0; i < length; i++)
        {
            place[i] = name[i];
        }

        return GlobalCount++;
    }

    private static bool IsName(byte* stored, byte* name, int length)
    {
        for (var i = 0; i < length; i++)
        {
            if (stored[i] != name[i])
            {
                return false;
            }
        }

        return stored[length] == 0;
    }
}
