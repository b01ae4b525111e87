namespace HvKernel.Memory;

/// <summary>Which instruction fetches a processor may make.</summary>
public enum EptView : byte
{
    Normal = 0,

    /// <summary>Fetches from supervisor-mode pages exit: current while a watched process runs in user mode.</summary>
    KernelExecuteOff = 1,

    /// <summary>Fetches from user-mode pages exit: current while a watched process runs in the kernel.</summary>
    UserExecuteOff = 2,
}

/// <summary>
/// The views: EPT pointers to root tables over the same lower tables. Permissions are ANDed over the levels of a walk
/// (SDM vol. 3C, "EPT Translation Mechanism"), so a root table of its own is all that a view needs; and because processors tag translations
/// with the EPT root they came from ("Caching Translation Information"), going from one view to another needs no INVEPT. Without mode-based
/// execute control the views forbid nothing by themselves: then they are there for the tags alone, because shadow roots forbid it.
/// </summary>
public unsafe struct EptViews
{
    /// <summary>Value of the EPT pointer for each <see cref="EptView"/>.</summary>
    public fixed ulong Pointer[3];

    /// <summary>The root table of a view.</summary>
    public readonly ulong* Root(EptView view) => (ulong*)(Pointer[(int)view] & EptEntry.AddressMask);

    /// <summary>Makes the views of a finished root where nothing is forbidden by mode; false where the pool is too small.</summary>
    public bool BuildTags(ulong* root, ref PagePool pool)
    {
        for (var view = (int)EptView.Normal; view <= (int)EptView.UserExecuteOff; view++)
        {
            var copy = (ulong*)pool.Take(1);
            if (copy == null)
            {
                return false;
            }

            for (var i = 0; i < 512; i++)
            {
                copy[i] = root[i];
            }

            Pointer[view] = EptEntry.Pointer((ulong)copy);
        }

        return true;
    }

    /// <summary>Makes the restricted views of a finished root; false where the pool is too small.</summary>
    public bool Build(ulong* normalRoot, ref PagePool pool)
    {
        var kernelOff = (ulong*)pool.Take(1);
        var userOff = (ulong*)pool.Take(1);
        if (kernelOff == null || userOff == null)
        {
            return false;
        }

        for (var i = 0; i < 512; i++)
        {
            if (EptEntry.IsPresent(normalRoot[i]))
            {
                kernelOff[i] = normalRoot[i] & ~EptEntry.Execute;
                userOff[i] = normalRoot[i] & ~EptEntry.UserExecute;
            }
        }

        Pointer[(int)EptView.Normal] = EptEntry.Pointer((ulong)normalRoot);
        Pointer[(int)EptView.KernelExecuteOff] = EptEntry.Pointer((ulong)kernelOff);
        Pointer[(int)EptView.UserExecuteOff] = EptEntry.Pointer((ulong)userOff);
        return true;
    }
}
