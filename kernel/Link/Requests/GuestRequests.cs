using System;
using HvKernel.Guest;
using HvKernel.Guest.Linux;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Link.Requests;

/// <summary>The guest's operating system: what it is, its processes, its symbols.</summary>
public static unsafe class GuestRequests
{
    private const int MaximumName = 256;
    private const int MaximumBanner = 512;

    public static int Describe(VCpu* vcpu, GuestOsReply* reply)
    {
        if (!TryLinux(vcpu, &reply->Header, out var linux))
        {
            return sizeof(ReplyHeader);
        }

        var memory = Machine.Memory(vcpu->Machine);
        *reply = default;
        reply->Kind = (uint)GuestOsKind.Linux;
        reply->PageTableIsolation = linux->PageTableIsolation ? 1U : 0U;
        reply->KernelBase = linux->Image.Base;
        reply->Slide = linux->Slide;
        reply->PhysicalBase = linux->Image.Physical;
        reply->Symbols = linux->Tables.Count;
        reply->DiscoveryTicks = vcpu->Machine->GuestOs.DiscoveryTicks;
        reply->BannerLength = (uint)LinuxBanner.Read(ref memory, *linux, new Span<byte>(reply + 1, MaximumBanner));
        return sizeof(GuestOsReply) + (int)reply->BannerLength;
    }

    /// <summary>The cursor is the guest address of the list node to go on from; 0 begins with init_task's.</summary>
    public static int ListProcesses(VCpu* vcpu, ListRequest* request, int length, ListReply* reply)
    {
        if (length != sizeof(ListRequest))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        if (!TryLinux(vcpu, &reply->Header, out var linux))
        {
            return sizeof(ReplyHeader);
        }

        var skipped = request->Cursor;
        var capacity = (uint)(Frame.MaximumPayload - sizeof(ListReply)) / (uint)sizeof(ProcessRow);
        *reply = default;
        reply->RowBytes = (uint)sizeof(ProcessRow);
        var row = (ProcessRow*)(reply + 1);
        var memory = Machine.Memory(vcpu->Machine);
        var processes = LinuxTasks.Processes(*linux);
        for (ulong index = 0; LinuxTasks.MoveNext(ref memory, *linux, ref processes, out var process) == LinuxTaskResult.Found; index++)
        {
            if (index < skipped)
            {
                continue;
            }

            if (reply->Count == capacity)
            {
                reply->Next = index;
                break;
            }

            *row = default;
            row->Pid = process.Tgid;
            row->Flags = (uint)process.Flags;
            row->PageRoot = process.PageRoot;
            row->Task = process.Address;
            process.CopyName(new Span<byte>(row->Name, LinkProtocol.NameBytes));
            row++;
            reply->Count++;
        }

        return (int)((byte*)row - (byte*)reply);
    }

    public static int SymbolAt(VCpu* vcpu, SymbolAtRequest* request, int length, SymbolReply* reply)
    {
        if (length != sizeof(SymbolAtRequest))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        if (!TrySymbols(vcpu, &reply->Header, out var symbols))
        {
            return sizeof(ReplyHeader);
        }

        var address = request->Address;
        if (!symbols.TryResolve(address, out var index, out var offset))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.NoSuchSymbol);
        }

        *reply = default;
        reply->Address = address - offset;
        reply->NameLength = (uint)symbols.NameOf(index, new Span<byte>(reply + 1, MaximumName), out _);
        return sizeof(SymbolReply) + (int)reply->NameLength;
    }

    public static int SymbolNamed(VCpu* vcpu, byte* name, int length, SymbolReply* reply)
    {
        if (length is 0 or > MaximumName)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        if (!TrySymbols(vcpu, &reply->Header, out var symbols))
        {
            return sizeof(ReplyHeader);
        }

        if (!symbols.TryFind(new ReadOnlySpan<byte>(name, length), out var address))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.NoSuchSymbol);
        }

        *reply = default;
        reply->Address = address;
        reply->NameLength = (uint)length;
        for (var i = 0; i < length; i++)
        {
            ((byte*)(reply + 1))[i] = name[i];
        }

        return sizeof(SymbolReply) + length;
    }

    private static bool TryLinux(VCpu* vcpu, ReplyHeader* reply, out LinuxGuest* linux)
    {
        linux = &vcpu->Machine->GuestOs.Linux;
        if (GuestOsDiscovery.Ensure(vcpu))
        {
            return true;
        }

        RequestDispatch.Refuse(reply, ReplyStatus.GuestOsUnknown, (uint)vcpu->Machine->GuestOs.Result);
        return false;
    }

    private static bool TrySymbols(VCpu* vcpu, ReplyHeader* reply, out Kallsyms symbols)
    {
        symbols = default;
        if (!TryLinux(vcpu, reply, out var linux))
        {
            return false;
        }

        var memory = Machine.Memory(vcpu->Machine);
        if (linux->TryOpenSymbols(ref memory, out symbols))
        {
            return true;
        }

        RequestDispatch.Refuse(reply, ReplyStatus.NoSuchSymbol);
        return false;
    }
}
