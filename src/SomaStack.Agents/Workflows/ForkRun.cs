using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// <c>POST /v1/mao/{id}/fork</c>: a new run of the caller's own that takes over what this one had done when a step first began, and goes on from that
/// step; with other inputs, when they are given.
/// </summary>
internal sealed class ForkRun(IRunHost host, RunStore store, IKillSwitch killSwitch, IGate gate, TimeProvider clock)
{
    /// <param name="FromStep">The step that is done anew, with all that comes after it.</param>
    /// <param name="Inputs">Null for those of the run.</param>
    internal sealed record Request(string FromStep, JsonElement? Inputs = null, BudgetRequest? Budget = null);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/mao/{id}/fork", (string id, Request request, RequestContext context, ForkRun use, CancellationToken cancellationToken) => use.RunAsync(id, request, context, cancellationToken))
        .Requires(Capability.RunStart).WithTags("runs").WithSummary("Start a new run from a step of another.");

    private async Task<Accepted<StartRun.Response>> RunAsync(string id, Request request, RequestContext context, CancellationToken cancellationToken)
    {
        Check.That(request.FromStep is { Length: > 0 and <= 200 }, "from_step", "must have 1 to 200 characters").And(request.Inputs is null or { ValueKind: JsonValueKind.Object }, "inputs", "must be an object").OrThrow();
        request.Budget?.Check();
        context.Require(Capability.RunRead);
        var old = await store.GetAsync(context.Tenant, id, cancellationToken);
        SteerRun.Steers(old, context);
        var fork = Ids.For(context, "fork");
        if (await store.FindAsync(context.Tenant, fork, cancellationToken) is not { } row)
        {
            await BeginAsync(old, fork, request, context, cancellationToken);
            row = await store.GetAsync(context.Tenant, fork, cancellationToken);
        }
        var one = row.Identity;
        return TypedResults.Accepted($"/v1/mao/{fork}", new StartRun.Response(fork, fork, fork, row.Status, one.Capsule, one.CapsuleVersion, one.CreatedAt.ToInstant()));
    }

    private async Task BeginAsync(RunRow old, string fork, Request request, RequestContext context, CancellationToken cancellationToken)
    {
        killSwitch.ThrowIfEngaged(context.Tenant, new KillTarget(KillScope.Capsule, old.Identity.Capsule));
        var history = await HistoryAsync(old, cancellationToken);
        var state = RunDecider.Apply(RunState.None, history);
        if (!state.Graph.TryFind(request.FromStep, out _)) throw WorkflowProblems.StepUnknown.Because($"Its capsule has no step '{request.FromStep}'.");
        var (now, inputs) = (clock.NowMicros(), request.Inputs?.GetRawText() ?? state.Inputs);
        var arguments = JsonSerializer.Serialize(new ForkArguments(old.Id, request.FromStep, state.Plan!.Capsule.Digest), WorkflowsJson.Default.ForkArguments);
        var decision = await gate.CheckAsync(context, new GatedAction("run.fork", old.Identity.Capsule, arguments) { Capsule = old.Identity.Capsule }, cancellationToken);
        if (decision.Verdict != Verdict.Allow)
            throw new Problem(WorkflowProblems.Denied, $"The policy does not allow this with a score of {decision.Score} against {decision.Threshold}.") { Reasons = decision.Reasons };
        var plan = state.Plan with { Run = fork, Parent = null, Depth = 0, Budget = BudgetRequest.Of(request.Budget, now) };
        var events = RunDecider.Fork(history, request.FromStep, new BeginRun(now, plan, inputs, RunDecider.Version));
        var one = old.Identity;
        await host.StartAsync(new RunBeginning(new RunIdentity(
            context.Tenant, fork, one.Kind, one.Name, one.Capsule, one.CapsuleVersion, host.Name, RunStarter.Of(context), null, old.Id, one.About with { Initiator = null }, now), events), cancellationToken);
    }

    private async Task<List<RunEvent>> HistoryAsync(RunRow row, CancellationToken cancellationToken)
    {
        var history = new List<RunEvent>();
        for (var after = row.Base - 1; ;)
        {
            var some = await store.EventsAsync(row.Tenant, row.Id, after, RunStore.Batch, cancellationToken);
            history.AddRange(some.Select(static one => JsonSerializer.Deserialize(one.Data, RunHistoryJson.Default.RunEvent)!));
            if (some.Count < RunStore.Batch) return history;
            after = some[^1].Seq;
        }
    }
}

internal sealed record ForkArguments(string Run, string FromStep, string Digest);
