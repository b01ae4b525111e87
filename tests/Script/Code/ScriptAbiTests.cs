using System;
using System.Linq;
using HvDbg.Client.Script.Semantics;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Script.Tests.Code;

/// <summary>What is written twice, for the compiler and for the target, says the same.</summary>
public sealed class ScriptAbiTests
{
    [Fact]
    public void Registers_have_the_same_numbers() =>
        Enum.GetValues<ScriptRegister>().Select(register => (register.ToString(), (int)register))
            .ShouldBe(Enum.GetValues<GuestRegisterId>().Where(register => (int)register >= 16).Select(register => (register.ToString(), (int)register)));

    [Fact]
    public void Pseudo_registers_have_the_same_numbers() =>
        Enum.GetValues<ScriptPseudoRegister>().Select(register => (register.ToString(), (int)register))
            .ShouldBe(Enum.GetValues<PseudoRegister>().Select(register => (register.ToString(), (int)register)));
}
