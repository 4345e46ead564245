using SomaStack.Governance.Billing.Contracts;

namespace SomaStack.Agents.Sessions;

/// <summary>What the calls of a turn's model came to, together with what agents used that it asked. A sum of something unknown is unknown. Pure.</summary>
internal sealed record TurnUsage(long? InputTokens, long? OutputTokens, long? CostNanos, string Currency)
{
    public UsageProof Proof => new(InputTokens, OutputTokens, CostNanos is { } nanos ? new CostProof(Money.Of(nanos), Currency) : null);

    public static TurnUsage Of(IReadOnlyList<TurnRound> rounds)
    {
        var sum = new TurnUsage(0, 0, 0, rounds.Count == 0 ? "USD" : rounds[^1].Receipt.Currency);
        foreach (var round in rounds)
        {
            var one = round.Receipt;
            sum = sum.With(one.InputTokens, one.OutputTokens, one.Currency == sum.Currency ? one.CostNanos : null);
            foreach (var use in round.Calls.Select(static call => call.Result?.Delegated))
                if (use is not null) sum = sum.With(use.InputTokens, use.OutputTokens, use.CostNanos);
        }
        return sum;
    }

    /// <summary>Each use of a tool with its record, what was decided on it, and the yes that it needed; null when there was none.</summary>
    public static IReadOnlyList<ToolProof>? Tools(IReadOnlyList<TurnRound> rounds)
    {
        var calls = rounds.SelectMany(static round => round.Calls).Where(static call => call.Result is not null).ToList();
        return calls.Count == 0 ? null : [.. calls.Select(static call => new ToolProof(
            call.Name, call.Round, call.Result!.Outcome, call.Result.Record, Decision(call), call.Approval?.Id, call.Result.Taints))];
    }

    private TurnUsage With(long? input, long? output, long? cost) => this with { InputTokens = InputTokens + input, OutputTokens = OutputTokens + output, CostNanos = CostNanos + cost };

    private static string Decision(TurnToolCall call) =>
        call.Result!.Outcome == "denied" ? "deny"
        : call.Decided is { Code: null } ? "approved"
        : call.Result.Record is null ? "refused" : "allow";
}
