using System;
using System.Buffers.Binary;
using System.IO;
using System.Threading;
using Shouldly;
using Xunit;

namespace HvKernel.Launcher.Tests;

/// <summary><c>qemu/disk.sh</c>: the partition table, and bytes that depend on the content alone.</summary>
public sealed class DiskTests : IDisposable
{
    private readonly DirectoryInfo work = Directory.CreateTempSubdirectory("hvk-disk-");

    public void Dispose() => work.Delete(recursive: true);

    [Fact]
    public void The_same_content_gives_the_same_bytes()
    {
        // Made in another order and at another time: neither may show.
        var first = Make("first", "EFI/BOOT/BOOTX64.EFI", "initrd.img", "a folder/a long name.text");
        // FAT counts times in steps of two seconds: the second disk is made in another step.
        Thread.Sleep(2100);
        var second = Make("second", "a folder/a long name.text", "initrd.img", "EFI/BOOT/BOOTX64.EFI");
        first.AsSpan().SequenceEqual(second).ShouldBeTrue();
        var other = Make("other", "EFI/BOOT/BOOTX64.EFI", "initrd.img");
        first.AsSpan().SequenceEqual(other).ShouldBeFalse();
    }

    [Fact]
    public void There_is_one_efi_system_partition_at_one_mebibyte()
    {
        var disk = Make("disk", "startup.nsh");
        BinaryPrimitives.ReadUInt16LittleEndian(disk.AsSpan(510)).ShouldBe((ushort)0xAA55);
        var entry = disk.AsSpan(446, 16);
        entry[4].ShouldBe((byte)0xEF);
        BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]).ShouldBe(2048u);
        var sectors = BinaryPrimitives.ReadUInt32LittleEndian(entry[12..]);
        (2048 + sectors).ShouldBe((uint)(disk.Length / 512));
        disk.AsSpan(462, 48).IndexOfAnyExcept((byte)0).ShouldBe(-1);

        // The boot sector of a FAT32 volume: its own idea of its length, and enough clusters for that type (65,525).
        var volume = disk.AsSpan(2048 * 512);
        volume.Slice(82, 8).SequenceEqual("FAT32   "u8).ShouldBeTrue();
        BinaryPrimitives.ReadUInt32LittleEndian(volume[32..]).ShouldBe(sectors);
        (sectors / volume[13]).ShouldBeGreaterThan(66_000u);
    }

    private byte[] Make(string name, params string[] files)
    {
        var folder = work.CreateSubdirectory(name).FullName;
        foreach (var file in files)
        {
            var path = Path.Combine(folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, file);
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddDays(-name.Length));
        }
        var image = Path.Combine(work.FullName, name + ".img");
        Script.Run("qemu/disk.sh", image, folder).ShouldBe((0, ""));
        return File.ReadAllBytes(image);
    }
}
