using SomaStack.Governance.Approvals;
using SomaStack.Governance.Identity;
using SomaStack.Governance.Settings;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;
using SomaStack.StoreTests.Identity;

namespace SomaStack.StoreTests.Settings;

/// <summary>The mode over both databases: guardrails, two keys, ends, and replicas that follow.</summary>
public sealed class ModeContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task A_debug_mode_ends_by_itself_on_every_replica_and_one_of_them_writes_it_down(string name)
    {
        var database = await databases.CreateAsync(name);
        await using var here = await Governed.StartAsync(database, null, null);
        await using var there = await Governed.StartAsync(database, null, here.Clock);
        await SetAsync(here, DeploymentMode.DeveloperFull);
        await SetAsync(here, DeploymentMode.TestDebug, here.Clock.GetUtcNow().AddMinutes(30), DeploymentMode.DeveloperFull);
        foreach (var house in new[] { here, there })
        {
            await house.Get<FollowInstallation>().OnceAsync(Stop);
            Assert.Equal(DeploymentMode.TestDebug, house.Get<ISettings>().Mode);
        }
        here.Clock.Advance(TimeSpan.FromMinutes(30));
        // Nobody has written anything yet, and both know.
        Assert.Equal((DeploymentMode.DeveloperFull, DeploymentMode.DeveloperFull), (here.Get<ISettings>().Mode, there.Get<ISettings>().Mode));
        await Task.WhenAll(new[] { here, there, here, there }.Select(house => house.Get<FollowInstallation>().OnceAsync(Stop)));
        await there.Get<ServedMode>().FollowAsync(Stop);
        Assert.Equal((4L, null), (there.Get<ServedMode>().State.Version, there.Get<ServedMode>().State.ExpiresAt));
        var ended = Assert.Single(await here.JournalAsync(Db.AllTenants), static line => line.StartsWith(SettingsEvents.ModeChanged, StringComparison.Ordinal));
        Assert.Contains("\"from\":\"test-debug\",\"to\":\"developer-full\"", ended, StringComparison.Ordinal);
        Assert.Contains("\"cause\":\"expired\"", ended, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Whatever_is_in_the_way_is_named_in_full_and_nothing_changes(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var dry = await house.Get<ChangeMode>().TryAsync(new ChangeModeRequest("production-debug", "To see"), Ada(), Stop);
        Assert.False(dry.Allowed);
        Assert.True(dry.NeedsSecondKey);
        // This house holds no room of models and no constitution, so their checks are missing, which blocks as well.
        Assert.Equal(["constitution_verifies", "debug_expiry", "generative_model", "second_approver"], dry.Blocked.Select(static found => found.Code).Order(StringComparer.Ordinal));
        Assert.Contains("1 active principals", dry.Blocked.Single(static found => found.Code == "second_approver").Detail, StringComparison.Ordinal);
        var refusal = await Assert.ThrowsAsync<Problem>(() => house.Get<ChangeMode>().RunAsync(new ChangeModeRequest("production", "Now"), Ada(), Stop));
        Assert.Equal(("mode_blocked", 3), (refusal.Code.Code, refusal.Reasons.Count));
        Assert.Equal(DeploymentMode.DeveloperLight, house.Get<ISettings>().Mode);
        foreach (var wrong in new ChangeModeRequest[] { new("prod", "x"), new("test", ""), new("test", "x", 10), new("test-debug", "x", 0), new("test-debug", "x", 1441) })
            Assert.Equal("invalid_request", (await Assert.ThrowsAsync<Problem>(() => house.Get<ChangeMode>().RunAsync(wrong, Ada(), Stop))).Code.Code);
        Assert.Equal("mode_unchanged", (await Assert.ThrowsAsync<Problem>(() => house.Get<ChangeMode>().RunAsync(new ChangeModeRequest("developer-light", "Again"), Ada(), Stop))).Code.Code);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Out_of_production_takes_a_second_person_and_other_modes_do_not(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var change = house.Get<ChangeMode>();
        Assert.Equal(DeploymentMode.DeveloperFull, (await change.RunAsync(new ChangeModeRequest("developer-full", "Shaped like production"), Ada(), Stop)).State!.Mode);
        await SetAsync(house, DeploymentMode.Production);
        var request = new ChangeModeRequest("developer-light", "Moving away");
        var (asked, none) = await change.RunAsync(request, Ada(), Stop);
        Assert.Null(none);
        Assert.Equal(DeploymentMode.Production, house.Get<ISettings>().Mode);
        var approved = await SecondPerson.ApproveAsync(house.Get<IdentityStore>(), house.Get<PutUser>(), house.Get<DecideApproval>(), Ada(), asked!.Id, asked.Digest);
        Assert.Equal("approval_void", (await Assert.ThrowsAsync<Problem>(() => change.RunAsync(request with { Mode = "developer-full" }, approved, Stop))).Code.Code);
        (asked, _) = await change.RunAsync(request, Ada(), Stop);
        approved = await SecondPerson.ApproveAsync(house.Get<IdentityStore>(), house.Get<PutUser>(), house.Get<DecideApproval>(), Ada(), asked!.Id, asked.Digest);
        Assert.Equal(DeploymentMode.DeveloperLight, (await change.RunAsync(request, approved, Stop)).State!.Mode);
        Assert.Equal(DeploymentMode.DeveloperLight, house.Get<ISettings>().Mode);
        Assert.Contains($"\"approval\":\"{approved.Approval}\"", (await house.JournalAsync(Db.AllTenants))[^1], StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_production_installation_does_not_start_with_keys_that_everybody_can_read(string name)
    {
        var database = await databases.CreateAsync(name);
        await using var first = await Governed.StartAsync(database, null, null);
        await SetAsync(first, DeploymentMode.Production);
        var loose = Directory.EnumerateFiles(first.Options.KeysDirectory, "*.pem").First();
        if (OperatingSystem.IsWindows()) return;
        File.SetUnixFileMode(loose, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => Governed.StartAsync(database, first.Options.DataDirectory, null));
        Assert.Contains("key_files_private", refusal.Message, StringComparison.Ordinal);
        File.SetUnixFileMode(loose, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await using var again = await Governed.StartAsync(database, first.Options.DataDirectory, null);
        Assert.Equal(DeploymentMode.Production, again.Get<ISettings>().Mode);
    }

    private static async Task SetAsync(Governed house, DeploymentMode mode, DateTimeOffset? until = null, DeploymentMode? fallback = null)
    {
        await house.Get<ServedMode>().FollowAsync(Stop);
        var next = new ModeState(mode, until, fallback, house.Get<ServedMode>().State.Version + 1, "Set by the test", "ada", house.Clock.GetUtcNow());
        Assert.True(await house.Db.WriteAsync(Db.AllTenants, work => ModeStore.TryWriteAsync(work, next), Stop));
        await house.Get<ServedMode>().FollowAsync(Stop);
    }

    private static RequestContext Ada() => Databases.Context("demo", "ada");
}
