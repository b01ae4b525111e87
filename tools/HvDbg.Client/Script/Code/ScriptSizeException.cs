using System;

namespace HvDbg.Client.Script.Code;

/// <summary>A script that is right, and too large for a run. The message is one clear sentence.</summary>
public sealed class ScriptSizeException(string message) : Exception(message);
