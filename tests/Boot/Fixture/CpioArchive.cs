using System.Globalization;
using System.IO;
using System.Text;

namespace HvKernel.Boot.Tests.Fixture;

/// <summary>Files of an initramfs in the <c>newc</c> format (the kernel's Documentation/driver-api/early-userspace/buffer-format.rst).</summary>
public static class CpioArchive
{
    private const int HeaderBytes = 110;

    /// <summary>The content of one file, named without a leading slash.</summary>
    public static byte[] File(string archive, string path)
    {
        var bytes = System.IO.File.ReadAllBytes(archive);
        for (var at = 0; at + HeaderBytes <= bytes.Length;)
        {
            var size = Field(bytes, at, 6);
            var nameBytes = Field(bytes, at, 11);
            var name = Encoding.ASCII.GetString(bytes, at + HeaderBytes, nameBytes - 1);
            var content = Align(at + HeaderBytes + nameBytes);
            if (name.TrimStart('.').TrimStart('/') == path)
            {
                return bytes[content..(content + size)];
            }

            at = Align(content + size);
        }

        throw new FileNotFoundException($"{path} is not in {archive}");
    }

    private static int Field(byte[] bytes, int header, int number) =>
        int.Parse(Encoding.ASCII.GetString(bytes, header + 6 + (8 * number), 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static int Align(int offset) => (offset + 3) & ~3;
}
