using HvKernel.Memory;

namespace HvKernel.Guest.Linux;

/// <summary>How a look at the kernel's tasks ended.</summary>
public enum LinuxTaskResult : byte
{
    Found,

    /// <summary>The end of the list; or no such task.</summary>
    NotFound,

    /// <summary>A pointer leads out of memory: the list is being changed, or damaged.</summary>
    WildPointer,

    /// <summary>An element's back pointer does not lead to where we came from: the list is being changed, or damaged.</summary>
    BrokenList,

    /// <summary>More elements than there can be tasks, in this list or in all that were walked for it.</summary>
    TooMany,
}

/// <summary>
/// A position in one of the kernel's doubly linked lists (struct list_head). Each step checks the back pointer, and elements far apart are
/// compared, so that a ring which does not lead back to its head ends the walk instead of going round. A guest that runs may change the list
/// under the walk: start again.
/// </summary>
public struct LinuxList
{
    // PID_MAX_LIMIT of the kernel: there cannot be more tasks than numbers for them.
    private const uint MostElements = 4 << 20;

    // A processor may have been stopped between the two stores of an insertion or a removal, and only few can at a time.
    private const uint MostUnfinished = 4;

    private readonly ulong _head;
    private ulong _node;
    private uint _left;
    private uint _unfinished;

    // An element that was passed, renewed after twice as many steps each time: whoever goes round meets it again.
    private ulong _passed;
    private uint _steps;
    private uint _stepsToNext;

    /// <summary>Stands before the first element of the list with its head at <paramref name="head"/>.</summary>
    public LinuxList(ulong head)
    {
        _head = head;
        _node = head;
        _left = MostElements;
        _unfinished = MostUnfinished;
        _passed = head;
        _steps = 0;
        _stepsToNext = 1;
    }

    /// <summary>As the other, for a list within <paramref name="outer"/>: its elements count there too, see <see cref="CountIn"/>.</summary>
    public LinuxList(ulong head, in LinuxList outer)
        : this(head) => _left = outer._left;

    /// <summary>Counts the elements passed here in the list around it, so that lists that share elements are not walked for ever.</summary>
    public readonly void CountIn(ref LinuxList outer) => outer._left = _left;

    /// <summary>Moves on, to the address of the next element's list_head.</summary>
    public LinuxTaskResult MoveNext<TMemory>(ref TMemory memory, in LinuxGuest guest, out ulong node)
        where TMemory : struct, IPhysicalMemory
    {
        node = 0;
        if (_left == 0)
            return LinuxTaskResult.TooMany;
        if (!LinuxMemory.TryReadUInt64(ref memory, in guest, _node, out var next)
            || !LinuxMemory.TryReadUInt64(ref memory, in guest, next + 8, out var previous))
            return LinuxTaskResult.WildPointer;
        if (previous != _node && !IsUnfinished(ref memory, in guest, previous))
            return LinuxTaskResult.BrokenList;
        if (next == _head)
            return LinuxTaskResult.NotFound;
        if (next == _passed)
            return LinuxTaskResult.BrokenList;
        if (++_steps == _stepsToNext)
        {
            _passed = next;
            _steps = 0;
            _stepsToNext *= 2;
        }
        _left--;
        _node = next;
        node = next;
        return LinuxTaskResult.Found;
    }

    // list_add_rcu and list_del_rcu write one pointer and then the other: between, the next element points back past this one.
    private bool IsUnfinished<TMemory>(ref TMemory memory, in LinuxGuest guest, ulong previous)
        where TMemory : struct, IPhysicalMemory
        => _unfinished-- != 0 && LinuxMemory.TryReadUInt64(ref memory, in guest, _node + 8, out var before) && previous == before;
}
