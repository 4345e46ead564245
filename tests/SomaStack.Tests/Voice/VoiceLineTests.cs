using System.IO.Pipelines;
using System.Net.WebSockets;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Agents.Voice;

namespace SomaStack.Tests.Voice;

/// <summary>The way out over a real WebSocket whose other end is in this process.</summary>
public sealed class VoiceLineTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly Pipe _out = new(new PipeOptions(pauseWriterThreshold: 64 << 10, resumeWriterThreshold: 32 << 10, useSynchronizationContext: false));
    private readonly Pipe _in = new();
    private readonly WebSocket _server;
    private readonly WebSocket _client;
    private readonly VoiceLine _line;

    public VoiceLineTests()
    {
        _server = WebSocket.CreateFromStream(new Duplex(_in.Reader.AsStream(), _out.Writer.AsStream()), isServer: true, null, Timeout.InfiniteTimeSpan);
        _client = WebSocket.CreateFromStream(new Duplex(_out.Reader.AsStream(), _in.Writer.AsStream()), isServer: false, null, Timeout.InfiniteTimeSpan);
        _line = new VoiceLine(_server, _clock);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reader_who_takes_nothing_for_ten_seconds_is_let_go()
    {
        var writing = Task.Run(async () =>
        {
            while (true) await _line.SendAsync(new byte[4096]);
        }, Stop);
        while (!writing.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
        Assert.Equal(VoiceEnding.Slow, _line.Ending);
        Assert.True(_line.Ended.IsCancellationRequested);
    }

    [Fact]
    public async Task The_first_ending_counts_and_is_told()
    {
        _line.End(VoiceEnding.TooBig);
        _line.End(VoiceEnding.Stop);
        var listening = ListenAsync();
        var farewell = _line.FarewellAsync(listening);
        var received = await _client.ReceiveAsync(new byte[100], Stop);
        Assert.Equal((WebSocketMessageType.Close, 1009, "too_big"), (received.MessageType, (int)_client.CloseStatus!, _client.CloseStatusDescription));
        await _client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Stop);
        await farewell;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _line.TellAsync("idle"));
    }

    public void Dispose()
    {
        _line.Dispose();
        _server.Dispose();
        _client.Dispose();
    }

    private async Task ListenAsync()
    {
        try
        {
            while ((await _server.ReceiveAsync(new byte[100], CancellationToken.None)).MessageType != WebSocketMessageType.Close)
            {
            }
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The line let go.
        }
    }

    private sealed class Duplex(Stream read, Stream write) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => write.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => write.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => read.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => read.ReadAsync(buffer, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => write.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => write.WriteAsync(buffer, cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                read.Dispose();
                write.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
