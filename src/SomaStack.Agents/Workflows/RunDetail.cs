using System.Text.Json;
using SomaStack.Agents.Workflows.Contracts;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>A run as lists show it.</summary>
/// <param name="Status">running, waiting, compensating, completed, failed or cancelled.</param>
/// <param name="Paused">Why a kill switch holds it; null while none does.</param>
internal sealed record RunSummary(
    string RunId, string WorkflowId, string Kind, string Name, string Status, string Capsule, string Version, string Starter, string? Parent, string? ForkedFrom, string? Paused, RunFailureView? Failure,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? EndedAt)
{
    public static RunSummary Of(RunRow row)
    {
        var one = row.Identity;
        return new RunSummary(
            row.Id, row.Id, one.Kind, one.Name, row.Status, one.Capsule, one.CapsuleVersion, one.Starter.Id, one.Parent?.Run, one.ForkedFrom, row.Paused,
            row.Code is null ? null : new RunFailureView(row.Code, row.Detail ?? "", null), one.CreatedAt.ToInstant(), row.UpdatedAt.ToInstant(), row.EndedAt?.ToInstant());
    }
}

/// <param name="Path">Where it failed; null when the run as a whole did.</param>
internal sealed record RunFailureView(string Code, string Detail, string? Path);

/// <param name="Used">Null when a part of it is not known, which is never shown as nothing.</param>
/// <param name="Limit">Null for none.</param>
internal sealed record BudgetLine(decimal? Used, decimal? Limit, decimal? Left);

/// <param name="Money">In USD.</param>
internal sealed record RunBudgetView(BudgetLine Tokens, BudgetLine Money, BudgetLine Steps, DateTimeOffset? Deadline);

/// <param name="Reference">The approval's id, the signal's name.</param>
/// <param name="Title">Of a form.</param>
/// <param name="Schema">JSON Schema of what a form takes.</param>
/// <param name="Until">When it goes on by itself or gives up; null when never.</param>
internal sealed record WaitView(string Path, string Kind, string? Reference, string? Title = null, JsonElement? Schema = null, DateTimeOffset? Until = null);

/// <param name="Status">pending, running, waiting, retrying, completed, skipped, failed, cancelled or compensated.</param>
/// <param name="Params">With all templates filled; null before it began.</param>
/// <param name="Record">Where the effect is recorded, e.g. <c>session/ID</c>.</param>
/// <param name="Items">Of a fan-out.</param>
internal sealed record StepView(
    string Path, string Action, string Status, int Attempt, JsonElement? Params, JsonElement? Output, RunFailureView? Failure, string? Record, string? Approval, long Tokens, decimal Cost, IReadOnlyList<string> Taints,
    DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, IReadOnlyList<StepView>? Items);

internal sealed record RunDetail(
    string RunId, string WorkflowId, string OrchestrationId, string Kind, string Name, string Status, string Capsule, string Version, string CapsuleDigest, string Host, string Starter, string? Initiator, string? Parent,
    string? ForkedFrom, string? Paused, IReadOnlyList<StepView> Steps, IReadOnlyList<WaitView> Waits, RunBudgetView Budget, RunFailureView? Failure, JsonElement? Outputs, IReadOnlyList<string> Taints,
    JsonElement Inputs, JsonElement? Metadata, string? NotificationChannel, long Events, string HistorySha256, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? EndedAt)
{
    /// <param name="state">Folded from the same events that <paramref name="row"/> counts, or newer.</param>
    public static RunDetail Of(RunRow row, RunState state)
    {
        var one = row.Identity;
        var capsule = state.Plan!.Capsule;
        var failure = state.Failure is { } failed ? new RunFailureView(failed.Code, failed.Detail, state.FailedPath) : null;
        return new RunDetail(
            row.Id, row.Id, row.Id, one.Kind, one.Name, state.Status.Name(), one.Capsule, one.CapsuleVersion, capsule.Digest, one.Host, one.Starter.Id, one.About.Initiator, one.Parent?.Run, one.ForkedFrom, row.Paused,
            [.. state.Steps.Select((step, i) => Step(capsule.Steps[i].Name, capsule.Steps[i].Action, step))], WaitsOf(state), BudgetOf(state), failure, Json(state.Outputs), state.Taints,
            Json(state.Inputs)!.Value, one.About.Metadata, one.About.Channel, row.Seq, Convert.ToHexStringLower(row.Chain), one.CreatedAt.ToInstant(), row.UpdatedAt.ToInstant(), row.EndedAt?.ToInstant());
    }

    private static StepView Step(string name, string action, StepState step) => Unit(
        name, action, step.Own, step.Fan is not { } fan ? null : [.. fan.Units.All().Select((unit, i) => Unit(RunPath.OfItem(name, i), action, unit, null))]);

    private static StepView Unit(string path, string action, Unit unit, IReadOnlyList<StepView>? items) => new(
        path, action, unit.Status.Name(), unit.Attempt, Json(unit.Params), Json(unit.Output), unit.Failure is { } failure ? new RunFailureView(failure.Code, failure.Detail, path) : null, unit.Record, unit.Approval,
        unit.Used.Tokens, Money.Of(unit.Used.CostNanos), unit.Taints, Instant(unit.StartedAt), Instant(unit.EndedAt), items);

    private static List<WaitView> WaitsOf(RunState state)
    {
        var due = RunDecider.Due(state);
        var timers = due.OfType<StartTimer>().GroupBy(static one => one.Path, StringComparer.Ordinal).ToDictionary(static one => one.Key, static one => one.Min(timer => timer.Due), StringComparer.Ordinal);
        var forms = due.OfType<AskPerson>().ToDictionary(static one => one.Path, StringComparer.Ordinal);
        return
        [
            .. RunLines.WaitsOf(state).Select(wait => new WaitView(
                wait.Path, wait.Kind, wait.Reference, forms.GetValueOrDefault(wait.Path)?.Title, Json(forms.GetValueOrDefault(wait.Path)?.Schema),
                timers.TryGetValue(wait.Path, out var until) ? until.ToInstant() : null)),
        ];
    }

    private static RunBudgetView BudgetOf(RunState state)
    {
        var (used, limit) = (state.Used, state.Limit);
        return new RunBudgetView(
            Line(used.Tokens, limit.Tokens), Line(AllCosts(state) ? Money.Of(used.CostNanos) : null, limit.CostNanos is { } most ? Money.Of(most) : null), Line(used.Steps, limit.Steps), limit.Deadline?.ToInstant());
    }

    private static BudgetLine Line(decimal? used, decimal? limit) => new(used, limit, limit is { } most && used is { } some ? Math.Max(0, most - some) : null);

    /// <summary>False when an agent's answer had no known price.</summary>
    private static bool AllCosts(RunState state) => !state.Steps.SelectMany(static step => step.Fan is { } fan ? fan.Units.All() : [step.Own])
        .Any(static unit => unit is { Action: "agent.ask", Status: StepStatus.Completed, Kept: false, Output: { } output } && output.Contains("\"cost_nanos\":null", StringComparison.Ordinal));

    private static DateTimeOffset? Instant(long micros) => micros == 0 ? null : micros.ToInstant();

    private static JsonElement? Json(string? text) => text is null ? null : JsonElement.Parse(text);
}
