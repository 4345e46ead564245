using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using SomaStack.Governance.Identity;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Identity.OpenId;

/// <summary>Signing keys that change while several replicas run.</summary>
public sealed class RotationTests(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Fact, Trait(ServerTrait.Name, "postgres")]
    public async Task Two_servers_on_one_postgres_follow_a_rotation_at_once_and_without_a_restart()
    {
        await using var replicas = await Replicas.StartAsync(await databases.CreateAsync("postgres"), 2);
        var before = await replicas.TokenAsync(0);
        var ofOther = await replicas.TokenAsync(1);
        using (var warm = replicas.Client(1, before)) Assert.Equal(HttpStatusCode.OK, (await warm.GetAsync("/v1/tenants/current", Stop)).StatusCode);
        for (var rotation = 0; rotation < 3; rotation++)
        {
            using var owner = replicas.Client(0, await replicas.TokenAsync(0));
            var rotated = await owner.PostAsync("/v1/auth/keys/rotate", null, Stop);
            Assert.Equal(HttpStatusCode.OK, rotated.StatusCode);
            var fresh = await replicas.TokenAsync(0);
            Assert.Equal(JsonDocument.Parse(await rotated.Content.ReadAsStringAsync(Stop)).RootElement.GetProperty("kid").GetString(), new JsonWebToken(fresh).Kid);
            // No pause between the rotation here and the first use of its token there.
            using var there = replicas.Client(1, fresh);
            Assert.Equal(HttpStatusCode.OK, (await there.GetAsync("/v1/tenants/current", Stop)).StatusCode);
        }
        foreach (var old in new[] { before, ofOther })
            for (var server = 0; server < 2; server++)
            {
                using var client = replicas.Client(server, old);
                Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v1/tenants/current", Stop)).StatusCode);
            }
        // Both publish all keys that still verify.
        using var anybody = new HttpClient();
        var sets = new List<string>();
        for (var server = 0; server < 2; server++)
        {
            var keys = JsonDocument.Parse(await anybody.GetStringAsync(new Uri(replicas.Url(server), "/.well-known/jwks.json"), Stop)).RootElement.GetProperty("keys");
            sets.Add(string.Join(' ', keys.EnumerateArray().Select(key => key.GetProperty("kid").GetString())));
        }
        Assert.Equal(sets[0], sets[1]);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_schedule_rotates_an_old_key_once_and_a_retired_one_is_published_until_no_token_can_live(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var upkeep = Upkeep(house, 30);
        var identity = house.Get<IIdentity>();
        async Task<string> SignerAsync() => new JsonWebToken((await identity.IssueTokenAsync("demo", "owner", [], TimeSpan.FromHours(24), Stop)).Token).Kid;
        var first = await SignerAsync();
        house.Clock.Advance(TimeSpan.FromDays(30) - TimeSpan.FromMinutes(1));
        await upkeep.RunAsync(Stop);
        Assert.Equal(first, await SignerAsync());
        house.Clock.Advance(TimeSpan.FromMinutes(1));
        var longest = (await identity.IssueTokenAsync("demo", "owner", [], TimeSpan.FromHours(24), Stop)).Token;
        await upkeep.RunAsync(Stop);
        var second = await SignerAsync();
        Assert.NotEqual(first, second);
        await upkeep.RunAsync(Stop);
        Assert.Equal(second, await SignerAsync());
        Assert.Single(await house.JournalAsync(Db.AllTenants), line => line.Contains("keys_rotated", StringComparison.Ordinal));
        house.Clock.Advance(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        Assert.NotNull(await identity.AuthenticateAsync(longest, Stop));
        Assert.Contains(await house.Get<Keyring>().PublishedAsync(Stop), key => key.Kid == first);
        house.Clock.Advance(TimeSpan.FromMinutes(4));
        Assert.Null(await identity.AuthenticateAsync(longest, Stop));
        Assert.DoesNotContain(await house.Get<Keyring>().PublishedAsync(Stop), key => key.Kid == first);
        await Upkeep(house, 0).RunAsync(Stop);
        house.Clock.Advance(TimeSpan.FromDays(400));
        await Upkeep(house, 0).RunAsync(Stop);
        Assert.Equal(second, await SignerAsync());
    }

    private static Upkeep Upkeep(Governed house, int days)
    {
        var options = house.Options with { KeyRotationDays = days };
        return new Upkeep(house.Get<RotateKeys>(), house.Get<Keyring>(), house.Get<GrantStore>(), new Lease(house.Db, options, house.Clock, NullLogger<Lease>.Instance), options, house.Clock, NullLogger<Upkeep>.Instance);
    }
}
