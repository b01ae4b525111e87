using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Program;

/// <summary>docs/protocol.md says what the code does.</summary>
public class ProtocolDocumentTests
{
    private static readonly string[] Lines = Resources.Read("protocol.md").Split('\n');

    public static TheoryData<Type> Layouts =>
        [.. typeof(Frame).Assembly.GetTypes().Where(type => type.Namespace == typeof(Frame).Namespace && type.IsPublic && type.IsLayoutSequential && type.IsValueType && !type.IsEnum && type != typeof(FrameReader))];

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Every_layout_stands_in_it_with_the_right_offsets(Type layout)
    {
        var rows = Rows($"### {layout.Name}");
        var fields = layout.GetFields(BindingFlags.Public | BindingFlags.Instance);
        var described = rows.Select(row => (Number(row[0]), Number(row[1]), row[2])).ToArray();
        described.ShouldBe(fields.Select(field => ((int)Marshal.OffsetOf(layout, field.Name), SizeOf(field), field.Name)));
        described.Sum(row => row.Item2).ShouldBe(Marshal.SizeOf(layout));
    }

    [Fact]
    public void Every_request_stands_in_it_with_its_number()
    {
        var requests = Rows("## 4. Requests").Select(row => (Convert.ToInt32(row[0], 16), row[1]));
        requests.ShouldBe(Enum.GetValues<MessageType>().Where(type => (int)type is > 0 and < 0x40).Select(type => ((int)type, type.ToString())));
        var messages = Rows("## 5. Messages of the target's own").Select(row => (Convert.ToInt32(row[0], 16), row[1]));
        messages.ShouldBe(Enum.GetValues<MessageType>().Where(type => (int)type is >= 0x40 and < 0x80).Select(type => ((int)type, type.ToString())));
    }

    [Fact]
    public void Every_status_stands_in_it_with_its_number()
    {
        var statuses = Rows("## 7. Statuses").Select(row => (Number(row[0]), row[1]));
        statuses.ShouldBe(Enum.GetValues<ReplyStatus>().Select(status => ((int)status, status.ToString())));
    }

    [Fact]
    public void The_constants_are_those_of_the_code()
    {
        var text = string.Join(' ', Lines);
        text.ShouldContain($"This is version {LinkProtocol.Version}.");
        text.ShouldContain($"0 to {Frame.MaximumPayload}");
        text.ShouldContain($"ActionDescriptors that follow, at most {LinkProtocol.MaximumActions};");
        text.ShouldContain($"of its safe buffer, at most {LinkProtocol.MaximumBuffer};");
        text.ShouldContain($"length, at most {LinkProtocol.MaximumCode};");
        text.ShouldContain($"its length, at most {LinkProtocol.MaximumText};");
        text.ShouldContain($"the area has {LinkProtocol.StagingBytes} bytes");
        text.ShouldContain($"number of the action from 0; {EventPart.Condition:X}: the condition; {EventPart.Text:X}: the user's text");
        text.ShouldContain($"reads at most {Frame.MaximumPayload - Marshal.SizeOf<MemoryReply>()} bytes");
        text.ShouldContain($"{LinkProtocol.ExitReasonSlots} counters");
        text.ShouldContain($"| 0 | 4 | Type | {(int)EventType.TrapExecutionModeChanged}: ");
        BitConverter.GetBytes(Frame.Magic).ShouldBe([0x7F, (byte)'H', (byte)'V', (byte)'K']);
    }

    /// <summary>The rows of the first table behind a heading.</summary>
    private static List<string[]> Rows(string heading)
    {
        var start = Array.IndexOf(Lines, heading);
        start.ShouldBeGreaterThanOrEqualTo(0, heading);
        return
        [
            .. Lines.Skip(start + 1)
                .SkipWhile(line => !line.StartsWith('|') && !line.StartsWith('#'))
                .TakeWhile(line => line.StartsWith('|'))
                .Skip(2)
                .Select(line => line.Split('|')[1..^1].Select(cell => cell.Trim()).ToArray()),
        ];
    }

    private static int Number(string cell) => int.Parse(cell, CultureInfo.InvariantCulture);

    private static int SizeOf(FieldInfo field)
    {
        var type = field.FieldType.IsEnum ? Enum.GetUnderlyingType(field.FieldType) : field.FieldType;
        return Marshal.SizeOf(type);
    }
}
