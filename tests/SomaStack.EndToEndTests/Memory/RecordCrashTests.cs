using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using SomaStack.Bench;

namespace SomaStack.EndToEndTests.Memory;

/// <summary>
/// The server is killed at random moments while batches, keyed facts, changes and links are written. What was acknowledged is there exactly once
/// after the restart, a retry doubles nothing, and nothing is there in part.
/// </summary>
public sealed class RecordCrashTests
{
    private const int Rounds = 6;
    private const int Writers = 4;
    private const int BatchSize = 5;
    private const int LongestMs = 500;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public Task On_sqlite_nothing_acknowledged_is_lost_doubled_or_half_there() => KillAsync(null);

    [Fact]
    public async Task On_postgres_nothing_acknowledged_is_lost_doubled_or_half_there()
    {
        await using var postgres = await PrivatePostgres.StartAsync();
        Assert.SkipWhen(postgres is null, "PostgreSQL 15 or newer is not installed (apt-get install postgresql-15).");
        await KillAsync(await postgres.CreateAsync());
    }

    private static async Task KillAsync(string? database)
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        string[] arguments = database is null ? [] : ["--database", database];
        var work = new ConcurrentBag<Step>();
        var soma = await SomaProcess.StartAsync(null, null, arguments);
        try
        {
            using var token = await soma.ClientAsync(arguments);
            for (var round = 0; round < Rounds; round++)
            {
                var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                var url = soma.Url;
                var writers = Enumerable.Range(0, Writers).Select(writer => WriteUntilDeadAsync(url, token, $"r{round}w{writer}", work, first)).ToList();
                await first.Task.WaitAsync(TimeSpan.FromSeconds(60), Stop);
                await Task.Delay(random.Next(1, LongestMs), Stop);
                await soma.KillAsync();
                await Task.WhenAll(writers);
                soma = await SomaProcess.StartAsync(soma.Data, null, arguments);
                await CheckAsync(soma.Url, token, work, $"seed {seed}, round {round}");
            }
            Assert.True(work.Count(step => step.Batch is not null) >= Rounds && work.Any(step => step.Patched) && work.Any(step => step.Linked), $"Too little was acknowledged (seed {seed}).");
            TestContext.Current.TestOutputHelper?.WriteLine($"{work.Count(step => step.Batch is not null)} batches, {work.Count(step => step.Patched)} changes, {work.Count(step => step.Linked)} links, {work.Count(step => step.Keyed)} keyed");
        }
        finally
        {
            await soma.DisposeAsync();
        }
    }

    private static async Task WriteUntilDeadAsync(Uri url, HttpClient token, string name, ConcurrentBag<Step> work, TaskCompletionSource first)
    {
        using var client = Client(url, token);
        for (var i = 0; ; i++)
        {
            var step = new Step($"{name}i{i}", name);
            work.Add(step);
            try
            {
                step.Batch = await BatchAsync(client, step);
                if (step.Batch is null) continue;
                step.Keyed = (await SendAsync(client, "POST", "/v1/remember", new { text = $"{step.Name} keyed", kind = "fact", key = "key-" + step.Writer }, step.Name + "-key")).IsSuccess;
                step.Patched = (await SendAsync(client, "PATCH", "/v1/memory/" + step.Batch[0], new { text = $"{step.Name} patched" }, null)).IsSuccess;
                step.Linked = (await SendAsync(client, "POST", "/v1/link", new { from = step.Batch[0], to = step.Batch[1] }, step.Name + "-link")).IsSuccess;
                // However slow the machine is, each round sees at least one of everything before the kill.
                if (step.Patched && step.Linked) first.TrySetResult();
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or JsonException)
            {
                // Killed in the middle: nobody was told anything of this one.
                return;
            }
        }
    }

    private static async Task CheckAsync(Uri url, HttpClient token, ConcurrentBag<Step> work, string where)
    {
        using var client = Client(url, token);
        // A retry of every batch of the last moments, acknowledged or not, meets its own rows.
        foreach (var last in work.GroupBy(step => step.Writer).Select(steps => steps.OrderBy(step => step.Name.Length).ThenBy(step => step.Name, StringComparer.Ordinal).Last()))
        {
            var ids = await BatchAsync(client, last);
            // On PostgreSQL the claim of the killed process on a retry key stands until its lease ends: a retry of what nobody was told of may meet 409.
            if (ids is null && last.Batch is null) continue;
            Assert.True(ids is not null && (last.Batch is null || ids.SequenceEqual(last.Batch)), $"A retry made other rows ({where}, {last.Name}).");
            last.Batch = ids;
        }
        var (memories, versions, links) = await ExportAsync(client);
        var texts = memories.Values.GroupBy(memory => memory.GetProperty("text").GetString()!).ToDictionary(group => group.Key, group => group.Count());
        Assert.True(texts.Values.All(count => count == 1), $"Something is there twice ({where}): {string.Join(", ", texts.Where(pair => pair.Value > 1).Take(5))}");
        foreach (var step in work)
        {
            var there = Enumerable.Range(0, BatchSize).Count(i => texts.ContainsKey($"{step.Name} item {i}") || i == 0 && texts.ContainsKey($"{step.Name} patched"));
            Assert.True(there == BatchSize || there == 0 && step.Batch is null, $"{there} of {BatchSize} of a batch are there ({where}, {step.Name}).");
            if (step.Batch is null) continue;
            var patched = memories[step.Batch[0]];
            var version = patched.GetProperty("version").GetInt64();
            Assert.True(version == (patched.GetProperty("text").GetString() == $"{step.Name} patched" ? 2 : 1) && (!step.Patched || version == 2), $"A change is lost or there in part ({where}, {step.Name}).");
            Assert.Equal(version - 1, versions.GetValueOrDefault(step.Batch[0]));
            if (step.Linked) Assert.Equal(1, links.GetValueOrDefault(step.Batch[0]));
            if (step.Keyed) Assert.True(texts.ContainsKey($"{step.Name} keyed"), $"A keyed fact is lost ({where}, {step.Name}).");
        }
        var open = memories.Values.Where(memory => memory.TryGetProperty("key", out _) && !memory.TryGetProperty("superseded_by", out _)).GroupBy(memory => memory.GetProperty("key").GetString());
        Assert.All(open, key => Assert.Single(key));
    }

    private static async Task<List<string>?> BatchAsync(HttpClient client, Step step)
    {
        var (ok, answer) = await SendAsync(client, "POST", "/v1/remember/batch", new { items = Enumerable.Range(0, BatchSize).Select(i => new { text = $"{step.Name} item {i}" }) }, step.Name);
        return ok ? [.. answer.GetProperty("results").EnumerateArray().Select(item => item.GetProperty("id").GetString()!)] : null;
    }

    private static async Task<(Dictionary<string, JsonElement> Memories, Dictionary<string, long> Versions, Dictionary<string, long> Links)> ExportAsync(HttpClient client)
    {
        var (memories, versions, links) = (new Dictionary<string, JsonElement>(), new Dictionary<string, long>(), new Dictionary<string, long>());
        foreach (var line in (await client.GetStringAsync("/v1/memory/export", Stop)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var row = JsonDocument.Parse(line).RootElement;
            var id = row.GetProperty("id").GetString()!;
            switch (row.GetProperty("type").GetString())
            {
                case "memory": memories.Add(id, row); break;
                case "version" when row.GetProperty("change").GetString() == "remembered" && !memories[id].TryGetProperty("key", out _): versions[id] = versions.GetValueOrDefault(id) + 1; break;
                case "link": links[row.GetProperty("from").GetString()!] = links.GetValueOrDefault(row.GetProperty("from").GetString()!) + 1; break;
            }
        }
        return (memories, versions, links);
    }

    private static HttpClient Client(Uri url, HttpClient token)
    {
        var client = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromSeconds(30) };
        client.DefaultRequestHeaders.Authorization = token.DefaultRequestHeaders.Authorization;
        return client;
    }

    private static async Task<(bool IsSuccess, JsonElement Answer)> SendAsync(HttpClient client, string method, string path, object body, string? key)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = JsonContent.Create(body) };
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        else request.Headers.TryAddWithoutValidation("If-Match", "\"1\"");
        using var response = await client.SendAsync(request, Stop);
        return (response.IsSuccessStatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync(Stop)).RootElement);
    }

    private sealed record Step(string Name, string Writer)
    {
        public List<string>? Batch { get; set; }

        public bool Keyed { get; set; }

        public bool Patched { get; set; }

        public bool Linked { get; set; }
    }
}
