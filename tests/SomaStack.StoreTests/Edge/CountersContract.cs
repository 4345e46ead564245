using Microsoft.Extensions.Time.Testing;
using SomaStack.Platform;
using SomaStack.Server.Edge;
using SomaStack.StoreTests.Memory;

namespace SomaStack.StoreTests.Edge;

/// <summary>One contract for every place that requests are counted in: the process, either database, Redis.</summary>
public sealed class CountersContract(Databases databases, RedisServer redis)
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Places => new TheoryData<string>("process", "sqlite", "postgres", "redis").Marked();

    [Theory, MemberData(nameof(Places))]
    public async Task However_many_come_at_once_exactly_the_limit_passes(string place)
    {
        await using var counted = await OpenAsync(place);
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(async _ => await counted.Counters.AddAsync("demo/requests", 40, Minute, Stop)));
        Assert.Equal(40, answers.Count(answer => answer.IsAllowed));
        Assert.All(answers.Where(answer => !answer.IsAllowed), answer => Assert.True(answer.RetryAfter > TimeSpan.Zero && answer.RetryAfter <= 2 * Minute));
        Assert.Equal(Enumerable.Range(0, 40).Select(i => (long)i), answers.Where(answer => answer.IsAllowed).Select(answer => answer.Remaining).Order());
        Assert.True((await counted.Counters.AddAsync("other/requests", 40, Minute, Stop)).IsAllowed);
        Assert.True((await counted.Counters.AddAsync("demo/else", 40, Minute, Stop)).IsAllowed);
    }

    [Theory, MemberData(nameof(Places))]
    public async Task Every_place_answers_as_the_formula_does(string place)
    {
        await using var counted = await OpenAsync(place);
        var random = new Random(11);
        var state = default(CounterState);
        for (var i = 0; i < 300; i++)
        {
            counted.Clock.Advance(TimeSpan.FromMilliseconds(random.Next(9) == 0 ? random.Next(200_000) : random.Next(2_000)));
            (state, var expected) = SlidingWindow.Add(state, counted.Clock.NowMicros(), 17, (long)Minute.TotalMicroseconds);
            Assert.Equal(expected, await counted.Counters.AddAsync("demo/requests", 17, Minute, Stop));
        }
    }

    [Theory, MemberData(nameof(Places))]
    public async Task After_the_time_it_names_a_request_passes(string place)
    {
        await using var counted = await OpenAsync(place);
        for (var i = 0; i < 5; i++) Assert.True((await counted.Counters.AddAsync("demo/requests", 5, Minute, Stop)).IsAllowed);
        var refused = await counted.Counters.AddAsync("demo/requests", 5, Minute, Stop);
        Assert.False(refused.IsAllowed);
        counted.Clock.Advance(refused.RetryAfter + TimeSpan.FromMicroseconds(1));
        Assert.True((await counted.Counters.AddAsync("demo/requests", 5, Minute, Stop)).IsAllowed);
    }

    [Fact]
    public async Task While_redis_is_away_requests_are_refused_with_a_code_of_their_own()
    {
        await using var away = new SharedRedis("127.0.0.1:1");
        var problem = await Assert.ThrowsAsync<Problem>(async () => await new RedisCounters(away, TimeProvider.System).AddAsync("demo/requests", 5, Minute, Stop));
        Assert.Equal("counters_unavailable", problem.Code.Code);
        Assert.True(problem.RetryAfter > TimeSpan.Zero);
    }

    private async Task<Counted> OpenAsync(string place)
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
        if (place == "process") return new Counted(new ProcessCounters(clock), clock, null);
        if (place == "redis")
        {
            var shared = new SharedRedis(await redis.AddressAsync());
            return new Counted(new RedisCounters(shared, clock, Guid.CreateVersion7().ToString("N") + ":"), clock, shared);
        }
        var db = await databases.OpenAsync(place, [EdgeModule.Room]);
        return new Counted(new DatabaseCounters(db, clock), clock, db);
    }

    private sealed record Counted(ICounters Counters, FakeTimeProvider Clock, IAsyncDisposable? Store) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Store?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
