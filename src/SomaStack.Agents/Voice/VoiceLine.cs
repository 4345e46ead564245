using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SomaStack.Platform;

namespace SomaStack.Agents.Voice;

/// <summary>Why a voice ends. Codes are those of WebSockets (RFC 6455, 7.4); a problem's are 4000 and its HTTP status.</summary>
/// <param name="Code">0 when nobody is there to be told.</param>
internal sealed record VoiceEnding(int Code, string Reason)
{
    public static readonly VoiceEnding Gone = new(0, "gone");

    /// <summary>A write that was cut leaves half a frame, so it cannot be told any more.</summary>
    public static readonly VoiceEnding Slow = new(0, VoiceProblems.Slow.Code);
    public static readonly VoiceEnding Stop = new(1000, "stop");
    public static readonly VoiceEnding Stopping = new(1001, "stopping");
    public static readonly VoiceEnding OddBytes = new(1007, "odd_bytes");
    public static readonly VoiceEnding TooBig = new(1009, "too_big");
    public static readonly VoiceEnding Failed = new(1011, "failed");

    public static VoiceEnding Of(Problem problem) => new(4000 + (int)problem.Code.Kind, problem.Code.Code);
}

/// <summary>The way out: one frame at a time, and a peer that does not take it is not waited for.</summary>
internal sealed class VoiceLine(WebSocket socket, TimeProvider clock, Action? abort = null) : IDisposable
{
    private readonly SemaphoreSlim _writing = new(1);
    private readonly CancellationTokenSource _ended = new();
    private VoiceEnding? _ending;

    /// <summary>Set once; the connection is over or about to be.</summary>
    public CancellationToken Ended => _ended.Token;

    public VoiceEnding? Ending => Volatile.Read(ref _ending);

    public Task SendAsync<T>(T frame, JsonTypeInfo<T> shape) => SendAsync(JsonSerializer.SerializeToUtf8Bytes(frame, shape), WebSocketMessageType.Text);

    public Task SendAsync(ReadOnlyMemory<byte> sound) => SendAsync(sound, WebSocketMessageType.Binary);

    public Task TellAsync(string state) => SendAsync(new StateFrame("state", state), VoiceJson.Default.StateFrame);

    public Task RefuseAsync(Problem problem, int? utterance = null) => SendAsync(new ErrorFrame("error", utterance, VoiceFault.Of(problem)), VoiceJson.Default.ErrorFrame);

    /// <summary>The data goes out byte for byte as it was committed.</summary>
    public Task SendEventAsync(long seq, string type, string data) =>
        SendAsync(System.Text.Encoding.UTF8.GetBytes($"{{\"type\":\"event\",\"id\":{seq},\"event\":\"{type}\",\"data\":{data}}}"), WebSocketMessageType.Text);

    /// <summary>The first ending counts; whatever waits for the voice hears of it.</summary>
    public void End(VoiceEnding ending)
    {
        if (Interlocked.CompareExchange(ref _ending, ending, null) is not null) return;
        _ended.Cancel();
        if (ending.Code == 0) socket.Abort();
    }

    /// <summary>Returns when the connection is over: told by us, or by the peer, which <paramref name="listening"/> hears.</summary>
    public async Task FarewellAsync(Task listening)
    {
        await Task.WhenAny(listening, Task.Delay(Timeout.InfiniteTimeSpan, clock, Ended));
        End(VoiceEnding.Gone);
        using var patience = new CancellationTokenSource(VoiceLimits.Farewell, clock);
        try
        {
            // A cancelled write or read would abort the connection before our reason is read, so each has its own time.
            if (Ending is { Code: > 0 } && socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await _writing.WaitAsync(patience.Token);
                await socket.CloseOutputAsync((WebSocketCloseStatus)Ending!.Code, Ending.Reason, patience.Token);
            }
            await listening.WaitAsync(patience.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException)
        {
            // Nobody is there.
        }
        socket.Abort();
        // A read that waits for the peer's own farewell ends only with the connection.
        abort?.Invoke();
        await listening;
    }

    public void Dispose()
    {
        _ended.Dispose();
        _writing.Dispose();
    }

    private async Task SendAsync(ReadOnlyMemory<byte> bytes, WebSocketMessageType type)
    {
        await _writing.WaitAsync(Ended);
        try
        {
            using var patience = new CancellationTokenSource(VoiceLimits.Patience, clock);
            try
            {
                await socket.SendAsync(bytes, type, endOfMessage: true, patience.Token);
            }
            catch (OperationCanceledException) when (patience.IsCancellationRequested)
            {
                End(VoiceEnding.Slow);
                throw;
            }
            catch (Exception exception) when (exception is WebSocketException or IOException or ObjectDisposedException)
            {
                End(VoiceEnding.Gone);
                throw new OperationCanceledException("The peer is gone.", exception, Ended);
            }
        }
        finally
        {
            _writing.Release();
        }
    }
}
