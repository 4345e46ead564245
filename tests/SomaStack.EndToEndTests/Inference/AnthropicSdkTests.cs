using System.Text.Json;
using System.Text.Json.Nodes;
using Anthropic;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;
using Microsoft.Extensions.AI;
using SomaStack.EndToEndTests.Clients;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>Anthropic's official SDKs for .NET and JavaScript as clients of the built program.</summary>
public sealed class AnthropicSdkTests(AnthropicGateway gateway) : IClassFixture<AnthropicGateway>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_asks_the_recorded_provider()
    {
        gateway.Anthropic.Next(Recordings.Read("anthropic/anthropic_model_instructions").Single());
        using var client = Client();
        var message = await client.Messages.Create(Asked("claude-3-opus-latest"), Stop);
        Assert.Equal((20L, 10L), (message.Usage.InputTokens, message.Usage.OutputTokens));
        Assert.Equal("The capital of France is Paris.", Assert.IsType<TextBlock>(message.Content[0].Value).Text);
    }

    [Fact]
    public async Task It_streams_from_the_recorded_provider()
    {
        var recorded = Recordings.Read("anthropic/anthropic_model_thinking_part_stream").Single();
        gateway.Anthropic.Next(recorded, 23);
        using var client = Client();
        var response = await client.AsIChatClient(recorded.Model).GetStreamingResponseAsync("How do I cross the street?", cancellationToken: Stop).ToChatResponseAsync(Stop);
        Assert.True(JsonNode.DeepEquals(RecordedMessages.Blocks(recorded), RecordedMessages.Blocks(response)));
        Assert.Equal((43L, 282L), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount));
    }

    [Fact]
    public async Task It_gets_recorded_calls_of_tools()
    {
        var recorded = Recordings.Read("anthropic/multiple_parallel_tool_calls")[0];
        gateway.Anthropic.Next(recorded);
        var (messages, options) = RecordedMessages.Ask(recorded.Request!);
        using var client = Client();
        var response = await client.AsIChatClient(recorded.Model).GetResponseAsync(messages, options, Stop);
        Assert.True(JsonNode.DeepEquals(RecordedMessages.Blocks(recorded), RecordedMessages.Blocks(response)));
    }

    [Fact]
    public async Task It_understands_refusals()
    {
        using var client = Client();
        var unknown = await Assert.ThrowsAsync<AnthropicNotFoundException>(() => client.Messages.Create(Asked("nope"), Stop));
        Assert.Equal("model_unknown", unknown.ErrorCode);
        Assert.Contains("soma-extract", unknown.ApiMessage, StringComparison.Ordinal);
        Assert.NotEmpty(unknown.RequestID!);
        using var stranger = Client("soma_sk_wrong");
        await Assert.ThrowsAsync<AnthropicUnauthorizedException>(() => stranger.Messages.Create(Asked("soma-extract"), Stop));
    }

    [Fact]
    public async Task It_leaves_and_the_provider_stops()
    {
        var recorded = Recordings.Read("anthropic/anthropic_model_thinking_part_stream").Single();
        var ended = Hold(recorded);
        using var client = Client();
        await foreach (var update in client.Messages.CreateStreaming(Asked(recorded.Model), Stop))
        {
            Assert.NotNull(update);
            break;
        }
        await ended.WaitAsync(TimeSpan.FromSeconds(20), Stop);
    }

    [Fact]
    public async Task It_asks_the_built_in_responder_and_counts_for_it()
    {
        using var client = Client();
        var message = await client.Messages.Create(Asked("soma-extract"), Stop);
        var text = Assert.IsType<TextBlock>(message.Content[0].Value).Text;
        var streamed = await client.AsIChatClient("soma-extract").GetStreamingResponseAsync("What is the journal?", cancellationToken: Stop).ToChatResponseAsync(Stop);
        Assert.Equal(text, streamed.Text);
        Assert.Equal((message.Usage.InputTokens, message.Usage.OutputTokens), (streamed.Usage!.InputTokenCount!.Value, streamed.Usage.OutputTokenCount!.Value));
        var counted = await client.Messages.CountTokens(new MessageCountTokensParams { Model = "soma-extract", Messages = [new UserMessageParam("What is the journal?")] }, Stop);
        Assert.Equal(5, counted.InputTokens);
    }

    [Fact]
    public async Task The_one_for_JavaScript_passes_the_same()
    {
        var folder = Path.Combine(ClientFiles.Folder, "conformance", "anthropic");
        var installed = Path.Combine(folder, "node_modules", ".package-lock.json");
        if (!File.Exists(installed) || File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json")))
        {
            var npm = await ClientFiles.RunAsync("npm", ["ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], null, Stop);
            Assert.SkipWhen(npm is not { ExitCode: 0 }, "Anthropic's SDK for JavaScript could not be installed: " + (npm?.Output ?? "there is no npm here."));
        }
        var stream = Recordings.Read("anthropic/anthropic_model_thinking_part_stream").Single();
        var tools = Recordings.Read("anthropic/multiple_parallel_tool_calls")[0];
        gateway.Anthropic.Next(Recordings.Read("anthropic/anthropic_model_instructions").Single());
        gateway.Anthropic.Next(stream, 23);
        gateway.Anthropic.Next(tools);
        gateway.Anthropic.Next(stream with { Body = stream.Body[..3000] });
        var ended = Hold(stream);
        var run = await ClientFiles.RunAsync("node", [Path.Combine(folder, "run.mjs")], new Dictionary<string, string> { ["SOMA_URL"] = gateway.Soma.Url.AbsoluteUri, ["SOMA_TOKEN"] = gateway.Token }, Stop);
        Assert.SkipWhen(run is null, "There is no node here.");
        Assert.True(run.Value.ExitCode == 0, run.Value.Output);
        await ended.WaitAsync(TimeSpan.FromSeconds(20), Stop);
        var told = run.Value.Output.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonNode.Parse(line)!).ToDictionary(line => (string)line["name"]!);
        Assert.Equal(["text", "stream", "tools", "cut", "cancelled", "unknown_model", "wrong_key", "extract", "extract_stream", "count"], told.Keys);
        Assert.Equal("The capital of France is Paris.", (string)told["text"]["message"]!["content"]![0]!["text"]!);
        Assert.True(JsonNode.DeepEquals(RecordedMessages.Blocks(stream), Plain(told["stream"]["message"]!["content"]!)));
        Assert.Equal((43, 282), ((int)told["stream"]["message"]!["usage"]!["input_tokens"]!, (int)told["stream"]["message"]!["usage"]!["output_tokens"]!));
        Assert.True(JsonNode.DeepEquals(RecordedMessages.Blocks(tools), told["tools"]["message"]!["content"]));
        Assert.Equal("api_error", (string)told["cut"]["type"]!);
        Assert.Equal((404, "not_found_error", "model_unknown"), ((int)told["unknown_model"]["status"]!, (string)told["unknown_model"]["type"]!, (string)told["unknown_model"]["code"]!));
        Assert.Equal((401, "authentication_error"), ((int)told["wrong_key"]["status"]!, (string)told["wrong_key"]["type"]!));
        Assert.Equal((string)told["extract"]["message"]!["content"]![0]!["text"]!, (string)told["extract_stream"]["message"]!["content"]![0]!["text"]!);
        Assert.Equal(5, (int)told["count"]["input_tokens"]!);
    }

    private static MessageCreateParams Asked(string model) => new() { Model = model, MaxTokens = 4096, Messages = [new UserMessageParam("What is the journal?")] };

    /// <summary>The SDK may add fields that it knows to be empty.</summary>
    private static JsonArray Plain(JsonNode blocks)
    {
        var plain = new JsonArray();
        foreach (var block in blocks.AsArray())
        {
            var kept = new JsonObject();
            foreach (var (name, value) in block!.AsObject())
                if (value is not null) kept[name] = value.DeepClone();
            plain.Add(kept);
        }
        return plain;
    }

    /// <summary>The next stream stops in the middle until its reader has left.</summary>
    private Task Hold(Interaction recorded)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        gateway.Anthropic.Next(async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.Body.WriteAsync(recorded.Body.AsMemory(0, 1500));
            await http.Response.Body.FlushAsync();
            http.RequestAborted.Register(ended.SetResult);
            await ended.Task.WaitAsync(TimeSpan.FromSeconds(20));
        });
        return ended.Task;
    }

    private AnthropicClient Client(string? key = null) => new() { BaseUrl = gateway.Soma.Url.GetLeftPart(UriPartial.Authority), ApiKey = key ?? gateway.Token, MaxRetries = 0 };
}
