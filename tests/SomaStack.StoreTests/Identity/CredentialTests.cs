using SomaStack.Governance.Identity;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Identity;

/// <summary>Who may act, who hands out what, and how soon it ends.</summary>
public sealed class CredentialTests(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task A_token_carries_what_was_asked_and_never_more_than_its_principal_holds(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        await AddAsync(house, "ada", [Capability.SessionStart, Capability.MemoryRead]);
        var identity = house.Get<IIdentity>();
        var narrow = await identity.IssueTokenAsync("demo", "ada", [Capability.MemoryRead], TimeSpan.FromMinutes(1), Stop);
        Assert.Equal([Capability.MemoryRead], (await identity.AuthenticateAsync(narrow.Token, Stop))!.Capabilities.Names);
        await RefusedAsync("capability_not_held", () => identity.IssueTokenAsync("demo", "ada", [Capability.PlatformAdmin], TimeSpan.FromMinutes(1), Stop));
        await RefusedAsync("capability_unknown", () => identity.IssueTokenAsync("demo", "ada", ["root:all"], TimeSpan.FromMinutes(1), Stop));
        await RefusedAsync("principal_unknown", () => identity.IssueTokenAsync("demo", "nobody", null, TimeSpan.FromMinutes(1), Stop));
        await RefusedAsync("principal_unknown", () => identity.IssueTokenAsync("other", "ada", null, TimeSpan.FromMinutes(1), Stop));
        await RefusedAsync("invalid_request", () => identity.IssueTokenAsync("demo", "ada", null, TimeSpan.FromDays(2), Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_token_dies_thirty_seconds_after_its_time_and_not_before(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var identity = house.Get<IIdentity>();
        var issued = await identity.IssueTokenAsync("demo", "owner", null, TimeSpan.FromMinutes(5), Stop);
        house.Clock.Advance(TimeSpan.FromSeconds(329));
        Assert.NotNull(await identity.AuthenticateAsync(issued.Token, Stop));
        house.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await identity.AuthenticateAsync(issued.Token, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_a_principal_loses_its_tokens_and_keys_lose_at_once(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var identity = house.Get<IIdentity>();
        var ada = await AddAsync(house, "ada", [Capability.SessionStart, Capability.MemoryRead]);
        var token = (await identity.IssueTokenAsync("demo", "ada", null, TimeSpan.FromHours(1), Stop)).Token;
        var key = (await house.Get<ApiKeys>().CreateAsync(new CreateApiKeyRequest("build", ada.Capabilities, "ada"), Owner, Stop)).Value!.Key;
        Assert.Equal(2, (await identity.AuthenticateAsync(token, Stop))!.Capabilities.Names.Count);
        Assert.Equal(2, (await identity.AuthenticateAsync(key, Stop))!.Capabilities.Names.Count);

        ada = await PutAsync(house, ada, ada.DisplayName, [Capability.MemoryRead], active: true);
        Assert.Equal([Capability.MemoryRead], (await identity.AuthenticateAsync(token, Stop))!.Capabilities.Names);
        Assert.Equal([Capability.MemoryRead], (await identity.AuthenticateAsync(key, Stop))!.Capabilities.Names);

        ada = await PutAsync(house, ada, ada.DisplayName, ada.Capabilities, active: false);
        Assert.Null(await identity.AuthenticateAsync(token, Stop));
        Assert.Null(await identity.AuthenticateAsync(key, Stop));

        // Coming back does not bring the old tokens back.
        await PutAsync(house, ada, ada.DisplayName, ada.Capabilities, active: true);
        Assert.Null(await identity.AuthenticateAsync(token, Stop));
        Assert.NotNull(await identity.AuthenticateAsync(key, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_revoked_token_ends_here_at_once_and_on_another_replica_within_two_seconds(string name)
    {
        var database = await databases.CreateAsync(name);
        await using var here = await Governed.StartAsync(database, null, null);
        await using var there = await Governed.StartAsync(database, null, here.Clock);
        var token = (await here.Get<IIdentity>().IssueTokenAsync("demo", "owner", null, TimeSpan.FromHours(1), Stop)).Token;
        here.Clock.Advance(TimeSpan.FromSeconds(3));
        Assert.NotNull(await here.Get<IIdentity>().AuthenticateAsync(token, Stop));
        Assert.NotNull(await there.Get<IIdentity>().AuthenticateAsync(token, Stop));
        Assert.False((await here.Get<RevokeToken>().RunAsync(new RevokeTokenRequest(token), Owner with { Tenant = "other" }, Stop)).Revoked);
        Assert.True((await here.Get<RevokeToken>().RunAsync(new RevokeTokenRequest(token), Owner, Stop)).Revoked);
        Assert.Null(await here.Get<IIdentity>().AuthenticateAsync(token, Stop));
        here.Clock.Advance(CredentialCache.Trust);
        Assert.Null(await there.Get<IIdentity>().AuthenticateAsync(token, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Nobody_lifts_himself_or_rises_through_another(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        string[] held = [Capability.TenantAdmin, Capability.TokenIssue];
        var admin = await AddAsync(house, "admin", held);
        var asAdmin = Owner with { Principal = new Principal("admin", "user"), Capabilities = CapabilitySet.Of(held) };
        var put = house.Get<PutUser>();
        Task<PrincipalRow> Put(string id, PrincipalRow? current, string[] capabilities, bool active = true) =>
            put.RunAsync(id, new PutUserRequest("x", capabilities, "user", active), asAdmin, current, current?.Version ?? 0, Stop);

        await RefusedAsync("self_lift", () => Put("admin", admin, [.. held, Capability.PlatformAdmin]));
        await RefusedAsync("self_lift", () => Put("admin", admin, held, active: false));
        await RefusedAsync("capability_not_held", () => Put("puppet", null, [Capability.PlatformAdmin]));
        var owner = (await house.Get<IdentityStore>().FindPrincipalAsync("demo", "owner", Stop))!;
        await RefusedAsync("capability_not_held", () => Put("owner", owner, [], active: false));
        await RefusedAsync("capability_not_held", () => house.Get<ApiKeys>().CreateAsync(new CreateApiKeyRequest("x", [Capability.PlatformAdmin], "owner"), asAdmin, Stop));
        await RefusedAsync("version_mismatch", () => put.RunAsync("admin", new PutUserRequest("x", held), asAdmin, admin, 7, Stop));
        Assert.Equal("x", (await Put("admin", admin, held)).DisplayName);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_api_key_acts_until_it_expires_or_is_revoked_and_tells_when_it_was_used(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var identity = house.Get<IIdentity>();
        var keys = house.Get<ApiKeys>();
        var expiring = (await keys.CreateAsync(new CreateApiKeyRequest("a", [Capability.MemoryRead], ExpiresAt: house.Clock.GetUtcNow().AddMinutes(1)), Owner, Stop)).Value!;
        var lasting = (await keys.CreateAsync(new CreateApiKeyRequest("b", [Capability.MemoryRead]), Owner, Stop)).Value!;
        var who = (await identity.AuthenticateAsync(lasting.Key, Stop))!;
        Assert.Equal(("demo", "owner", "key"), (who.Tenant, who.Principal.Id, who.Principal.Kind));
        Assert.NotNull(await identity.AuthenticateAsync(expiring.Key, Stop));
        house.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(await identity.AuthenticateAsync(expiring.Key, Stop));
        Assert.NotNull(await identity.AuthenticateAsync(lasting.Key, Stop));
        var used = house.Clock.GetUtcNow();
        await house.Get<KeyUse>().FlushAsync(Stop);
        Assert.Equal(used, (await keys.ListAsync(Owner, null, null, null, null, Stop)).Data.Single(key => key.Id == lasting.ApiKey.Id).LastUsedAt);

        Assert.NotNull((await keys.RevokeAsync(lasting.ApiKey.Id, Owner, Stop)).RevokedAt);
        Assert.Null(await identity.AuthenticateAsync(lasting.Key, Stop));
        await RefusedAsync("not_found", () => keys.RevokeAsync(lasting.ApiKey.Id, Owner with { Tenant = "other" }, Stop));
        await keys.RevokeAsync(lasting.ApiKey.Id, Owner, Stop);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_sign_in_code_works_once_however_many_try_it_together(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var link = await house.Get<IIdentity>().CreateSignInLinkAsync("demo", "owner", TimeSpan.FromMinutes(10), Stop);
        var code = link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..];
        var tries = await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            try { return (await house.Get<SignIn>().SpendAsync(code, Stop)).Token.Token; } catch (Problem) { return null; }
        }));
        var token = Assert.Single(tries, static token => token is not null);
        Assert.NotNull(await house.Get<IIdentity>().AuthenticateAsync(token!, Stop));

        var late = await house.Get<IIdentity>().CreateSignInLinkAsync("demo", "owner", TimeSpan.FromMinutes(10), Stop);
        house.Clock.Advance(TimeSpan.FromMinutes(10));
        await RefusedAsync("sign_in_code_spent", () => house.Get<SignIn>().SpendAsync(late[(late.IndexOf('=', StringComparison.Ordinal) + 1)..], Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_rotated_key_signs_no_more_and_verifies_until_its_tokens_have_expired(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var identity = house.Get<IIdentity>();
        var old = (await identity.IssueTokenAsync("demo", "owner", null, TimeSpan.FromHours(24), Stop)).Token;
        var rotated = await house.Get<RotateKeys>().RunAsync(Owner, Stop);
        Assert.Single(rotated.Retired);
        Assert.Equal(rotated.Kid, (await house.Get<Keyring>().SignerAsync(Stop)).Kid);
        house.Clock.Advance(TimeSpan.FromHours(23));
        Assert.NotNull(await identity.AuthenticateAsync(old, Stop));
        house.Clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(rotated.Kid, Assert.Single(await house.Get<Keyring>().PublishedAsync(Stop)).Kid);
        Assert.NotNull(await identity.AuthenticateAsync((await identity.IssueTokenAsync("demo", "owner", null, TimeSpan.FromMinutes(1), Stop)).Token, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_new_tenant_has_an_owner_of_its_own_and_sees_nothing_of_the_others(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var made = (await house.Get<Tenants>().CreateAsync(new CreateTenantRequest("acme", "Acme"), Owner, Stop)).Value!;
        var code = made.SignInLink[(made.SignInLink.IndexOf('=', StringComparison.Ordinal) + 1)..];
        var (token, tenant, _) = await house.Get<SignIn>().SpendAsync(code, Stop);
        Assert.Equal("acme", tenant);
        var who = (await house.Get<IIdentity>().AuthenticateAsync(token.Token, Stop))!;
        Assert.Equal("acme", who.Tenant);
        Assert.False(who.Capabilities.Has(Capability.PlatformAdmin));
        await AddAsync(house, "ada", []);
        Assert.Equal(["owner"], (await house.Get<IdentityStore>().PrincipalsAsync("acme", "", 10, Stop)).Select(row => row.Id));
        await RefusedAsync("tenant_exists", () => house.Get<Tenants>().CreateAsync(new CreateTenantRequest("acme", "Again"), Owner, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task No_secret_and_no_hash_of_one_is_written_anywhere_but_the_hash_in_its_own_column(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var token = (await house.Get<IIdentity>().IssueTokenAsync("demo", "owner", null, TimeSpan.FromMinutes(15), Stop)).Token;
        var key = (await house.Get<ApiKeys>().CreateAsync(new CreateApiKeyRequest("k", [Capability.MemoryRead]), Owner, Stop)).Value!.Key;
        var link = await house.Get<IIdentity>().CreateSignInLinkAsync("demo", "owner", TimeSpan.FromMinutes(10), Stop);
        var code = link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..];
        await house.Get<SignIn>().SpendAsync(code, Stop);
        await house.Get<RevokeToken>().RunAsync(new RevokeTokenRequest(token), Owner, Stop);
        await house.Get<RotateKeys>().RunAsync(Owner, Stop);
        var pem = string.Concat(Directory.GetFiles(house.Options.KeysDirectory).SelectMany(File.ReadAllLines).Where(line => !line.StartsWith('-')));

        var written = string.Join('\n', await house.JournalAsync("demo"))
            + string.Join('\n', await house.Db.QueryAsync("demo", static reader => reader.GetString(0) + reader.GetString(1) + reader.GetString(2) + reader.GetString(3),
                $"SELECT id, name, prefix, scopes FROM api_keys WHERE tenant = {"demo"}", Stop));
        Assert.Contains("api_key_created", written, StringComparison.Ordinal);
        Assert.Contains("sign_in_link_used", written, StringComparison.Ordinal);
        Assert.Contains("keys_rotated", written, StringComparison.Ordinal);
        foreach (var secret in new[] { token, token.Split('.')[2], key, key[12..], code, pem[..40], Convert.ToHexString(ApiKeys.HashOf(key)), Convert.ToBase64String(ApiKeys.HashOf(key)) })
            Assert.DoesNotContain(secret, written, StringComparison.OrdinalIgnoreCase);
    }

    private static RequestContext Owner => Databases.Context("demo", "owner");

    private static Task<PrincipalRow> AddAsync(Governed house, string id, IReadOnlyList<string> capabilities) =>
        house.Get<PutUser>().RunAsync(id, new PutUserRequest(id, capabilities), Owner, null, 0, Stop);

    private static Task<PrincipalRow> PutAsync(Governed house, PrincipalRow current, string displayName, IReadOnlyList<string> capabilities, bool active) =>
        house.Get<PutUser>().RunAsync(current.Id, new PutUserRequest(displayName, capabilities, current.Kind, active), Owner, current, current.Version, Stop);

    private static async Task RefusedAsync(string code, Func<Task> action) => Assert.Equal(code, (await Assert.ThrowsAsync<Problem>(action)).Code.Code);
}
