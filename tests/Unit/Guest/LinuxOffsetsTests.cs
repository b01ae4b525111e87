using System.Collections.Generic;
using System.Text;
using HvKernel.Guest.Linux;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Tests.Guest;

/// <summary>
/// Places of members, held against those that the debugging information (DWARF) of the same kernels gives. Debian changes kernels: one that
/// is not in the table is left to the other tests, which would read nonsense if a place were wrong.
/// </summary>
public sealed class LinuxOffsetsTests(ITestOutputHelper output)
{
    public static readonly TheoryData<string> Dumps = LinuxDiscoveryTests.Dumps;

    private static readonly Dictionary<string, LinuxOffsets> Known = new()
    {
        ["6.1.0-56-cloud-amd64"] = new LinuxOffsets
        {
            TaskSize = 0x2600, TaskFlags = 0x2C, TaskCpu = 0x14, TaskTasks = 0x890, TaskMm = 0x8E0, TaskExitState = 0x904, TaskPid = 0x970,
            TaskTgid = 0x974, TaskRealParent = 0x980, TaskGroupLeader = 0x9B0, TaskThreadNode = 0xA30, TaskStartBoottime = 0xAE0,
            TaskComm = 0xBA0, TaskSignal = 0xC00, SignalThreadHead = 0x10, MmPgd = 0x48, MmContextId = 0x300, MmOwner = 0x3A0,
            PageSize = 0x40, PageMm = 0x20, RunqueueCurrent = 0x960, ProcessorCapability = 0x28,
        },
        ["6.12.107+deb13-cloud-amd64"] = new LinuxOffsets
        {
            TaskSize = 0x2640, TaskFlags = 0x2C, TaskCpu = 0x14, TaskTasks = 0x8B0, TaskMm = 0x900, TaskExitState = 0x918, TaskPid = 0x980,
            TaskTgid = 0x984, TaskRealParent = 0x990, TaskGroupLeader = 0x9C0, TaskThreadNode = 0xA30, TaskStartBoottime = 0xAE0,
            TaskComm = 0xBA0, TaskSignal = 0xC00, SignalThreadHead = 0x10, MmPgd = 0x78, MmContextId = 0x3D8, MmOwner = 0x478,
            PageSize = 0x40, PageMm = 0x20, RunqueueCurrent = 0xA78, ProcessorCapability = 0x30,
        },
        ["7.2.13+deb14-cloud-amd64"] = new LinuxOffsets
        {
            TaskSize = 0x17C0, TaskFlags = 0x2C, TaskCpu = 0x14, TaskTasks = 0xA28, TaskMm = 0xA78, TaskExitState = 0xA90, TaskPid = 0xAF8,
            TaskTgid = 0xAFC, TaskRealParent = 0xB08, TaskGroupLeader = 0xB38, TaskThreadNode = 0xBA8, TaskStartBoottime = 0xC58,
            TaskComm = 0xD10, TaskSignal = 0xD78, SignalThreadHead = 0x10, MmPgd = 0x78, MmContextId = 0x560, MmOwner = 0x5F8,
            PageSize = 0x40, PageMm = 0x20, RunqueueCurrent = 0x18, ProcessorCapability = 0x30,
        },
    };

    private static readonly (string Struct, string Path, uint In61, uint In612, uint In72)[] Paths =
    [
        ("task_struct", "thread_info.flags", 0, 0, 0),
        ("task_struct", "thread_info.status", 0x10, 0x10, 0x10),
        ("task_struct", "__state", 0x18, 0x18, 0x18),
        ("task_struct", "stack", 0x20, 0x20, 0x20),
        ("task_struct", "on_cpu", 0x34, 0x34, 0x34),
        ("task_struct", "active_mm", 0x8E8, 0x908, 0xA80),
        ("task_struct", "real_cred", 0xB88, 0xB88, 0xCF8),
        ("task_struct", "cred", 0xB90, 0xB90, 0xD00),
        ("task_struct", "nsproxy", 0xBF8, 0xBF8, 0xD70),
        ("signal_struct", "nr_threads", 8, 8, 8),
        ("cred", "uid", 8, 8, 8),
        ("cred", "euid", 0x18, 0x18, 0x18),
        ("mm_struct", "mm_users", 0x54, 0x84, 0x84),
        ("mm_struct", "exe_file", 0x3B0, 0x488, 0x600),
        ("tlb_state", "loaded_mm", 0, 0, 0),
        ("tlb_state", "loaded_mm_asid", 0x10, 0x10, 0x10),
        ("file", "f_path.dentry", 0x18, 0x48, 0x48),
        ("dentry", "d_name.name", 0x28, 0x28, 0x28),
    ];

    [Theory, MemberData(nameof(Dumps))]
    public void Members_are_where_the_debugging_information_has_them(string name)
    {
        using var found = FoundGuest.Open(name);
        if (!Known.TryGetValue(found.Report.Release, out var expected))
        {
            output.WriteLine($"no table for {found.Report.Release}");
            return;
        }
        found.Guest.Offsets.ShouldBe(expected);
    }

    [Theory, MemberData(nameof(Dumps))]
    public void Members_through_other_structs_are_found_too(string name)
    {
        using var found = FoundGuest.Open(name);
        if (!Known.ContainsKey(found.Report.Release))
            return;
        var memory = found.Dump.Memory;
        found.Guest.TryOpenImage(ref memory, out var image).ShouldBeTrue();
        Btf.TryOpen(in image, found.Guest.BtfOffset, out var btf).ShouldBeTrue();
        var id = new uint[1];
        foreach (var (type, path, in61, in612, in72) in Paths)
        {
            btf.FindAll(BtfKind.Struct, Encoding.ASCII.GetBytes(type), id).ShouldBe(1, type);
            btf.TryMember(id[0], Encoding.ASCII.GetBytes(path), out var offset).ShouldBeTrue($"{type}.{path}");
            offset.ShouldBe(found.Report.Release[2] == '1' ? found.Report.Release[3] == '2' ? in612 : in61 : in72, $"{type}.{path}");
        }
        btf.TryMember(id[0], "no_such_member"u8, out _).ShouldBeFalse();
        btf.TryMember(id[0], "d_name.no_such_member"u8, out _).ShouldBeFalse();
        btf.TryMember(0, "pid"u8, out _).ShouldBeFalse();
        btf.TryMember(uint.MaxValue, "pid"u8, out _).ShouldBeFalse();
    }
}
