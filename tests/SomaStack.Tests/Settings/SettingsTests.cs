using CsCheck;
using SomaStack.Governance.Settings;
using SomaStack.Governance.Settings.Contracts;

namespace SomaStack.Tests.Settings;

public sealed class SettingsTests
{
    [Fact]
    public void An_amount_survives_the_way_to_nanos_and_back() =>
        Gen.Long[0, 9_000_000_000_000_000_000].Sample(nanos => Assert.Equal(nanos, SettingsFields.Nanos(nanos / 1_000_000_000m)));

    [Fact]
    public void What_is_no_whole_number_of_nanos_in_range_is_refused()
    {
        foreach (var amount in new[] { -0.01m, 0.0000000001m, 9_000_000_001m, decimal.MaxValue, decimal.MinValue }) Assert.Null(SettingsFields.Nanos(amount));
    }

    [Fact]
    public void The_version_hash_knows_every_field_and_no_order_of_regions()
    {
        var settings = new TenantSettings("demo", "Demo", ["eu", "us"], 10, 20, 3);
        var hash = SettingsView.Hash(settings);
        Assert.Equal(hash, SettingsView.Hash(settings with { ResidencyRegions = ["us", "eu"] }));
        foreach (var other in new[]
        {
            settings with { Tenant = "x" }, settings with { DisplayName = "x" }, settings with { ResidencyRegions = ["eu"] }, settings with { RequestsPerMinute = null },
            settings with { DailyBudgetNanos = 10 }, settings with { Version = 4 }, settings with { RequestsPerMinute = 1020, DailyBudgetNanos = null },
        })
            Assert.NotEqual(hash, SettingsView.Hash(other));
    }
}
