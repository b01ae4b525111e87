using System;
using HvDbg.Examples;

return await LogTransitions.RunAsync(args, Console.Out).ConfigureAwait(false);
