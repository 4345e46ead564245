using System.Text;
using System.Text.Json;
using SomaStack.Governance.Approvals;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Constitution;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Identity;
using SomaStack.Platform;
using SomaStack.StoreTests.Policy;

namespace SomaStack.StoreTests.Constitution;

public sealed class ConstitutionContract(Databases databases)
{
    private static readonly DateTimeOffset IssuedAt = new(2026, 11, 22, 11, 0, 0, TimeSpan.Zero);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task The_first_start_signs_one_constitution_and_the_second_keeps_it(string name)
    {
        await using var one = await House.StartAsync(databases, name);
        var first = await ActiveAsync(one, "demo");
        Assert.Equal(1, first.Version);
        Assert.Equal(ConstitutionSeal.Hash(StarterConstitution.Text()), first.Hash);
        Assert.Empty(ConstitutionDocument.Issues(first.Document));
        var file = Path.Combine(one.Options.KeysDirectory, "constitution.pem");
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        await using var two = await House.StartAsync(one.Options.Database!, one.Options.DataDirectory);
        Assert.Equal(first.Hash, (await ActiveAsync(two, "demo")).Hash);
        Assert.Equal(1, await two.Db.NumberAsync(Db.AllTenants, $"SELECT COUNT(*) FROM constitution_versions WHERE tenant = {Db.AllTenants}", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Replicas_that_start_together_agree_on_one(string name)
    {
        var database = await databases.CreateAsync(name);
        await using var first = await House.StartAsync(database, null);
        await first.Db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"DELETE FROM constitution_versions WHERE tenant = {Db.AllTenants}"), Stop);
        await first.Db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"DELETE FROM journal WHERE tenant = {Db.AllTenants}"), Stop);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => first.Get<StarterConstitution>().EnsureAsync(Stop)));
        Assert.Equal(1, (await ActiveAsync(first, "demo")).Version);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Any_change_to_the_stored_row_stops_everything_within_ten_seconds(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        Assert.Equal(1, (await ActiveAsync(house, "demo")).Version);
        var text = StarterConstitution.Text();
        Func<DbWork, Task>[] attacks =
        [
            work => work.ExecuteAsync($"UPDATE constitution_versions SET document = {text.Replace("People decide", "Peopl3 decide", StringComparison.Ordinal)} WHERE tenant = {Db.AllTenants}"),
            work => work.ExecuteAsync($"UPDATE constitution_versions SET document = {text}, version = {2L} WHERE tenant = {Db.AllTenants}"),
            work => work.ExecuteAsync($"UPDATE constitution_versions SET version = {1L}, issued_at = issued_at + 1 WHERE tenant = {Db.AllTenants}"),
            work => work.ExecuteAsync($"UPDATE constitution_versions SET issued_at = issued_at - 1, hash = {ConstitutionSeal.Hash("{}")}, document = {"{}"} WHERE tenant = {Db.AllTenants}"),
            work => work.ExecuteAsync($"UPDATE constitution_versions SET document = {text}, hash = {ConstitutionSeal.Hash(text)}, signatures = {"[]"} WHERE tenant = {Db.AllTenants}"),
            work => work.ExecuteAsync($"UPDATE constitution_versions SET signatures = {"not json"} WHERE tenant = {Db.AllTenants}"),
        ];
        foreach (var attack in attacks)
        {
            await house.Db.WriteAsync(Db.AllTenants, attack, Stop);
            house.Clock.Advance(TimeSpan.FromSeconds(11));
            Assert.Equal("constitution_unverified", (await Assert.ThrowsAsync<Problem>(() => ActiveAsync(house, "demo"))).Code.Code);
            await Assert.ThrowsAsync<Problem>(() => house.CheckAsync(House.Caller()));
        }
        await house.Db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"DELETE FROM constitution_versions WHERE tenant = {Db.AllTenants}"), Stop);
        Assert.Equal("constitution_missing", (await Assert.ThrowsAsync<Problem>(() => ActiveAsync(house, "demo"))).Code.Code);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Without_the_pinned_key_nothing_verifies(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        await using var stranger = await House.StartAsync(house.Options.Database!, null);
        Assert.Equal(1, (await ActiveAsync(house, "demo")).Version);
        Assert.Equal("constitution_unverified", (await Assert.ThrowsAsync<Problem>(() => ActiveAsync(stranger, "demo"))).Code.Code);
        if (stranger.Options.DataDirectory != house.Options.DataDirectory) Directory.Delete(stranger.Options.DataDirectory, recursive: true);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_newer_signed_version_governs_its_tenant_once_two_people_say_so_and_an_old_one_is_a_replay(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        var inherited = await ActiveAsync(house, "demo");
        var request = Signed(house, "demo", 2);
        var loaded = (await LoadAsync(house, "demo", request))!;
        Assert.Equal(("candidate", 2L), (loaded.State, loaded.Version));
        Assert.Equal(inherited.Hash, (await ActiveAsync(house, "demo")).Hash);
        var (asked, nothing) = await house.Get<ActivateConstitution>().RunAsync(Ada(), new ActivateRequest(2), Stop);
        Assert.Null(nothing);
        Assert.Equal(inherited.Hash, (await ActiveAsync(house, "demo")).Hash);
        var approved = await ApproveAsync(house, Ada(), asked!);
        Assert.Equal((loaded.Hash, 2L, "active"), (await house.Get<ActivateConstitution>().RunAsync(approved, new ActivateRequest(2), Stop)).Done is { } done ? (done.Hash, done.Version, done.State) : default);
        var active = await ActiveAsync(house, "demo");
        Assert.Equal((loaded.Hash, 2L, "Ours"), (active.Hash, active.Version, active.Document.GetProperty("title").GetString()));
        Assert.Equal(inherited.Hash, (await ActiveAsync(house, "other")).Hash);
        Assert.Equal(active.Hash, (await house.CheckAsync(House.Caller())).ConstitutionHash);
        Assert.Equal([ConstitutionEvents.Loaded, ConstitutionEvents.Updated], await house.JournalAsync("demo"));

        Assert.Equal("constitution_replayed", await RefusedAsync(() => LoadAsync(house, "demo", request)));
        Assert.Equal("constitution_replayed", await RefusedAsync(() => LoadAsync(house, "demo", Signed(house, "demo", 1))));
        Assert.Equal("constitution_signature_invalid", await RefusedAsync(() => LoadAsync(house, "other", request)));
        Assert.Equal("constitution_signature_invalid", await RefusedAsync(() => LoadAsync(house, "demo", request with { Version = 3 })));
        Assert.Equal(ConstitutionEvents.Refused, (await house.JournalAsync("demo"))[^1]);
        Assert.Equal("approval_spent", await RefusedAsync(async () => { await LoadAsync(house, "demo", Signed(house, "demo", 4)); await house.Get<ActivateConstitution>().RunAsync(approved, new ActivateRequest(4), Stop); }));
        await LoadAsync(house, "demo", Signed(house, "demo", 5));
        Assert.Equal(5, (await ActivateAsync(house, 5)).Version);
        // What was loaded before the active one is not activated any more.
        Assert.Equal("constitution_not_candidate", await RefusedAsync(() => ActivateAsync(house, 4)));
        Assert.Equal("not_found", await RefusedAsync(() => ActivateAsync(house, 6)));

        // Its own row gone: the tenant does not fall back to an older text.
        await house.Db.WriteAsync("demo", work => work.ExecuteAsync($"UPDATE constitution_versions SET state = {"candidate"} WHERE tenant = {"demo"} AND version = {5L}"), Stop);
        house.Clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("constitution_missing", await RefusedAsync(() => ActiveAsync(house, "demo")));
        await house.Db.WriteAsync("demo", work => work.ExecuteAsync($"UPDATE constitution_versions SET state = {"active"} WHERE tenant = {"demo"} AND version = {2L}"), Stop);
        Assert.Equal("constitution_unverified", await RefusedAsync(() => ActiveAsync(house, "demo")));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_approval_of_one_activation_is_void_once_another_has_happened(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        await LoadAsync(house, "demo", Signed(house, "demo", 2));
        await LoadAsync(house, "demo", Signed(house, "demo", 3));
        var (asked, _) = await house.Get<ActivateConstitution>().RunAsync(Ada(), new ActivateRequest(3), Stop);
        var approved = await ApproveAsync(house, Ada(), asked!);
        await ActivateAsync(house, 2);
        Assert.Equal("approval_void", await RefusedAsync(() => house.Get<ActivateConstitution>().RunAsync(approved, new ActivateRequest(3), Stop)));
        Assert.Equal(2, (await ActiveAsync(house, "demo")).Version);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_rollback_is_a_new_version_with_the_old_document(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        await LoadAsync(house, "demo", Signed(house, "demo", 2));
        var first = await ActivateAsync(house, 2);
        await LoadAsync(house, "demo", Signed(house, "demo", 3, title: "Another"));
        await ActivateAsync(house, 3);
        var roll = house.Get<RollBackConstitution>();
        Assert.Equal("constitution_not_candidate", await RefusedAsync(() => roll.RunAsync(Ada(), new RollBackRequest(3), Stop)));
        var (asked, _) = await roll.RunAsync(Ada(), new RollBackRequest(2), Stop);
        var approved = await ApproveAsync(house, Ada(), asked!);
        var done = (await roll.RunAsync(approved, new RollBackRequest(2), Stop)).Done!;
        Assert.Equal((4L, first.Hash, 3L, 2L), (done.Version, done.Hash, done.Replaced, done.RollbackOf));
        Assert.Equal((4L, first.Hash, "Ours"), await ActiveAsync(house, "demo") is var active ? (active.Version, active.Hash, active.Document.GetProperty("title").GetString()) : default);
        var diff = await house.Get<ListConstitutions>().DiffAsync(Ada(), null, 3, 4, Stop);
        Assert.Equal(["/title changed"], diff.Changes.Select(change => $"{change.Path} {change.Op}"));
        Assert.Equal(3, (await house.JournalAsync("demo")).Count(type => type == ConstitutionEvents.Updated));
        Assert.Equal("approval_spent", await RefusedAsync(() => roll.RunAsync(approved, new RollBackRequest(3), Stop)));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_installation_s_own_constitution_changes_by_platform_administrators_for_every_tenant(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        Assert.Equal("capability_missing", await RefusedAsync(() => LoadAsync(house, "demo", Signed(house, "*", 2) with { Scope = "installation" })));
        var operatorContext = Databases.Context("demo", "ada");
        await house.Get<LoadConstitution>().RunAsync(operatorContext, Signed(house, "*", 2) with { Scope = "installation" }, Stop);
        var request = new ActivateRequest(2, "installation");
        var (asked, _) = await house.Get<ActivateConstitution>().RunAsync(operatorContext, request, Stop);
        await house.Get<ActivateConstitution>().RunAsync(await ApproveAsync(house, operatorContext, asked!), request, Stop);
        foreach (var tenant in new[] { "demo", "other" }) Assert.Equal((2L, "Ours"), await ActiveAsync(house, tenant) is var active ? (active.Version, active.Document.GetProperty("title").GetString()) : default);
        Assert.Equal(2, (await house.JournalAsync(Db.AllTenants)).Count(type => type == ConstitutionEvents.Updated));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Of_loads_that_race_one_wins(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        var request = Signed(house, "demo", 2);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ => await Record.ExceptionAsync(() => LoadAsync(house, "demo", request))));
        Assert.Single(outcomes, outcome => outcome is null);
        Assert.All(outcomes.Where(outcome => outcome is not null), outcome => Assert.Equal("constitution_replayed", Assert.IsType<Problem>(outcome).Code.Code));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_is_altered_is_found_in_the_background_before_its_time_is_over(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        await ActiveAsync(house, "demo");
        await house.Db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"UPDATE constitution_versions SET signatures = {"[]"} WHERE tenant = {Db.AllTenants}"), Stop);
        Assert.Equal(1, (await ActiveAsync(house, "demo")).Version);
        house.Clock.Advance(TimeSpan.FromSeconds(6));
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromSeconds(20));
        while (await Record.ExceptionAsync(() => ActiveAsync(house, "demo")) is not Problem { Code.Code: "constitution_unverified" })
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [Fact]
    public async Task A_document_without_principles_or_from_the_future_is_refused()
    {
        await using var house = await House.StartAsync(databases, "sqlite");
        var request = Signed(house, "demo", 2);
        using var empty = JsonDocument.Parse("""{"title":"x"}""");
        foreach (var wrong in new[] { request with { Document = empty.RootElement }, request with { Version = 0 }, request with { Signatures = [] }, request with { IssuedAt = IssuedAt.AddDays(2) } })
            Assert.Equal("invalid_request", (await Assert.ThrowsAsync<Problem>(() => LoadAsync(house, "demo", wrong))).Code.Code);
    }

    [Fact]
    public async Task A_pinned_signer_may_load_and_a_stranger_may_not()
    {
        var folder = Path.Combine(Path.GetTempPath(), "soma-keys-" + Guid.CreateVersion7().ToString("N"));
        try
        {
            using var board = Ed25519Key.LoadOrCreate(Path.Combine(folder, "board.pem"));
            using var stranger = Ed25519Key.LoadOrCreate(Path.Combine(folder, "stranger.pem"));
            Directory.CreateDirectory(Path.Combine(folder, "keys", "constitution-signers"));
            await File.WriteAllTextAsync(Path.Combine(folder, "keys", "constitution-signers", "board.pub"), board.Public.X + "\n", Stop);
            await using var house = await House.StartAsync(await databases.CreateAsync("sqlite"), folder);
            Assert.Equal("constitution_signature_invalid", (await Assert.ThrowsAsync<Problem>(() => LoadAsync(house, "demo", Signed(stranger, "demo", 2)))).Code.Code);
            Assert.Equal(2, (await LoadAsync(house, "demo", Signed(board, "demo", 2)))!.Version);
            Assert.Equal(2, (await ActivateAsync(house, 2)).Version);
            Assert.Equal(2, (await ActiveAsync(house, "demo")).Version);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Task<ActiveConstitution> ActiveAsync(House house, string tenant) => house.Get<IConstitution>().ActiveAsync(tenant, Stop).AsTask();

    private static async Task<LoadAnswer?> LoadAsync(House house, string tenant, LoadRequest request) =>
        (await house.Get<LoadConstitution>().RunAsync(Ada(tenant), request, Stop)).Value;

    internal static async Task<ActivateAnswer> ActivateAsync(House house, long version, string tenant = "demo")
    {
        var (asked, _) = await house.Get<ActivateConstitution>().RunAsync(Ada(tenant), new ActivateRequest(version), Stop);
        return (await house.Get<ActivateConstitution>().RunAsync(await ApproveAsync(house, Ada(tenant), asked!), new ActivateRequest(version), Stop)).Done!;
    }

    internal static Task<RequestContext> ApproveAsync(House house, RequestContext asker, Approval approval) =>
        SecondPerson.ApproveAsync(house.Get<IdentityStore>(), house.Get<PutUser>(), house.Get<DecideApproval>(), asker, approval.Id, approval.Digest);

    internal static async Task<string> RefusedAsync(Func<Task> act) => (await Assert.ThrowsAsync<Problem>(act)).Code.Code;

    internal static RequestContext Ada(string tenant = "demo") => House.Caller(tenant, "ada", Capability.ConstitutionLoad);

    private static LoadRequest Signed(House house, string tenant, long version, string title = "Ours") => Signed([house.Get<PinnedKeys>().Installation], tenant, version, title);

    private static LoadRequest Signed(Ed25519Key key, string tenant, long version) => Signed([key], tenant, version);

    /// <param name="more">Further members of the document.</param>
    internal static LoadRequest Signed(IReadOnlyList<Ed25519Key> keys, string tenant, long version, string title = "Ours", string more = "")
    {
        using var document = JsonDocument.Parse($$"""{"title":"{{title}}","preamble":"We say so.","principles":[{"id":"one","title":"One","body":"Be kind."}]{{more}}}""");
        var hash = ConstitutionSeal.Hash(Encoding.UTF8.GetString(CanonicalJson.Serialize(document.RootElement)));
        return new LoadRequest(document.RootElement.Clone(), version, IssuedAt,
            [.. keys.Select(key => new ConstitutionSignature(key.KeyId, "ed25519", Convert.ToBase64String(key.Sign(ConstitutionSeal.Statement(tenant, version, IssuedAt, hash)))))]);
    }
}
