using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary><c>GET /v1/sessions</c> and <c>GET /v1/sessions/{id}</c>: the caller's own sessions, newest first, and one with its turns.</summary>
internal static class GetSession
{
    private const int TurnsMax = 200;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/sessions", async (RequestContext context, SessionStore sessions, string? cursor, int? limit, CancellationToken cancellationToken) =>
                TypedResults.Ok(await sessions.ListAsync(context, cursor, Cursor.Limit(limit), cancellationToken)))
            .Requires(Capability.SessionRead).WithTags("sessions").WithSummary("List your sessions.");
        routes.MapGet("/v1/sessions/{id}", RunAsync).Requires(Capability.SessionRead).WithTags("sessions").WithSummary("Read a session with its newest turns.");
    }

    private static async Task<Ok<SessionDetail>> RunAsync(string id, RequestContext context, SessionStore sessions, RoundStore rounds, HttpContext http, CancellationToken cancellationToken)
    {
        var session = await sessions.GetAsync(context, id, cancellationToken);
        http.Response.Headers.ETag = Routes.ETag(session.Version);
        var turns = await sessions.TurnsAsync(context, id, TurnsMax, cancellationToken);
        var calls = await rounds.OfSessionAsync(context.Tenant, id, cancellationToken);
        return TypedResults.Ok(new SessionDetail(session, turns.ConvertAll(turn => calls.Contains(turn.TurnId) ? turn with { ToolCalls = [.. calls[turn.TurnId].Select(ToolCallView.Of)] } : turn)));
    }
}
