using HvKernel.Fuzzing;

return FuzzProgram.Run(args, KernelTargets.All, [new SelfCheckTarget()]);
