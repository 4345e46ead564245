using System.Buffers;
using SomaStack.Governance.Billing.Contracts;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Cuts a stream of server-sent events into whole events however its bytes arrive, and looks into each for usage, errors and the
/// end. It holds back at most one unfinished event. Pure but for its rented buffer.
/// </summary>
internal sealed class EventRelay(IWire wire) : IDisposable
{
    /// <summary>No event of a chat stream comes near this; a larger one is no such stream.</summary>
    public const int EventLimit = 8 << 20;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(16 << 10);
    private int _start;
    private int _end;
    private int _searched;

    /// <summary>As last reported; null until then.</summary>
    public TokenUsage? Usage { get; private set; }

    /// <summary>The end mark of the format has come: the stream is complete.</summary>
    public bool Done { get; private set; }

    /// <summary>An event carried an error.</summary>
    public bool Failed { get; private set; }

    /// <summary>Events with content.</summary>
    public int Chunks { get; private set; }

    /// <summary>Bytes of text in the events with content: what stands in for a count that never came.</summary>
    public int TextBytes { get; private set; }

    /// <summary>An event grew past <see cref="EventLimit"/>.</summary>
    public bool TooLong => _end - _start >= EventLimit;

    /// <summary>Room to read into; call <see cref="Advance"/> with what came.</summary>
    public Memory<byte> Space()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_searched, _end, _start) = (_searched - _start, _end - _start, 0);
        }
        if (_buffer.Length - _end < 4096)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
            _buffer.AsSpan(0, _end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        return _buffer.AsMemory(_end);
    }

    public void Advance(int count) => _end += count;

    /// <summary>The next whole event with the blank line that ends it, already looked into.</summary>
    /// <param name="isUsageOnly">It reports usage and nothing else, so a caller that did not ask for it need not see it.</param>
    public bool TryRead(out ReadOnlyMemory<byte> whole, out bool isUsageOnly)
    {
        whole = default;
        isUsageOnly = false;
        var length = FindEnd();
        if (length < 0) return false;
        whole = _buffer.AsMemory(_start, length);
        _start = _searched = _start + length;
        isUsageOnly = Inspect(whole);
        return true;
    }

    /// <summary>What is left at the end of the stream; a last event without its blank line counts when it is the end mark.</summary>
    public ReadOnlyMemory<byte> Rest()
    {
        var rest = _buffer.AsMemory(_start, _end - _start);
        var data = DataOf(rest);
        if (!data.IsEmpty && wire.ReadEvent(data.Span).IsEnd) Done = true;
        return rest;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    /// <summary>Length of the first event including its blank line, or -1. Lines end with LF or CRLF.</summary>
    private int FindEnd()
    {
        var from = _searched;
        while (true)
        {
            var at = _buffer.AsSpan(from, _end - from).IndexOf((byte)'\n');
            if (at < 0)
            {
                _searched = Math.Max(_start, _end - 1);
                return -1;
            }
            var newline = from + at;
            var next = newline + 1;
            if (next < _end && _buffer[next] == '\n') return next + 1 - _start;
            if (next + 1 < _end && _buffer[next] == '\r' && _buffer[next + 1] == '\n') return next + 2 - _start;
            if (next >= _end || (next + 1 >= _end && _buffer[next] == '\r'))
            {
                // Whether the next line is blank is not known yet.
                _searched = newline;
                return -1;
            }
            from = next;
        }
    }

    private bool Inspect(ReadOnlyMemory<byte> whole)
    {
        var data = DataOf(whole).Span;
        if (data.IsEmpty) return false;
        var seen = wire.ReadEvent(data);
        if (seen.Usage is { } usage) Usage = Usage is { } before ? wire.Merge(before, usage) : usage;
        if (seen.HasError) Failed = true;
        if (seen.HasContent)
        {
            Chunks++;
            TextBytes += StreamText.Written(data);
        }
        if (seen.IsEnd) Done = true;
        return seen.IsUsageOnly;
    }

    /// <summary>The text after <c>data:</c> of an event's first data line.</summary>
    public static ReadOnlyMemory<byte> DataOf(ReadOnlyMemory<byte> whole)
    {
        while (!whole.IsEmpty)
        {
            var end = whole.Span.IndexOf((byte)'\n');
            var line = (end < 0 ? whole : whole[..end]).TrimEnd((byte)'\r');
            if (line.Span.StartsWith("data:"u8)) return line["data:".Length..].Trim((byte)' ');
            whole = end < 0 ? default : whole[(end + 1)..];
        }
        return default;
    }
}
