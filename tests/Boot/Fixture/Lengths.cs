using System;
using System.Globalization;

namespace HvKernel.Boot.Tests.Fixture;

/// <summary>How long tests are that can be longer than the default run has time for (<c>make soak</c>, <c>make processors</c>, <c>make fuzz</c>).</summary>
public static class Lengths
{
    /// <summary>The number that a variable of the environment asks for, else the default run's.</summary>
    public static int Of(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var wanted) && wanted > 0
            ? wanted
            : otherwise;
}
