namespace SomaStack.Governance.Billing;

/// <summary>One line of a ledger transaction; a debit is positive, a credit negative.</summary>
internal readonly record struct Posting(string Account, long AmountNanos);

/// <summary>The postings of one step of a reservation, as they are stored.</summary>
/// <param name="Kind">reserve, settle or release.</param>
internal readonly record struct LedgerTransaction(ReservationRow Of, string Kind, string Id, IReadOnlyList<Posting> Postings, long At);

/// <summary>
/// Which postings each step of a call makes; pure. Every result sums to zero.
/// <list type="bullet">
/// <item><c>tenant:reserved</c>: bound for calls under way; <c>tenant:available</c> is its counter-account, so its balance is minus all that is bound.</item>
/// <item><c>tenant:unsettled</c>: calls that ended without telling their cost. They cost at most this; nobody knows how much.</item>
/// <item><c>tenant:usage</c>: what the tenant owes; <c>platform:revenue</c> is its counter-account.</item>
/// </list>
/// </summary>
internal static class Ledger
{
    public const string Reserved = "tenant:reserved";
    public const string Available = "tenant:available";
    public const string Unsettled = "tenant:unsettled";
    public const string Usage = "tenant:usage";
    public const string Revenue = "platform:revenue";

    public static IReadOnlyList<Posting> Reserve(long amount) => Move(amount, from: Available, to: Reserved);

    public static IReadOnlyList<Posting> Release(long amount) => Move(amount, from: Reserved, to: Available);

    /// <param name="reserved">What is bound for the call; 0 when its reservation was given back already or never had an amount.</param>
    /// <param name="cost">Null when it is unknown: then what was bound stays bound, as unsettled.</param>
    public static IReadOnlyList<Posting> Settle(long reserved, long? cost) => cost is { } known
        ? [.. Move(reserved, from: Reserved, to: Available), .. Move(known, from: Revenue, to: Usage)]
        : Move(reserved, from: Reserved, to: Unsettled);

    private static Posting[] Move(long amount, string from, string to) => amount switch
    {
        < 0 => throw new ArgumentOutOfRangeException(nameof(amount)),
        0 => [],
        _ => [new Posting(to, amount), new Posting(from, -amount)],
    };
}
