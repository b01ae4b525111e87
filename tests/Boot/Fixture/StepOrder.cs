using System;
using System.Collections.Generic;
using System.Linq;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace HvKernel.Boot.Tests.Fixture;

/// <summary>The place of a test among those of its class, where they follow one boot from its beginning to its end.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class StepAttribute(int number) : Attribute
{
    public int Number { get; } = number;
}

/// <summary>Runs the tests of a class by their <see cref="StepAttribute"/>: <c>[TestCaseOrderer(StepOrder.Type, StepOrder.Assembly)]</c>.</summary>
public sealed class StepOrder : ITestCaseOrderer
{
    public const string Type = "HvKernel.Boot.Tests.Fixture.StepOrder";
    public const string Assembly = "HvKernel.Boot.Tests";

    public IEnumerable<TTestCase> OrderTestCases<TTestCase>(IEnumerable<TTestCase> testCases)
        where TTestCase : ITestCase =>
        testCases.OrderBy(test => test.TestMethod.Method.GetCustomAttributes(typeof(StepAttribute).AssemblyQualifiedName)
            .SingleOrDefault()?.GetConstructorArguments().OfType<int>().Single() ?? int.MaxValue);
}
