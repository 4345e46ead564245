using SomaStack.Operations.Notifications;

namespace SomaStack.StoreTests.Notifications;

/// <summary>Each follower gets each of its notifications once and in order, whatever happens between the store and the peer.</summary>
public sealed class LiveContract(Databases databases)
{
    private const int Published = 120;

    private static readonly string[] People = ["ada", "bob", "eve"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task However_reading_telling_and_breaking_interleave_nothing_is_missed_and_nothing_comes_twice(string name)
    {
        await using var house = new LiveHouse(await databases.OpenAsync(name));
        for (var round = 0; round < (name == "sqlite" ? 12 : 4); round++)
        {
            var seed = Random.Shared.Next();
            TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
            var begin = await house.Notifications.LastSequenceAsync(LiveHouse.Tenant, Stop);
            var published = PublishAsync(house, new Random(seed));
            var clients = People.Select((person, i) => ClientAsync(house, person, begin, published, new Random(seed + 1 + i))).ToList();
            var expected = await published;
            foreach (var (person, client) in People.Zip(clients)) Assert.Equal(expected[person], await client.WaitAsync(TimeSpan.FromSeconds(60), Stop));
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Who_is_slow_ends_with_a_reason_and_misses_nothing_when_it_resumes(string name)
    {
        await using var house = new LiveHouse(await databases.OpenAsync(name));
        using var reads = new SemaphoreSlim(0);
        var slow = new RecordingOutlet(frame => frame.Sequence > 1 ? new ValueTask(reads.WaitAsync(Stop)) : ValueTask.CompletedTask);
        var quick = new RecordingOutlet();
        var follower = LiveHouse.Follower(slow, "ada");
        var both = Task.WhenAll(house.RunAsync(follower, slow, new LiveStart(0, 0)), house.FollowAsync(quick, "bob", new LiveStart(0, 0)));
        await PublishToldAsync(house);
        await UntilAsync(() => slow.Sequences.Count == 1 && quick.Sequences.Count == 1);

        const int most = LiveLimits.QueueMax + 20;
        for (var i = 0; i < most; i++) await PublishToldAsync(house);
        await UntilAsync(() => follower.Ended && quick.Sequences.Count == 1 + most);
        Assert.Null(slow.Ending);
        reads.Release();
        await slow.Closed.WaitAsync(TimeSpan.FromSeconds(10), Stop);
        Assert.Equal((4013, "slow; resume from cursor 2"), (slow.Ending!.Code, slow.Ending.Told(slow.ClosedAt)));
        Assert.Equal([1, 2], slow.Sequences);

        var again = new RecordingOutlet();
        var resumed = house.FollowAsync(again, "ada", new LiveStart(slow.ClosedAt, 0));
        await UntilAsync(() => again.Sequences.Count == most - 1);
        Assert.Equal(Enumerable.Range(3, most - 1).Select(static i => (long)i), again.Sequences);
        again.Abort();
        quick.Abort();
        await Task.WhenAll(both, resumed);
        Assert.Empty(house.Feeds.All);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_feed_begins_with_the_newest_few_or_after_its_cursor_and_shows_only_ones_own(string name)
    {
        await using var house = new LiveHouse(await databases.OpenAsync(name));
        for (var i = 1; i <= 9; i++) await house.PublishAsync(i % 3 == 0 ? ["bob"] : i == 5 ? ["ada", "eve"] : null);
        Assert.Equal([7L, 8], await FirstAsync(house, "ada", new LiveStart(null, 2), 2));
        Assert.Equal([4L, 5, 7, 8], await FirstAsync(house, "ada", new LiveStart(2, 0), 4));
        Assert.Equal([6L, 7, 8, 9], await FirstAsync(house, "bob", new LiveStart(4, 0), 4));
        // A cursor of a future that is not: as if everything had been seen.
        var ahead = new RecordingOutlet();
        var following = house.FollowAsync(ahead, "ada", new LiveStart(1000, 0));
        await UntilAsync(() => ahead.Frames.Count == 1);
        await PublishToldAsync(house);
        await UntilAsync(() => ahead.Sequences.Count == 1);
        Assert.Equal([10], ahead.Sequences);
        ahead.Abort();
        await following;
    }

    private static async Task<IReadOnlyList<long>> FirstAsync(LiveHouse house, string principal, LiveStart start, int count)
    {
        var outlet = new RecordingOutlet();
        var following = house.FollowAsync(outlet, principal, start);
        await UntilAsync(() => outlet.Sequences.Count >= count);
        outlet.Abort();
        await following;
        return outlet.Sequences;
    }

    /// <summary>Some hints are lost, some come twice; the last one is not lost.</summary>
    private static async Task<Dictionary<string, List<long>>> PublishAsync(LiveHouse house, Random random)
    {
        var expected = People.ToDictionary(static person => person, static _ => new List<long>());
        for (var i = 0; i < Published; i++)
        {
            var to = random.Next(3) == 0 ? null : People.Where(_ => random.Next(2) == 0).ToArray();
            var sequence = await house.PublishAsync(to);
            foreach (var person in to ?? People) expected[person].Add(sequence);
            for (var hints = random.Next(3); hints > 0; hints--) house.Feeds.Heard(LiveHint.New(LiveHouse.Tenant, sequence));
            if (random.Next(8) == 0) await Task.Yield();
        }
        return expected;
    }

    /// <summary>Connects again wherever it breaks, until it has everything; what it got is what it took before each break.</summary>
    private static async Task<List<long>> ClientAsync(LiveHouse house, string person, long cursor, Task<Dictionary<string, List<long>>> published, Random random)
    {
        var got = new List<long>();
        while (true)
        {
            var (breaksAt, leavesAt) = (random.Next(4) == 0 ? random.Next(1, 40) : int.MaxValue, random.Next(4) == 0 ? random.Next(1, 40) : int.MaxValue);
            var taken = 0;
            RecordingOutlet outlet = null!;
            outlet = new RecordingOutlet(async frame =>
            {
                if (random.Next(6) == 0) await Task.Yield();
                if (frame.Sequence == 0) return;
                if (++taken == breaksAt) throw new IOException("broken");
                if (taken == leavesAt) outlet.Abort();
            });
            var following = house.FollowAsync(outlet, person, new LiveStart(cursor, 0));
            await UntilAsync(() => outlet.Closed.IsCompleted || (published.IsCompletedSuccessfully && got.Count + outlet.Sequences.Count >= published.Result[person].Count), () => house.Feeds.RingAll());
            outlet.Abort();
            await following;
            got.AddRange(outlet.Sequences);
            if (got.Count > 0) cursor = got[^1];
            if (published.IsCompletedSuccessfully && got.Count >= published.Result[person].Count) return got;
        }
    }

    private static async Task PublishToldAsync(LiveHouse house) => house.Feeds.Heard(LiveHint.New(LiveHouse.Tenant, await house.PublishAsync()));

    private static async Task UntilAsync(Func<bool> holds, Action? meanwhile = null)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (!holds())
        {
            meanwhile?.Invoke();
            await timer.WaitForNextTickAsync(deadline.Token);
        }
    }
}
