using SomaStack.Governance.Settings;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;
using SomaStack.StoreTests.Identity;

namespace SomaStack.StoreTests.Settings;

public sealed class SettingsHistoryTests(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task Every_version_is_kept_and_an_old_one_comes_back_as_a_new_one(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        await ChangeAsync(house, 0, new ChangeSettingsRequest("Demo", ["eu"], 100, 5m));
        await ChangeAsync(house, 1, new ChangeSettingsRequest("Demo 2", ["eu", "us"]));
        await ChangeAsync(house, 2, new ChangeSettingsRequest("Demo 3"), "other");
        var rows = await house.Get<SettingsStore>().VersionsAsync("demo", long.MaxValue, 10, Stop);
        Assert.Equal([(2L, "Demo 2"), (1L, "Demo")], rows.Select(row => (row.Settings.Version, row.Settings.DisplayName)));
        Assert.All(rows, row => Assert.Equal("owner", row.ChangedBy));

        var restored = (await house.Get<SettingsHistory>().RestoreAsync(Context(), 1, 2, Stop)).Changed!;
        Assert.Equal((3L, "Demo", 100L, 5_000_000_000L), (restored.Version, restored.DisplayName, restored.RequestsPerMinute!.Value, restored.DailyBudgetNanos!.Value));
        Assert.Equal(1, (await house.Get<SettingsStore>().VersionsAsync("demo", long.MaxValue, 1, Stop))[0].RestoredFrom);
        Assert.Equal("version_mismatch", await RefusedAsync(() => house.Get<SettingsHistory>().RestoreAsync(Context(), 1, 2, Stop)));
        Assert.Equal("not_found", await RefusedAsync(() => house.Get<SettingsHistory>().RestoreAsync(Context(), 9, 3, Stop)));
        // Before the first change there were the defaults, and they can come back too.
        Assert.Equal((4L, "demo", 0), (await house.Get<SettingsHistory>().RestoreAsync(Context(), 0, 3, Stop)).Changed! is var empty ? (empty.Version, empty.DisplayName, empty.ResidencyRegions.Count) : default);
        Assert.Equal(4, (await house.JournalAsync("demo")).Count(line => line.StartsWith(SettingsEvents.Changed, StringComparison.Ordinal)));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_installation_s_defaults_reach_every_tenant_that_set_nothing_else_on_every_replica(string name)
    {
        var database = await databases.CreateAsync(name);
        await using var here = await Governed.StartAsync(database, null, null);
        await using var there = await Governed.StartAsync(database, null, here.Clock);
        await ChangeAsync(here, 0, new ChangeSettingsRequest("Demo", null, 7));
        await there.Get<ISettings>().OfTenantAsync("demo", Stop);
        await here.Get<ChangeSettings>().RunAsync(new ChangeSettingsRequest("All", ["eu"], 50, 3m), Context(), Db.AllTenants, 0, null, Stop);
        foreach (var house in new[] { here, there })
        {
            if (house == there) await house.Get<FollowInstallation>().OnceAsync(Stop);
            var demo = await house.Get<ISettings>().OfTenantAsync("demo", Stop);
            Assert.Equal(("eu", 7L, 3_000_000_000L), (demo.ResidencyRegions.Single(), demo.RequestsPerMinute!.Value, demo.DailyBudgetNanos!.Value));
            Assert.Equal(50, (await house.Get<ISettings>().OfTenantAsync("other", Stop)).RequestsPerMinute);
            var inside = await house.Db.WriteAsync("third", work => house.Get<ISettings>().OfTenantAsync(work, "third").AsTask(), Stop);
            Assert.Equal(50, inside.RequestsPerMinute);
        }
        var view = here.Get<ChangeSettings>().View(await here.Get<ServedSettings>().CurrentAsync("demo", Stop));
        Assert.Equal(new SettingsSources("tenant", "installation", "tenant", "installation"), view.Sources);
        Assert.Equal(new SettingsSources("default", "installation", "installation", "installation"), here.Get<ChangeSettings>().View(ServedSettings.Defaults("other")).Sources);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_principal_s_preferences_come_before_the_tenant_s_and_a_reset_uncovers_them(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var use = house.Get<ChangeNotificationPreferences>();
        Assert.Same(NotificationPreferences.Default, await use.OfAsync("demo", "ada", Stop));
        var tenant = new NotificationPreferences([new ChannelPreference("email", true, "error")]);
        var own = new NotificationPreferences([new ChannelPreference("webhook", false)], new QuietHours("22:00", "07:00", "Europe/Zurich"));
        await use.WriteAsync(Context(), "", tenant, 0, Stop);
        Assert.Equivalent(tenant, await use.OfAsync("demo", "ada", Stop), strict: true);
        await use.WriteAsync(Context(), "ada", own, 0, Stop);
        Assert.Equivalent(own, await use.OfAsync("demo", "ada", Stop), strict: true);
        Assert.Equivalent(tenant, await use.OfAsync("demo", "eve", Stop), strict: true);
        Assert.Same(NotificationPreferences.Default, await use.OfAsync("other", "ada", Stop));
        Assert.Equal("version_mismatch", await RefusedAsync(() => use.WriteAsync(Context(), "ada", own, 0, Stop)));
        await use.WriteAsync(Context(), "ada", null, 1, Stop);
        Assert.Equivalent(tenant, await use.OfAsync("demo", "ada", Stop), strict: true);
        Assert.Equal(3, (await house.JournalAsync("demo")).Count(line => line.StartsWith(SettingsEvents.NotificationPreferencesChanged, StringComparison.Ordinal)));
    }

    private static RequestContext Context(string tenant = "demo") => Databases.Context(tenant, "owner");

    private static async Task<TenantSettings> ChangeAsync(Governed house, long version, ChangeSettingsRequest request, string tenant = "demo") =>
        (await house.Get<ChangeSettings>().RunAsync(request, Context(tenant), tenant == "demo" ? version : 0, Stop)).Changed!;

    private static async Task<string> RefusedAsync(Func<Task> act) => (await Assert.ThrowsAsync<Problem>(act)).Code.Code;
}
