using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>
/// <c>GET /v1/sessions/{id}/events?after=</c>: the session's events from any number on, as server-sent events; <c>Last-Event-ID</c>
/// counts when the browser reconnects. <c>until=idle</c> ends the stream when no turn is being answered.
/// </summary>
internal static class StreamEvents
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/sessions/{id}/events", RunAsync)
        .Requires(Capability.SessionRead).WithoutTimeLimit().Produces(200, contentType: "text/event-stream").WithTags("sessions").WithSummary("Follow a session, resumable.");

    private static async Task<IResult> RunAsync(
        string id, RequestContext context, SessionStore sessions, SessionStreams streams, HttpContext http, CancellationToken cancellationToken, long after = 0, string? until = null)
    {
        Check.That(after >= 0, "after", "must not be negative").And(until is null or "idle", "until", "can only be 'idle'").OrThrow();
        await sessions.GetAsync(context, id, cancellationToken);
        if (http.Request.Headers.TryGetValue("Last-Event-ID", out var last) && long.TryParse(last, out var seen) && seen > after) after = seen;
        return StreamEvent.Result(until == "idle" ? UntilIdleAsync(context, id, after, sessions, streams, cancellationToken) : streams.ReadAsync(context.Tenant, id, after, null, cancellationToken));
    }

    private static async IAsyncEnumerable<StreamEvent> UntilIdleAsync(
        RequestContext context, string id, long after, SessionStore sessions, SessionStreams streams, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await sessions.IsIdleAsync(context.Tenant, id, after, cancellationToken)) yield break;
        await foreach (var item in streams.ReadAsync(context.Tenant, id, after, null, cancellationToken))
        {
            yield return item;
            if (item.EndsTurn && await sessions.IsIdleAsync(context.Tenant, id, item.Seq, cancellationToken)) yield break;
        }
    }
}
