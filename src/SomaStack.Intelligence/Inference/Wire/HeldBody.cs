using System.Buffers;

namespace SomaStack.Intelligence.Inference;

/// <summary>A whole body in one rented buffer.</summary>
internal sealed class HeldBody(int expected) : IDisposable
{
    // One byte more than expected, so that the read that finds the end needs no larger buffer.
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(expected + 1);
    private int _length;

    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, _length);

    public Memory<byte> Space()
    {
        if (_length < _buffer.Length) return _buffer.AsMemory(_length);
        var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
        return _buffer.AsMemory(_length);
    }

    /// <returns>False when the body is longer than the limit.</returns>
    public bool Advance(int count, int limit) => (_length += count) <= limit;

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }
}
