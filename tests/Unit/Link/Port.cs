using System;
using HvKernel.Tests.Link;

// The image's own is a processor instruction; this one stands in for it, so that the UART and the link compile here.
namespace HvKernel.Cpu;

/// <summary>Ports of a device that the test provides.</summary>
public static class Port
{
    [ThreadStatic]
    private static IPortDevice? _device;

    [ThreadStatic]
    private static ushort _base;

    /// <summary>Puts a device at eight ports, for this thread.</summary>
    public static void Attach(IPortDevice device, ushort basePort) => (_device, _base) = (device, basePort);

    public static byte In8(ushort port) => Device(port).Read(port - _base);

    public static void Out8(ushort port, byte value) => Device(port).Write(port - _base, value);

    private static IPortDevice Device(ushort port) =>
        _device != null && port >= _base && port < _base + 8 ? _device : throw new InvalidOperationException($"port {port:x} is not the UART's");
}
