using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;
using SomaStack.Server;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>The client of an Anthropic model that governed calls use, against recorded real traffic.</summary>
public sealed class AnthropicChatClientTests : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "soma-anthropic-" + Guid.CreateVersion7().ToString("N"));
    private RecordedProvider _provider = null!;
    private Microsoft.AspNetCore.Builder.WebApplication _app = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private IChatClient Client => _app.Services.GetRequiredService<SomaStack.Intelligence.Inference.Inference>().ClientOf(_app.Services.GetRequiredService<ModelDirectory>().Find("claude-test")!);

    public async ValueTask InitializeAsync()
    {
        _provider = await RecordedProvider.StartAsync();
        _app = await SomaServer.BuildAsync(new SomaOptions { DataDirectory = _folder, AnthropicUrl = _provider.Root, AnthropicKey = RecordedProvider.Key, Model = "claude-test" }, Stop);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _provider.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Every_recorded_exchange_is_asked_in_the_recorded_shape_and_understood()
    {
        var count = 0;
        foreach (var name in AnthropicGateway.Recorded)
            foreach (var recorded in Recordings.Read(name))
            {
                _provider.Next(recorded);
                var (messages, options) = RecordedMessages.Ask(recorded.Request!);
                var response = recorded.IsStream
                    ? await Client.GetStreamingResponseAsync(messages, options, Stop).ToChatResponseAsync(Stop)
                    : await Client.GetResponseAsync(messages, options, Stop);

                Assert.True(_provider.Received.TryDequeue(out var received) && _provider.Addressed.TryDequeue(out _));
                var (wanted, sent) = (RecordedMessages.Shape(recorded.Request!), RecordedMessages.Shape(received.Body));
                Assert.True(JsonNode.DeepEquals(wanted, sent), $"{name}\nwanted {wanted.ToJsonString()}\nsent   {sent.ToJsonString()}");
                Assert.Equal("Bearer " + RecordedProvider.Key, received.Authorization);

                Assert.True(JsonNode.DeepEquals(RecordedMessages.Blocks(recorded), RecordedMessages.Blocks(response)), $"{name}\nwanted {RecordedMessages.Blocks(recorded)}\ngot {RecordedMessages.Blocks(response)}");
                Assert.Equal(RecordedMessages.Finish(recorded), response.FinishReason);
                Assert.Equal(AnthropicGateway.InputOf(recorded.Usage!), response.Usage!.InputTokenCount);
                Assert.Equal(recorded.Usage!["output_tokens"]!.GetValue<long>(), response.Usage.OutputTokenCount);
                Assert.Equal(recorded.Usage!["cache_read_input_tokens"]!.GetValue<long>(), response.Usage.CachedInputTokenCount);
                count++;
            }
        Assert.Equal(16, count);
    }

    [Fact]
    public async Task Hidden_thoughts_of_a_recorded_answer_can_be_sent_back_as_they_came()
    {
        var recorded = Recordings.Read("anthropic/anthropic_model_thinking_part_redacted_stream").Single();
        _provider.Next(recorded);
        _provider.Next(recorded);
        var response = await Client.GetStreamingResponseAsync([new ChatMessage(ChatRole.User, "Hi")], null, Stop).ToChatResponseAsync(Stop);
        await Client.GetStreamingResponseAsync([new ChatMessage(ChatRole.User, "Hi"), .. response.Messages, new ChatMessage(ChatRole.User, "And?")], null, Stop).ToChatResponseAsync(Stop);
        _provider.Received.TryDequeue(out _);
        Assert.True(_provider.Received.TryDequeue(out var received));
        var blocks = received.Body["messages"]![1]!["content"]!.AsArray();
        Assert.Equal(["redacted_thinking", "redacted_thinking", "text"], blocks.Select(block => (string)block!["type"]!));
        Assert.StartsWith("EqkECkYI", (string)blocks[0]!["data"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schema_for_the_answer_reaches_the_model()
    {
        _provider.Next(Recordings.Read("anthropic/extra_headers").Single());
        using var schema = JsonDocument.Parse("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}""");
        await Client.GetResponseAsync([new ChatMessage(ChatRole.User, "Hi")], new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(schema.RootElement) }, Stop);
        Assert.True(_provider.Received.TryDequeue(out var received));
        var format = received.Body["output_config"]!["format"]!;
        Assert.Equal(("json_schema", "string"), ((string)format["type"]!, (string)format["schema"]!["properties"]!["city"]!["type"]!));
    }

    [Fact]
    public async Task A_stream_that_breaks_off_is_no_answer_and_its_output_stays_unknown()
    {
        var recorded = Recordings.Read("anthropic/anthropic_model_thinking_part_stream").Single();
        _provider.Next(recorded with { Body = recorded.Body[..3000] });
        var usage = new List<UsageDetails>();
        var problem = await Assert.ThrowsAsync<Problem>(async () =>
        {
            await foreach (var update in Client.GetStreamingResponseAsync([new ChatMessage(ChatRole.User, "Hi")], null, Stop)) usage.AddRange(update.Contents.OfType<UsageContent>().Select(content => content.Details));
        });
        Assert.Equal("provider_garbled", problem.Code.Code);
        Assert.All(usage, details => Assert.Equal((43L, null), (details.InputTokenCount, details.OutputTokenCount)));
    }

    [Theory]
    [InlineData(529, "provider_unavailable")]
    [InlineData(429, "provider_rate_limited")]
    [InlineData(401, "provider_unauthorized")]
    [InlineData(400, "provider_rejected")]
    public async Task Refusals_become_problems_that_say_when_to_come_back(int status, string code)
    {
        foreach (var stream in new[] { false, true })
        {
            _provider.Next(async http =>
            {
                http.Response.StatusCode = status;
                http.Response.Headers.RetryAfter = "7";
                await http.Response.WriteAsync("{\"type\":\"error\",\"error\":{\"type\":\"x\",\"message\":\"It is so.\"}}");
            });
            var problem = await Assert.ThrowsAsync<Problem>(() => AskAsync(stream));
            Assert.Equal(code, problem.Code.Code);
            if (status is 429 or 529) Assert.Equal(TimeSpan.FromSeconds(7), problem.RetryAfter);
            Assert.Equal(status != 401, problem.Detail.Contains("It is so.", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_recorded_refusal_is_told_in_the_providers_words()
    {
        _provider.Next(Recordings.Read("anthropic/anthropic_count_tokens_error").Single());
        var problem = await Assert.ThrowsAsync<Problem>(() => AskAsync(stream: false));
        Assert.Equal("provider_rejected", problem.Code.Code);
        Assert.Contains("model: claude-does-not-exist", problem.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("overloaded_error", "provider_unavailable")]
    [InlineData("rate_limit_error", "provider_rate_limited")]
    [InlineData("invalid_request_error", "provider_rejected")]
    public async Task An_error_in_the_stream_is_a_problem_of_its_kind(string type, string code)
    {
        var recorded = Recordings.Read("anthropic/anthropic_model_thinking_part_stream").Single();
        var text = recorded.Text[..recorded.Text.IndexOf("event: message_delta", StringComparison.Ordinal)] + $"event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"{type}\",\"message\":\"It is so.\"}}}}\n\n";
        _provider.Next(recorded with { Body = System.Text.Encoding.UTF8.GetBytes(text) });
        var problem = await Assert.ThrowsAsync<Problem>(() => AskAsync(stream: true));
        Assert.Equal(code, problem.Code.Code);
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("{}")]
    [InlineData("")]
    public async Task What_is_no_answer_is_garbled(string body)
    {
        foreach (var stream in new[] { false, true })
        {
            _provider.Next(async http =>
            {
                http.Response.ContentType = stream ? "text/event-stream" : "application/json";
                await http.Response.WriteAsync(body);
            });
            Assert.Equal("provider_garbled", (await Assert.ThrowsAsync<Problem>(() => AskAsync(stream))).Code.Code);
        }
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable()
    {
        await _provider.DisposeAsync();
        Assert.Equal("provider_unavailable", (await Assert.ThrowsAsync<Problem>(() => AskAsync(stream: false))).Code.Code);
        Assert.Equal("provider_unavailable", (await Assert.ThrowsAsync<Problem>(() => AskAsync(stream: true))).Code.Code);
    }

    private Task<ChatResponse> AskAsync(bool stream) => stream
        ? Client.GetStreamingResponseAsync([new ChatMessage(ChatRole.User, "Hi")], null, Stop).ToChatResponseAsync(Stop)
        : Client.GetResponseAsync([new ChatMessage(ChatRole.User, "Hi")], null, Stop);
}
