using Microsoft.Extensions.Logging.Abstractions;
using SomaStack.Governance.Constitution;
using SomaStack.Platform;
using SomaStack.StoreTests.Memory;
using SomaStack.StoreTests.Policy;
using StackExchange.Redis;

namespace SomaStack.StoreTests.Constitution;

/// <summary>Copies in Redis: served when they verify, thrown away when a byte is wrong, renewed before they end.</summary>
public sealed class CopiesTests(Databases databases, RedisServer redis)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact, Trait(ServerTrait.Name, "redis")]
    public async Task A_copy_is_taken_until_a_byte_of_it_is_wrong()
    {
        await using var house = await House.StartAsync(databases, "sqlite");
        var keys = house.Get<PinnedKeys>();
        var (database, prefix) = await redis.OpenAsync();
        await using var shared = new SharedRedis(await redis.AddressAsync());
        var copies = new ConstitutionCopies(shared, NullLogger<ConstitutionCopies>.Instance, prefix);
        var active = (await house.Get<ConstitutionStore>().ActiveAsync(Db.AllTenants, Stop))!;
        var head = new ConstitutionHead(active.Version, active.Hash);
        Task<ConstitutionVersion?> FindAsync(ConstitutionHead wanted) => copies.FindAsync(Db.AllTenants, wanted, copy => ConstitutionSeal.ActiveFault(copy, keys.Public, keys.Floor));

        Assert.Null(await FindAsync(head));
        await copies.KeepAsync(active);
        Assert.Equal(active.Document, (await FindAsync(head))!.Document);
        // The database names another version: an older copy is never brought to power.
        Assert.Null(await FindAsync(head with { Hash = new string('0', 64) }));
        Assert.Null(await FindAsync(new ConstitutionHead(2, active.Hash)));

        var key = (RedisKey)$"{prefix}{Db.AllTenants}:1";
        var text = (string)(await database.StringGetAsync(key))!;
        for (var place = text.Length / 7; place < text.Length; place += text.Length / 7)
        {
            var wrong = text[..place] + (char)(text[place] ^ 1) + text[(place + 1)..];
            await database.StringSetAsync(key, wrong, TimeSpan.FromSeconds(30));
            Assert.Null(await FindAsync(head));
        }
        await database.StringSetAsync(key, "null", TimeSpan.FromSeconds(30));
        Assert.Null(await FindAsync(head));
        // Due for renewal long before it ends.
        await database.StringSetAsync(key, text, TimeSpan.FromSeconds(19));
        Assert.Null(await FindAsync(head));
    }

    [Fact]
    public async Task Without_redis_the_database_is_asked()
    {
        await using var house = await House.StartAsync(databases, "sqlite", services => Microsoft.Extensions.DependencyInjection.ServiceCollectionServiceExtensions.AddSingleton(
            services, new ConstitutionCopies(new SharedRedis("127.0.0.1:1"), NullLogger<ConstitutionCopies>.Instance)));
        Assert.Equal(1, (await house.Get<Governance.Constitution.Contracts.IConstitution>().ActiveAsync("demo", Stop)).Version);
    }
}
