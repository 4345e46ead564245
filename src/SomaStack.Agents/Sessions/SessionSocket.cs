using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>
/// <c>GET /v1/sessions/{id}/ws?after=</c>: the same events as the SSE stream, one JSON frame each, and the same commands:
/// <c>{"type":"message","text":…}</c> and <c>{"type":"cancel"}</c>. A refused command answers with an <c>error</c> frame.
/// </summary>
internal sealed class SessionSocket(SessionStore sessions, SessionStreams streams, SendMessage send, AwaitTurn turns, OpenTurn open, RunningTurns running, WaitingTurns waiting)
{
    private const int FrameBytesMax = 256 * 1024;

    internal sealed record ClientFrame(string Type, string? Text = null, string? Model = null, int RecallLimit = 8, IReadOnlyList<string>? Tools = null, string? ParentTurn = null);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/sessions/{id}/ws", (string id, RequestContext context, SessionSocket use, HttpContext http, long after = 0) => use.RunAsync(id, context, after, http))
        .Requires(Capability.SessionStart).WithoutTimeLimit().Produces(101).WithTags("sessions").WithSummary("Follow and steer a session over WebSocket.");

    private async Task<IResult> RunAsync(string id, RequestContext context, long after, HttpContext http)
    {
        Check.That(after >= 0, "after", "must not be negative").OrThrow();
        await sessions.GetAsync(context, id, http.RequestAborted);
        if (!http.WebSockets.IsWebSocketRequest) throw Problem.Invalid("upgrade", "must ask for a WebSocket");
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        using var writing = new SemaphoreSlim(1);
        var sending = SendAsync(socket, writing, id, context, after, ended);
        try
        {
            await ReceiveAsync(socket, writing, id, context, ended.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException)
        {
            // The peer is gone; turns go on.
        }
        await ended.CancelAsync();
        await sending;
        return Results.Empty;
    }

    private async Task SendAsync(WebSocket socket, SemaphoreSlim writing, string id, RequestContext context, long after, CancellationTokenSource ended)
    {
        try
        {
            await foreach (var item in streams.ReadAsync(context.Tenant, id, after, null, ended.Token))
            {
                await WriteAsync(socket, writing, Frame(item.Seq.ToString(CultureInfo.InvariantCulture), item.Type, item.Data), ended.Token);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException)
        {
            await ended.CancelAsync();
        }
    }

    private async Task ReceiveAsync(WebSocket socket, SemaphoreSlim writing, string id, RequestContext context, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        using var message = new MemoryStream();
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
                return;
            }
            message.Write(buffer, 0, received.Count);
            if (message.Length > FrameBytesMax)
            {
                await socket.CloseAsync(WebSocketCloseStatus.MessageTooBig, $"At most {FrameBytesMax} bytes.", cancellationToken);
                return;
            }
            if (!received.EndOfMessage) continue;
            try
            {
                await ObeyAsync(message.GetBuffer().AsSpan(0, (int)message.Length).ToArray(), id, context, cancellationToken);
            }
            catch (Problem problem)
            {
                await WriteAsync(socket, writing, Error(problem), cancellationToken);
            }
            message.SetLength(0);
        }
    }

    private async Task ObeyAsync(byte[] json, string id, RequestContext context, CancellationToken cancellationToken)
    {
        ClientFrame? frame;
        try
        {
            frame = JsonSerializer.Deserialize(json, SessionsJson.Default.ClientFrame);
        }
        catch (JsonException exception)
        {
            throw PlatformProblems.MalformedRequest.Because("The frame is no JSON object of the documented shape.", exception);
        }
        switch (frame?.Type)
        {
            case "message":
                var request = new SendMessage.Request(frame.Text ?? "", frame.Model, frame.RecallLimit, Tools: frame.Tools, ParentTurn: frame.ParentTurn);
                TurnChecks.Check(request.Text, request.RecallLimit, request.Model, "text", request.Tools);
                await turns.BeginAsync(context with { IdempotencyKey = null }, await send.WantedAsync(id, request, context, cancellationToken), open, cancellationToken);
                break;
            case "cancel":
                await CancelTurn.CancelAsync(id, context, sessions, running, waiting, cancellationToken);
                break;
            default:
                throw Problem.Invalid("type", "must be 'message' or 'cancel'");
        }
    }

    /// <summary>An error belongs to no place of the stream, so it has no number.</summary>
    private static string Error(Problem problem) => Frame("null", "error", JsonSerializer.Serialize(new TurnFailure(problem.Code.Code, problem.Detail), SessionsJson.Default.TurnFailure));

    /// <summary>The data goes out byte for byte as it was committed, as it does in the SSE stream.</summary>
    private static string Frame(string id, string type, string data) => $"{{\"id\":{id},\"type\":\"{type}\",\"data\":{data}}}";

    private static async Task WriteAsync(WebSocket socket, SemaphoreSlim writing, string frame, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(frame), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        }
        finally
        {
            writing.Release();
        }
    }
}
