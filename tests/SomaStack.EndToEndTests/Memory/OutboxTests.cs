using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Memory;

/// <summary>What a client wrote offline, handed in over HTTP to the built server with its brain in process.</summary>
public sealed class OutboxTests(MemoryRoutesTests.Server server) : IClassFixture<MemoryRoutesTests.Server>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_written_offline_takes_effect_once_however_often_it_is_sent()
    {
        var space = "n" + Guid.CreateVersion7().ToString("N");
        var written = DateTimeOffset.Parse("2026-01-02T03:04:05Z", System.Globalization.CultureInfo.InvariantCulture);
        object[] items = [.. Enumerable.Range(0, 40).Select(i => new
        {
            id = $"{space}-{i}", op = "remember", created_at = written.AddMinutes(i), body = new { text = $"offline note number {i}", conversation = "c" + i % 4, @namespace = space },
        })];
        var answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => PostAsync("/v1/outbox", new { items }, HttpStatusCode.Accepted)));
        Assert.Equal(40, answers.Sum(answer => answer.GetProperty("accepted").GetInt32()));
        Assert.Equal(80, answers.Sum(answer => answer.GetProperty("duplicates").GetInt32()));
        await DrainedAsync();
        var stored = (await GetAsync($"/v1/memory?namespace={space}&limit=100")).GetProperty("data").EnumerateArray().ToList();
        Assert.Equal(40, stored.Count);
        var first = stored.Single(memory => memory.GetProperty("text").GetString() == "offline note number 0");
        Assert.Equal(written, first.GetProperty("event_time").GetDateTimeOffset());
        Assert.Equal(answers[0].GetProperty("results")[0].GetProperty("memory_id").GetString(), first.GetProperty("id").GetString());
        // Oldest first within a conversation: the list is newest first.
        for (var c = 0; c < 4; c++)
        {
            var order = stored.Where(memory => memory.GetProperty("conversation").GetString() == "c" + c).Select(memory => int.Parse(memory.GetProperty("text").GetString()!.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture));
            Assert.Equal(Enumerable.Range(0, 40).Where(i => i % 4 == c).Reverse(), order);
        }
        var again = await PostAsync("/v1/outbox", new { items }, HttpStatusCode.Accepted);
        Assert.All(again.GetProperty("results").EnumerateArray(), result => Assert.Equal("done", result.GetProperty("state").GetString()));
    }

    [Fact]
    public async Task What_is_refused_is_a_dead_letter_that_can_be_seen_and_replayed()
    {
        var id = Guid.CreateVersion7().ToString("N");
        await PostAsync("/v1/outbox", new { items = new object[] { new { id, op = "remember", key = id, body = new { text = " " } }, new { id = id + "-next", op = "remember", key = id, body = new { text = "after the bad one" } } } }, HttpStatusCode.Accepted);
        await DrainedAsync();
        var letter = (await GetAsync("/v1/outbox/dead-letters")).GetProperty("data").EnumerateArray().Single(item => item.GetProperty("id").GetString() == id);
        Assert.StartsWith("invalid_request", letter.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(" ", letter.GetProperty("body").GetProperty("text").GetString());
        var done = (await GetAsync("/v1/outbox?state=done&limit=200")).GetProperty("data").EnumerateArray();
        Assert.Contains(done, item => item.GetProperty("id").GetString() == id + "-next");
        var replay = $"/v1/outbox/dead-letters/{letter.GetProperty("item_id").GetString()}/replay";
        Assert.Equal("queued", (await PostAsync(replay, new { }, HttpStatusCode.Accepted)).GetProperty("state").GetString());
        await DrainedAsync();
        Assert.Contains((await GetAsync("/v1/outbox/dead-letters")).GetProperty("data").EnumerateArray(), item => item.GetProperty("id").GetString() == id);
        Assert.Equal("outbox_letter_unknown", (await PostAsync("/v1/outbox/dead-letters/nothing/replay", new { }, HttpStatusCode.NotFound)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_bad_request_is_refused_whole_and_an_id_keeps_its_content()
    {
        var id = Guid.CreateVersion7().ToString("N");
        object Item(string name, string op, object body) => new { id = name, op, body };
        async Task<string?> RefusedAsync(params object[] items) => (await PostAsync("/v1/outbox", new { items }, HttpStatusCode.UnprocessableEntity)).GetProperty("code").GetString();
        Assert.Equal("invalid_request", await RefusedAsync());
        Assert.Equal("invalid_request", await RefusedAsync(Item("ok", "remember", new { text = "x" }), Item("", "remember", new { text = "x" })));
        Assert.Equal("invalid_request", await RefusedAsync(Item(id, "explode", new { })));
        Assert.Equal("invalid_request", await RefusedAsync(Item(id, "remember", "text")));
        await PostAsync("/v1/outbox", new { items = new[] { Item(id, "remember", new { text = "one" }) } }, HttpStatusCode.Accepted);
        Assert.Equal("outbox_id_reused", await RefusedAsync(Item(id, "remember", new { text = "two" })));
        using var reader = await server.Soma.ClientAsync("--capability", "memory:read");
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsJsonAsync("/v1/outbox", new { items = Array.Empty<object>() }, Stop)).StatusCode);
        var status = await GetAsync("/v1/outbox/status");
        Assert.Equal("in_process", status.GetProperty("brain").GetString());
        Assert.Contains("\"name\":\"memory_buffer\"", await server.Client.GetStringAsync("/readyz?verbose", Stop), StringComparison.Ordinal);
    }

    private async Task DrainedAsync()
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        while ((await server.Client.GetFromJsonAsync<JsonElement>("/v1/outbox/status", deadline.Token)).GetProperty("depth").GetInt64() > 0)
        {
            // Each look is a request; the server sets the pace.
        }
    }

    private async Task<JsonElement> PostAsync(string address, object body, HttpStatusCode expected)
    {
        using var response = await server.Client.PostAsJsonAsync(address, body, Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(expected == response.StatusCode, $"{address}: {response.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    private Task<JsonElement> GetAsync(string address) => server.Client.GetFromJsonAsync<JsonElement>(address, Stop);
}
