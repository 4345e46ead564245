using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SomaStack.Agents.Workflows.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>What of a step forward goes to the journal: that it happened and digests of what is in it.</summary>
internal sealed class RunLines(Journal journal, ISettings settings, SomaOptions options)
{
    private const int TitleMost = 200;

    public IReadOnlyList<JournalEntry> Of(RunRow row, RunState was, RunState state, IReadOnlyList<RunEvent> events)
    {
        var lines = new Lines(journal, row, row.Identity.Starter.In(row.Tenant, settings.Mode, options.Region));
        foreach (var happened in events)
            switch (happened)
            {
                case RunBegan began:
                    var one = row.Identity;
                    lines.Add(RunEvents.Started, new RunStarted(
                        one.Id, one.Kind, one.Capsule, one.CapsuleVersion, began.Plan.Capsule.Digest, TextDigest.Of(began.Inputs), began.Decider, one.Parent?.Run, one.ForkedFrom), WorkflowsJson.Default.RunStarted);
                    break;
                case StepCompleted done:
                    lines.Add(RunEvents.StepEnded, new RunStepEnded(
                        row.Id, done.Path, done.Attempt, "completed", TextDigest.Of(done.Output), null, done.Used.Tokens, done.Used.CostNanos, done.Record), WorkflowsJson.Default.RunStepEnded);
                    break;
                case StepFailed failed:
                    lines.Add(RunEvents.StepEnded, new RunStepEnded(
                        row.Id, failed.Path, failed.Attempt, "failed", null, failed.Failure.Code, failed.Used.Tokens, failed.Used.CostNanos, null), WorkflowsJson.Default.RunStepEnded);
                    break;
                case StepSkipped skipped:
                    lines.Add(RunEvents.StepEnded, new RunStepEnded(row.Id, skipped.Path, 0, "skipped", null, null, 0, 0, null), WorkflowsJson.Default.RunStepEnded);
                    break;
                case RunRetried retried:
                    lines.Add(RunEvents.Retried, new RunRetriedBy(row.Id, retried.By), WorkflowsJson.Default.RunRetriedBy);
                    break;
            }
        AddWaits(lines, row, was, state);
        if (state.Ended && !was.Ended) lines.Add(RunEvents.Ended, EndOf(row, state), WorkflowsJson.Default.RunEnded);
        return lines.All;
    }

    /// <summary>What the run waits for, its own timers aside.</summary>
    public static IReadOnlyList<RunWait> WaitsOf(RunState state)
    {
        var waits = new List<RunWait>();
        foreach (var (approval, path) in state.Approvals.OrderBy(static pair => pair.Value, StringComparer.Ordinal)) waits.Add(new RunWait(path, "approval", approval));
        foreach (var (name, paths) in state.Waiters.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
            foreach (var path in paths.Values) waits.Add(new RunWait(path, "signal", name));
        foreach (var effect in RunDecider.Due(state))
            if (effect is AskPerson) waits.Add(new RunWait(effect.Path, "form", null));
            else if (effect is StartNested) waits.Add(new RunWait(effect.Path, "nested", null));
            else if (effect is StartTimer && state.Find(effect.Path)?.Action == "wait.timer") waits.Add(new RunWait(effect.Path, "timer", null));
        return waits;
    }

    public static string TypeOf(RunEvent happened) => happened switch
    {
        RunBegan => "run_began", RunForked => "run_forked", RunContinued => "run_continued", StepStarted => "step_started", StepSuspended => "step_suspended", StepResumed => "step_resumed",
        StepRetrying => "step_retrying", StepCompleted => "step_completed", StepFailed => "step_failed", StepSkipped => "step_skipped", FanOutOpened => "fan_out_opened", FanOutClosed => "fan_out_closed",
        SignalReceived => "signal_received", ApprovalNoted => "approval_noted", FormRefused => "form_refused", LateResultNoted => "late_result_noted", RunStopping => "run_stopping",
        RunCompleted => "run_completed", RunFailed => "run_failed", RunCancelled => "run_cancelled", RunRetried => "run_retried",
        _ => throw new InvalidOperationException($"{happened.GetType().Name} has no name."),
    };

    private static void AddWaits(Lines lines, RunRow row, RunState was, RunState state)
    {
        var (before, now) = (FormsOf(was), FormsOf(state));
        foreach (var form in before.Values.Where(form => !now.ContainsKey(form.Key))) lines.Add(RunEvents.FormEnded, new RunFormEnded(row.Id, form.Path, form.Attempt), WorkflowsJson.Default.RunFormEnded);
        foreach (var form in now.Values.Where(form => !before.ContainsKey(form.Key)))
            lines.Add(RunEvents.FormAsked, new RunFormAsked(row.Id, row.Identity.Capsule, form.Path, form.Attempt, Short(form.Title), row.Identity.Starter.Id, ToOf(form.Params)), WorkflowsJson.Default.RunFormAsked);
        if (state.Status != RunStatus.Waiting || was.Status == RunStatus.Waiting) return;
        var waits = WaitsOf(state);
        if (waits.Count > 0) lines.Add(RunEvents.Waiting, new RunWaiting(row.Id, row.Identity.Capsule, waits), WorkflowsJson.Default.RunWaiting);
    }

    private static Dictionary<string, AskPerson> FormsOf(RunState state) => RunDecider.Due(state).OfType<AskPerson>().ToDictionary(static form => form.Key, StringComparer.Ordinal);

    private static RunEnded EndOf(RunRow row, RunState state)
    {
        var one = row.Identity;
        return new RunEnded(
            row.Id, one.Capsule, Short(one.Name), one.Starter.Id, row.Status, row.Code, state.FailedPath, one.Parent?.Run, row.Steps, row.Tokens, row.CostNanos, row.Seq, Convert.ToHexStringLower(row.Chain),
            one.About.Channel);
    }

    public static string? ToOf(string parameters)
    {
        using var document = JsonDocument.Parse(parameters);
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("to", out var to) && to.ValueKind == JsonValueKind.String ? to.GetString() : null;
    }

    private static string Short(string text) => text.Length <= TitleMost ? text : text[..TitleMost];

    private sealed class Lines(Journal journal, RunRow row, RequestContext context)
    {
        private readonly List<JournalEntry> _all = [];

        public IReadOnlyList<JournalEntry> All => _all;

        public void Add<T>(string type, T data, JsonTypeInfo<T> shape) => _all.Add(journal.Prepare(context, "run/" + row.Id, row.Lines + _all.Count + 1, type, data, shape));
    }
}
