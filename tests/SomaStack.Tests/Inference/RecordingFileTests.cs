using System.Text;
using SomaStack.Bench;

namespace SomaStack.Tests.Inference;

/// <summary>Recordings in every form that VCR writes, and how their usage is counted.</summary>
public sealed class RecordingFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Bodies_come_parsed_or_as_text_or_packed()
    {
        // gzip of {"choices":[{}],"usage":{"prompt_tokens":1,"completion_tokens":2}}
        using var packed = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionLevel.Fastest)) gzip.Write("""{"choices":[{}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"""u8);
        var exchanges = Read($$$$"""
            interactions:
            - request:
                method: POST
                uri: https://api.groq.com/openai/v1/chat/completions
                parsed_body: {model: a, temperature: 0.5, n: 1, stream: false, seed: null, text: 1e5, quoted: '1', date: "2026-01-01", word: Infinity}
              response:
                headers: {Content-Encoding: [gzip], Content-Type: [application/json]}
                body: {string: !!binary {{{{Convert.ToBase64String(packed.ToArray())}}}}}
                status: null
            - request:
                method: POST
                uri: https://api.openai.com/v1/responses
                body: '{"model":"b","stream":true}'
              response:
                headers: {}
                body: {string: "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":3,\"output_tokens\":4}}}\n\n"}
                status: {code: 200, message: OK}
            """);
        Assert.Equal("""{"model":"a","temperature":0.5,"n":1,"stream":false,"seed":null,"text":"1e5","quoted":"1","date":"2026-01-01","word":"Infinity"}""", exchanges[0].Request!.ToJsonString());
        Assert.Equal((200, false), (exchanges[0].Status, exchanges[0].IsStream));
        Assert.Equal(new RecordedUsage(1, 2, null, null), Api(exchanges[0]).Usage(exchanges[0]));
        Assert.True(exchanges[1].IsStream);
        Assert.True(Api(exchanges[1]).IsComplete(exchanges[1]));
        Assert.Equal(new RecordedUsage(3, 4, null, null), Api(exchanges[1]).Usage(exchanges[1]));
    }

    [Fact]
    public void Anthropics_input_is_what_it_read_and_what_it_cached()
    {
        var exchange = Exchange("https://api.anthropic.com/v1/messages?beta=true", """
            event: message_start
            data: {"type":"message_start","message":{"usage":{"input_tokens":3,"cache_creation_input_tokens":10,"cache_read_input_tokens":100,"output_tokens":1}}}

            event: message_delta
            data: {"type":"message_delta","usage":{"output_tokens":25}}

            """);
        Assert.Equal(new RecordedUsage(113, 25, 100, null), Api(exchange).Usage(exchange));
        Assert.False(Api(exchange).IsComplete(exchange));
    }

    [Theory]
    [InlineData("https://api.cohere.com/v2/embed")]
    [InlineData("https://generativelanguage.googleapis.com/v1beta/models/gemini:generateContent")]
    [InlineData("https://a.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2024-06-01")]
    public void What_no_adapter_speaks_has_its_reason(string uri)
    {
        Assert.Null(RecordingApi.Of(Exchange(uri, "{}"), out var reason));
        Assert.Contains("no adapter", reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://api.openai.com/v1/chat/completions", "openai", "/v1/chat/completions")]
    [InlineData("https://openrouter.ai/api/v1/chat/completions", "openai-compatible", "/v1/chat/completions")]
    [InlineData("https://api.mistral.ai/v1/embeddings", "openai-compatible", "/v1/embeddings")]
    [InlineData("https://api.openai.com/v1/responses/input_tokens", "openai", "/v1/responses/input_tokens")]
    [InlineData("https://api.anthropic.com/v1/messages/count_tokens?beta=true", "anthropic", "/v1/messages/count_tokens")]
    public void An_address_names_its_provider_and_surface(string uri, string kind, string surface)
    {
        var api = Api(Exchange(uri, "{}"));
        Assert.Equal((kind, surface), (api.Kind, api.Surface));
    }

    [Theory]
    [InlineData("")]
    [InlineData("interactions: []")]
    [InlineData("other: 1")]
    [InlineData("a: [")]
    [InlineData("interactions:\n- request: {method: POST}\n  response: {}")]
    public void What_is_no_recording_says_why(string text) => Assert.Throws<InvalidDataException>(() => Read(text));

    private static RecordedExchange Exchange(string uri, string body) =>
        new("POST", new Uri(uri), new System.Text.Json.Nodes.JsonObject { ["model"] = "m" }, 200,
            body.StartsWith("event", StringComparison.Ordinal) ? "text/event-stream" : "application/json", null, Encoding.UTF8.GetBytes(body));

    private static RecordingApi Api(RecordedExchange exchange) => RecordingApi.Of(exchange, out var reason) ?? throw new InvalidOperationException(reason);

    private List<RecordedExchange> Read(string text)
    {
        File.WriteAllText(_path, text);
        return RecordingFile.Read(_path);
    }
}
