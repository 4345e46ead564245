using SomaStack.Governance.Settings;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;
using SomaStack.StoreTests.Identity;

namespace SomaStack.StoreTests.Settings;

public sealed class SettingsStoreTests(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task A_change_takes_effect_here_at_once_and_on_another_replica_within_ten_seconds(string name)
    {
        var database = await databases.CreateAsync(name);
        await using var here = await Governed.StartAsync(database, null, null);
        await using var there = await Governed.StartAsync(database, null, here.Clock);
        Assert.Equal(new TenantSettings("demo", "demo", [], null, null, 0).Version, (await there.Get<ISettings>().OfTenantAsync("demo", Stop)).Version);
        await ChangeAsync(here, 0, 5m);
        Assert.Equal(5_000_000_000, (await here.Get<ISettings>().OfTenantAsync("demo", Stop)).DailyBudgetNanos);
        here.Clock.Advance(ServedSettings.Freshness);
        Assert.Equal(5_000_000_000, (await there.Get<ISettings>().OfTenantAsync("demo", Stop)).DailyBudgetNanos);
        Assert.Null((await here.Get<ISettings>().OfTenantAsync("other", Stop)).DailyBudgetNanos);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Of_two_who_change_the_same_version_one_is_told_so(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        foreach (var version in new[] { 0L, 1L })
        {
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 4).Select(async i =>
            {
                try { await ChangeAsync(house, version, i); return true; }
                catch (Problem problem) when (problem.Code.Code == "version_mismatch") { return false; }
            }));
            Assert.Equal(1, outcomes.Count(won => won));
        }
        Assert.Equal(2, (await house.JournalAsync("demo")).Count(line => line.StartsWith(SettingsEvents.Changed, StringComparison.Ordinal)));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_fresh_installation_is_developer_light_and_an_operator_s_mode_survives_a_start(string name)
    {
        var database = await databases.CreateAsync(name);
        await using var first = await Governed.StartAsync(database, null, null);
        Assert.Equal(DeploymentMode.DeveloperLight, first.Get<ISettings>().Mode);
        await first.Db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"UPDATE deployments SET mode = {"production"} WHERE tenant = {Db.AllTenants}"), Stop);
        await using var second = await Governed.StartAsync(database, first.Options.DataDirectory, null);
        Assert.Equal(DeploymentMode.Production, second.Get<ISettings>().Mode);
    }

    private static async Task<TenantSettings> ChangeAsync(Governed house, long version, decimal budget) =>
        (await house.Get<ChangeSettings>().RunAsync(new ChangeSettingsRequest("Demo", ["eu"], 100, budget), Databases.Context("demo", "owner"), version, Stop)).Changed!;
}
