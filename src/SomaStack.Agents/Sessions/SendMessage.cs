using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary><c>POST /v1/sessions/{id}/messages</c>: the next turn of a session.</summary>
internal sealed class SendMessage(OpenTurn open, AwaitTurn turns, SessionStore sessions)
{
    /// <param name="Stream">True answers with server-sent events.</param>
    /// <param name="Tools">Adapters or actions of the persona's that this turn may use, no more; null for all of them.</param>
    /// <param name="ParentTurn">The turn that the message follows: an earlier one makes a sibling, <c>root</c> follows none. Null for the newest.</param>
    internal sealed record Request(string Text, string? Model = null, int RecallLimit = 8, bool Stream = false, IReadOnlyList<string>? Tools = null, string? ParentTurn = null);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/sessions/{id}/messages", (string id, Request request, RequestContext context, SendMessage use, HttpContext http) => use.RunAsync(id, request, context, http))
        .Requires(Capability.SessionStart).WithoutTimeLimit().Produces<TurnView>().Produces<TurnView>(202).WithTags("sessions").WithSummary("Send a message.");

    public async Task<IResult> RunAsync(string id, Request request, RequestContext context, HttpContext http)
    {
        TurnChecks.Check(request.Text, request.RecallLimit, request.Model, "text", request.Tools);
        return await turns.RunAsync(context, await WantedAsync(id, request, context, http.RequestAborted), open, request.Stream, created: false, http);
    }

    public async Task<TurnRequest> WantedAsync(string id, Request request, RequestContext context, CancellationToken cancellationToken)
    {
        var session = await sessions.GetAsync(context, id, cancellationToken);
        if (session.Status == "closed") throw SessionProblems.Closed.Because("The session takes no more messages.");
        return new TurnRequest(id, request.Text, session.Persona, request.Model, null, request.RecallLimit)
        {
            ParentTurn = request.ParentTurn,
            Terms = new TurnTerms { Tools = request.Tools },
        };
    }
}

internal static class TurnChecks
{
    public static void Check(string text, int recallLimit, string? model, string field = "prompt", IReadOnlyList<string>? tools = null) =>
        Platform.Check.That(!string.IsNullOrWhiteSpace(text) && text.Length <= 32_000, field, "must have 1 to 32000 characters, not only blanks")
            .And(recallLimit is >= 0 and <= 32, "recall_limit", "must be between 0 and 32")
            .And(model is null or { Length: > 0 and <= 200 }, "model", "must have 1 to 200 characters")
            .And(AreNames(tools), "tools", NamesRule).OrThrow();

    public const string NamesRule = "must name at most 100 adapters or actions, each of 1 to 200 characters";

    public static bool AreNames(IReadOnlyList<string>? tools) => tools is null || (tools.Count <= 100 && tools.All(static name => name is { Length: > 0 and <= 200 }));
}
