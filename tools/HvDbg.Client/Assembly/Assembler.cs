using System;
using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Code;
using HvKernel.Protocol;

namespace HvDbg.Client.Assembly;

/// <summary>Makes machine code of x86-64 assembly text in Intel syntax, in the shortest encoding that means the same.</summary>
/// <remarks>
/// <para>Instructions stand on lines of their own or are separated by <c>;</c>. A comment begins with <c>//</c> or <c>#</c> and goes to the
/// end of the line. <c>name:</c> is a label; labels are case-sensitive, everything else is not.</para>
/// <para>Numbers have the rule of the console's commands: hexadecimal unless they begin with 0n (decimal), 0t (octal) or 0y (binary); 0x and
/// an h at the end are allowed, backticks are dropped. <c>'abcd'</c> is a number too, its first character lowest. A word that is a register,
/// an instruction, a keyword or a label is that and not a number: <c>0add</c> is the number. Sums, differences, products and parentheses
/// of numbers are computed.</para>
/// <para>Memory: <c>[base+index*scale+displacement]</c>, with <c>qword ptr</c> or <c>qword</c> before it, a segment before or within the
/// brackets. <c>[label]</c>, <c>[rip+label]</c> and <c>[rel label]</c> are all reached relative to the instruction, because code is placed
/// anywhere; <c>[rip+10]</c> counts from the next instruction; a plain number is an absolute address (of more than 32 bits with al, ax,
/// eax and rax only). Where neither operand tells the size, it has to be said.</para>
/// <para>Branches take a label, <c>$</c> (the instruction itself) or a number, an address that counts from the origin; <c>short</c> and
/// <c>near</c> choose, otherwise the short form is used where it reaches. <c>db</c>, <c>dw</c>, <c>dd</c>, <c>dq</c> lay down numbers and
/// texts in quotes. Prefixes: lock, rep, repe, repz, repne, repnz, xacquire, xrelease, and a segment before string instructions.</para>
/// </remarks>
public static class Assembler
{
    /// <summary>The names of all instructions, in small letters and in order; pseudo-instructions such as cmpeqps are not among them.</summary>
    public static IReadOnlyCollection<string> Mnemonics { get; } = [.. MnemonicTable.Names.Order(StringComparer.Ordinal)];

    /// <summary>Assembles text, whatever it does.</summary>
    /// <param name="text">Instructions, separated by <c>;</c> or line ends.</param>
    /// <param name="origin">Address at which the first byte will stand; matters for numbers as branch targets and in <c>[rel …]</c> only.</param>
    /// <returns>The bytes; none for a text without instructions and data.</returns>
    /// <exception cref="AssemblyException">The text is wrong; says where and what was expected.</exception>
    public static byte[] Assemble(string text, ulong origin = 0)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new AssemblyLayout(text, origin, AssemblyParser.Parse(text)).Encode();
    }

    /// <summary>Assembles text and refuses by name the instructions that code may not use in <paramref name="manner"/>.</summary>
    /// <param name="text">Instructions, separated by <c>;</c> or line ends.</param>
    /// <param name="manner">How the code will run; <see cref="RunManner.Contained"/> for "run auto".</param>
    /// <param name="origin">Address at which the first byte will stand.</param>
    /// <exception cref="AssemblyException">The text is wrong, or uses such an instruction (see <see cref="BlobRules.Refusal"/>).</exception>
    public static byte[] Assemble(string text, RunManner manner, ulong origin = 0)
    {
        ArgumentNullException.ThrowIfNull(text);
        var layout = new AssemblyLayout(text, origin, AssemblyParser.Parse(text));
        var bytes = layout.Encode();
        foreach (var (statement, instruction) in layout.Instructions)
        {
            if (BlobRules.Refusal(instruction, manner) is { } refusal)
            {
                throw new AssemblyException(refusal, text, statement.Offset, statement.Length);
            }
        }

        return bytes;
    }
}
