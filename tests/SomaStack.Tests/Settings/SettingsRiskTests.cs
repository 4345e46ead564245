using SomaStack.Governance.Settings;
using SomaStack.Governance.Settings.Contracts;

namespace SomaStack.Tests.Settings;

public sealed class SettingsRiskTests
{
    private const long Dollar = 1_000_000_000;

    [Theory]
    [InlineData(10L, 20L, false)]
    [InlineData(10L, 1000L, false)]
    [InlineData(10L, 1001L, true)]
    [InlineData(5000L, 4000L, false)]
    [InlineData(null, 4000L, false)]
    [InlineData(10L, null, true)]
    [InlineData(null, null, false)]
    public void A_higher_budget_is_risky_above_a_thousand(long? before, long? next, bool risky)
    {
        string[] expected = risky ? [SettingsRisks.BudgetRaised] : [];
        Assert.Equal(expected, SettingsRisk.Of(With([], before), With([], next)));
    }

    [Fact]
    public void So_is_a_place_that_was_not_allowed_before()
    {
        Assert.Equal([SettingsRisks.ResidencyCleared], SettingsRisk.Of(With(["eu"], null), With([], null)));
        Assert.Equal([SettingsRisks.ResidencyWidened], SettingsRisk.Of(With(["eu"], null), With(["eu", "us"], null)));
        Assert.Empty(SettingsRisk.Of(With(["eu", "us"], null), With(["eu"], null)));
        Assert.Empty(SettingsRisk.Of(With([], null), With(["eu"], null)));
    }

    private static TenantSettings With(string[] regions, long? dollars) => new("demo", "Demo", regions, null, dollars * Dollar, 1);
}
