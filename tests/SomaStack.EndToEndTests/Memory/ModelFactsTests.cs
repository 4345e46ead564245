using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SomaStack.EndToEndTests.Inference;

namespace SomaStack.EndToEndTests.Memory;

/// <summary>Facts by a model: the built program with a real server beside it that speaks OpenAI's chat completions.</summary>
public sealed class ModelFactsTests : IAsyncLifetime
{
    private RecordedProvider _provider = null!;
    private SomaProcess _soma = null!;
    private HttpClient _client = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _provider = await RecordedProvider.StartAsync();
        _soma = await SomaProcess.StartAsync(environment: new Dictionary<string, string> { ["SOMA_OPENAI_URL"] = _provider.Url, ["SOMA_OPENAI_KEY"] = RecordedProvider.Key, ["SOMA_MODEL"] = "gpt-4o" });
        _client = await _soma.ClientAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _soma.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Fact]
    public async Task A_model_adds_what_the_words_bear_out_and_its_inventions_are_refused()
    {
        _provider.Next(http => AnswerAsync(http, """
            {"facts":[{"subject":"Anna","predicate":"bakes_for","object":"the harbour café"},{"subject":"Anna","predicate":"lives_in","object":"Atlantis"},{"subject":"Anna","predicate":"lives_in","object":"Oslo"}]}
            """));
        var id = await RememberAsync("Anna lives in Oslo. These days the harbour café gets its bread from Anna.");
        var read = await ReadAsync(id, "done");
        Assert.Equal(["Anna bakes_for the harbour café model:gpt-4o", "Anna lives_in Oslo grammar-1"],
            read.GetProperty("data").EnumerateArray().Select(fact => $"{Text(fact, "subject")} {Text(fact, "predicate")} {Text(fact, "object")} {Text(fact, "extractor")}").Order(StringComparer.Ordinal));
        Assert.All(read.GetProperty("data").EnumerateArray(), fact => Assert.Equal(id, Text(fact, "memory_id")));
        Assert.True(_provider.Received.TryDequeue(out var received));
        Assert.Equal("json_object", (string?)received.Body["response_format"]!["type"]);
    }

    [Fact]
    public async Task Answers_that_cannot_be_used_end_as_failed_and_leave_the_memory_as_it_was()
    {
        for (var i = 0; i < 3; i++) _provider.Next(http => AnswerAsync(http, "I am sorry, I would rather write a poem."));
        var id = await RememberAsync("Anna lives in Oslo.");
        var read = await ReadAsync(id, "failed");
        Assert.Equal("answer_unusable", Text(read, "extraction_error"));
        Assert.Equal("Oslo", Text(Assert.Single(read.GetProperty("data").EnumerateArray()), "object"));
        var memory = await _client.GetFromJsonAsync<JsonElement>("/v1/memory/" + id, Stop);
        Assert.Equal("Anna lives in Oslo.", Text(memory, "text"));
        Assert.Equal(3, _provider.Received.Count);
    }

    [Fact]
    public async Task A_server_that_is_away_for_a_moment_is_asked_again()
    {
        _provider.Next(http =>
        {
            http.Response.StatusCode = 500;
            return Task.CompletedTask;
        });
        _provider.Next(http => AnswerAsync(http, """{"facts":[]}"""));
        var read = await ReadAsync(await RememberAsync("The ferry to the island is late."), "done");
        Assert.Equal(0, read.GetProperty("data").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, read.GetProperty("extraction_error").ValueKind);
    }

    private static async Task AnswerAsync(HttpContext http, string content)
    {
        http.Response.ContentType = "text/event-stream";
        await SendAsync(http, new { id = "chatcmpl-1", @object = "chat.completion.chunk", created = 1, model = "gpt-4o", choices = new[] { new { index = 0, delta = new { role = "assistant", content } } } });
        await SendAsync(http, new { id = "chatcmpl-1", @object = "chat.completion.chunk", created = 1, model = "gpt-4o", choices = new[] { new { index = 0, delta = new { }, finish_reason = "stop" } } });
        await SendAsync(http, new
        {
            id = "chatcmpl-1", @object = "chat.completion.chunk", created = 1, model = "gpt-4o", choices = Array.Empty<object>(),
            usage = new { prompt_tokens = 50, completion_tokens = 20, total_tokens = 70 },
        });
        await http.Response.WriteAsync("data: [DONE]\n\n");
    }

    private static Task SendAsync(HttpContext http, object chunk) => http.Response.WriteAsync($"data: {JsonSerializer.Serialize(chunk)}\n\n");

    private async Task<string> RememberAsync(string text)
    {
        using var response = await _client.PostAsJsonAsync("/v1/remember", new { text }, Stop);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return Text(await response.Content.ReadFromJsonAsync<JsonElement>(Stop), "id")!;
    }

    private async Task<JsonElement> ReadAsync(string id, string status)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        JsonElement read = default;
        for (var attempt = 0; attempt < 600; attempt++)
        {
            read = await _client.GetFromJsonAsync<JsonElement>($"/v1/memory/{id}/facts", Stop);
            if (Text(read, "extraction_status") == status) return read;
            await timer.WaitForNextTickAsync(Stop);
        }
        throw new TimeoutException($"It is not {status}: {read}");
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
