using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Shouldly;

namespace HvKernel.Tests.Cpu;

/// <summary>Constants of a class by name, compared with a table: all that the table has, and no others.</summary>
public static class Constants
{
    public static Dictionary<string, ulong> Of(Type type) => type.GetFields(BindingFlags.Public | BindingFlags.Static)
        .ToDictionary(field => field.Name, field => Convert.ToUInt64(field.GetRawConstantValue(), null));

    /// <summary>Each constant is the mask of one bit.</summary>
    public static void ShouldBeBits(Type type, params (string Name, int Bit)[] bits) =>
        ShouldBe(type, [.. bits.Select(bit => (bit.Name, 1UL << bit.Bit))]);

    public static void ShouldBe(Type type, params (string Name, ulong Value)[] values) =>
        Of(type).OrderBy(pair => pair.Key).ShouldBe(values.ToDictionary(pair => pair.Name, pair => pair.Value).OrderBy(pair => pair.Key));
}
