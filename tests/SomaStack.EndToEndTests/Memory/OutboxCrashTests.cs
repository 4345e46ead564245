using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Memory;

/// <summary>The server that holds the buffer is killed while it takes in and applies: what it answered for is applied once and in order after its restarts.</summary>
public sealed class OutboxCrashTests
{
    private const int Keys = 6;
    private const int Requests = 40;
    private const int Each = 12;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killed_while_it_drains_it_loses_doubles_and_reorders_nothing()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var data = Path.Combine(Path.GetTempPath(), "soma-e2e-" + Guid.CreateVersion7().ToString("N"));
        var space = "n" + Guid.CreateVersion7().ToString("N");
        var server = await SomaProcess.StartAsync(data);
        AuthenticationHeaderValue? credential = null;
        var sent = 0;
        for (var round = 0; round < 3; round++)
        {
            using var client = credential is null ? await server.ClientAsync() : new HttpClient { BaseAddress = server.Url };
            credential ??= client.DefaultRequestHeaders.Authorization;
            client.DefaultRequestHeaders.Authorization = credential;
            // One request after the other, as a client that comes back does; an unanswered one is sent again after the restart.
            var last = round == 2 ? Requests : sent + 8 + random.Next(6);
            while (sent < last) sent += await HandInAsync(client, space, sent) ? 1 : 0;
            if (round == 2)
            {
                await DrainedAsync(client, 0);
                await EverythingIsThereAsync(client, space, seed);
                break;
            }
            await DrainedAsync(client, 1 + random.Next(sent * Each / 2));
            var late = HandInAsync(client, space, sent);
            await server.KillAsync();
            if (await late) sent++;
            server = await SomaProcess.StartAsync(data);
        }
        await server.DisposeAsync();
    }

    private static async Task<bool> HandInAsync(HttpClient client, string space, int request)
    {
        var items = Enumerable.Range(request * Each, Each).Select(i => new
        {
            id = $"{space}-{i}", op = "remember", body = new { text = $"note {i}", conversation = "c" + i % Keys, @namespace = space },
        });
        try
        {
            using var response = await client.PostAsJsonAsync("/v1/outbox", new { items }, Stop);
            return response.StatusCode == HttpStatusCode.Accepted;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return false;
        }
    }

    private static async Task DrainedAsync(HttpClient client, long depth)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromSeconds(40));
        while ((await client.GetFromJsonAsync<JsonElement>("/v1/outbox/status", deadline.Token)).GetProperty("depth").GetInt64() > depth)
        {
            // Each look is a request; the server sets the pace.
        }
    }

    private static async Task EverythingIsThereAsync(HttpClient client, string space, int seed)
    {
        var stored = new List<JsonElement>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await client.GetFromJsonAsync<JsonElement>($"/v1/memory?namespace={space}&limit=200&cursor={cursor}", Stop);
            stored.AddRange(page.GetProperty("data").EnumerateArray());
            cursor = page.GetProperty("next_cursor").GetString();
        }
        Assert.True(stored.Count == Requests * Each, $"{stored.Count} of {Requests * Each} (seed {seed})");
        for (var key = 0; key < Keys; key++)
        {
            var order = stored.Where(memory => memory.GetProperty("conversation").GetString() == "c" + key)
                .Select(memory => int.Parse(memory.GetProperty("text").GetString()!.Split(' ')[^1], CultureInfo.InvariantCulture)).Reverse().ToList();
            Assert.True(order.SequenceEqual(Enumerable.Range(0, Requests * Each).Where(i => i % Keys == key)), $"c{key}: {string.Join(' ', order)} (seed {seed})");
        }
        Assert.Equal(0, (await client.GetFromJsonAsync<JsonElement>("/v1/outbox/status", Stop)).GetProperty("dead_letters").GetInt64());
    }
}
