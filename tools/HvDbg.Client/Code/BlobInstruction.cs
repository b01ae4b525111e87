namespace HvDbg.Client.Code;

/// <summary>One line of a disassembled blob.</summary>
/// <param name="Offset">Bytes from the blob's beginning.</param>
/// <param name="Bytes">The instruction's bytes.</param>
/// <param name="Text">Intel syntax, numbers with 0x; <c>db …</c> for a byte that is no instruction.</param>
public sealed record BlobInstruction(int Offset, byte[] Bytes, string Text);
