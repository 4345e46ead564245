using System.Globalization;
using SomaStack.Agents.Capsules.Contracts;

namespace SomaStack.Agents.Workflows;

/// <summary>What a run may take. A budget is a wall: it is looked at before an effect becomes due and after each result.</summary>
internal static class RunLimits
{
    private const long NanosPerUnit = 1_000_000_000;

    /// <summary>The tighter of what was given and what the capsule says. Money of the capsule counts in the currency that costs are kept in.</summary>
    public static RunBudget Tighter(RunBudget given, CapsuleBudget own, long at) => new(
        Least(given.Tokens, own.Tokens),
        Least(given.CostNanos, own.Money is { } money && own.Currency == "USD" ? (long)Math.Min(money * NanosPerUnit, long.MaxValue) : null),
        (int?)Least(given.Steps, own.Steps),
        Least(given.Deadline, own.Time is { } time ? at + (long)time.TotalMicroseconds : null));

    /// <summary>Why this action must not begin; null when it may. What open nested runs may still use counts as used.</summary>
    public static StepFailure? Before(RunState state, string action, long at)
    {
        var taken = Sum(state.Used, state.Reserved);
        if (state.Limit.Deadline is { } deadline && at >= deadline) return Exhausted(state, "time", at);
        if (state.Limit.Steps is { } steps && taken.Steps >= steps) return Exhausted(state, "steps", at);
        if (RunActions.UsesTokens(action) && state.Limit.Tokens is { } tokens && taken.Tokens >= tokens) return Exhausted(state, "tokens", at);
        if (RunActions.Works(action) && state.Limit.CostNanos is { } cost && taken.CostNanos >= cost) return Exhausted(state, "money", at);
        return null;
    }

    /// <summary>Why the run must stop now; null when it may go on.</summary>
    public static StepFailure? After(RunState state, long at)
    {
        if (state.Limit.Deadline is { } deadline && at >= deadline) return Exhausted(state, "time", at);
        if (state.Limit.Tokens is { } tokens && state.Used.Tokens > tokens) return Exhausted(state, "tokens", at);
        if (state.Limit.CostNanos is { } cost && state.Used.CostNanos > cost) return Exhausted(state, "money", at);
        return null;
    }

    /// <summary>
    /// What a nested run may use: what is left, in equal parts for all nested runs that may be going on at the same time, so that together
    /// they cannot use more than there is.
    /// </summary>
    public static RunBudget Share(RunState state, int parts) => new(
        Part(state.Limit.Tokens, state.Used.Tokens + state.Reserved.Tokens, parts),
        Part(state.Limit.CostNanos, state.Used.CostNanos + state.Reserved.CostNanos, parts),
        // Its own step is counted by the run that begins it.
        (int?)Part(state.Limit.Steps, (long)state.Used.Steps + state.Reserved.Steps + 1, parts),
        state.Limit.Deadline);

    public static long? TokensLeft(RunState state) => state.Limit.Tokens is { } tokens ? Math.Max(0, tokens - state.Used.Tokens - state.Reserved.Tokens) : null;

    public static EffectUse Sum(EffectUse a, EffectUse b) => new(Add(a.Tokens, b.Tokens), Add(a.CostNanos, b.CostNanos), (int)Math.Min(int.MaxValue, (long)a.Steps + b.Steps));

    public static EffectUse Without(EffectUse a, EffectUse b) => new(a.Tokens - b.Tokens, a.CostNanos - b.CostNanos, a.Steps - b.Steps);

    public static EffectUse Held(RunBudget? left) => left is null ? default : new EffectUse(left.Tokens ?? 0, left.CostNanos ?? 0, left.Steps ?? 0);

    /// <summary>A report that takes something away would be a way around the wall.</summary>
    public static EffectUse Sound(EffectUse used) => new(Math.Max(0, used.Tokens), Math.Max(0, used.CostNanos), Math.Max(0, used.Steps));

    private static StepFailure Exhausted(RunState state, string which, long at)
    {
        var invariant = CultureInfo.InvariantCulture;
        var limit = state.Limit;
        var held = state.Reserved == default ? "" : string.Create(invariant, $" Of these limits {state.Reserved.Tokens} tokens, {Money(state.Reserved.CostNanos)} and {state.Reserved.Steps} steps are held for nested runs.");
        var detail = string.Create(invariant, $"The budget of {which} is used up: {state.Used.Tokens} of {limit.Tokens?.ToString(invariant) ?? "any"} tokens, ")
            + $"{Money(state.Used.CostNanos)} of {(limit.CostNanos is { } cost ? Money(cost) : "any")} money, "
            + string.Create(invariant, $"{state.Used.Steps} of {limit.Steps?.ToString(invariant) ?? "any"} steps, {Seconds(at - state.BeganAt)} of {(limit.Deadline is { } deadline ? Seconds(deadline - state.BeganAt) : "any")} seconds.")
            + held;
        return new StepFailure("budget_exhausted", detail);
    }

    private static string Money(long nanos) => ((decimal)nanos / NanosPerUnit).ToString("0.#########", CultureInfo.InvariantCulture);

    private static string Seconds(long micros) => ((decimal)micros / 1_000_000).ToString("0.###", CultureInfo.InvariantCulture);

    private static long? Part(long? limit, long taken, int parts)
    {
        if (limit is not { } whole) return null;
        var left = Math.Max(0, whole - taken);
        return left == 0 ? 0 : Math.Max(1, left / Math.Max(1, parts));
    }

    private static long? Least(long? a, long? b) => a is null ? b : b is null ? a : Math.Min(a.Value, b.Value);

    private static long Add(long a, long b) => a > long.MaxValue - b ? long.MaxValue : a + b;
}
