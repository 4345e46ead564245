using System.Text;
using System.Text.Json;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// The one path of every tool call. It is recorded before it is done and after; between the two nothing but the tool runs. What was recorded
/// under a key is told again and never done again, but for what a crash left behind and may safely be repeated.
/// </summary>
internal sealed class ExecuteTool(
    AdapterCatalog catalog, CallStore calls, RecordCalls records, ActWithTool act, ShapeResult shape, RunningCalls running, IKillSwitch killSwitch, IGate gate, IRedaction redaction, IBilling billing,
    ICounters counters, Db db, TimeProvider clock)
{
    public const int ArgumentsMax = 256 << 10;
    public const int KeyMax = 200;

    private const string Kind = "tool.call";
    private const string ApprovalPending = "approval_pending";
    private static readonly TimeSpan RateWindow = TimeSpan.FromMinutes(1);

    private static readonly IReadOnlyList<string> Met = [Obligation.Redact, Obligation.Notify];

    /// <exception cref="Problem">As <see cref="ITools.CallAsync"/> says.</exception>
    public async Task<ExecutedCall> RunAsync(RequestContext context, ToolCall call, CancellationToken cancellationToken)
    {
        context.Require(Capability.ToolExecute);
        var arguments = Canonical(call);
        var digest = DigestOf(context, call, arguments);
        if (Recorded(await calls.ByKeyAsync(context.Tenant, call.Key, cancellationToken), digest) is { } told) return told;

        var (adapter, action) = await FindAsync(context, call, cancellationToken);
        Check(action.Input, arguments);
        var remaining = await CountAsync(context, adapter, cancellationToken);
        var plan = await DecideAsync(context, call, adapter, action, digest, arguments, cancellationToken);
        if (plan.Decision.Verdict == Verdict.Deny) throw await records.RefuseAsync(plan, cancellationToken);

        using var slot = running.Enter(context.Tenant, adapter.Id, action.Action.Name);
        var (opened, instead) = await OpenAsync(plan, cancellationToken);
        if (opened is null) return instead! with { RateRemaining = remaining };
        // Engaged while it was being opened.
        if (slot.Stopped(killSwitch)) slot.Cancel();
        var acted = await act.RunAsync(plan, slot, cancellationToken);
        var shaped = await shape.RunAsync(plan, acted);
        var ended = await records.EndAsync(plan, opened, shaped);
        cancellationToken.ThrowIfCancellationRequested();
        return new ExecutedCall(ended.ToResult(replayed: false), plan.Manifest.Version, adapter.Signature, remaining);
    }

    /// <summary>What would happen to this call now, without doing or recording anything of it.</summary>
    /// <exception cref="Problem">As the call itself.</exception>
    public async Task<PlannedCall> TryAsync(RequestContext context, ToolCall call, CancellationToken cancellationToken)
    {
        context.Require(Capability.ToolExecute);
        var arguments = Canonical(call);
        var (adapter, action) = await FindAsync(context, call, cancellationToken);
        Check(action.Input, arguments);
        return await DecideAsync(context, call, adapter, action, DigestOf(context, call, arguments), arguments, cancellationToken);
    }

    /// <summary>An action of the manifest, of an adapter that is in force, for somebody who holds what it needs.</summary>
    private async Task<(UsableAdapter, LoadedAction)> FindAsync(RequestContext context, ToolCall call, CancellationToken cancellationToken)
    {
        killSwitch.ThrowIfEngaged(context.Tenant, new KillTarget(KillScope.Tool, call.Adapter));
        killSwitch.ThrowIfEngaged(context.Tenant, new KillTarget(KillScope.Tool, $"{call.Adapter}.{call.Action}"));
        var adapter = await catalog.GetAsync(context, call.Adapter, cancellationToken);
        var action = adapter.Manifest.Find(call.Action) ?? throw ToolProblems.ActionUnknown.Because($"'{call.Adapter}' has no action '{call.Action}'.");
        foreach (var capability in AdapterCatalog.CapabilitiesOf(adapter.Manifest.Manifest, action.Action)) context.Require(capability);
        return (adapter, action);
    }

    private static void Check(ActionSchema schema, string arguments)
    {
        using var document = JsonDocument.Parse(arguments);
        var errors = schema.Check(document.RootElement);
        if (errors.Count == 0) return;
        throw new Problem(PlatformProblems.InvalidRequest, "The arguments do not fit the action: " + string.Join(" ", errors.Take(5).Select(static error => $"'{error.Field}' {error.Message}.")))
        {
            Errors = [.. errors.Select(static error => new FieldError("/arguments" + (error.Field == "/" ? "" : error.Field), error.Message))],
        };
    }

    /// <exception cref="Problem">429 with <c>Retry-After</c>.</exception>
    private async Task<long> CountAsync(RequestContext context, UsableAdapter adapter, CancellationToken cancellationToken)
    {
        var limit = adapter.Manifest.Manifest.Limits.PerMinute;
        var answer = await counters.AddAsync($"{context.Tenant}/tool/{adapter.Id}", limit, RateWindow, cancellationToken);
        if (answer.IsAllowed) return answer.Remaining;
        throw new Problem(PlatformProblems.RateLimited, $"'{adapter.Id}' takes {limit} calls a minute.") { RetryAfter = answer.RetryAfter };
    }

    private async Task<PlannedCall> DecideAsync(
        RequestContext context, ToolCall call, UsableAdapter adapter, LoadedAction action, string digest, string arguments, CancellationToken cancellationToken)
    {
        var price = adapter.Manifest.Manifest.Billing is { } priced ? ManifestReader.Nanos(priced.CostPerCall) : 0;
        var gated = new GatedAction(Kind, $"{adapter.Id}.{action.Action.Name}", arguments, RiskOf(action.Action.Risk), BudgetRatio: await billing.BudgetRatioAsync(context.Tenant, cancellationToken))
        {
            Session = call.Session, Persona = call.Persona, Capsule = call.Capsule, Meets = Met, Taints = call.Taints, Quantities = new ActionQuantities(0, 0, price / 1e9),
        };
        var decision = await gate.CheckAsync(context, gated, cancellationToken);
        var redact = decision.Verdict == Verdict.Deny ? null : await redaction.OfAsync(context.Tenant, decision, cancellationToken);
        if (redact is not null)
        {
            arguments = JsonTexts.Replace(arguments, redact);
            Check(action.Input, arguments);
        }
        return new PlannedCall(context, call, adapter, action, digest, arguments, gated, decision) { Redact = redact };
    }

    /// <returns>The open call, or what there is to say instead: it waits, or somebody else has done it.</returns>
    private async Task<(CallRow? Opened, ExecutedCall? Instead)> OpenAsync(PlannedCall plan, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var known = await calls.ByKeyAsync(plan.Context.Tenant, plan.Call.Key, cancellationToken);
            if (Recorded(known, plan.RequestDigest) is { } told) return (null, told);
            try
            {
                if (known is { State: CallRow.Open, Repeatable: false }) return (null, await records.GiveUpAsync(plan, known, cancellationToken));
                var approval = plan.Call.Approval ?? (known?.State == CallRow.Awaiting ? known.Approval : null);
                // What a crash left open has spent its yes when it was opened first, for exactly this.
                if (plan.Decision.Verdict == Verdict.NeedsApproval && approval is null && known?.State != CallRow.Open) return (null, await records.SuspendAsync(plan, cancellationToken));
                return (await records.OpenAsync(plan, known, approval, running.Owner, cancellationToken), null);
            }
            catch (Problem problem) when (problem.Code.Code == ApprovalPending)
            {
                return (null, await records.AwaitAsync(plan, known, cancellationToken));
            }
            catch (Exception exception) when (attempt == 1 && db.IsUniqueViolation(exception))
            {
                // The same key at the same moment: the other one was quicker.
            }
        }
    }

    /// <exception cref="Problem">422 <c>tool_key_reused</c>, 409 <c>tool_call_running</c>.</exception>
    private ExecutedCall? Recorded(CallRow? row, string digest)
    {
        if (row is null) return null;
        if (row.RequestDigest != digest) throw ToolProblems.KeyReused.Because("The key belongs to a call with other arguments, or of somebody else.");
        if (row.IsEnded) return new ExecutedCall(row.ToResult(replayed: true), row.Version, null, null);
        var left = row.LeaseUntil.ToInstant() - clock.GetUtcNow();
        if (row.State == CallRow.Open && left > TimeSpan.Zero) throw new Problem(ToolProblems.CallRunning, "A call with this key is being carried out.") { RetryAfter = left };
        return null;
    }

    /// <exception cref="Problem">422 for what is no call.</exception>
    private static string Canonical(ToolCall call)
    {
        Platform.Check.That(call.Key.Length is >= 1 and <= KeyMax, "key", $"must have 1 to {KeyMax} characters")
            .And(call.Adapter.Length is >= 1 and <= 64, "adapter", "must have 1 to 64 characters").And(call.TimeLimit is null || call.TimeLimit > TimeSpan.Zero, "time_limit", "must be positive").And(call.Action.Length is >= 1 and <= 128, "action", "must have 1 to 128 characters")
            .And(Encoding.UTF8.GetByteCount(call.Arguments) <= ArgumentsMax, "arguments", $"must have at most {ArgumentsMax} bytes").OrThrow();
        try
        {
            var text = CanonicalJson.Canonicalize(call.Arguments);
            return text.StartsWith('{') ? text : throw Problem.Invalid("arguments", "must be an object");
        }
        catch (FormatException exception)
        {
            throw Problem.Invalid("arguments", exception.Message);
        }
    }

    private static string DigestOf(RequestContext context, ToolCall call, string arguments) => TextDigest.Of($"{context.Principal.Id}\n{call.Adapter}\n{call.Action}\n{arguments}");

    /// <summary>The manifest's word as the policy's figure (decision 0101).</summary>
    private static double RiskOf(string risk) => risk switch { "low" => 0.1, "medium" => 0.25, _ => 0.5 };
}
