using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;
using SomaStack.Server;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>The client that governed calls use, against recorded real traffic.</summary>
public sealed class ChatClientTests : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "soma-chat-" + Guid.CreateVersion7().ToString("N"));
    private RecordedProvider _provider = null!;
    private Microsoft.AspNetCore.Builder.WebApplication _app = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _provider = await RecordedProvider.StartAsync();
        _app = await SomaServer.BuildAsync(new SomaOptions { DataDirectory = _folder, OpenAiUrl = _provider.Url, OpenAiKey = RecordedProvider.Key, Model = "gpt-4o" }, Stop);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _provider.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task It_answers_with_the_providers_words_and_counts()
    {
        var recorded = Recordings.Chat("openai-chat/valid_response").Single();
        _provider.Next(recorded);
        var response = await Client.GetResponseAsync([new ChatMessage(ChatRole.User, "What is the capital of France?")], cancellationToken: Stop);
        Assert.Contains("Paris", response.Text, StringComparison.Ordinal);
        Assert.Equal(recorded.Usage!["completion_tokens"]!.GetValue<long>(), response.Usage!.OutputTokenCount);
        Assert.True(_provider.Received.TryDequeue(out var received));
        Assert.Equal("gpt-4o", received.Body["model"]!.GetValue<string>());
        Assert.Equal("Bearer " + RecordedProvider.Key, received.Authorization);
    }

    [Fact]
    public async Task It_streams_and_ends_with_the_usage()
    {
        _provider.Next(Recordings.Chat("openai-chat/temporal_agent_run_stream").Single(), 17);
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in Client.GetStreamingResponseAsync([new ChatMessage(ChatRole.User, "What is the capital of Mexico?")], cancellationToken: Stop)) updates.Add(update);
        var response = updates.ToChatResponse();
        Assert.Equal("The capital of Mexico is Mexico City.", response.Text);
        Assert.Equal((14, 8), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount));
    }

    [Fact]
    public async Task It_hands_over_tool_calls()
    {
        _provider.Next(Recordings.Chat("openai-chat/tool_choice_matrix-required-openai")[0]);
        var response = await Client.GetResponseAsync([new ChatMessage(ChatRole.User, "Weather?")], cancellationToken: Stop);
        Assert.NotEmpty(response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>());
    }

    [Theory]
    [InlineData("openai-chat/openai_web_search_tool_model_not_supported", "provider_rejected")]
    [InlineData("openai-chat/text_response", "provider_garbled")]
    public async Task Recorded_refusals_become_problems(string name, string code)
    {
        _provider.Next(Recordings.Read(name).Single());
        var problem = await Assert.ThrowsAsync<Problem>(() => Client.GetResponseAsync([new ChatMessage(ChatRole.User, "Hi")], cancellationToken: Stop));
        Assert.Equal(code, problem.Code.Code);
    }

    [Fact]
    public async Task Cancelling_reaches_the_provider()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        _provider.Next(async http =>
        {
            http.RequestAborted.Register(ended.SetResult);
            await cancellation.CancelAsync();
            await ended.Task.WaitAsync(TimeSpan.FromSeconds(20));
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Client.GetResponseAsync([new ChatMessage(ChatRole.User, "Hi")], cancellationToken: cancellation.Token));
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(20), Stop);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable()
    {
        await _provider.DisposeAsync();
        var problem = await Assert.ThrowsAsync<Problem>(() => Client.GetResponseAsync([new ChatMessage(ChatRole.User, "Hi")], cancellationToken: Stop));
        Assert.Equal("provider_unavailable", problem.Code.Code);
    }

    private IChatClient Client => _app.Services.GetRequiredService<SomaStack.Intelligence.Inference.Inference>().ClientOf(_app.Services.GetRequiredService<ModelDirectory>().Find("gpt-4o")!);
}
