using System.ClientModel;
using System.ClientModel.Primitives;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Responses;

// The client marks its responses API as one that may still change.
#pragma warning disable OPENAI001

namespace SomaStack.EndToEndTests.Inference;

/// <summary>The official OpenAI SDK for .NET: responses, embeddings, tools, streams, errors and cancellation, over recorded traffic and the built-in responder.</summary>
public sealed class OpenAiResponsesSdkTests(OpenAiGateway gateway) : IClassFixture<OpenAiGateway>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_response_comes_with_its_usage()
    {
        var response = (await Responses().CreateResponseAsync(Options("openai-responses/openai_responses_model_simple_response", "What is the capital of France?"), Stop)).Value;
        Assert.Equal("The capital of France is Paris.", response.GetOutputText());
        Assert.Equal(response.Usage.TotalTokenCount, response.Usage.InputTokenCount + response.Usage.OutputTokenCount);
    }

    [Fact]
    public async Task Reasoning_and_its_tokens_are_told()
    {
        var response = (await Responses().CreateResponseAsync(Options("openai-responses/reasoning_summary_auto", "Write a function."), Stop)).Value;
        Assert.IsType<ReasoningResponseItem>(response.OutputItems[0]);
        Assert.Equal(59, response.Usage.OutputTokenDetails.ReasoningTokenCount);
    }

    [Fact]
    public async Task A_response_asks_for_a_tool()
    {
        var options = Options("openai-responses/openai_responses_model_simple_response_with_tool_call", "What is the capital of PotatoLand?");
        options.Tools.Add(ResponseTool.CreateFunctionTool("get_capital", BinaryData.FromString("""{"type":"object"}"""), strictModeEnabled: false));
        var call = Assert.IsType<FunctionCallResponseItem>(Assert.Single((await Responses().CreateResponseAsync(options, Stop)).Value.OutputItems));
        Assert.Equal(("get_capital", """{"country":"PotatoLand"}"""), (call.FunctionName, call.FunctionArguments.ToString()));
    }

    [Theory]
    [InlineData("openai-responses/background_mode_streaming_vcr", "2 + 2 equals 4.")]
    [InlineData("soma-extract", "quote")]
    public async Task A_response_streams_to_its_end(string model, string words)
    {
        Assert.SkipWhen(Recordings.Root is null && model != "soma-extract", "../shared/data/provider-recordings is not there.");
        var options = Options(model, "What is 2 + 2?");
        options.StreamingEnabled = true;
        var text = "";
        StreamingResponseUpdate? last = null;
        await foreach (var update in await Responses().CreateResponseStreamingAsync(options, Stop))
        {
            if (update is StreamingResponseOutputTextDeltaUpdate delta) text += delta.Delta;
            last = update;
        }
        var completed = Assert.IsType<StreamingResponseCompletedUpdate>(last);
        Assert.Contains(words, text, StringComparison.Ordinal);
        Assert.Equal(text, completed.Response.GetOutputText());
        Assert.True(completed.Response.Usage.OutputTokenCount > 0);
    }

    [Fact]
    public async Task The_built_in_responder_speaks_the_responses_api()
    {
        var response = (await Responses().CreateResponseAsync(Options("soma-extract", "What is zzyzx?"), Stop)).Value;
        Assert.Equal(ResponseStatus.Completed, response.Status);
        Assert.Contains("quote", response.GetOutputText(), StringComparison.Ordinal);
        Assert.True(response.Usage.OutputTokenCount > 0);
    }

    [Fact]
    public async Task A_kept_response_is_found_again_and_deleted()
    {
        var id = (await Responses().CreateResponseAsync(Options("openai-responses/tool_output#1", "And the largest city?"), Stop)).Value.Id;
        Assert.Equal(id, (await Responses().GetResponseAsync(id, cancellationToken: Stop)).Value.Id);
        await Responses().DeleteResponseAsync(id, Stop);
        Assert.Equal(404, (await Assert.ThrowsAsync<ClientResultException>(() => Responses().GetResponseAsync(id, cancellationToken: Stop))).Status);
    }

    [Theory]
    [InlineData("nope", 404, "model_unknown")]
    [InlineData("limited", 429, "provider_rate_limited")]
    [InlineData("openai-responses/openai_responses_model_http_error", 400, "decimal_below_min_value")]
    public async Task A_response_that_is_refused_says_why(string model, int status, string code)
    {
        Assert.SkipWhen(Recordings.Root is null && model.Contains('/', StringComparison.Ordinal), "../shared/data/provider-recordings is not there.");
        var exception = await Assert.ThrowsAsync<ClientResultException>(() => Responses().CreateResponseAsync(Options(model, "Hi"), Stop));
        Assert.Equal(status, exception.Status);
        Assert.Contains(code, exception.GetRawResponse()!.Content.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Leaving_a_stream_ends_the_providers_work()
    {
        Assert.SkipWhen(Recordings.Root is null, "../shared/data/provider-recordings is not there.");
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var seen = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in Client().GetChatClient("hanging:openai-chat/temporal_agent_run_stream").CompleteChatStreamingAsync([new UserChatMessage("Hi")], cancellationToken: cancellation.Token))
                if (++seen == 2) await cancellation.CancelAsync();
        });
        Assert.True(await gateway.Replay.LeftAsync(Stop));
    }

    [Fact]
    public async Task Embeddings_of_a_provider_come_in_both_encodings()
    {
        Assert.SkipWhen(Recordings.Root is null, "../shared/data/provider-recordings is not there.");
        var result = await Client().GetEmbeddingClient("embeddings/TestOpenAI.test_documents").GenerateEmbeddingsAsync(["hello", "world"], cancellationToken: Stop);
        Assert.Equal((2, 1536, 2), (result.Value.Count, result.Value[0].ToFloats().Length, result.Value.Usage.InputTokenCount));
        using var one = await gateway.Client.PostAsync("/embedding", new StringContent("""{"text":"Hello, world!","model":"embeddings/TestOpenAI.test_query"}""", System.Text.Encoding.UTF8, "application/json"), Stop);
        Assert.Equal("unknown", one.Headers.GetValues("x-somastack-cost").Single());
        Assert.Equal(one.Headers.GetValues("X-Request-Id").Single(), one.Headers.GetValues("x-somastack-request-id").Single());
        Assert.True(one.Headers.Contains("x-somastack-overhead-ms") && one.Headers.Contains("x-somastack-call-id"));
        var answer = System.Text.Json.Nodes.JsonNode.Parse(await one.Content.ReadAsStringAsync(Stop))!;
        Assert.Equal((1536, 1536), (answer["dim"]!.GetValue<int>(), answer["embedding"]!.AsArray().Count));
    }

    [Fact]
    public async Task A_model_without_embeddings_says_so()
    {
        var exception = await Assert.ThrowsAsync<ClientResultException>(() => Client().GetEmbeddingClient("soma-extract").GenerateEmbeddingsAsync(["x"], cancellationToken: Stop));
        Assert.Equal(404, exception.Status);
        Assert.Contains("makes no embeddings", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tools_and_formats_are_taken_by_a_model_that_is_translated()
    {
        var options = new ChatCompletionOptions
        {
            Tools = { ChatTool.CreateFunctionTool("look", "Looks.", BinaryData.FromString("""{"type":"object"}""")) }, ToolChoice = ChatToolChoice.CreateAutoChoice(),
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("dot", BinaryData.FromString("""{"type":"object"}""")), MaxOutputTokenCount = 3,
        };
        var completion = (await Client().GetChatClient("soma-extract").CompleteChatAsync([new SystemChatMessage("Be brief."), new UserChatMessage("What is zzyzx?")], options, Stop)).Value;
        Assert.Equal(ChatFinishReason.Length, completion.FinishReason);
        Assert.Equal(3, completion.Usage.OutputTokenCount);
    }

    private OpenAIClient Client() => new(new ApiKeyCredential(gateway.Token), new OpenAIClientOptions { Endpoint = new Uri(gateway.Soma.Url, "/v1"), RetryPolicy = new ClientRetryPolicy(0) });

    private ResponsesClient Responses() => Client().GetResponsesClient();

    private static CreateResponseOptions Options(string model, string question)
    {
        Assert.SkipWhen(Recordings.Root is null && model.Contains('/', StringComparison.Ordinal), "../shared/data/provider-recordings is not there.");
        var options = new CreateResponseOptions { Model = model };
        options.InputItems.Add(ResponseItem.CreateUserMessageItem(question));
        return options;
    }
}
