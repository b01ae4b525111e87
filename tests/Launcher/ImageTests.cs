using System;
using System.IO;
using System.Linq;
using Shouldly;
using Xunit;

namespace HvKernel.Launcher.Tests;

/// <summary><c>boot/build.sh</c> and <c>boot/check-map.sh</c>: the image depends on its sources alone, and contains nothing that must not be there.</summary>
public sealed class ImageTests : IDisposable
{
    private static readonly string[] Sources = ["boot", "kernel", "runtime-shim"];
    private static readonly string[] Settings = ["Directory.Build.props", "Directory.Packages.props", ".editorconfig"];

    private readonly DirectoryInfo work = Directory.CreateTempSubdirectory("hvk-image-");

    public void Dispose() => work.Delete(recursive: true);

    [Fact]
    public void Two_builds_in_two_folders_give_the_same_bytes()
    {
        var images = new[] { "one", "another/deeper" }.Select(Build).ToArray();

        images[1].ShouldBe(images[0]);
    }

    [Theory]
    [InlineData("RhpNewFast")]
    [InlineData("RhpThrowEx")]
    [InlineData("RhpGcPoll")]
    [InlineData("?__GCSTATICS@HvKernel_Kernel_HvKernel_Vmx_Machine")]
    [InlineData("S_P_CoreLib_System_Runtime_TypeCast__CheckCastClass")]
    [InlineData("HvKernel_Runtime_ClassConstructorRunner__Check")]
    public void A_forbidden_symbol_in_the_map_fails_the_build_by_name(string symbol)
    {
        var map = Path.Combine(work.FullName, "forged.map");
        File.WriteAllText(map, $"00001000 00000010    16         HvkVmread\n00001010 00000010    16         {symbol}\n");

        var (status, error) = Script.Run("boot/check-map.sh", map);

        status.ShouldBe(1);
        error.ShouldContain(symbol);
    }

    [Fact]
    public void The_map_of_the_image_passes() => Script.Run("boot/check-map.sh", Path.Combine(Script.Root, "out", "hvkernel.map")).ShouldBe((0, ""));

    private byte[] Build(string folder)
    {
        var target = Path.Combine(work.FullName, folder);
        foreach (var source in Sources)
        {
            Copy(Path.Combine(Script.Root, source), Path.Combine(target, source));
        }

        foreach (var file in Settings)
        {
            File.Copy(Path.Combine(Script.Root, file), Path.Combine(target, file));
        }

        var (status, error) = Script.Run(Path.Combine(target, "boot", "build.sh"));
        status.ShouldBe(0, error);
        return File.ReadAllBytes(Path.Combine(target, "out", "hvkernel.efi"));
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (var folder in Directory.EnumerateDirectories(from).Where(folder => Path.GetFileName(folder) is not ("bin" or "obj")))
        {
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        }
    }
}
