using SomaStack.Governance.Billing.Contracts;

namespace SomaStack.Governance.Policy.Contracts;

/// <summary>
/// The most that an action may take, for the ceilings of a constitution. Null is unknown, which counts as unlimited: a ceiling on
/// <c>output_tokens</c> then caps the answer, any other denies.
/// </summary>
/// <param name="InputTokens">What a model reads at most.</param>
/// <param name="OutputTokens">What it writes at most; null when the request sets no limit.</param>
/// <param name="Cost">In US dollars.</param>
public sealed record ActionQuantities(double? InputTokens = null, double? OutputTokens = null, double? Cost = null)
{
    public static readonly ActionQuantities None = new(0, 0, 0);

    /// <summary>Of one call of a model. Its cost is unknown when its price is, when it is not in US dollars, or when something else than tokens is paid for.</summary>
    public static ActionQuantities OfCall(IBilling billing, ModelPrice? price, long inputTokensMax, long? outputTokensMax) =>
        new(inputTokensMax, outputTokensMax, CostOf(billing, price, inputTokensMax, outputTokensMax));

    private static double? CostOf(IBilling billing, ModelPrice? price, long inputTokensMax, long? outputTokensMax)
    {
        if (price is null) return null;
        if (price.IsFree) return 0;
        if (price is not { Currency: "USD", AudioNanosPerMinute: null, CharacterNanosPerMillion: null } || outputTokensMax is null) return null;
        return billing.CostNanos(price, new TokenUsage(inputTokensMax, outputTokensMax)) / 1e9;
    }
}
