using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>What is to be run, however it was asked for.</summary>
internal sealed record RunOrder(string Kind, string Name, Capsule Capsule, string Inputs, BudgetRequest? Limits, RunAbout About)
{
    /// <summary>Done in the transaction that begins the run.</summary>
    public Func<DbWork, Task>? Also { get; init; }
}

/// <summary><c>POST /v1/mao/start</c>: agents one after the other, or a capsule. Answers when the run is durable; it goes on by itself.</summary>
internal sealed class StartRun(
    IRunHost host, RunStore store, ICapsules capsules, IKillSwitch killSwitch, IGate gate, IApprovals approvals, IBilling billing, ISettings settings, Db db, TimeProvider clock)
{
    /// <param name="Capsule">A capsule's id; or directives.</param>
    /// <param name="Version">Null for the newest approved one.</param>
    /// <param name="Inputs">An object.</param>
    /// <param name="Directives">Agents, each asked after the one before it: 1 to 50.</param>
    /// <param name="Tenant">The caller's own, when it is given.</param>
    /// <param name="NotificationChannel">Then its end is told too, not only a failure.</param>
    internal sealed record Request(
        string? Capsule = null, string? Version = null, JsonElement? Inputs = null, IReadOnlyList<Directive>? Directives = null, string? Name = null, BudgetRequest? Budget = null, string? Tenant = null,
        string? Initiator = null, string? NotificationChannel = null, JsonElement? Metadata = null);

    internal sealed record Response(string RunId, string WorkflowId, string OrchestrationId, string Status, string Capsule, string Version, DateTimeOffset CreatedAt);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/mao/start", (Request request, RequestContext context, StartRun use, CancellationToken cancellationToken) => use.RunAsync(request, context, cancellationToken))
        .Requires(Capability.RunStart).Produces<Response>(202).Produces<ApprovalWanted>(202).WithTags("runs").WithSummary("Start a run of agents or of a capsule.");

    public async Task<IResult> RunAsync(Request request, RequestContext context, CancellationToken cancellationToken)
    {
        Check.That(request.Tenant is null || request.Tenant == context.Tenant, "tenant", "must be your own, or be left out")
            .And(request.Capsule is null != request.Directives is null, "directives", "is needed, or 'capsule'; not both")
            .And(request.NotificationChannel is null or { Length: > 0 and <= 64 }, "notification_channel", "must have 1 to 64 characters")
            .And(request.Initiator is null or { Length: <= 128 }, "initiator", "must have at most 128 characters")
            .And(request.Name is null or { Length: > 0 and <= 200 }, "name", "must have 1 to 200 characters")
            .And(request.Inputs is null or { ValueKind: JsonValueKind.Object }, "inputs", "must be an object")
            .And(request.Metadata is null || (request.Metadata is { ValueKind: JsonValueKind.Object } metadata && metadata.GetRawText().Length <= 16_384), "metadata", "must be an object of at most 16 KiB").OrThrow();
        request.Budget?.Check();
        var about = new RunAbout(request.NotificationChannel, request.Initiator, request.Metadata);
        if (request.Directives is { } directives)
        {
            var (capsule, inputs) = Workflows.Directives.Compile(request.Name, directives);
            return await AnswerAsync(new RunOrder("directives", request.Name ?? capsule.Summary, capsule, inputs, request.Budget, about), context, cancellationToken);
        }
        var named = await capsules.ApprovedAsync(context, request.Capsule!, request.Version, cancellationToken);
        return await AnswerAsync(OrderOf(named, request.Name, request.Inputs?.GetRawText() ?? "{}") with { Limits = request.Budget, About = about }, context, cancellationToken);
    }

    /// <summary>Begins a run of an approved capsule.</summary>
    /// <param name="also">Done in the transaction that begins it.</param>
    public async Task<(RunRow? Run, Approval? Wanted)> BeginAsync(
        string capsule, string? version, string? name, string inputs, RequestContext context, CancellationToken cancellationToken, Func<DbWork, Task>? also = null) =>
        await BeginAsync(OrderOf(await capsules.ApprovedAsync(context, capsule, version, cancellationToken), name, inputs) with { Also = also }, context, cancellationToken);

    private static RunOrder OrderOf(Capsule capsule, string? name, string inputs) =>
        new("capsule", name ?? (capsule.Summary.Length > 0 ? capsule.Summary : capsule.Id), capsule, inputs, null, new RunAbout());

    private async Task<IResult> AnswerAsync(RunOrder order, RequestContext context, CancellationToken cancellationToken)
    {
        var (row, wanted) = await BeginAsync(order, context, cancellationToken);
        if (wanted is not null) return TwoKeys.Answer(wanted);
        var one = row!.Identity;
        return TypedResults.Accepted($"/v1/mao/{row.Id}", new Response(row.Id, row.Id, row.Id, row.Status, one.Capsule, one.CapsuleVersion, one.CreatedAt.ToInstant()));
    }

    /// <summary>Begins it, once for each idempotency key.</summary>
    /// <returns>The run; or the approval that the policy wants first, and then nothing has begun.</returns>
    /// <exception cref="Problem">403 when the policy denies it; 422 when the inputs do not fit the capsule.</exception>
    public async Task<(RunRow? Run, Approval? Wanted)> BeginAsync(RunOrder order, RequestContext context, CancellationToken cancellationToken)
    {
        killSwitch.ThrowIfEngaged(context.Tenant, new KillTarget(KillScope.Capsule, order.Capsule.Id));
        var id = Ids.For(context, "run");
        if (context.IdempotencyKey is not null && await store.FindAsync(context.Tenant, id, cancellationToken) is { } there) return (there, null);
        var (claim, wanted) = await GateAsync(order, context, cancellationToken);
        if (wanted is not null) return (null, wanted);
        var now = clock.NowMicros();
        var plan = new RunPlan(order.Capsule, id, null, 0, await BudgetAsync(order.Limits, context, now, cancellationToken));
        var identity = new RunIdentity(context.Tenant, id, order.Kind, order.Name, order.Capsule.Id, order.Capsule.Version, host.Name, RunStarter.Of(context), null, null, order.About, now);
        var events = RunDecider.Decide(RunState.None, new BeginRun(now, plan, order.Inputs, RunDecider.Version));
        // What cannot even begin is no run that failed: whoever asked hears it now.
        if (events.OfType<RunFailed>().FirstOrDefault(static one => one.Failure.Code is "inputs_invalid" or "capsule_invalid") is { } unsound)
            throw Problem.Invalid(unsound.Failure.Code == "inputs_invalid" ? "inputs" : "capsule", "cannot be run: " + unsound.Failure.Detail);
        await host.StartAsync(new RunBeginning(identity, events) { Also = Both(claim, order.Also) }, cancellationToken);
        WorkflowMetrics.Started.Add(1);
        return (await store.GetAsync(context.Tenant, id, cancellationToken), null);
    }

    /// <summary>One question for the whole run; each action in it is asked about again.</summary>
    private async Task<(Func<DbWork, Task>? Claim, Approval? Wanted)> GateAsync(RunOrder order, RequestContext context, CancellationToken cancellationToken)
    {
        var arguments = JsonSerializer.Serialize(new StartArguments(order.Capsule.Id, order.Capsule.Version, order.Capsule.Digest, JsonElement.Parse(order.Inputs)), WorkflowsJson.Default.StartArguments);
        var ratio = await billing.BudgetRatioAsync(context.Tenant, cancellationToken);
        var decision = await gate.CheckAsync(context, new GatedAction("run.start", order.Capsule.Id, arguments, BudgetRatio: ratio) { Capsule = order.Capsule.Id, Persona = order.Capsule.Persona }, cancellationToken);
        if (decision.Verdict == Verdict.Deny)
            throw new Problem(WorkflowProblems.Denied, $"The policy denies this with a score of {decision.Score} against {decision.Threshold}.") { Reasons = decision.Reasons };
        if (decision.Verdict == Verdict.Allow) return (null, null);
        var asked = new ApprovalRequest("run.start", order.Capsule.Id, arguments, decision.ConstitutionHash, decision.PolicyVersion, $"{context.Principal.Id} starts {order.Capsule.Id} {order.Capsule.Version}.")
        {
            Reasons = decision.Reasons, StepUp = decision.Obligations.Any(static one => one.Kind == Obligation.RequireMfa),
        };
        if (context.Approval is { } given) return (work => approvals.ClaimAsync(work, context, given, asked), null);
        return (null, await db.WriteAsync(context.Tenant, work => approvals.ProposeAsync(work, context, asked), cancellationToken));
    }

    /// <summary>The tighter of what was asked for and what is left of the tenant's day.</summary>
    private async Task<RunBudget> BudgetAsync(BudgetRequest? limits, RequestContext context, long now, CancellationToken cancellationToken)
    {
        var tenant = await settings.OfTenantAsync(context.Tenant, cancellationToken);
        long? left = tenant.DailyBudgetNanos is { } daily && await billing.BudgetRatioAsync(context.Tenant, cancellationToken) is { } ratio ? (long)(daily * ratio) : null;
        var asked = BudgetRequest.Of(limits, now);
        return asked with { CostNanos = asked.CostNanos is { } money && left is { } rest ? Math.Min(money, rest) : asked.CostNanos ?? left };
    }

    private static Func<DbWork, Task>? Both(Func<DbWork, Task>? first, Func<DbWork, Task>? second) => first is null || second is null ? first ?? second : async work =>
    {
        await first(work);
        await second(work);
    };
}

/// <param name="Digest">Of the capsule's document: a yes is to exactly this text.</param>
internal sealed record StartArguments(string Capsule, string Version, string Digest, JsonElement Inputs);

/// <summary>What the run may take before it is stopped; null for no limit of its own.</summary>
/// <param name="Money">In USD.</param>
/// <param name="Seconds">From its start.</param>
internal sealed record BudgetRequest(long? Tokens = null, decimal? Money = null, int? Steps = null, long? Seconds = null)
{
    /// <param name="now">Unix microseconds, from which the seconds count.</param>
    public static RunBudget Of(BudgetRequest? asked, long now) => new(
        asked?.Tokens, asked?.Money is { } money ? Governance.Billing.Contracts.Money.Nanos(money) : null, asked?.Steps, asked?.Seconds is { } seconds ? now + seconds * 1_000_000L : null);

    public void Check() => Platform.Check.That(Tokens is null or > 0, "budget.tokens", "must be positive").And(Money is null or (> 0 and <= 1_000_000), "budget.money", "must be positive and at most 1000000")
        .And(Steps is null or > 0, "budget.steps", "must be positive").And(Seconds is null or (> 0 and <= 31_536_000), "budget.seconds", "must be positive and at most a year").OrThrow();
}
