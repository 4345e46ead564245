using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// What people tell a run: <c>POST /v1/mao/{id}/signal|cancel|retry|answer</c>. It is kept before the answer and takes effect by itself. Whoever
/// started a run steers it; everybody else needs <c>run:manage</c>.
/// </summary>
internal sealed class SteerRun(IRunHost host, RunStore store, ReadRuns reads, TimeProvider clock)
{
    private const int DataMost = 64 * 1024;

    /// <param name="Name">As the capsule's step names it.</param>
    /// <param name="Data">Any JSON of at most 64 KiB.</param>
    /// <param name="Id">Yours; the same id counts once. Without one the idempotency key is it, and without that each call counts.</param>
    internal sealed record SignalRequest(string Name, JsonElement? Data = null, string? Id = null);

    internal sealed record CancelRequest(string? Reason = null);

    /// <param name="Path">The step that asks, as <c>waits</c> shows it.</param>
    internal sealed record AnswerRequest(string Path, JsonElement Data);

    internal sealed record Response(string RunId, string Status);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/mao/{id}/signal", (string id, SignalRequest request, RequestContext context, SteerRun use, CancellationToken cancellationToken) => use.SignalAsync(id, request, context, cancellationToken))
            .Requires(Capability.RunRead).WithTags("runs").WithSummary("Send a run a signal.");
        routes.MapPost("/v1/mao/{id}/cancel", (string id, CancelRequest? request, RequestContext context, SteerRun use, CancellationToken cancellationToken) => use.CancelAsync(id, request?.Reason, context, cancellationToken))
            .Requires(Capability.RunRead).WithTags("runs").WithSummary("Cancel a run and undo what it did.");
        routes.MapPost("/v1/mao/{id}/retry", (string id, RequestContext context, SteerRun use, CancellationToken cancellationToken) => use.RetryAsync(id, context, cancellationToken))
            .Requires(Capability.RunRead).WithTags("runs").WithSummary("Try a failed run again from the steps that failed.");
        routes.MapPost("/v1/mao/{id}/answer", (string id, AnswerRequest request, RequestContext context, SteerRun use, CancellationToken cancellationToken) => use.AnswerAsync(id, request, context, cancellationToken))
            .Requires(Capability.RunRead).WithTags("runs").WithSummary("Answer the form that a run asks a person.");
    }

    public async Task<Accepted<Response>> SignalAsync(string id, SignalRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        Check.That(request.Name is { Length: > 0 and <= 128 }, "name", "must have 1 to 128 characters").And(request.Id is null or { Length: > 0 and <= 128 }, "id", "must have 1 to 128 characters")
            .And(request.Data is not { } sent || sent.GetRawText().Length <= DataMost, "data", $"must have at most {DataMost} bytes").OrThrow();
        var row = await MineAsync(id, context, cancellationToken);
        var key = request.Id is { } given ? "id/" + given : "key/" + Ids.For(context, "signal");
        await host.TellAsync(context, id, new SignalCame(clock.NowMicros(), key, request.Name, request.Data?.GetRawText() ?? "null", context.Principal.Id), cancellationToken);
        return Kept(row);
    }

    public async Task<Accepted<Response>> CancelAsync(string id, string? reason, RequestContext context, CancellationToken cancellationToken)
    {
        Check.That(reason is null or { Length: <= 1000 }, "reason", "must have at most 1000 characters").OrThrow();
        var row = await MineAsync(id, context, cancellationToken);
        await host.TellAsync(context, id, new CancelRun(clock.NowMicros(), context.Principal.Id, reason ?? ""), cancellationToken);
        return Kept(row);
    }

    public async Task<Accepted<Response>> RetryAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        var row = await MineAsync(id, context, cancellationToken);
        if (row.Identity.Parent is { } parent) throw WorkflowProblems.Nested.Because($"Run {parent.Run} nested it.");
        if (row.Status != RunStatus.Failed.Name()) throw WorkflowProblems.NotFailed.Because($"It is {row.Status}.");
        await host.TellAsync(context, id, new RetryRun(clock.NowMicros(), context.Principal.Id), cancellationToken);
        return Kept(row);
    }

    /// <summary>Whom the form names answers it; else whoever steers the run.</summary>
    public async Task<Accepted<Response>> AnswerAsync(string id, AnswerRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        Check.That(request.Path is { Length: > 0 and <= 300 }, "path", "must have 1 to 300 characters").And(request.Data.ValueKind == JsonValueKind.Object && request.Data.GetRawText().Length <= DataMost, "data", $"must be an object of at most {DataMost} bytes").OrThrow();
        var (row, state) = await reads.StateAsync(context.Tenant, id, cancellationToken);
        if (RunDecider.Due(state).OfType<AskPerson>().FirstOrDefault(form => form.Path == request.Path) is not { } asked) throw WorkflowProblems.FormUnknown.Because($"It asks nothing at '{request.Path}'.");
        if (RunLines.ToOf(asked.Params) != context.Principal.Id) Steers(row, context);
        var input = new FormAnswered(clock.NowMicros(), request.Path, request.Data.GetRawText(), context.Principal.Id);
        // The same rules that the run will apply, so that whoever fills the form in hears at once what is wrong with it.
        if (RunDecider.Decide(state, input).OfType<FormRefused>().FirstOrDefault() is { } refused)
            throw new Problem(PlatformProblems.InvalidRequest, string.Join(" ", refused.Faults)) { Errors = [.. refused.Faults.Select(static fault => new FieldError("data", fault))] };
        await host.TellAsync(context, id, input, cancellationToken);
        return Kept(row);
    }

    private async Task<RunRow> MineAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        var row = await store.GetAsync(context.Tenant, id, cancellationToken);
        Steers(row, context);
        return row;
    }

    public static void Steers(RunRow row, RequestContext context)
    {
        if (row.Identity.Starter.Id != context.Principal.Id) context.Require(Capability.RunManage);
    }

    private static Accepted<Response> Kept(RunRow row) => TypedResults.Accepted($"/v1/mao/{row.Id}", new Response(row.Id, row.Status));
}
