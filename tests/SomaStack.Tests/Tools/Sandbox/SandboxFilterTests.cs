using System.Buffers.Binary;
using SomaStack.Agents.Tools;
using Processor = System.Runtime.InteropServices.Architecture;

namespace SomaStack.Tests.Tools.Sandbox;

/// <summary>The filter's program, carried out as the kernel does it, for both processors: this machine has only one of them.</summary>
public sealed class SandboxFilterTests
{
    private const uint X64 = 0xC000003E, Arm64 = 0xC00000B7, I386 = 0x40000003;
    private const uint Allow = 0x7FFF0000, Kill = 0x80000000, NotPermitted = 0x00050001, NoSuchCall = 0x00050026, NoSuchFamily = 0x00050061;

    [Theory]
    [InlineData(Processor.X64, X64, 101u, 0ul, 0ul, NotPermitted)]
    [InlineData(Processor.Arm64, Arm64, 117u, 0ul, 0ul, NotPermitted)]
    [InlineData(Processor.X64, X64, 0u, 0ul, 0ul, Allow)]
    [InlineData(Processor.Arm64, Arm64, 63u, 0ul, 0ul, Allow)]
    [InlineData(Processor.X64, I386, 0u, 0ul, 0ul, Kill)]
    [InlineData(Processor.X64, Arm64, 0u, 0ul, 0ul, Kill)]
    [InlineData(Processor.Arm64, X64, 0u, 0ul, 0ul, Kill)]
    [InlineData(Processor.X64, X64, 0x40000000u, 0ul, 0ul, Kill)]
    [InlineData(Processor.X64, X64, 0x40000065u, 0ul, 0ul, Kill)]
    [InlineData(Processor.X64, X64, 435u, 0ul, 0ul, NoSuchCall)]
    [InlineData(Processor.Arm64, Arm64, 435u, 0ul, 0ul, NoSuchCall)]
    [InlineData(Processor.X64, X64, 56u, 0x11ul, 0ul, Allow)]
    [InlineData(Processor.X64, X64, 56u, 0x003D0F00ul, 0ul, Allow)]
    [InlineData(Processor.X64, X64, 56u, 0x10000011ul, 0ul, NotPermitted)]
    [InlineData(Processor.Arm64, Arm64, 220u, 0x20000011ul, 0ul, NotPermitted)]
    [InlineData(Processor.Arm64, Arm64, 220u, 0x11ul, 0ul, Allow)]
    [InlineData(Processor.X64, X64, 41u, 1ul, 0ul, Allow)]
    [InlineData(Processor.X64, X64, 41u, 2ul, 0ul, Allow)]
    [InlineData(Processor.X64, X64, 41u, 10ul, 0ul, Allow)]
    [InlineData(Processor.X64, X64, 41u, 40ul, 0ul, NoSuchFamily)]
    [InlineData(Processor.Arm64, Arm64, 198u, 40ul, 0ul, NoSuchFamily)]
    [InlineData(Processor.Arm64, Arm64, 198u, 2ul, 0ul, Allow)]
    [InlineData(Processor.X64, X64, 53u, 1ul, 0ul, Allow)]
    [InlineData(Processor.X64, X64, 53u, 2ul, 0ul, NoSuchFamily)]
    [InlineData(Processor.X64, X64, 16u, 0ul, 0x5412ul, NotPermitted)]
    [InlineData(Processor.X64, X64, 16u, 0ul, 0x541Cul, NotPermitted)]
    [InlineData(Processor.X64, X64, 16u, 0ul, 0x5413ul, Allow)]
    [InlineData(Processor.Arm64, Arm64, 29u, 0ul, 0x5412ul, NotPermitted)]
    [InlineData(Processor.X64, X64, 425u, 0ul, 0ul, NotPermitted)]
    [InlineData(Processor.Arm64, Arm64, 279u, 0ul, 0ul, NotPermitted)]
    public void A_call_is_judged_by_its_number_and_arguments(Processor built, uint processor, uint number, ulong first, ulong second, uint verdict) =>
        Assert.Equal(verdict, Judge(SandboxFilter.Build(built), processor, number, first, second));

    private static uint Judge(byte[] program, uint processor, uint number, ulong first, ulong second)
    {
        var data = new byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(data, number);
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(4), processor);
        BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(16), first);
        BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(24), second);
        uint accumulator = 0;
        for (var at = 0; ; at++)
        {
            var line = program.AsSpan(at * 8, 8);
            var value = BinaryPrimitives.ReadUInt32LittleEndian(line[4..]);
            switch (BinaryPrimitives.ReadUInt16LittleEndian(line))
            {
                case 0x20: accumulator = BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan((int)value)); break;
                case 0x15: at += accumulator == value ? line[2] : line[3]; break;
                case 0x35: at += accumulator >= value ? line[2] : line[3]; break;
                case 0x45: at += (accumulator & value) != 0 ? line[2] : line[3]; break;
                case 0x06: return value;
                default: throw new InvalidOperationException("The kernel would not load this.");
            }
        }
    }
}
