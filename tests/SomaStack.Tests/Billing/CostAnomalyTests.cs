using SomaStack.Governance.Billing;
using SomaStack.Governance.Billing.Contracts;

namespace SomaStack.Tests.Billing;

/// <summary>The loudest complaint about gateways is a cost of nothing for work that was done.</summary>
public sealed class CostAnomalyTests
{
    private static readonly UnitPrices Paid = new(2_500_000_000, 10_000_000_000, 1_250_000_000);

    public static TheoryData<string?, TokenUsage, long?> Cases => new()
    {
        { null, new TokenUsage(100, 10), 1_000_000 },
        { "usage_missing", new TokenUsage(null, null), 1_000_000 },
        { "usage_missing", new TokenUsage(100, null), 1_000_000 },
        { "usage_unpriced", new TokenUsage(100, 10, 200), 1_000_000 },
        { "usage_unpriced", new TokenUsage(100, 10, 0, null, 50), 1_000_000 },
        { "no_tokens", new TokenUsage(0, 0), 1_000_000 },
        { "over_reservation", new TokenUsage(1_000_000, 10), 1_000_000 },
        // A reservation that had no amount cannot be exceeded.
        { null, new TokenUsage(1_000_000, 10), null },
    };

    [Theory, MemberData(nameof(Cases))]
    public void A_cost_is_looked_at_for_what_is_usually_a_mistake(string? reason, TokenUsage usage, long? reserved) =>
        Assert.Equal(reason, CostAnomalies.ReasonOf(Paid, reserved, usage, Pricing.CostNanos(Paid, usage)));

    [Fact]
    public void Work_that_rounds_to_nothing_is_named()
    {
        var tiny = new UnitPrices(1, 1, null);
        Assert.Equal("zero_cost", CostAnomalies.ReasonOf(tiny, 5, new TokenUsage(3, 1), Pricing.CostNanos(tiny, new TokenUsage(3, 1))));
    }

    [Fact]
    public void What_the_price_book_does_not_know_is_named_and_what_it_says_is_free_is_not()
    {
        Assert.Equal("price_unknown", CostAnomalies.ReasonOf(null, null, new TokenUsage(5, 5), null));
        Assert.Null(CostAnomalies.ReasonOf(new UnitPrices(0, 0, 0), 0, new TokenUsage(5, 5), 0));
        Assert.Null(CostAnomalies.ReasonOf(new UnitPrices(0, 0, null), 0, new TokenUsage(null, null), 0));
        // A model that is priced by time is not free because its tokens are.
        var heard = new UnitPrices(0, 0, null, AudioMinute: 6_000_000);
        Assert.Equal("usage_missing", CostAnomalies.ReasonOf(heard, 10, new TokenUsage(null, null), Pricing.CostNanos(heard, new TokenUsage(null, null))));
    }

    [Fact]
    public void The_contract_and_the_code_name_the_same_reasons() => Assert.Equal(CostAnomalies.All.Count, CostAnomalies.All.Distinct().Count());
}
