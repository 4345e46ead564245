using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SomaStack.EndToEndTests.Voice;

/// <summary>A real WebSocket to <c>/v1/audio/stream</c> and what came over it, in its order.</summary>
internal sealed class VoiceClient(ClientWebSocket socket) : IAsyncDisposable
{
    private readonly byte[] _buffer = new byte[256 << 10];

    public List<JsonNode> Frames { get; } = [];

    /// <summary>Bytes of speech that came.</summary>
    public long SpeechBytes { get; private set; }

    public WebSocketCloseStatus? CloseStatus => socket.CloseStatus;

    public string? CloseReason => socket.CloseStatusDescription;

    public static async Task<VoiceClient> ConnectAsync(Uri server, string? token, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        if (token is not null) socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
        try
        {
            await socket.ConnectAsync(new UriBuilder(server) { Scheme = "ws", Path = "/v1/audio/stream" }.Uri, cancellationToken);
        }
        catch (WebSocketException)
        {
            throw new InvalidOperationException($"refused with {(int)socket.HttpStatusCode}");
        }
        return new VoiceClient(socket);
    }

    public Task SendAsync(object message, CancellationToken cancellationToken) => SendTextAsync(JsonSerializer.Serialize(message), cancellationToken);

    public Task SendTextAsync(string text, CancellationToken cancellationToken) => socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, cancellationToken);

    public Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken, bool isWhole = true) =>
        socket.SendAsync(bytes, WebSocketMessageType.Binary, isWhole, cancellationToken).AsTask();

    /// <summary>Frames of 100 ms, as fast as they are taken.</summary>
    public async Task SayAsync(ReadOnlyMemory<byte> pcm, CancellationToken cancellationToken)
    {
        for (var at = 0; at < pcm.Length; at += 3200) await SendAsync(pcm.Slice(at, Math.Min(3200, pcm.Length - at)), cancellationToken);
    }

    /// <summary>Reads until a frame is of this type and, when asked for, of this kind.</summary>
    public async Task<JsonNode> UntilAsync(Func<JsonNode, bool> wanted, CancellationToken cancellationToken)
    {
        while (await NextAsync(cancellationToken) is { } frame)
            if (wanted(frame)) return frame;
        throw new InvalidOperationException($"closed with {(int?)CloseStatus} {CloseReason} after:\n{string.Join('\n', Frames.Select(static frame => frame.ToJsonString()))}");
    }

    public Task<JsonNode> UntilAsync(string type, CancellationToken cancellationToken) => UntilAsync(frame => Is(frame, type), cancellationToken);

    public Task<JsonNode> UntilStateAsync(string state, CancellationToken cancellationToken) => UntilAsync(frame => Is(frame, "state") && (string?)frame["state"] == state, cancellationToken);

    public async Task UntilClosedAsync(CancellationToken cancellationToken)
    {
        while (await NextAsync(cancellationToken) is not null)
        {
        }
    }

    /// <returns>Null when the server has said goodbye. Speech is counted and passed over.</returns>
    public async Task<JsonNode?> NextAsync(CancellationToken cancellationToken)
    {
        // Against hanging, not a measurement.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        while (true)
        {
            var length = 0;
            ValueWebSocketReceiveResult received;
            do
            {
                received = await socket.ReceiveAsync(_buffer.AsMemory(length), patience.Token);
                length += received.Count;
            }
            while (!received.EndOfMessage);
            if (received.MessageType == WebSocketMessageType.Close) return null;
            if (received.MessageType == WebSocketMessageType.Binary)
            {
                SpeechBytes += length;
                continue;
            }
            var frame = JsonNode.Parse(_buffer.AsSpan(0, length))!;
            Frames.Add(frame);
            return frame;
        }
    }

    public static bool Is(JsonNode frame, string type) => (string?)frame["type"] == type;

    /// <summary>The power is cut: no farewell.</summary>
    public void Cut() => socket.Abort();

    public ValueTask DisposeAsync()
    {
        socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
