using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SomaStack.Bench;

/// <summary>
/// One client over a bare TCP socket, so that the clients of one process cost as little as they can and the same whatever server they speak
/// to. It answers pings, and hands every text to <paramref name="heard"/> with the moment at which its last byte had come.
/// </summary>
internal sealed class FanoutBenchSocket(int index, FanoutHeard heard) : IDisposable
{
    private const byte Text = 1;
    private const byte Ping = 9;
    private const byte Pong = 10;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] _buffer = new byte[2048];
    private int _start;
    private int _end;

    public int Index => index;

    /// <summary>Shakes hands; from then on frames are heard. Completes when the connection ends.</summary>
    /// <returns>The task that ends with the connection.</returns>
    public async Task<Task> OpenAsync(IPEndPoint server, string path, string headers, CancellationToken cancellationToken)
    {
        await _socket.ConnectAsync(server, cancellationToken);
        var request = $"GET {path} HTTP/1.1\r\nHost: {server}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n";
        await _socket.SendAsync(Encoding.ASCII.GetBytes(request), cancellationToken);
        while (true)
        {
            if (await FillAsync(cancellationToken) == 0) throw new IOException("The server closed during the handshake.");
            var end = _buffer.AsSpan(0, _end).IndexOf("\r\n\r\n"u8);
            if (end < 0) continue;
            if (!_buffer.AsSpan(0, _end).StartsWith("HTTP/1.1 101"u8)) throw new IOException("The server refused: " + Encoding.UTF8.GetString(_buffer.AsSpan(0, Math.Min(_end, 300))));
            _start = end + 4;
            break;
        }
        return ReadAsync(cancellationToken);
    }

    public Task SendAsync(string text) => SendAsync(Text, Encoding.UTF8.GetBytes(text));

    public void Dispose() => _socket.Dispose();

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            do
            {
                while (Next() is { } frame)
                {
                    if (frame.Kind == Text) heard(this, _buffer.AsSpan(frame.Start, frame.Length), FanoutClock.Now);
                    else if (frame.Kind == Ping) await SendAsync(Pong, _buffer.AsSpan(frame.Start, frame.Length).ToArray());
                }
            }
            while (await FillAsync(cancellationToken) > 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // It was closed.
        }
    }

    /// <summary>The next whole frame in the buffer. Servers do not mask.</summary>
    private (byte Kind, int Start, int Length)? Next()
    {
        var bytes = _buffer.AsSpan(_start, _end - _start);
        if (bytes.Length < 2) return null;
        var (head, length) = (2, bytes[1] & 0x7F);
        if (length == 126)
        {
            if (bytes.Length < 4) return null;
            (head, length) = (4, BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]));
        }
        else if (length == 127)
        {
            throw new IOException("A frame of more than 64 KiB was not expected.");
        }
        if (bytes.Length < head + length) return null;
        var frame = ((byte)(bytes[0] & 0xF), _start + head, length);
        _start += head + length;
        return frame;
    }

    private async ValueTask<int> FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        var read = await _socket.ReceiveAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += read;
        return read;
    }

    /// <summary>Clients must mask; a mask of zeros leaves the bytes as they are.</summary>
    private async Task SendAsync(byte kind, byte[] payload)
    {
        if (payload.Length > 125) throw new ArgumentException("Short texts only.", nameof(payload));
        await _socket.SendAsync((byte[])[(byte)(0x80 | kind), (byte)(0x80 | payload.Length), 0, 0, 0, 0, .. payload]);
    }
}

internal delegate void FanoutHeard(FanoutBenchSocket socket, ReadOnlySpan<byte> text, double at);

/// <summary>The time of day in milliseconds since 1970, as fine as the stopwatch: other processes of this machine read the same clock.</summary>
internal static class FanoutClock
{
    private static readonly double Base = (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMilliseconds - System.Diagnostics.Stopwatch.GetElapsedTime(0).TotalMilliseconds;

    public static double Now => Base + System.Diagnostics.Stopwatch.GetElapsedTime(0).TotalMilliseconds;
}

/// <summary>Waits until every one of some sockets has heard one text.</summary>
internal sealed class FanoutRound(int sockets)
{
    private readonly double[] _at = new double[sockets];
    private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left = sockets;
    private string? _first;

    private int Sockets => _at.Length;

    public void Heard(int index, ReadOnlySpan<byte> text, double at)
    {
        if (Volatile.Read(ref _first) is null) Interlocked.CompareExchange(ref _first, Encoding.UTF8.GetString(text), null);
        if (_at[index] > 0) throw new InvalidOperationException($"Socket {index} heard the same twice.");
        _at[index] = at;
        if (Interlocked.Decrement(ref _left) == 0) _all.TrySetResult();
    }

    /// <returns>One of the texts, and when each socket had its own.</returns>
    public async Task<(string Text, double[] At)> AllAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _all.Task.WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException($"{_left} of {Sockets} sockets heard nothing for a minute.");
        }
        return (_first!, _at);
    }
}
