namespace HvKernel.Guest.Linux;

/// <summary>How the search for a Linux kernel ended: at which step, in the order of the steps.</summary>
public enum DiscoveryResult : byte
{
    /// <summary>Everything was found and verified.</summary>
    Found,

    /// <summary>The guest is not in a 64-bit paging mode.</summary>
    NotLongMode,

    /// <summary>IA32_LSTAR is 0: no kernel has come up yet.</summary>
    LstarNotSet,

    /// <summary>IA32_LSTAR is not in the region of Linux' kernel image: another OS.</summary>
    LstarNotKernel,

    /// <summary>The page that IA32_LSTAR points to is not mapped.</summary>
    ImageNotFound,

    /// <summary>The kernel's image is not all in guest RAM.</summary>
    ImageNotRam,

    /// <summary>No symbol table in the image: not Linux, or built without KALLSYMS.</summary>
    KallsymsNotFound,

    /// <summary>The symbol table lacks a symbol that is needed: built without KALLSYMS_ALL, or another version.</summary>
    SymbolMissing,

    /// <summary>entry_SYSCALL_64 is not where IA32_LSTAR points to: the symbols were misread, or are another kernel's.</summary>
    EntryMismatch,

    /// <summary>There is no "Linux version" at linux_banner.</summary>
    BannerMismatch,

    /// <summary>No BTF in the image: built without DEBUG_INFO_BTF, or damaged.</summary>
    BtfNotFound,

    /// <summary>BTF lacks a struct or a member that is needed.</summary>
    MemberMissing,

    /// <summary>The kernel's page tables, where its symbols say they are, do not map the image where it is.</summary>
    RootMismatch,

    /// <summary>The first task is not called "swapper".</summary>
    InitTaskMismatch,
}
