namespace SomaStack.Agents.Workflows.Contracts;

/// <summary>
/// Event types that the room writes to the journal, and their data as upper rooms read it. Contents of runs are in none of them: only digests,
/// so that what a person may have deleted is not in the audit trail.
/// </summary>
public static class RunEvents
{
    public const string Started = "somastack.workflows.run_started.v1";
    public const string StepEnded = "somastack.workflows.step_ended.v1";
    public const string Waiting = "somastack.workflows.run_waiting.v1";
    public const string FormAsked = "somastack.workflows.form_asked.v1";
    public const string FormEnded = "somastack.workflows.form_ended.v1";
    public const string Retried = "somastack.workflows.run_retried.v1";
    public const string Ended = "somastack.workflows.run_ended.v1";
}

/// <param name="CapsuleDigest">Lower-hex SHA-256 of the capsule's document.</param>
/// <param name="InputsSha256">Of the inputs' JSON as it is in the history.</param>
public sealed record RunStarted(string Run, string Kind, string Capsule, string Version, string CapsuleDigest, string InputsSha256, int Decider, string? Parent, string? ForkedFrom);

/// <param name="Status">completed, skipped or failed.</param>
/// <param name="OutputSha256">Of the output's JSON as it is in the history; null without one.</param>
/// <param name="Record">Where the effect is recorded: <c>tool_call/ID</c>, <c>session/ID</c>; null where nothing else records it.</param>
public sealed record RunStepEnded(string Run, string Path, int Attempt, string Status, string? OutputSha256, string? Code, long Tokens, long CostNanos, string? Record);

public sealed record RunWaiting(string Run, string Capsule, IReadOnlyList<RunWait> Waits);

/// <param name="Kind">approval, form, signal, timer or nested.</param>
/// <param name="Reference">The approval's id, the signal's name; null for others.</param>
public sealed record RunWait(string Path, string Kind, string? Reference);

/// <param name="Starter">Who is asked when the step names nobody else.</param>
/// <param name="To">A principal whom the step names.</param>
public sealed record RunFormAsked(string Run, string Capsule, string Path, int Attempt, string Title, string Starter, string? To);

/// <summary>The form is asked no more: somebody answered it, or the run ended without.</summary>
public sealed record RunFormEnded(string Run, string Path, int Attempt);

public sealed record RunRetriedBy(string Run, string By);

/// <param name="Status">completed, failed or cancelled.</param>
/// <param name="HistorySha256">The last link of the chain over the events: SHA-256(link before ‖ event), from 32 zero bytes.</param>
/// <param name="Channel">What the request named to be told on; null when it named none.</param>
public sealed record RunEnded(
    string Run, string Capsule, string Name, string Starter, string Status, string? Code, string? Path, string? Parent, long Steps, long Tokens, long CostNanos, long Events, string HistorySha256, string? Channel);
