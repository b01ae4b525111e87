using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Lab;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Script;

/// <summary>Code that is run once in a stopped guest runs where the console looks.</summary>
public sealed class ScriptProcessorTests
{
    [Fact]
    public Task Code_runs_on_the_processor_that_was_chosen() => LabGuest.RunAsync(
        "script-processors",
        "cpus=2,wait=forever,plain:pinned=5,syscall=1,poweroff",
        async lab =>
        {
            await lab.GreetingAsync();
            var scenario = await lab.NextAsync("pinned");
            await lab.Debugger.PauseAsync();
            var code = new ScriptCode(await lab.Debugger.GetScriptLayoutAsync());
            foreach (var processor in new uint[] { 1, 0, 1 })
            {
                lab.Debugger.CurrentProcessor = processor;
                var registers = await lab.Debugger.ReadRegistersAsync();
                (await lab.Debugger.RunScriptAsync(code.Of($"mov rax, [rdx + {ScriptBlock.Processor}]"))).Result.ShouldBe((ulong)processor);
                (await lab.Debugger.RunScriptAsync(code.Of($"mov rax, [rdx + {ScriptBlock.Rip}]"))).Result.ShouldBe(registers.Rip);
                (await lab.Debugger.RunScriptAsync(code.Of("mov rax, [rdx + 0x20]"))).Result.ShouldBe(registers.General.Rsp);
                (await lab.Debugger.RunCodeAsync(CodeDefinition.Of(CodeHarness.Assemble($"mov rax, [rdx + {ScriptBlock.Processor}]"), RunChoice.Contained)))
                    .Result.ShouldBe((ulong)processor);
            }

            lab.Debugger.CurrentProcessor = 2;
            (await Should.ThrowAsync<TargetException>(() => lab.Debugger.RunScriptAsync(code.Of("xor eax, eax")))).Status.ShouldBe(ReplyStatus.NoSuchProcessor);
            lab.Debugger.CurrentProcessor = 0;
            await lab.Debugger.ContinueAsync();
            await lab.ReleaseAsync(scenario);
            await lab.ProcessorsAsync(2);
        },
        processors: 2);
}
