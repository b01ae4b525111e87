using System.Collections.Generic;

namespace HvDbg.Client.Script.Semantics;

/// <summary>The names of pseudo-registers.</summary>
public static class PseudoRegisters
{
    private static readonly Dictionary<string, PseudoRegister> ByName = new()
    {
        ["pid"] = PseudoRegister.Pid,
        ["tid"] = PseudoRegister.Tid,
        ["proc"] = PseudoRegister.Proc,
        ["thread"] = PseudoRegister.Thread,
        ["pname"] = PseudoRegister.Pname,
        ["peb"] = PseudoRegister.Peb,
        ["teb"] = PseudoRegister.Teb,
        ["core"] = PseudoRegister.Core,
        ["ip"] = PseudoRegister.Ip,
        ["buffer"] = PseudoRegister.Buffer,
        ["context"] = PseudoRegister.Context,
        ["event_tag"] = PseudoRegister.EventTag,
        ["event_id"] = PseudoRegister.EventId,
        ["event_stage"] = PseudoRegister.EventStage,
        ["date"] = PseudoRegister.Date,
        ["time"] = PseudoRegister.Time,
    };

    /// <summary>Without the $.</summary>
    public static IReadOnlyCollection<string> Names => ByName.Keys;

    /// <summary>The pseudo-register of a name; null: there is none.</summary>
    /// <param name="name">Without the $.</param>
    public static PseudoRegister? Find(string name) => ByName.TryGetValue(name, out var register) ? register : null;
}
