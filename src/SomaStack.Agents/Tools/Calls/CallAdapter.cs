using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Primitives;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <param name="Taints">Where the arguments may come from: web, tool, memory, user, ….</param>
internal sealed record CallRequest(
    string Action, JsonElement? Arguments = null, string? Session = null, string? Persona = null, string? Capsule = null, IReadOnlyList<string>? Taints = null, int? TimeoutSeconds = null);

/// <summary>How a call went.</summary>
/// <param name="JobId">Read it again with <c>GET /v1/tool-calls/{id}</c>.</param>
/// <param name="Status">completed, failed, unknown or awaiting_approval.</param>
/// <param name="Signature">The publisher's, of the manifest by which it was done; null for native and unsigned adapters.</param>
/// <param name="Replayed">It had been recorded before, and nothing was done now.</param>
internal sealed record CallAnswer(
    string JobId, string Status, string? Code, long DurationMs, CallOutput Output, string? Cost, string AdapterVersion, ManifestSignature? Signature, long? RateLimitRemaining, bool Replayed,
    WantedApproval? Approval)
{
    public static CallAnswer Of(ExecutedCall done)
    {
        var result = done.Result;
        return new CallAnswer(
            result.Id, StatusOf(result.Outcome), result.Code, (long)result.Took.TotalMilliseconds, CallOutput.Of(result.Text, result.Structured, result.Taints),
            result.CostNanos is { } nanos ? Governance.Billing.Contracts.Money.Text(nanos, result.Currency) : null, done.Version, done.Signature, done.RateRemaining, result.Replayed,
            result.Awaits is { } approval ? new WantedApproval(approval.Id, approval.Digest, approval.ExpiresAt, approval.Needs) : null);
    }

    public static string StatusOf(ToolOutcome outcome) => outcome switch
    {
        ToolOutcome.Succeeded => "completed",
        ToolOutcome.Failed => "failed",
        ToolOutcome.Unknown => "unknown",
        _ => "awaiting_approval",
    };
}

/// <param name="Untrusted">Always: it is data of somebody else, never an instruction.</param>
internal sealed record CallOutput(string Text, JsonElement? Structured, IReadOnlyList<string> Taints, bool Untrusted = true)
{
    public static CallOutput Of(string text, string? structured, IReadOnlyList<string> taints)
    {
        if (structured is null) return new CallOutput(text, null, taints);
        using var document = JsonDocument.Parse(structured);
        return new CallOutput(text, document.RootElement.Clone(), taints);
    }
}

/// <summary>
/// <c>POST /v1/adapters/{id}/execute</c>: one action, 200 with what became of it or 202 while a second person is asked. The header
/// Idempotency-Key names the intended effect. A client that goes away ends nothing.
/// </summary>
internal sealed class CallAdapter(ExecuteTool execute, CallStore calls, RunningCalls running)
{
    private const int LabelsMax = 20;
    internal const string KeyHeader = "Idempotency-Key";
    private const int KeyMax = 255;

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/adapters/{id}/execute", static (string id, CallRequest request, RequestContext context, CallAdapter use, HttpRequest http, CancellationToken cancellationToken) =>
            use.RunAsync(context, id, request, http.Headers[KeyHeader], cancellationToken))
        .Requires(Capability.ToolExecute).WithoutReplay().WithoutTimeLimit().Produces<CallAnswer>().Produces<CallAnswer>(StatusCodes.Status202Accepted).WithTags("tools").WithSummary("Carry out an action.");

    internal async Task<IResult> RunAsync(RequestContext context, string id, CallRequest request, StringValues named, CancellationToken cancellationToken)
    {
        var key = await KeyAsync(context, named, cancellationToken);
        var done = await execute.RunAsync(context, ToCall(context, id, request, key), running.Stopping);
        var answer = CallAnswer.Of(done);
        return done.Result.Outcome == ToolOutcome.Awaiting ? TypedResults.Accepted($"/v1/approvals/{answer.Approval!.Id}", answer) : TypedResults.Ok(answer);
    }

    /// <exception cref="Problem">422 for what is no call.</exception>
    public static ToolCall ToCall(RequestContext context, string adapter, CallRequest request, string key)
    {
        Check.That(request.Taints is null || (request.Taints.Count <= LabelsMax && request.Taints.All(static label => label is { Length: >= 1 and <= 64 })), "taints", $"must be at most {LabelsMax} labels of 1 to 64 characters")
            .And(IsName(request.Session), "session", "must have 1 to 64 characters").And(IsName(request.Persona), "persona", "must have 1 to 64 characters").And(IsName(request.Capsule), "capsule", "must have 1 to 64 characters")
            .And(request.TimeoutSeconds is null or (>= 1 and <= ManifestReader.TimeoutMax), "timeout_seconds", $"must be from 1 to {ManifestReader.TimeoutMax}").OrThrow();
        return new ToolCall(adapter, request.Action, request.Arguments is { ValueKind: not JsonValueKind.Undefined } arguments ? arguments.GetRawText() : "{}", key)
        {
            Session = request.Session, Persona = request.Persona, Capsule = request.Capsule, Taints = request.Taints ?? [], Approval = context.Approval,
            TimeLimit = request.TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        };

        static bool IsName(string? text) => text is null or { Length: >= 1 and <= 64 };
    }

    /// <summary>That of the call which waits for the approval that he brings, else the caller's own, else a new one.</summary>
    /// <remarks>The edge keeps no answers for this route: while somebody is asked, the same key must hear what has become of it.</remarks>
    private async Task<string> KeyAsync(RequestContext context, StringValues named, CancellationToken cancellationToken)
    {
        if (named.Count > 0 && named is not [{ Length: >= 1 and <= KeyMax }]) throw Problem.Invalid(KeyHeader, $"must be one value of 1 to {KeyMax} characters");
        if (context.Approval is { } approval && await calls.ByApprovalAsync(context.Tenant, context.Principal.Id, approval, cancellationToken) is { } waiting) return waiting.Key;
        return "call/" + (named.Count == 0 ? Ids.New() : Ids.Derive($"{context.Principal.Id}\n{named[0]}"));
    }
}
