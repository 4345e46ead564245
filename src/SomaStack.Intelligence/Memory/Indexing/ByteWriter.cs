using System.Buffers.Binary;
using System.Text;

namespace SomaStack.Intelligence.Memory;

/// <summary>Grows as it is written: numbers little-endian, counts as LEB128, texts as UTF-8 with their length before them.</summary>
internal sealed class ByteWriter
{
    private byte[] _bytes = new byte[4096];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    public void Byte(byte value) => Room(1)[0] = value;

    public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Room(8), value);

    public void Double(double value) => BinaryPrimitives.WriteDoubleLittleEndian(Room(8), value);

    public void Count(int value)
    {
        var left = (uint)value;
        for (; left >= 0x80; left >>= 7) Byte((byte)(left | 0x80));
        Byte((byte)left);
    }

    public void Text(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        Count(length);
        Encoding.UTF8.GetBytes(value, Room(length));
    }

    public void Raw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Room(bytes.Length));

    private Span<byte> Room(int length)
    {
        if (Length + length > _bytes.Length) Array.Resize(ref _bytes, Math.Max(checked(_bytes.Length * 2), Length + length));
        Length += length;
        return _bytes.AsSpan(Length - length, length);
    }
}

/// <summary>Reads what <see cref="ByteWriter"/> wrote.</summary>
/// <exception cref="InvalidDataException">It ends too early or a count is none.</exception>
internal ref struct ByteReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int Position { get; private set; }

    public readonly bool AtEnd => Position == _bytes.Length;

    public byte Byte() => Raw(1)[0];

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Raw(8));

    public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Raw(8));

    public int Count()
    {
        var value = 0u;
        for (var shift = 0; shift < 35; shift += 7)
        {
            var next = Byte();
            value |= (uint)(next & 0x7F) << shift;
            if (next < 0x80) return value <= int.MaxValue ? (int)value : throw new InvalidDataException("A count is too large.");
        }
        throw new InvalidDataException("A count does not end.");
    }

    public string Text() => Encoding.UTF8.GetString(Raw(Count()));

    public ReadOnlySpan<byte> Raw(int length)
    {
        if (length > _bytes.Length - Position) throw new InvalidDataException("It ends too early.");
        Position += length;
        return _bytes.Slice(Position - length, length);
    }
}
