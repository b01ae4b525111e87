using HvDbg.Fuzzing;
using HvKernel.Fuzzing;

return FuzzProgram.Run(args, ConsoleTargets.All, []);
