using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>Reads the <c>data</c> of server-sent events (WHATWG HTML, 9.2.6), each at most so large.</summary>
internal sealed class EventReader(Stream stream, int eventMax) : IDisposable
{
    private readonly byte[] _buffer = new byte[16 << 10];
    private readonly MemoryStream _line = new();
    private readonly MemoryStream _data = new();
    private int _at;
    private int _filled;
    private bool _afterReturn;

    public void Dispose()
    {
        _line.Dispose();
        _data.Dispose();
    }

    /// <summary>The next event's data, empty for an event without; null at the end. Valid until the next call.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken cancellationToken)
    {
        _data.SetLength(0);
        while (await LineAsync(cancellationToken) is { } line)
        {
            if (line.Length == 0) return _data.GetBuffer().AsMemory(0, (int)_data.Length);
            if (!line.Span.StartsWith("data"u8)) continue;
            var value = line.Span[4..];
            if (value.Length > 0 && value[0] != ':') continue;
            if (value.Length > 0) value = value[1..];
            if (value.Length > 0 && value[0] == ' ') value = value[1..];
            if (_data.Length > 0) _data.WriteByte((byte)'\n');
            Gather(_data, value);
        }
        return null;
    }

    /// <summary>Lines end with LF, CR or both; a line that the end of the stream cuts off is none.</summary>
    private async ValueTask<ReadOnlyMemory<byte>?> LineAsync(CancellationToken cancellationToken)
    {
        _line.SetLength(0);
        while (true)
        {
            if (_at == _filled)
            {
                _filled = await stream.ReadAsync(_buffer, cancellationToken);
                _at = 0;
                if (_filled == 0) return null;
            }
            if (_afterReturn && _buffer[_at] == (byte)'\n') _at++;
            _afterReturn = false;
            var rest = _buffer.AsSpan(_at, _filled - _at);
            var end = rest.IndexOfAny((byte)'\n', (byte)'\r');
            Gather(_line, end < 0 ? rest : rest[..end]);
            _at = end < 0 ? _filled : _at + end + 1;
            if (end < 0) continue;
            _afterReturn = rest[end] == (byte)'\r';
            return _line.GetBuffer().AsMemory(0, (int)_line.Length);
        }
    }

    private void Gather(MemoryStream target, ReadOnlySpan<byte> bytes)
    {
        if (target.Length + bytes.Length > eventMax) throw McpProblems.Invalid.Because($"The server sent a message of more than {eventMax} bytes.");
        target.Write(bytes);
    }
}
