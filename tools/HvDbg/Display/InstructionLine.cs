using System;
using System.Globalization;
using System.Text.Json.Nodes;

namespace HvDbg.Display;

/// <summary>One disassembled instruction.</summary>
/// <param name="Address">Where it stands.</param>
/// <param name="Symbol">The kernel symbol with offset, where one covers it.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="Text">Intel syntax.</param>
public sealed record InstructionLine(ulong Address, string? Symbol, byte[] Bytes, string Text)
{
    /// <summary>Address, bytes and text in columns, as HyperDbg lays them out.</summary>
    public override string ToString()
    {
        var bytes = string.Join(' ', Array.ConvertAll(Bytes, value => value.ToString("X2", CultureInfo.InvariantCulture)));
        return $"{Format.Address(Address)}    {bytes,-35} {Text}";
    }

    public JsonObject ToJson()
    {
        var data = new JsonObject
        {
            ["address"] = Format.Json(Address),
            ["bytes"] = Convert.ToHexStringLower(Bytes),
            ["text"] = Text,
        };
        if (Symbol is not null)
        {
            data["symbol"] = Symbol;
        }

        return data;
    }
}
