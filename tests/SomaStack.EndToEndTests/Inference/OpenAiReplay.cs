using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SomaStack.Bench;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>
/// A real HTTP server with OpenAI's addresses that answers with recorded traffic. The model's name is the recording, with <c>#1</c> its
/// second exchange; <c>cut:</c> before it ends the stream in its middle, <c>hanging:</c> stops there until the caller leaves.
/// </summary>
internal sealed class OpenAiReplay : IAsyncDisposable
{
    public const string Key = "sk-replayed-provider-key";

    /// <summary>An answer that the provider keeps under the operator's key, and that nobody here asked for.</summary>
    public const string Stranger = "resp_of_somebody_else";

    /// <summary>What no recording shows: a refusal for the rate, and silence.</summary>
    private static readonly string[] Unrecorded = ["limited", "silent"];

    private readonly WebApplication _app;
    private readonly Dictionary<string, RecordedExchange> _exchanges = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte[]> _kept = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _left = new(0);

    private OpenAiReplay(WebApplication app) => _app = app;

    public string Url => _app.Urls.First() + "/v1";

    public IEnumerable<string> Models => _exchanges.Keys.Concat(Unrecorded);

    /// <summary>What was received, oldest first.</summary>
    public ConcurrentQueue<(string Path, JsonObject Body, string Authorization)> Received { get; } = new();

    public RecordedExchange this[string model] => _exchanges[model];

    public static async Task<OpenAiReplay> StartAsync(string? folder)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var replay = new OpenAiReplay(app);
        replay._kept[Stranger] = "{\"id\":\"resp_of_somebody_else\",\"object\":\"response\",\"output\":[]}"u8.ToArray();
        if (folder is not null) replay.Load(folder);
        app.MapPost("/v1/{**path}", replay.AnswerAsync);
        app.MapGet("/v1/responses/{id}", (string id) => replay._kept.TryGetValue(id, out var body) ? Results.Bytes(body, "application/json") : Results.NotFound());
        app.MapDelete("/v1/responses/{id}", (string id) => replay._kept.TryRemove(id, out _) ? Results.Json(new { id, @object = "response", deleted = true }) : Results.NotFound());
        await app.StartAsync();
        return replay;
    }

    /// <summary>Waits until a caller of a hanging answer has left.</summary>
    public Task<bool> LeftAsync(CancellationToken cancellationToken) => _left.WaitAsync(TimeSpan.FromSeconds(20), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _left.Dispose();
    }

    private void Load(string folder)
    {
        foreach (var sub in new[] { "openai-chat", "openai-compatible", "openai-responses", "embeddings" })
            foreach (var file in Directory.EnumerateFiles(Path.Combine(folder, sub), "*.yaml").Where(static file => new FileInfo(file).Length > 0))
            {
                var index = 0;
                foreach (var exchange in RecordingFile.Read(file))
                {
                    var name = $"{sub}/{Path.GetFileNameWithoutExtension(file)}{(index == 0 ? "" : "#" + index)}";
                    index++;
                    if (RecordingApi.Of(exchange, out _) is null) continue;
                    _exchanges[name] = exchange;
                    if (!exchange.IsStream) continue;
                    _exchanges["cut:" + name] = exchange;
                    _exchanges["hanging:" + name] = exchange;
                }
            }
    }

    private async Task AnswerAsync(HttpContext http)
    {
        var body = (await JsonNode.ParseAsync(http.Request.Body))!.AsObject();
        Received.Enqueue((http.Request.Path, body, http.Request.Headers.Authorization.ToString()));
        var model = body["model"]!.GetValue<string>();
        if (model == "limited")
        {
            http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            http.Response.Headers.RetryAfter = "7";
            await http.Response.WriteAsJsonAsync(new { error = new { message = "Slow down.", type = "rate_limit_error" } });
            return;
        }
        if (model == "silent")
        {
            await HangAsync(http);
            return;
        }
        var exchange = _exchanges[model];
        http.Response.StatusCode = exchange.Uri.AbsolutePath.EndsWith(http.Request.Path.Value!["/v1".Length..], StringComparison.Ordinal) ? exchange.Status : StatusCodes.Status404NotFound;
        http.Response.ContentType = exchange.ContentType;
        if (JsonNode.Parse(exchange.IsStream || exchange.ContentType?.Contains("json", StringComparison.Ordinal) != true ? "null" : System.Text.Encoding.UTF8.GetString(exchange.Body)) is JsonObject { } answer
            && answer["object"]?.ToString() == "response") _kept[answer["id"]!.ToString()] = exchange.Body;
        var length = model.Contains(':', StringComparison.Ordinal) ? exchange.Body.Length / 2 : exchange.Body.Length;
        for (var offset = 0; offset < length; offset += 41)
        {
            await http.Response.Body.WriteAsync(exchange.Body.AsMemory(offset, Math.Min(41, length - offset)));
            if (exchange.IsStream) await http.Response.Body.FlushAsync();
        }
        if (model.StartsWith("hanging:", StringComparison.Ordinal)) await HangAsync(http);
    }

    private async Task HangAsync(HttpContext http)
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = http.RequestAborted.Register(gone.SetResult);
        await gone.Task.WaitAsync(TimeSpan.FromSeconds(60));
        _left.Release();
    }
}

/// <summary>The built program with the replay as its provider of OpenAI's kind; shared by the tests of a class.</summary>
public sealed class OpenAiGateway : IAsyncLifetime
{
    /// <summary>A recorded stream: 14 tokens in, 8 out.</summary>
    internal const string Mexico = "openai-chat/temporal_agent_run_stream";

    private string _providers = "";

    internal OpenAiReplay Replay { get; private set; } = null!;

    internal SomaProcess Soma { get; private set; } = null!;

    internal HttpClient Client { get; private set; } = null!;

    internal string Token => Client.DefaultRequestHeaders.Authorization!.Parameter!;

    public async ValueTask InitializeAsync()
    {
        Replay = await OpenAiReplay.StartAsync(Recordings.Root);
        _providers = Path.GetTempFileName();
        await File.WriteAllTextAsync(_providers, new JsonArray(new JsonObject
        {
            ["name"] = "openai", ["kind"] = "openai", ["url"] = Replay.Url, ["key_env"] = "REPLAY_KEY", ["models"] = new JsonArray([.. Replay.Models.Select(model => JsonValue.Create(model))]),
        }, new JsonObject
        {
            // The same traffic at a server that speaks chat alone: what is asked of it otherwise is translated.
            ["name"] = "compatible", ["kind"] = "openai-compatible", ["url"] = Replay.Url, ["models"] = new JsonArray(Mexico, "cut:" + Mexico),
        }).ToJsonString());
        Soma = await SomaProcess.StartAsync(environment: new Dictionary<string, string> { ["SOMA_PROVIDERS"] = _providers, ["REPLAY_KEY"] = OpenAiReplay.Key, ["SOMA_DETECT"] = "0" });
        Client = await Soma.ClientAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Soma.DisposeAsync();
        await Replay.DisposeAsync();
        File.Delete(_providers);
    }
}
