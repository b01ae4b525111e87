using System;
using System.Collections.Generic;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>
/// Symbols of the guest's kernel. The target finds them; this keeps what it answered, because the same few addresses come up again and
/// again and each question costs a round trip on a slow line.
/// </summary>
public sealed class GuestSymbols
{
    /// <summary>An address further behind a symbol than this belongs to something else (a module, a mapping).</summary>
    public const ulong FurthestOffset = 0x10_0000;

    private static readonly TimeSpan RetryUnknownOs = TimeSpan.FromSeconds(5);

    private readonly Debugger _debugger;
    private readonly Lock _lock = new();
    private readonly SortedList<ulong, Known> _byAddress = [];
    private readonly Dictionary<string, GuestSymbol> _byName = new(StringComparer.Ordinal);
    private readonly HashSet<ulong> _nothingAt = [];
    private DateTime _askAgain = DateTime.MinValue;

    internal GuestSymbols(Debugger debugger) => _debugger = debugger;

    /// <summary>The symbol that an address of the kernel half belongs to; null where there is none or the OS is not known.</summary>
    public async Task<GuestSymbol?> AtAsync(ulong address, CancellationToken cancellationToken = default)
    {
        if ((long)address >= 0)
        {
            return null;
        }

        lock (_lock)
        {
            if (_nothingAt.Contains(address) || DateTime.UtcNow < _askAgain)
            {
                return null;
            }

            if (FindKnown(address) is { } known)
            {
                return known;
            }
        }

        try
        {
            var symbol = await _debugger.AskSymbolAtAsync(address, cancellationToken).ConfigureAwait(false);
            return Keep(address, symbol);
        }
        catch (TargetException refusal) when (refusal.Status is ReplyStatus.NoSuchSymbol or ReplyStatus.GuestOsUnknown)
        {
            lock (_lock)
            {
                if (refusal.Status == ReplyStatus.NoSuchSymbol)
                {
                    _nothingAt.Add(address);
                }
                else
                {
                    _askAgain = DateTime.UtcNow + RetryUnknownOs;
                }
            }

            return null;
        }
    }

    /// <summary>The address of a symbol.</summary>
    /// <exception cref="TargetException">There is none of this name, or the OS is not known.</exception>
    public async Task<ulong> AddressOfAsync(string name, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (_byName.TryGetValue(name, out var known))
            {
                return known.Address;
            }
        }

        var symbol = await _debugger.AskSymbolNamedAsync(name, cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            _byName[name] = symbol;
        }

        return symbol.Address;
    }

    /// <summary>The address as <c>name+offset</c>; null where no symbol covers it.</summary>
    public async Task<string?> DescribeAsync(ulong address, CancellationToken cancellationToken = default)
    {
        var symbol = await AtAsync(address, cancellationToken).ConfigureAwait(false);
        return symbol is null ? null : Describe(symbol, address);
    }

    /// <summary>The address as <c>name+offset</c>.</summary>
    public static string Describe(GuestSymbol symbol, ulong address) => address == symbol.Address
        ? symbol.Name
        : string.Create(CultureInfo.InvariantCulture, $"{symbol.Name}+0x{address - symbol.Address:x}");

    /// <summary>Forgets everything; the machine was reset, or its OS was replaced.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _byAddress.Clear();
            _byName.Clear();
            _nothingAt.Clear();
            _askAgain = DateTime.MinValue;
        }
    }

    private GuestSymbol? FindKnown(ulong address)
    {
        var keys = _byAddress.Keys;
        int low = 0, high = keys.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (keys[middle] <= address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        if (low == 0)
        {
            return null;
        }

        var known = _byAddress.Values[low - 1];
        return address <= known.Furthest ? known.Symbol : null;
    }

    private GuestSymbol? Keep(ulong address, GuestSymbol symbol)
    {
        lock (_lock)
        {
            if (address < symbol.Address || address - symbol.Address > FurthestOffset)
            {
                _nothingAt.Add(address);
                return null;
            }

            // Everything between a symbol and an address that was answered with it has the same answer.
            var furthest = _byAddress.TryGetValue(symbol.Address, out var known) && known.Furthest > address ? known.Furthest : address;
            _byAddress[symbol.Address] = new Known(symbol, furthest);
            return symbol;
        }
    }

    private readonly record struct Known(GuestSymbol Symbol, ulong Furthest);
}
