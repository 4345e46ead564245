using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

internal enum CallState
{
    /// <summary>Stored, not begun.</summary>
    Planned,

    /// <summary>Handed to the tools; what became of it is not stored yet.</summary>
    Begun,

    /// <summary>A second person is asked.</summary>
    Awaiting,
    Ended,
}

/// <summary>What became of the question to a second person; <c>Code</c> is null for a yes.</summary>
internal sealed record CallDecision(string? Code, string? Detail);

/// <summary>A model's wish to use a tool, and what became of it.</summary>
/// <param name="WireId">As the model named the call, or as we did where it gave none.</param>
/// <param name="Name"><c>adapter.action</c>; as the model wrote it when there is no such tool.</param>
/// <param name="Arguments">JSON.</param>
internal sealed record TurnToolCall(int Round, int Number, string WireId, string WireName, string Name, string Arguments)
{
    public CallState State { get; init; } = CallState.Planned;

    public TurnApproval? Approval { get; init; }

    /// <summary>Null while nobody has decided.</summary>
    public CallDecision? Decided { get; init; }

    public CallResult? Result { get; init; }

    /// <summary>Why it cannot be made at all: no such tool, arguments that are no JSON.</summary>
    public CallResult? Refused { get; init; }

    public bool CanRun => State is CallState.Planned or CallState.Begun || (State == CallState.Awaiting && Decided is not null);
}

/// <param name="Outcome"><c>succeeded</c>, <c>failed</c>, <c>unknown</c>, <c>denied</c> or <c>cancelled</c>.</param>
/// <param name="Text">What the model reads, cut to what it may read.</param>
/// <param name="Record">Of the call in the journal, <c>tool_call/ID</c>; null when no tool was reached.</param>
internal sealed record CallResult(string Outcome, string Text, string? Code = null, string? Record = null)
{
    public IReadOnlyList<string> Taints { get; init => field = value ?? []; } = [];

    public long? CostNanos { get; init; }

    public string Currency { get; init; } = "USD";

    public double TookMs { get; init; }

    public bool Replayed { get; init; }

    /// <summary>What another agent used on behalf of this turn; null when none was asked.</summary>
    public DelegatedUse? Delegated { get; init; }
}

/// <param name="Charged">Output tokens that count against the asking turn: those written, or all that were allowed when that is not known.</param>
internal sealed record DelegatedUse(long? InputTokens, long? OutputTokens, long? CostNanos, long Charged);

/// <summary>One call of the model within a turn: what it said, and the tools that it asked for.</summary>
/// <param name="Said">As it was released.</param>
/// <param name="OutputTokensMax">What it was allowed.</param>
/// <param name="Thoughts">JSON of contents that its provider wants back unchanged; null for none.</param>
internal sealed record TurnRound(int Number, string Said, CallReceipt Receipt, string? FinishReason, long OutputTokensMax, string? Thoughts, IReadOnlyList<TurnToolCall> Calls);

/// <param name="RoundsMax">Rounds of tool calls.</param>
internal sealed record RoundLimits(int RoundsMax, long? OutputTokensMax);

internal abstract record RoundStep;

/// <param name="OutputTokensLeft">Null for no cap.</param>
internal sealed record AskModel(int Round, long? OutputTokensLeft) : RoundStep;

internal sealed record RunCalls(IReadOnlyList<TurnToolCall> Calls) : RoundStep;

internal sealed record AwaitDecisions(IReadOnlyList<TurnToolCall> Calls) : RoundStep;

internal sealed record FinishTurn : RoundStep;

internal sealed record EndTurn(Problem Problem) : RoundStep;

/// <summary>
/// What a turn does next, from what is stored of it: no clock, no random, no I/O. The same rounds give the same step in whichever process
/// asks, which is what going on after a crash or a decision rests on.
/// </summary>
internal static class Rounds
{
    /// <summary>The same question with the same answer, so often; the next time it is a loop.</summary>
    public const int RepeatsMax = 2;

    private const string Break = "\n\n";

    public static RoundStep Next(IReadOnlyList<TurnRound> rounds, RoundLimits limits)
    {
        if (rounds.Count == 0) return Ask(rounds, limits);
        var last = rounds[^1];
        if (last.Calls.Count == 0) return new FinishTurn();
        if (last.Calls.All(static call => call.State == CallState.Planned))
        {
            if (rounds.Count > limits.RoundsMax)
                return new EndTurn(SessionProblems.TooManyToolRounds.Because($"The model asked for tools again after {limits.RoundsMax} rounds."));
            if (Repeated(rounds) is { } call)
                return new EndTurn(SessionProblems.RunawayLoop.Because($"The model asked {RepeatsMax + 1} times for {call.Name} with the same arguments; the answer was the same each time."));
        }
        var due = last.Calls.Where(static call => call.CanRun).ToList();
        if (due.Count > 0) return new RunCalls(due);
        var awaited = last.Calls.Where(static call => call.State == CallState.Awaiting).ToList();
        return awaited.Count > 0 ? new AwaitDecisions(awaited) : Ask(rounds, limits);
    }

    /// <summary>Whether a turn whose owner died can go on: what was seen of its answer is what its stored rounds say. Words of a call that broke off cannot be taken back.</summary>
    public static bool CanGoOn(IReadOnlyList<TurnRound> rounds, string released) => rounds.Count > 0 && rounds[^1].Calls.Count > 0 && released == Text(rounds);

    /// <summary>All that was said, each round a paragraph.</summary>
    public static string Text(IReadOnlyList<TurnRound> rounds)
    {
        var text = "";
        foreach (var round in rounds) text += Lead(text, round.Said) + round.Said;
        return text;
    }

    /// <summary>What stands between what was said and what follows.</summary>
    public static string Lead(string said, string next) => said.Length == 0 || next.Length == 0 || said[^1] == '\n' ? "" : Break;

    /// <summary>Output tokens that count against a cap: an unknown count as all that were allowed.</summary>
    public static long Spent(IReadOnlyList<TurnRound> rounds) => rounds.Sum(static round =>
        (round.Receipt.OutputTokens ?? round.OutputTokensMax) + round.Calls.Sum(static call => call.Result?.Delegated?.Charged ?? 0));

    private static RoundStep Ask(IReadOnlyList<TurnRound> rounds, RoundLimits limits)
    {
        long? left = limits.OutputTokensMax is { } cap ? cap - Spent(rounds) : null;
        return left <= 0
            ? new EndTurn(SessionProblems.BudgetSpent.Because($"The turn may write {limits.OutputTokensMax} tokens in all, and has."))
            : new AskModel(rounds.Count + 1, left);
    }

    private static TurnToolCall? Repeated(IReadOnlyList<TurnRound> rounds)
    {
        var before = rounds.Take(rounds.Count - 1).SelectMany(static round => round.Calls).ToList();
        return rounds[^1].Calls.FirstOrDefault(call => before.Where(other => other.Name == call.Name && other.Arguments == call.Arguments)
            .GroupBy(static other => (other.Result?.Outcome, other.Result?.Text)).Any(static same => same.Count() >= RepeatsMax));
    }
}
