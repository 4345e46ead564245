using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using SomaStack.Governance.Identity;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Identity.OpenId;

/// <summary>The statements of grants, devices, outside identities and SCIM on both databases, under the races that they decide.</summary>
public sealed class GrantTests(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task Of_many_who_refresh_at_once_none_keeps_what_he_got(string name)
    {
        await using var replicas = await Replicas.StartAsync(await databases.CreateAsync(name), name == "postgres" ? 2 : 1);
        var servers = name == "postgres" ? 2 : 1;
        var refresh = await FamilyAsync(replicas);
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => RefreshAsync(replicas, i % servers, refresh)));
        Assert.InRange(answers.Count(answer => answer.Status == HttpStatusCode.OK), 0, 1);
        var db = replicas.Get<Db>(0);
        Assert.Equal(0, await db.NumberAsync("demo", $"SELECT COUNT(*) FROM oauth_grants WHERE tenant = {"demo"} AND revoked_at IS NULL", Stop));
        foreach (var (_, body) in answers.Where(answer => answer.Status == HttpStatusCode.OK))
        {
            var jti = new JsonWebToken(body.GetProperty("access_token").GetString()).Id;
            Assert.Equal(1, await db.NumberAsync("demo", $"SELECT COUNT(*) FROM revoked_tokens WHERE tenant = {"demo"} AND jti = {jti}", Stop));
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_refresh_at_one_server_is_a_replay_at_the_other(string name)
    {
        await using var replicas = await Replicas.StartAsync(await databases.CreateAsync(name), name == "postgres" ? 2 : 1);
        var last = name == "postgres" ? 1 : 0;
        var first = await FamilyAsync(replicas);
        var (status, body) = await RefreshAsync(replicas, 0, first);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(HttpStatusCode.BadRequest, (await RefreshAsync(replicas, last, first)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await RefreshAsync(replicas, last, body.GetProperty("refresh_token").GetString()!)).Status);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Scim_speaks_to_both_databases(string name)
    {
        await using var replicas = await Replicas.StartAsync(await databases.CreateAsync(name), 1);
        using var owner = replicas.Client(0, await replicas.TokenAsync(0));
        for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.Created, (await owner.PostAsJsonAsync("/scim/v2/Users", new { userName = $"user{i}", externalId = $"x{i}" }, Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await owner.PostAsJsonAsync("/scim/v2/Users", new { userName = "User1" }, Stop)).StatusCode);
        var group = JsonDocument.Parse(await (await owner.PostAsJsonAsync("/scim/v2/Groups", new { displayName = "All", members = new[] { new { value = "user0" }, new { value = "user1" } }, capabilities = new[] { "memory:read" } }, Stop))
            .Content.ReadAsStringAsync(Stop)).RootElement;
        var id = group.GetProperty("id").GetString();
        Assert.Equal(["memory:read"], (await replicas.Get<IdentityStore>(0).FindPrincipalAsync("demo", "user1", Stop))!.Capabilities);
        Assert.Equal("user2", await replicas.Get<ScimStore>(0).FindByExternalIdAsync("demo", "x2", Stop));
        using var renamed = await owner.PatchAsJsonAsync("/scim/v2/Users/user2", new { Operations = new[] { new { op = "replace", path = "userName", value = "user1" } } }, Stop);
        Assert.Equal(HttpStatusCode.Conflict, renamed.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await owner.DeleteAsync("/scim/v2/Users/user1", Stop)).StatusCode);
        Assert.Empty((await replicas.Get<IdentityStore>(0).FindPrincipalAsync("demo", "user1", Stop))!.Capabilities);
        Assert.Equal(HttpStatusCode.NoContent, (await owner.DeleteAsync($"/scim/v2/Groups/{id}", Stop)).StatusCode);
        Assert.Empty((await replicas.Get<IdentityStore>(0).FindPrincipalAsync("demo", "user0", Stop))!.Capabilities);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_device_code_is_looked_at_decided_and_taken_once_and_polls_must_keep_their_pause(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var store = house.Get<DeviceStore>();
        byte[] hash = OpaqueToken.HashOf("d"), code = OpaqueToken.HashOf("u"), ticket = OpaqueToken.HashOf("t");
        var row = new DeviceRow(hash, "soma-cli", ["openid"], "pending", null, null, 5, null, house.Clock.GetUtcNow().AddMinutes(10));
        await store.AddAsync(row, code, Stop);
        Assert.True(await store.PollAsync(hash, house.Clock.NowMicros(), Stop));
        house.Clock.Advance(TimeSpan.FromSeconds(3));
        Assert.False(await store.PollAsync(hash, house.Clock.NowMicros(), Stop));
        house.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.False(await store.PollAsync(hash, house.Clock.NowMicros(), Stop));
        house.Clock.Advance(TimeSpan.FromSeconds(15));
        Assert.True(await store.PollAsync(hash, house.Clock.NowMicros(), Stop));
        Assert.NotNull(await store.LookAsync(code, ticket, "s", house.Clock.NowMicros(), Stop));
        Assert.Null(await store.FindByTicketAsync(ticket, "other session", house.Clock.NowMicros(), Stop));
        Assert.Null(await store.FindByTicketAsync(ticket, "s", house.Clock.NowMicros() + (long)TimeSpan.FromMinutes(10).TotalMicroseconds, Stop));
        Assert.NotNull(await store.FindByTicketAsync(ticket, "s", house.Clock.NowMicros(), Stop));
        var decided = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => store.DecideAsync(hash, ticket, "approved", "demo", "g" + i, Stop)));
        Assert.Single(decided, true);
        Assert.Null(await store.LookAsync(code, ticket, "s", house.Clock.NowMicros(), Stop));
        Assert.Single(await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => store.TakeAsync(hash, Stop))), true);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_expired_is_forgotten_and_what_may_still_be_replayed_is_not(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var now = house.Clock.GetUtcNow();
        var grant = new Grant("demo", "g", "soma-cli", "owner", ["openid"], now, Proof.None, now + Grant.Lifetime, false);
        await house.Db.WriteAsync("demo", async work =>
        {
            await GrantStore.AddGrantAsync(work, grant, now.ToMicros());
            await GrantStore.AddCodeAsync(work, new CodeRow("demo", "g", "r", "c", null, now + Grant.CodeLifetime), OpaqueToken.HashOf("code"));
            await GrantStore.AddRefreshAsync(work, new RefreshRow("demo", "g", now + Grant.RefreshLifetime), OpaqueToken.HashOf("refresh"));
            await GrantStore.AddRequestAsync(work, "demo", OpaqueToken.HashOf("ticket"), "s", new ConsentRow("c", "r", [], null, null, "c"), now.AddMinutes(10).ToMicros());
        }, Stop);
        var store = house.Get<GrantStore>();
        async Task PurgeAtAsync(TimeSpan later) => await store.PurgeAsync((now + later).ToMicros(), (now + later - Grant.Lifetime).ToMicros(), Stop);
        await PurgeAtAsync(TimeSpan.FromDays(1));
        Assert.Equal(0, await house.Db.NumberAsync("demo", $"SELECT COUNT(*) FROM oauth_requests WHERE tenant = {"demo"}", Stop));
        Assert.NotNull(await store.FindCodeAsync(OpaqueToken.HashOf("code"), Stop));
        await PurgeAtAsync(Grant.Lifetime + Grant.Lifetime + TimeSpan.FromDays(1));
        Assert.Null(await store.FindCodeAsync(OpaqueToken.HashOf("code"), Stop));
        Assert.Null(await store.FindRefreshAsync(OpaqueToken.HashOf("refresh"), Stop));
        Assert.Null(await store.FindGrantAsync("demo", "g", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_outside_sign_in_is_spent_once_and_an_identity_belongs_to_one_person(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var store = house.Get<ExternalStore>();
        var hash = OpaqueToken.HashOf("state");
        await store.AddSignInAsync("demo", hash, "/docs", house.Clock.GetUtcNow().AddMinutes(10).ToMicros(), Stop);
        var spent = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => store.SpendSignInAsync("demo", hash, house.Clock.NowMicros(), Stop)));
        Assert.Equal("/docs", Assert.Single(spent, way => way is not null));
        Task<bool> LinkAsync(string principal) => house.Db.WriteAsync("demo", work => ExternalStore.LinkAsync(work, "demo", "https://i", "s", principal, 1), Stop);
        Assert.True(await LinkAsync("ada"));
        Assert.False(await LinkAsync("eve"));
        Assert.Equal("ada", await store.FindAsync("demo", "https://i", "s", Stop));
        Assert.Null(await store.FindAsync("other", "https://i", "s", Stop));
    }

    /// <summary>A grant of the owner to the command line, with its first refresh token.</summary>
    private static async Task<string> FamilyAsync(Replicas replicas)
    {
        var now = TimeProvider.System.GetUtcNow();
        var refresh = OpaqueToken.New(OpaqueToken.Refresh);
        await replicas.Get<Db>(0).WriteAsync("demo", async work =>
        {
            await GrantStore.AddGrantAsync(work, new Grant("demo", "family", "soma-cli", "owner", ["offline_access", "memory:read"], now, Proof.None, now + Grant.Lifetime, false), now.ToMicros());
            await GrantStore.AddRefreshAsync(work, new RefreshRow("demo", "family", now + Grant.RefreshLifetime), OpaqueToken.HashOf(refresh));
        }, Stop);
        return refresh;
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> RefreshAsync(Replicas replicas, int server, string refresh)
    {
        using var client = new HttpClient { BaseAddress = replicas.Url(server) };
        using var content = new FormUrlEncodedContent([new("grant_type", "refresh_token"), new("client_id", "soma-cli"), new("refresh_token", refresh)]);
        using var response = await client.PostAsync("/v1/auth/token", content, Stop);
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync(Stop)).RootElement);
    }
}
