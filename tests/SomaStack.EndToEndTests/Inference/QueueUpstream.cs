using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>
/// A real HTTP server that answers every chat with one recorded stream, at the pace that the test sets. The first word of a prompt says
/// what else it does: <c>hold</c> stops in the middle until it is let go, <c>down</c> answers 503 while it is down, <c>bad</c> answers 400.
/// </summary>
internal sealed class QueueUpstream : IAsyncDisposable
{
    public const string Model = "gpt-4o-mini";

    private readonly WebApplication _app;
    private readonly string[] _chunks;
    private readonly TaskCompletionSource _goOn = New();

    private QueueUpstream(WebApplication app, string[] chunks) => (_app, _chunks) = (app, chunks);

    /// <summary>How often each prompt was asked.</summary>
    public ConcurrentDictionary<string, int> Asked { get; } = new();

    public TimeSpan Pause { get; set; } = TimeSpan.Zero;

    public bool Down { get; set; } = true;

    /// <summary>A held answer has been sent up to its middle.</summary>
    public TaskCompletionSource Reached { get; private set; } = New();

    /// <summary>The caller of a held answer went away.</summary>
    public TaskCompletionSource Aborted { get; private set; } = New();

    public string Url => _app.Urls.First() + "/v1";

    public string Text => string.Concat(Deltas(_chunks));

    public string FirstHalf => string.Concat(Deltas(_chunks.Take(_chunks.Length / 2)));

    public void GoOn() => _goOn.TrySetResult();

    public static async Task<QueueUpstream> StartAsync()
    {
        var recorded = Recordings.Chat("openai-chat/run_stream_sync_streams_real_model")[^1];
        var chunks = recorded.Text.Split('\n', StringSplitOptions.TrimEntries).Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).ToArray();
        Assert.True(chunks.Length > 6, "The recording holds no stream.");
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var upstream = new QueueUpstream(builder.Build(), chunks);
        upstream._app.MapGet("/v1/models", () => Results.Text($$"""{"object":"list","data":[{"id":"{{Model}}","object":"model","created":1721172741,"owned_by":"system"}]}""", "application/json"));
        upstream._app.MapPost("/v1/chat/completions", (HttpContext http) => upstream.AnswerAsync(http));
        await upstream._app.StartAsync();
        return upstream;
    }

    public async ValueTask DisposeAsync()
    {
        GoOn();
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        var body = (await JsonNode.ParseAsync(http.Request.Body))!;
        var content = body["messages"]!.AsArray()[^1]!["content"]!;
        var prompt = content is JsonArray parts ? parts[0]!["text"]!.GetValue<string>() : content.GetValue<string>();
        Asked.AddOrUpdate(prompt, 1, static (_, count) => count + 1);
        var refusal = prompt.StartsWith("bad", StringComparison.Ordinal) ? 400 : prompt.StartsWith("down", StringComparison.Ordinal) && Down ? 503 : 200;
        if (refusal != 200)
        {
            http.Response.StatusCode = refusal;
            await http.Response.WriteAsJsonAsync(new { error = new { message = "not now", type = "server_error" } });
            return;
        }
        http.Response.ContentType = "text/event-stream";
        try
        {
            for (var i = 0; i < _chunks.Length; i++)
            {
                if (i == _chunks.Length / 2 && prompt.StartsWith("hold", StringComparison.Ordinal) && !_goOn.Task.IsCompleted)
                {
                    Reached.TrySetResult();
                    await _goOn.Task.WaitAsync(http.RequestAborted);
                }
                await http.Response.WriteAsync(_chunks[i] + "\n\n", http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
                if (Pause > TimeSpan.Zero) await Task.Delay(Pause, http.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            Aborted.TrySetResult();
        }
    }

    private static IEnumerable<string> Deltas(IEnumerable<string> chunks)
    {
        foreach (var chunk in chunks.Where(chunk => chunk.StartsWith("data: {", StringComparison.Ordinal)))
        {
            using var json = JsonDocument.Parse(chunk["data: ".Length..]);
            foreach (var choice in json.RootElement.GetProperty("choices").EnumerateArray())
                if (choice.GetProperty("delta").TryGetProperty("content", out var content) && content.GetString() is { } text) yield return text;
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
