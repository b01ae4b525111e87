using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using HvKernel.Protocol;

namespace HvDbg.Tests.Fake;

/// <summary>The addresses that scripts are compiled for, and the names of globals.</summary>
internal sealed unsafe class FakeScripts
{
    private readonly List<string> _names = [];

    internal ScriptLayoutReply Layout { get; } = new()
    {
        Gate = 0xFFFF_8780_0000_1080,
        Globals = 0xFFFF_8780_0030_0000,
        Data = 0xFFFF_8780_0031_0000,
        WindowStart = 0xFFFF_8780_0000_0000,
        WindowBytes = 1UL << 39,
        GlobalCount = ScriptLimits.Globals,
        DataBytes = ScriptLimits.DataBytes,
        Buffers = 0xFFFF_8780_0020_0000,
        BufferBytes = 0x10_0000,
    };

    internal NameGlobalReply Name(string name)
    {
        var known = _names.IndexOf(name);
        if (known >= 0)
        {
            return new NameGlobalReply { Number = (uint)known };
        }

        _names.Add(name);
        return new NameGlobalReply { Number = (uint)(_names.Count - 1), IsNew = 1 };
    }

    internal List<GlobalRow> Rows() => [.. _names.Select((name, number) => Row(name, (uint)number))];

    private static GlobalRow Row(string name, uint number)
    {
        var row = new GlobalRow { Number = number, Value = 0x100 + number };
        Encoding.UTF8.GetBytes(name).AsSpan().CopyTo(new Span<byte>(row.Name, ScriptLimits.GlobalNameBytes));
        return row;
    }
}
