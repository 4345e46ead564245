using System.Text;
using SomaStack.Agents.Workflows;
using SomaStack.Governance.Policy;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Workflows;

/// <summary>Client and workers of a replica, as they are in the server, over <see cref="TemporalProtocol"/>: what is lost on the way is made up for.</summary>
public sealed class TemporalWorkerTests(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_start_and_a_signal_that_the_server_did_not_hear_are_told_again()
    {
        await using var house = await RunHouse.StartAsync(databases, "protocol");
        // A process that commits and dies before it tells anybody.
        await using var dying = await house.ReplicaAsync();
        var run = await dying.StartAsync(Capsules.Of(Capsules.Step("a", "world.gated"), Capsules.Step("wait", "wait.signal", """{"name":"go"}""", "a")));
        Assert.Empty(house.Protocol!.Histories);
        await house.LookAsync();
        await house.Effects.Gate($"at run/{run}/a/1").Task.WaitAsync(TimeSpan.FromSeconds(20), Stop);
        house.Effects.Gate($"run/{run}/a/1").SetResult();
        await house.WaitingAsync(run);
        await dying.SignalAsync(run, "go", "1");
        await house.LookAsync();
        Assert.Equal("completed", (await house.OverAsync(run)).Status);
        await house.SettledAsync(run);
        Assert.Single(house.Protocol.Histories);
        Assert.Null(house.Get<TellTemporal>().Trouble);
    }

    /// <summary>Each signal stays in its workflow's history, which has an end.</summary>
    [Fact]
    public async Task A_run_that_nobody_works_on_is_told_ever_more_rarely_and_at_once_when_something_comes()
    {
        await using var house = await RunHouse.WithoutServerAsync(databases, "sqlite");
        var run = await house.StartAsync(Capsules.Sequence("echo"));
        var (tell, told) = (house.Get<TellTemporal>(), 0);
        for (var look = 0; look < 720; look++)
        {
            told += await tell.LookOnceAsync(Stop);
            house.Clock.Advance(TimeSpan.FromSeconds(5));
        }
        Assert.InRange(told, 8, 12);
        await house.SignalAsync(run, "go", "1");
        Assert.Equal(1, await tell.LookOnceAsync(Stop));
        Assert.Equal(0, await tell.LookOnceAsync(Stop));
    }

    [Fact]
    public async Task A_worker_that_stops_leaves_its_effect_to_another_and_it_is_done_once()
    {
        await using var house = await RunHouse.StartAsync(databases, "protocol");
        var run = await house.StartAsync(Capsules.Sequence("echo", "gated", "echo"));
        await house.Effects.Gate($"at run/{run}/s2/1").Task.WaitAsync(TimeSpan.FromSeconds(20), Stop);
        await house.StopWorkAsync();
        Assert.Equal([$"run/{run}/s1/1"], house.Effects.Done);
        house.Effects.Gate($"run/{run}/s2/1").SetResult();
        await using var other = await house.ReplicaAsync();
        await other.WorkAsync();
        Assert.Equal("completed", (await other.OverAsync(run)).Status);
        Assert.Equal([$"run/{run}/s1/1", $"run/{run}/s2/1", $"run/{run}/s3/1"], house.Effects.Done);
        Assert.Equal(8, (await other.RowAsync(run)).Seq);
    }

    [Fact]
    public async Task A_stop_pauses_the_run_and_its_release_lets_it_go_on()
    {
        await using var house = await RunHouse.StartAsync(databases, "protocol");
        await EngageAsync(house, true);
        var run = await house.StartAsync(Capsules.Sequence("echo"));
        using (var source = CancellationTokenSource.CreateLinkedTokenSource(Stop))
        {
            source.CancelAfter(TimeSpan.FromSeconds(20));
            while ((await house.RowAsync(run)).Paused is null) await Task.Delay(20, source.Token);
        }
        Assert.Empty(house.Effects.Done);
        await EngageAsync(house, false);
        Assert.Equal("completed", (await house.OverAsync(run)).Status);
        Assert.Null((await house.RowAsync(run)).Paused);
    }

    [Fact]
    public async Task What_is_sent_to_the_server_holds_no_contents()
    {
        await using var house = await RunHouse.StartAsync(databases, "protocol");
        const string secret = "the-name-of-a-person";
        house.Effects.Before = static key =>
        {
            if (key.EndsWith("/s2/1", StringComparison.Ordinal)) throw new InvalidOperationException("It is about " + secret);
        };
        var run = await house.StartAsync(Capsules.Of(Capsules.Step("s1", "world.echo", $$"""{"who":"{{secret}}"}"""), Capsules.Step("s2", "world.echo", """{"who":"{{ steps.s1.who }}"}""", "s1")));
        Assert.Equal("failed", (await house.OverAsync(run)).Status);
        await house.SettledAsync(run);
        Assert.NotEmpty(house.Protocol!.Received);
        foreach (var request in house.Protocol.Received) Assert.DoesNotContain(secret, Encoding.UTF8.GetString(request), StringComparison.Ordinal);
        Assert.Contains(house.Protocol.Received, static request => Encoding.UTF8.GetString(request).Contains("InvalidOperationException", StringComparison.Ordinal));
    }

    private static async Task EngageAsync(RunHouse house, bool engaged)
    {
        var state = await house.Db.WriteAsync("demo", async work =>
        {
            var key = KillKey.Of("demo");
            var now = house.Clock.GetUtcNow();
            if (engaged) return await KillSwitchStore.EngageAsync(work, key, "fire drill", "ops", now);
            return (await KillSwitchStore.ReleaseAsync(work, (await KillSwitchStore.FindAsync(work, key))!, "over", "ops", now))!;
        }, Stop);
        house.Get<KillSwitch>().Learn(state);
        house.Get<WatchKillSwitches>().Tell();
    }
}
