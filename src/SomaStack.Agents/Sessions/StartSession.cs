using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary><c>POST /v1/sessions/start</c>: a new session and its first turn.</summary>
internal sealed class StartSession(OpenTurn open, AwaitTurn turns)
{
    /// <param name="ConstitutionHash">The hash the caller read; a session never starts under another one.</param>
    /// <param name="RecallLimit">How many memories to use at most, 0 to 32.</param>
    /// <param name="Stream">True answers with server-sent events.</param>
    /// <param name="Tools">Adapters or actions of the persona's that this turn may use, no more; null for all of them.</param>
    internal sealed record Request(string Prompt, string? Persona = null, string? Model = null, string? ConstitutionHash = null, int RecallLimit = 8, bool Stream = false, IReadOnlyList<string>? Tools = null);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/sessions/start", (Request request, RequestContext context, StartSession use, HttpContext http) => use.RunAsync(request, context, http))
        .Requires(Capability.SessionStart).WithoutTimeLimit().Produces<TurnView>(201).Produces<TurnView>(202).WithTags("sessions").WithSummary("Start a session with its first message.");

    public async Task<IResult> RunAsync(Request request, RequestContext context, HttpContext http)
    {
        TurnChecks.Check(request.Prompt, request.RecallLimit, request.Model, tools: request.Tools);
        Check.That(request.Persona is null or { Length: > 0 and <= 64 }, "persona", "must have 1 to 64 characters")
            .And(request.ConstitutionHash is null or { Length: 64 }, "constitution_hash", "must be 64 hex digits").OrThrow();
        // A token names the constitution under which it was issued: its holder has not agreed to a later one. Two names cannot both be active.
        if (request.ConstitutionHash is { } sent && context.TokenConstitution is { } issued && sent != issued)
            throw SessionProblems.ConstitutionMismatch.Because("Your token was issued under another constitution than the one you sent. Get a new token.");
        var wanted = new TurnRequest(null, request.Prompt, request.Persona ?? PersonaStore.Starter, request.Model, request.ConstitutionHash ?? context.TokenConstitution, request.RecallLimit)
        {
            Terms = new TurnTerms { Tools = request.Tools },
        };
        return await turns.RunAsync(context, wanted, open, request.Stream, created: true, http);
    }
}
