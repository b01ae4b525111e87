using System;
using System.Runtime;
using System.Runtime.CompilerServices;

// What ILC looks up by name while it compiles, whether a program uses it or not.
namespace Internal.Runtime.CompilerHelpers
{
    /// <summary>
    /// Where compiler-made checks end. None of them can happen in correct code: the image stops by name, with the address of the code
    /// that failed, through the symbol <c>HvkRuntimeFailure</c> that whoever links the shim provides.
    /// </summary>
    public static class ThrowHelpers
    {
        [RuntimeImport("*", "HvkRuntimeFailure")]
        [MethodImpl(MethodImplOptions.InternalCall)]
        private static extern void Fail(RuntimeFailure failure);

        public static void ThrowInvalidProgramException(int id) => Fail(RuntimeFailure.InvalidProgram);

        public static void ThrowInvalidProgramExceptionWithArgument(int id, string name) => Fail(RuntimeFailure.InvalidProgram);

        public static void ThrowOverflowException() => Fail(RuntimeFailure.Overflow);

        public static void ThrowIndexOutOfRangeException() => Fail(RuntimeFailure.IndexOutOfRange);

        public static void ThrowNullReferenceException() => Fail(RuntimeFailure.NullReference);

        public static void ThrowDivideByZeroException() => Fail(RuntimeFailure.DivideByZero);

        public static void ThrowArrayTypeMismatchException() => Fail(RuntimeFailure.InvalidProgram);

        public static void ThrowPlatformNotSupportedException() => Fail(RuntimeFailure.InvalidProgram);

        public static void ThrowNotImplementedException() => Fail(RuntimeFailure.InvalidProgram);

        public static void ThrowTypeLoadException(int id, string typeName, string assemblyName) => Fail(RuntimeFailure.InvalidProgram);

        public static void ThrowTypeLoadExceptionWithArgument(int id, string typeName, string assemblyName, string message) =>
            Fail(RuntimeFailure.InvalidProgram);

        public static void ThrowMissingMethodException(string signature) => Fail(RuntimeFailure.InvalidProgram);

        public static void ThrowMissingFieldException(string name) => Fail(RuntimeFailure.InvalidProgram);

        public static void ThrowFileNotFoundException(int id, string name) => Fail(RuntimeFailure.InvalidProgram);

        public static void ThrowBadImageFormatException(int id) => Fail(RuntimeFailure.InvalidProgram);

        public static void ThrowArgumentException() => Fail(RuntimeFailure.InvalidProgram);

        public static void ThrowArgumentOutOfRangeException() => Fail(RuntimeFailure.InvalidProgram);

        public static void ThrowFeatureBodyRemoved() => Fail(RuntimeFailure.InvalidProgram);
    }

    /// <summary>Which compiler-made check failed.</summary>
    public enum RuntimeFailure
    {
        InvalidProgram = 0,
        Overflow = 1,
        IndexOutOfRange = 2,
        NullReference = 3,
        DivideByZero = 4,
    }
}

namespace System
{
    internal static unsafe class SpanHelpers
    {
        // ILC calls these for large copies and clears. Plain loops of eight bytes: rep movs has a start-up cost that small copies feel.
        internal static void Memmove(ref byte destination, ref byte source, nuint length)
        {
            fixed (byte* to = &destination, from = &source)
            {
                if (to <= from || to >= from + length)
                {
                    nuint i = 0;
                    for (; i + 8 <= length; i += 8)
                    {
                        *(ulong*)(to + i) = *(ulong*)(from + i);
                    }

                    for (; i < length; i++)
                    {
                        to[i] = from[i];
                    }
                }
                else
                {
                    for (var i = length; i > 0; i--)
                    {
                        to[i - 1] = from[i - 1];
                    }
                }
            }
        }

        internal static void ClearWithoutReferences(ref byte destination, nuint length)
        {
            fixed (byte* to = &destination)
            {
                nuint i = 0;
                for (; i + 8 <= length; i += 8)
                {
                    *(ulong*)(to + i) = 0;
                }

                for (; i < length; i++)
                {
                    to[i] = 0;
                }
            }
        }

        internal static void Fill(ref byte destination, byte value, nuint length)
        {
            fixed (byte* to = &destination)
            {
                for (nuint i = 0; i < length; i++)
                {
                    to[i] = value;
                }
            }
        }
    }
}
