using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// A run's history: <c>GET /v1/mao/{id}/history</c> in pages, <c>/events</c> as server-sent events from any number on, <c>/ws</c> as the same over
/// WebSocket. The three give the same bytes.
/// </summary>
internal sealed class FollowRun(RunStore store, RunStreams streams)
{
    internal sealed record EventView(long Seq, string Type, JsonElement Data);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/mao/{id}/history", (string id, RequestContext context, FollowRun use, string? cursor, int? limit, CancellationToken cancellationToken, long after = 0) =>
                use.PageAsync(id, context, cursor, after, Cursor.Limit(limit), cancellationToken))
            .Requires(Capability.RunRead).WithTags("runs").WithSummary("Read a run's events in pages.");
        routes.MapGet("/v1/mao/{id}/events", (string id, RequestContext context, FollowRun use, HttpContext http, long after = 0, string? until = null) => use.StreamAsync(id, context, after, until, http))
            .Requires(Capability.RunRead).WithoutTimeLimit().Produces(200, contentType: "text/event-stream").WithTags("runs").WithSummary("Follow a run, resumable.");
        routes.MapGet("/v1/mao/{id}/ws", (string id, RequestContext context, FollowRun use, HttpContext http, long after = 0) => use.SocketAsync(id, context, after, http))
            .Requires(Capability.RunRead).WithoutTimeLimit().Produces(101).WithTags("runs").WithSummary("Follow a run over WebSocket.");
    }

    private async Task<Ok<Page<EventView>>> PageAsync(string id, RequestContext context, string? cursor, long from, int limit, CancellationToken cancellationToken)
    {
        Check.That(from >= 0, "after", "must not be negative").OrThrow();
        await store.GetAsync(context.Tenant, id, cancellationToken);
        var after = Cursor.Decode(cursor) is not { } key ? from : long.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var seq) ? seq : throw Problem.Invalid("cursor", "is not a cursor that this server issued");
        var page = Cursor.Page(await store.EventsAsync(context.Tenant, id, after, limit + 1, cancellationToken), limit, static row => row.Seq.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(new Page<EventView>([.. page.Data.Select(View)], page.NextCursor));
    }

    private async Task<IResult> StreamAsync(string id, RequestContext context, long after, string? until, HttpContext http)
    {
        Check.That(after >= 0, "after", "must not be negative").And(until is null or "ended", "until", "can only be 'ended'").OrThrow();
        await store.GetAsync(context.Tenant, id, http.RequestAborted);
        if (http.Request.Headers.TryGetValue("Last-Event-ID", out var last) && long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var seen) && seen > after) after = seen;
        return new EventStream<RunEventRow>(streams.ReadAsync(context.Tenant, id, after, until == "ended", http.RequestAborted), static row => new ServerSentEvent(row.Seq, row.Type, row.Data));
    }

    private async Task<IResult> SocketAsync(string id, RequestContext context, long after, HttpContext http)
    {
        Check.That(after >= 0, "after", "must not be negative").OrThrow();
        await store.GetAsync(context.Tenant, id, http.RequestAborted);
        if (!http.WebSockets.IsWebSocketRequest) throw Problem.Invalid("upgrade", "must ask for a WebSocket");
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        var hearing = HearAsync(socket, ended);
        try
        {
            await foreach (var row in streams.ReadAsync(context.Tenant, id, after, false, ended.Token))
                await socket.SendAsync(Encoding.UTF8.GetBytes($"{{\"id\":{row.Seq},\"type\":\"{row.Type}\",\"data\":{row.Data}}}"), WebSocketMessageType.Text, endOfMessage: true, ended.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException)
        {
            // The peer is gone; the run goes on.
        }
        await ended.CancelAsync();
        await hearing;
        return Results.Empty;
    }

    /// <summary>Nothing is taken from a follower; only its leaving counts.</summary>
    private static async Task HearAsync(WebSocket socket, CancellationTokenSource ended)
    {
        var buffer = new byte[1024];
        try
        {
            while ((await socket.ReceiveAsync(buffer.AsMemory(), ended.Token)).MessageType != WebSocketMessageType.Close)
            {
            }
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, ended.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException)
        {
            // It went without a word.
        }
        await ended.CancelAsync();
    }

    private static EventView View(RunEventRow row)
    {
        using var document = JsonDocument.Parse(row.Data);
        return new EventView(row.Seq, row.Type, document.RootElement.Clone());
    }
}
