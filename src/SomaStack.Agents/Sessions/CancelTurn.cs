using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>
/// <c>POST /v1/sessions/{id}/cancel</c>: ends the turn that is being answered. What was said is kept and marked; the answer comes at once,
/// the end of the turn follows on the stream.
/// </summary>
internal static class CancelTurn
{
    internal sealed record Response(string SessionId, string TurnId, string Status);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/sessions/{id}/cancel", RunAsync).Requires(Capability.SessionStart).WithTags("sessions").WithSummary("Cancel the turn that is being answered.");

    private static async Task<Accepted<Response>> RunAsync(string id, RequestContext context, SessionStore sessions, RunningTurns running, WaitingTurns waiting, CancellationToken cancellationToken) =>
        TypedResults.Accepted($"/v1/sessions/{id}", await CancelAsync(id, context, sessions, running, waiting, cancellationToken));

    public static async Task<Response> CancelAsync(string id, RequestContext context, SessionStore sessions, RunningTurns running, WaitingTurns waiting, CancellationToken cancellationToken)
    {
        await sessions.GetAsync(context, id, cancellationToken);
        return await TryAsync(id, context, sessions, running, waiting, cancellationToken) ?? throw SessionProblems.TurnNotRunning.Because("The session is answering nothing.");
    }

    /// <returns>Null when nothing is running or waiting.</returns>
    public static async Task<Response?> TryAsync(string id, RequestContext context, SessionStore sessions, RunningTurns running, WaitingTurns waiting, CancellationToken cancellationToken)
    {
        if (await waiting.CancelAsync(context, id, cancellationToken) is { } waited) return new Response(id, waited, "cancelled");
        if (await sessions.RequestCancelAsync(context, id, cancellationToken) is { } turn)
        {
            running.Cancel(context.Tenant, turn, context.Principal.Id);
            return new Response(id, turn, "cancelling");
        }
        // It may have begun to wait between the two.
        return await waiting.CancelAsync(context, id, cancellationToken) is { } paused ? new Response(id, paused, "cancelled") : null;
    }
}
