using System;

namespace HvKernel.Boot.Tests.Fixture;

/// <summary>A boot did not come to where a test wanted it; the message has what guest, target and emulator said.</summary>
public sealed class BootException(string message, Exception? inner = null) : Exception(message, inner);
