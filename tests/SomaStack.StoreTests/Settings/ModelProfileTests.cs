using SomaStack.Governance.Settings;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;
using SomaStack.StoreTests.Identity;

namespace SomaStack.StoreTests.Settings;

public sealed class ModelProfileTests(Databases databases)
{
    private static readonly ModelProfile Chat = ModelProfile.Of(ModelRoles.Chat, "gpt-4o", "groq/llama-3.3-70b") with { Temperature = 0.1, MaxTokens = 2048, Cache = true, Retries = 2, TimeoutSeconds = 7.5, HedgeAfterMs = 250 };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task A_profile_holds_here_at_once_and_on_another_replica_within_ten_seconds(string name)
    {
        var database = await databases.CreateAsync(name);
        await using var here = await Governed.StartAsync(database, null, null);
        await using var there = await Governed.StartAsync(database, null, here.Clock);
        Assert.Empty(await there.Get<IModelProfiles>().OfTenantAsync("demo", Stop));
        await ChangeAsync(here, Chat, 0);
        var read = (await here.Get<IModelProfiles>().OfTenantAsync("demo", Stop))[ModelRoles.Chat];
        Assert.Equivalent(Chat with { Version = 1 }, read, strict: true);
        here.Clock.Advance(ServedModelProfiles.Freshness);
        Assert.Equal("gpt-4o", (await there.Get<IModelProfiles>().OfTenantAsync("demo", Stop))[ModelRoles.Chat].Primary);
        Assert.Empty(await here.Get<IModelProfiles>().OfTenantAsync("other", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Of_two_who_change_the_same_version_one_is_told_so(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        foreach (var version in new[] { 0L, 1L })
        {
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 4).Select(async i =>
            {
                try { await ChangeAsync(house, Chat with { Primary = "model-" + i }, version); return true; }
                catch (Problem problem) when (problem.Code.Code == "version_mismatch") { return false; }
            }));
            Assert.Equal(1, outcomes.Count(won => won));
        }
        Assert.Equal(2, (await house.JournalAsync("demo")).Count(line => line.StartsWith(SettingsEvents.ModelProfileChanged, StringComparison.Ordinal)));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_reset_role_is_absent_and_its_version_goes_on(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var profiles = house.Get<ServedModelProfiles>();
        await ChangeAsync(house, Chat, 0);
        await profiles.ResetAsync(Databases.Context("demo", "owner"), ModelRoles.Chat, 1, Stop);
        Assert.Empty(await profiles.OfTenantAsync("demo", Stop));
        Assert.Equal(("chat", null, 2L), (await profiles.CurrentAsync("demo", Stop)).Single() is var row ? (row.Role, row.Profile, row.Version) : default);
        await Assert.ThrowsAsync<Problem>(() => ChangeAsync(house, Chat, 1));
        Assert.Equal(3, (await ChangeAsync(house, Chat, 2)).Version);
        Assert.Contains("\"primary\":null", (await house.JournalAsync("demo"))[^2], StringComparison.Ordinal);
    }

    private static Task<ModelProfile> ChangeAsync(Governed house, ModelProfile profile, long version) =>
        house.Get<IModelProfiles>().ChangeAsync(Databases.Context("demo", "owner"), profile, version, Stop);
}
