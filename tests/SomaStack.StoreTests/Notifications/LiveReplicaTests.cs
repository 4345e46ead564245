using SomaStack.StoreTests.Memory;

namespace SomaStack.StoreTests.Notifications;

/// <summary>Two servers on one PostgreSQL: whoever follows at any of them is told everything once, and soon.</summary>
public sealed class LiveReplicaTests(Databases databases, RedisServer redis)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact, Trait(ServerTrait.Name, "postgres")]
    public async Task Over_the_database() => await ToldAsync(null);

    [Fact]
    public async Task Over_redis() => await ToldAsync(await redis.AddressAsync());

    private async Task ToldAsync(string? address)
    {
        var database = await databases.CreateAsync("postgres");
        var keys = Directory.CreateTempSubdirectory("soma-live-keys-").FullName;
        var heartbeat = TimeSpan.FromSeconds(15);
        await using (var one = await LiveServer.StartAsync(database, heartbeat, keys, address))
        await using (var two = await LiveServer.StartAsync(database, heartbeat, keys, address))
        {
            var token = await one.TokenAsync();
            var clients = await Task.WhenAll(one.ConnectAsync(token), two.ConnectAsync(token), two.ConnectAsync(token));
            foreach (var client in clients) await client.NextAsync("hello");
            var took = new List<double>();
            for (var i = 1; i <= 40; i++)
            {
                var (from, to) = i % 2 == 0 ? (one, clients[1]) : (two, clients[0]);
                var sequence = await from.PublishAsync();
                var committed = TimeProvider.System.GetTimestamp();
                Assert.Equal(sequence, (await to.UpToAsync(sequence))[^1]);
                took.Add(TimeProvider.System.GetElapsedTime(committed).TotalMilliseconds);
            }
            took.Sort();
            TestContext.Current.TestOutputHelper?.WriteLine($"commit here to frame there: median {took[20]:0.0} ms, most {took[^1]:0.0} ms");
            Assert.Equal(Enumerable.Range(1, 40).Select(static i => (long)i), await clients[2].UpToAsync(40));
            var repeated = await one.PublishAsync(dedupeKey: "k");
            await one.PublishAsync(dedupeKey: "k");
            foreach (var client in clients)
            {
                Assert.Equal(repeated, (await client.UpToAsync(repeated))[^1]);
                Assert.Equal(2, (await client.NextAsync("update")).GetProperty("data").GetProperty("count").GetInt64());
                client.Dispose();
            }
        }
        Directory.Delete(keys, recursive: true);
    }
}
