using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>Workers are killed in the middle of their work, on PostgreSQL and Kafka's protocol: nothing is lost, and nothing takes effect twice.</summary>
public sealed class QueueCrashTests
{
    private const int Requests = 100;
    private const int Kills = 4;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_workers_request_is_taken_over_by_the_other_and_has_one_result()
    {
        await using var cluster = await QueueCluster.StartAsync();
        await cluster.StartWorkerAsync(0);
        var id = await cluster.Client.SubmitAsync("hold this one");
        await cluster.Upstream.Reached.Task.WaitAsync(Stop);
        await cluster.Client.EventsAsync(id, enough: events => QueueClient.Said(events) == cluster.Upstream.FirstHalf);
        await cluster.StartWorkerAsync(1);
        await cluster.KillWorkerAsync(0);
        cluster.Upstream.GoOn();

        var events = await cluster.Client.EventsAsync(id);
        Assert.Equal(["request.queued", "request.started", "request.restarted", "request.succeeded"], events.Select(item => item.Type).Where(type => type != "text.delta"));
        Assert.Equal(cluster.Upstream.Text, QueueClient.Said(events));
        Assert.Equal(cluster.Upstream.FirstHalf, QueueClient.Said(events.TakeWhile(item => item.Type != "request.restarted")));
        var request = await cluster.Client.GetAsync(id);
        Assert.Equal(("succeeded", 2), (request.GetProperty("status").GetString(), request.GetProperty("attempts").GetInt32()));
        Assert.Equal(2, cluster.Upstream.Asked["hold this one"]);
        Assert.Equal((2L, 1L, 0L, 1L), await cluster.CallsAsync());
        var response = JsonSerializer.Deserialize<JsonElement>(QueueCluster.Responses([id])[id]);
        Assert.Equal(("v1", id, "succeeded"), (response.GetProperty("version").GetString(), response.GetProperty("request_id").GetString(), response.GetProperty("status").GetString()));
        Assert.Equal(request.GetProperty("result").GetProperty("call_id").GetString(), response.GetProperty("call_id").GetString());
        Assert.Equal(1, await cluster.LinesAsync("request_completed"));
    }

    [Fact]
    public async Task A_hundred_requests_survive_workers_that_are_killed_at_random()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var cluster = await QueueCluster.StartAsync();
        cluster.Upstream.Pause = TimeSpan.FromMilliseconds(100);
        await Task.WhenAll(cluster.StartWorkerAsync(0), cluster.StartWorkerAsync(1));
        var ids = await Task.WhenAll(Enumerable.Range(0, Requests).Select(i => cluster.Client.SubmitAsync($"question {i}", attemptsMax: 10)));
        for (var kill = 0; kill < Kills; kill++)
        {
            // By what the provider has been asked, not by the clock: then a kill meets work on every machine.
            var asked = kill * Requests / Kills + random.Next(1, Requests / Kills);
            while (cluster.Upstream.Asked.Values.Sum() < asked) await Task.Delay(random.Next(5, 50), Stop);
            var victim = random.Next(2);
            await cluster.KillWorkerAsync(victim);
            await cluster.StartWorkerAsync(victim);
        }

        var calls = new HashSet<string>();
        long attempts = 0;
        foreach (var id in ids)
        {
            var events = await cluster.Client.EventsAsync(id);
            var request = await cluster.Client.GetAsync(id);
            Assert.True(request.GetProperty("status").GetString() == "succeeded", $"{request} (seed {seed})");
            Assert.Equal(cluster.Upstream.Text, request.GetProperty("result").GetProperty("text").GetString());
            Assert.Equal(cluster.Upstream.Text, QueueClient.Said(events));
            Assert.True(calls.Add(request.GetProperty("result").GetProperty("call_id").GetString()!), $"two results of one call (seed {seed})");
            Assert.Single(events, item => item.Type is "request.succeeded" or "request.failed" or "request.cancelled");
            Assert.Equal(request.GetProperty("attempts").GetInt32(), events.Count(item => item.Type is "request.started" or "request.restarted"));
            Assert.Equal(Enumerable.Range(1, events.Count).Select(i => (long)i), events.Select(item => item.Seq));
            attempts += request.GetProperty("attempts").GetInt32();
        }
        Assert.Equal(Requests, await cluster.LinesAsync("request_completed"));
        var (opened, settled, failed, lost) = await cluster.CallsAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"{Requests} requests, {attempts} attempts, {opened} calls: {settled} settled, {failed} failed, {lost} lost");
        Assert.True(attempts > Requests, $"no kill met work (seed {seed})");
        // Every result has its one settled call; a worker may also die between settling a call and storing its result.
        Assert.True(settled >= Requests && opened <= attempts, $"{opened} calls, {settled} settled, {attempts} attempts (seed {seed})");
        var settledOnce = await cluster.Db.QueryAsync(Db.AllTenants, reader => reader.GetString(0)["call/".Length..],
            $"SELECT subject FROM journal WHERE tenant <> '' AND type = 'somastack.inference.call_settled.v1' GROUP BY subject HAVING COUNT(*) = 1", Stop);
        Assert.Subset(settledOnce.ToHashSet(), calls);
        var responses = QueueCluster.Responses(ids);
        Assert.All(responses.Values, response => Assert.Contains("\"status\":\"succeeded\"", response, StringComparison.Ordinal));
    }
}
