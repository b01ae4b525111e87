using System.Threading;
using System.Threading.Tasks;
using HvKernel.Protocol;

namespace HvDbg.Client;

public sealed partial class Debugger
{
    /// <summary>Registers of a processor; of the current one where none is named.</summary>
    public async Task<RegistersReply> ReadRegistersAsync(uint? processor = null, CancellationToken cancellationToken = default)
    {
        var request = new ProcessorRequest { Processor = processor ?? CurrentProcessor };
        var reply = await RequestAsync(MessageType.ReadRegisters, Wire.Bytes(request), cancellationToken).ConfigureAwait(false);
        return Wire.Read<RegistersReply>(reply, MessageType.ReadRegisters);
    }

    /// <summary>Changes one register of a stopped guest.</summary>
    public Task WriteRegisterAsync(
        RegisterId register, ulong value, uint? processor = null, CancellationToken cancellationToken = default)
    {
        var request = new WriteRegisterRequest { Processor = processor ?? CurrentProcessor, Register = register, Value = value };
        return RequestAsync(MessageType.WriteRegister, Wire.Bytes(request), cancellationToken);
    }

    public async Task<ulong> ReadMsrAsync(uint index, uint? processor = null, CancellationToken cancellationToken = default)
    {
        var request = new MsrRequest { Processor = processor ?? CurrentProcessor, Index = index };
        var reply = await RequestAsync(MessageType.ReadMsr, Wire.Bytes(request), cancellationToken).ConfigureAwait(false);
        return Wire.Read<MsrReply>(reply, MessageType.ReadMsr).Value;
    }

    public Task WriteMsrAsync(uint index, ulong value, uint? processor = null, CancellationToken cancellationToken = default)
    {
        var request = new MsrRequest { Processor = processor ?? CurrentProcessor, Index = index, Value = value };
        return RequestAsync(MessageType.WriteMsr, Wire.Bytes(request), cancellationToken);
    }
}
