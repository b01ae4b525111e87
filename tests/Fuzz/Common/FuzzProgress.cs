using System;
using System.Collections.Generic;
using System.IO;
using System.IO.MemoryMappedFiles;
using System.Text;

namespace HvKernel.Fuzzing;

/// <summary>How far a run has come, in a file that outlives the process that dies of a case.</summary>
public sealed unsafe class FuzzProgress : IDisposable
{
    private const int Classes = 120;
    private const int ClassBytes = 64;
    private const int HeadBytes = 64;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private readonly Dictionary<string, int> _known = [];

    public FuzzProgress(string path)
    {
        using (var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite))
            stream.SetLength(HeadBytes + Classes * ClassBytes);
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open);
        _view = _file.CreateViewAccessor();
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        foreach (var (name, _) in Outcomes())
            _known[name] = _known.Count;
    }

    /// <summary>The case that is being run, or the next one.</summary>
    public long Case
    {
        get => *(long*)_start;
        set => *(long*)_start = value;
    }

    /// <summary>Whether what all cases share could be made: a process that died before did not die of a case.</summary>
    public bool Prepared
    {
        get => ((long*)_start)[3] != 0;
        set => ((long*)_start)[3] = value ? 1 : 0;
    }

    /// <summary>Microseconds that the slowest case took, and its number.</summary>
    public (long Microseconds, long Case) Slowest => (((long*)_start)[1], ((long*)_start)[2]);

    public void Time(long microseconds)
    {
        if (microseconds <= ((long*)_start)[1])
            return;
        ((long*)_start)[1] = microseconds;
        ((long*)_start)[2] = Case;
    }

    /// <summary>Counts one outcome.</summary>
    public void Count(string outcome)
    {
        if (!_known.TryGetValue(outcome, out var index))
        {
            // The other process may have named some meanwhile.
            _known.Clear();
            foreach (var (known, _) in Outcomes())
                _known[known] = _known.Count;
        }

        if (index == 0 && !_known.TryGetValue(outcome, out index))
        {
            index = Math.Min(_known.Count, Classes - 1);
            _known[outcome] = index;
            var name = Encoding.UTF8.GetBytes(index == Classes - 1 ? "others" : outcome);
            name.AsSpan(0, Math.Min(name.Length, ClassBytes - 9)).CopyTo(new Span<byte>(Slot(index) + 8, ClassBytes - 8));
        }

        ++*(long*)Slot(index);
    }

    public IEnumerable<(string Name, long Count)> Outcomes()
    {
        for (var i = 0; i < Classes && NameOf(i) is { Length: > 0 } name; i++)
            yield return (name, CountOf(i));
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private string NameOf(int index) => Encoding.UTF8.GetString(new ReadOnlySpan<byte>(Slot(index) + 8, ClassBytes - 8)).TrimEnd('\0');

    private long CountOf(int index) => *(long*)Slot(index);

    private byte* Slot(int index) => _start + HeadBytes + index * ClassBytes;
}
