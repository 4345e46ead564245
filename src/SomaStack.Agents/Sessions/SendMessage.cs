using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary><c>POST /v1/sessions/{id}/messages</c>: the next turn of a session.</summary>
internal sealed class SendMessage(OpenTurn open, AwaitTurn turns, SessionStore sessions)
{
    /// <param name="Stream">True answers with server-sent events.</param>
    internal sealed record Request(string Text, string? Model = null, int RecallLimit = 8, bool Stream = false);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/sessions/{id}/messages", (string id, Request request, RequestContext context, SendMessage use, HttpContext http) => use.RunAsync(id, request, context, http))
        .Requires(Capability.SessionStart).WithoutTimeLimit().Produces<TurnView>().Produces<TurnView>(202).WithTags("sessions").WithSummary("Send a message.");

    public async Task<IResult> RunAsync(string id, Request request, RequestContext context, HttpContext http)
    {
        TurnChecks.Check(request.Text, request.RecallLimit, request.Model, "text");
        return await turns.RunAsync(context, await WantedAsync(id, request, context, http.RequestAborted), open, request.Stream, created: false, http);
    }

    public async Task<TurnRequest> WantedAsync(string id, Request request, RequestContext context, CancellationToken cancellationToken)
    {
        var session = await sessions.GetAsync(context, id, cancellationToken);
        if (session.Status == "closed") throw SessionProblems.Closed.Because("The session takes no more messages.");
        return new TurnRequest(id, request.Text, session.Persona, request.Model, null, request.RecallLimit);
    }
}

internal static class TurnChecks
{
    public static void Check(string text, int recallLimit, string? model, string field = "prompt") =>
        Platform.Check.That(!string.IsNullOrWhiteSpace(text) && text.Length <= 32_000, field, "must have 1 to 32000 characters, not only blanks")
            .And(recallLimit is >= 0 and <= 32, "recall_limit", "must be between 0 and 32")
            .And(model is null or { Length: > 0 and <= 200 }, "model", "must have 1 to 200 characters").OrThrow();
}
