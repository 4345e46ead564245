using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using SomaStack.EndToEndTests.Inference;
using static SomaStack.EndToEndTests.Sessions.SessionsTests;

namespace SomaStack.EndToEndTests.Sessions;

/// <summary>The built program between two real servers of models, the first of which is away or misbehaves, and an address where nobody listens.</summary>
public sealed class RoutedServer : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("soma-routed-").FullName;

    internal BadUpstream First { get; private set; } = null!;

    internal BadUpstream Second { get; private set; } = null!;

    public SomaProcess Soma { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        First = await BadUpstream.StartAsync();
        Second = await BadUpstream.StartAsync();
        var providers = Path.Combine(_folder, "providers.json");
        await File.WriteAllTextAsync(providers, JsonSerializer.Serialize(new object[]
        {
            new { name = "first", kind = "openai-compatible", url = First.Url },
            new { name = "second", kind = "openai-compatible", url = Second.Url },
            new { name = "gone", kind = "openai-compatible", url = $"http://127.0.0.1:{ClosedPort()}/v1", models = new[] { "absent" } },
        }));
        Soma = await SomaProcess.StartAsync(environment: new Dictionary<string, string> { ["SOMA_PROVIDERS"] = providers });
        Client = await Soma.ClientAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Soma.DisposeAsync();
        await First.DisposeAsync();
        await Second.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Nobody listens there: the system gave the number out a moment ago and does not give it again soon.</summary>
    internal static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>A conversation has the routing of every model call: fallbacks before the first word, and none after it.</summary>
public sealed class RoutedTurnTests(RoutedServer server) : IClassFixture<RoutedServer>
{
    private const string Words = "word word word word word word ";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("gone/absent", "provider_unavailable")]
    [InlineData("first/failing", "provider_unavailable")]
    [InlineData("first/key", "provider_unauthorized")]
    [InlineData("first/silent", "provider_timeout")]
    [InlineData("first/reset-early", "provider_unavailable")]
    public async Task A_conversation_whose_primary_fails_before_the_first_word_is_answered_by_the_fallback_and_says_so(string primary, string failed)
    {
        await SetAsync(primary);
        using var response = await server.Client.PostAsJsonAsync("/v1/sessions/start", new { prompt = "Hello there", recall_limit = 0 }, Stop);
        var turn = await response.Content.ReadFromJsonAsync<JsonElement>(Stop);
        Assert.True(response.StatusCode == HttpStatusCode.Created, turn.GetRawText());
        Assert.Equal(("completed", Words), (Text(turn, "status"), Text(turn, "answer")));

        var proof = turn.GetProperty("proof");
        Assert.Equal(("second", "good", 2), (Text(proof, "provider"), Text(proof, "model"), proof.GetProperty("attempts").GetInt32()));
        Assert.Equal((11, 7), (proof.GetProperty("usage").GetProperty("input_tokens").GetInt64(), proof.GetProperty("usage").GetProperty("output_tokens").GetInt64()));

        // Each attempt is a governed call of its own, and the one that answered is the one which the proof names.
        var lines = await LinesAsync();
        var completed = Assert.Single(lines, line => Type(line) == "somastack.sessions.turn_completed.v1" && Text(Data(line), "turn_id") == Text(turn, "turn_id"));
        Assert.Equal(("second", "good", Text(proof, "call_id")), (Text(Data(completed), "provider"), Text(Data(completed), "model"), Text(Data(completed), "call_id")));
        var opened = Assert.Single(lines, line => Type(line) == "somastack.sessions.turn_opened.v1" && Text(Data(line), "turn_id") == Text(turn, "turn_id"));
        var first = Assert.Single(lines, line => Type(line) == "somastack.inference.call_failed.v1" && Text(Data(line), "call_id") == Text(Data(opened), "reservation_id"));
        Assert.Equal((failed, "session", primary), (Text(Data(first), "code"), Text(Data(first), "purpose"), Text(Data(first), "provider") + "/" + Text(Data(first), "model")));
        var settled = Assert.Single(lines, line => Type(line) == "somastack.inference.call_settled.v1" && Text(Data(line), "call_id") == Text(proof, "call_id"));
        Assert.Equal(("session", JsonValueKind.False), (Text(Data(settled), "purpose"), Data(settled).GetProperty("refused").ValueKind));
    }

    [Theory]
    [InlineData("first/half")]
    [InlineData("first/reset")]
    public async Task An_answer_that_breaks_after_its_first_word_ends_in_the_stream_with_an_error_and_no_word_twice(string primary)
    {
        await SetAsync(primary);
        var asked = server.Second.Asked("good");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/sessions/start") { Content = JsonContent.Create(new { prompt = "Hello there", recall_limit = 0, stream = true }) };
        using var response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Stop));
        var (events, said) = (new List<string>(), "");
        JsonElement last = default;
        while (await reader.ReadLineAsync(Stop) is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal)) events.Add(line["event: ".Length..]);
            if (!line.StartsWith("data: ", StringComparison.Ordinal)) continue;
            last = JsonDocument.Parse(line["data: ".Length..]).RootElement;
            if (events[^1] != "text.delta") continue;
            said += Text(last, "text");
            // A reset takes with it what was not read yet; all has come when all was said.
            if (said == Words && primary == "first/reset") server.First.Reset.Release();
        }
        Assert.Equal(("turn.started", "turn.failed"), (events[0], events[^1]));
        Assert.Equal(Words, said);
        Assert.Equal(("failed", Words, "provider_garbled"), (Text(last, "status"), Text(last, "answer"), Text(last.GetProperty("failure"), "code")));
        Assert.Equal(JsonValueKind.Null, last.GetProperty("proof").ValueKind);
        Assert.Equal(asked, server.Second.Asked("good"));

        // The session goes on.
        await SetAsync("second/good");
        using var next = await server.Client.PostAsJsonAsync($"/v1/sessions/{Text(last, "session_id")}/messages", new { text = "Once more", recall_limit = 0 }, Stop);
        Assert.Equal("completed", Text(await next.Content.ReadFromJsonAsync<JsonElement>(Stop), "status"));
    }

    [Fact]
    public async Task A_limit_refuses_a_turn_before_anything_of_it_is_stored()
    {
        await SetAsync("second/good");
        var before = (await server.Client.GetFromJsonAsync<JsonElement>("/v1/sessions?limit=200", Stop)).GetProperty("data").GetArrayLength();
        // One token of a month holds no answer.
        using var limit = await server.Client.PostAsJsonAsync("/v1/billing/limits", new { metric = "tokens", window = "month", amount = 1, provider = "second", model = "good" }, Stop);
        Assert.True(limit.StatusCode == HttpStatusCode.Created, await limit.Content.ReadAsStringAsync(Stop));
        using var refused = await server.Client.PostAsJsonAsync("/v1/sessions/start", new { prompt = "Hello there", recall_limit = 0 }, Stop);
        var made = await limit.Content.ReadFromJsonAsync<JsonElement>(Stop);
        using var removal = new HttpRequestMessage(HttpMethod.Delete, "/v1/billing/limits/" + Text(made, "id"));
        removal.Headers.TryAddWithoutValidation("If-Match", $"\"{made.GetProperty("version").GetInt64()}\"");
        using var removed = await server.Client.SendAsync(removal, Stop);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(before, (await server.Client.GetFromJsonAsync<JsonElement>("/v1/sessions?limit=200", Stop)).GetProperty("data").GetArrayLength());
    }

    private async Task SetAsync(string primary)
    {
        var path = new Uri("/v1/tenants/demo/model-profiles/chat", UriKind.Relative);
        using var now = await server.Client.GetAsync(path, Stop);
        using var change = new HttpRequestMessage(HttpMethod.Put, path)
        {
            Content = JsonContent.Create(new { primary, fallbacks = primary == "second/good" ? [] : new[] { "second/good" }, retries = 0, timeout_seconds = 1 }),
        };
        change.Headers.TryAddWithoutValidation("If-Match", now.Headers.ETag!.Tag);
        using var changed = await server.Client.SendAsync(change, Stop);
        Assert.True(changed.IsSuccessStatusCode, await changed.Content.ReadAsStringAsync(Stop));
    }

    private async Task<List<JsonElement>> LinesAsync()
    {
        var lines = new List<JsonElement>();
        for (var path = "/v1/audit/events?limit=200"; ;)
        {
            var page = await server.Client.GetFromJsonAsync<JsonElement>(path, Stop);
            lines.AddRange(page.GetProperty("data").EnumerateArray());
            if (page.GetProperty("data").GetArrayLength() == 0 || page.GetProperty("next_cursor").GetString() is not { } cursor) return lines;
            path = "/v1/audit/events?limit=200&after=" + Uri.EscapeDataString(cursor);
        }
    }

    private static string Type(JsonElement line) => line.GetProperty("type").GetString()!;

    private static JsonElement Data(JsonElement line) => line.GetProperty("data");
}
