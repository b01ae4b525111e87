using System;
using System.Collections.Generic;
using System.Linq;

namespace HvKernel.Fuzzing;

/// <summary>A piece of code that is tried with random input. One case is decided by one seed.</summary>
public abstract class FuzzTarget : IDisposable
{
    public abstract string Name { get; }

    /// <summary>How long one case may take before it counts as one that does not end.</summary>
    public virtual TimeSpan Patience => TimeSpan.FromSeconds(20);

    /// <summary>How long <see cref="Prepare"/> may take.</summary>
    public virtual TimeSpan Preparation => TimeSpan.FromSeconds(5);

    /// <summary>How many cases are tried where <paramref name="cases"/> were asked for: fewer where one costs far more than others.</summary>
    public virtual long CasesOf(long cases) => cases;

    /// <summary>Makes what all cases share. Called once, before the first case.</summary>
    public virtual void Prepare()
    {
    }

    /// <summary>Runs one case; the answer is the class that its outcome belongs to.</summary>
    public abstract string Run(ulong seed);

    /// <summary>Elements of the case's input.</summary>
    public abstract int LengthOf(ulong seed);

    /// <summary>The same case with some elements of its input alone.</summary>
    public abstract string Run(ulong seed, IReadOnlyList<int> kept);

    /// <summary>These elements, for people.</summary>
    public abstract string Describe(ulong seed, IReadOnlyList<int> kept);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }
}

/// <summary>A target whose input is a sequence: what fails is made smaller by leaving elements out.</summary>
public abstract class FuzzTarget<T> : FuzzTarget
{
    private const ulong RunSalt = 0x52_554E;

    public override string Run(ulong seed) => Run(Generate(new FuzzRandom(seed)), new FuzzRandom(seed ^ RunSalt));

    public override int LengthOf(ulong seed) => Generate(new FuzzRandom(seed)).Length;

    public override string Run(ulong seed, IReadOnlyList<int> kept) => Run(Keep(seed, kept), new FuzzRandom(seed ^ RunSalt));

    public override string Describe(ulong seed, IReadOnlyList<int> kept) => Describe(Keep(seed, kept));

    protected abstract T[] Generate(FuzzRandom random);

    /// <summary>Runs one input; <paramref name="random"/> decides what is no part of it, and does not depend on it.</summary>
    protected abstract string Run(T[] input, FuzzRandom random);

    protected abstract string Describe(T[] input);

    private T[] Keep(ulong seed, IReadOnlyList<int> kept)
    {
        var whole = Generate(new FuzzRandom(seed));
        return [.. kept.Select(i => whole[i])];
    }
}
