using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>A real HTTP server that speaks chat completions and misbehaves as the model's name says.</summary>
internal sealed class BadUpstream : IAsyncDisposable
{
    public const int LongPieces = 20_000;
    public const string Piece = "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word word \"},\"finish_reason\":null}]}\n\n";
    public const string Last = "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}\n\n";
    public const string Finish = "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

    public const string Whole = "{\"id\":\"x\",\"object\":\"chat.completion\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"All well.\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}";

    public static readonly string[] Models =
    [
        "busy", "limited", "limited-long", "key", "teapot", "silent", "stall", "garbage", "html", "half", "half-json", "huge", "huge-later", "endless", "reset", "reset-early", "good", "gpt-4o",
        "busy-once", "failing", "gpt-4o-mini", "long",
    ];

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, int> _asked = new(StringComparer.Ordinal);

    private BadUpstream(WebApplication app) => _app = app;

    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/v1");

    /// <summary>When a connection was ended by the other side while an answer was being given.</summary>
    public ConcurrentQueue<string> Ended { get; } = new();

    public SemaphoreSlim EndedOne { get; } = new(0);

    /// <summary>A reset takes with it what was not read yet, so the test says when its pieces have come.</summary>
    public SemaphoreSlim Reset { get; } = new(0);

    public int Asked(string model) => _asked.GetValueOrDefault(model);

    public static async Task<BadUpstream> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new BadUpstream(app);
        app.MapGet("/v1/models", () => Results.Json(new { data = Models.Select(id => new { id, @object = "model" }) }));
        app.MapPost("/v1/chat/completions", server.AnswerAsync);
        await app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        EndedOne.Dispose();
        Reset.Dispose();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        var body = (await JsonNode.ParseAsync(http.Request.Body))!.AsObject();
        var model = body["model"]!.GetValue<string>();
        var stream = body["stream"]?.GetValue<bool>() == true;
        var times = _asked.AddOrUpdate(model, 1, static (_, before) => before + 1);
        try
        {
            await AnswerAsync(http, model, stream, times);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The other side left: that is what some tests wait for.
        }
        if (!http.RequestAborted.IsCancellationRequested) return;
        Ended.Enqueue(model);
        EndedOne.Release();
    }

    private Task AnswerAsync(HttpContext http, string model, bool stream, int times) => model switch
    {
        "busy" or "failing" => RefuseAsync(http, 503),
        "busy-once" => times == 1 ? RefuseAsync(http, 503) : GoodAsync(http, stream),
        "limited" => RefuseAsync(http, 429, "1"),
        "limited-long" => RefuseAsync(http, 429, "60"),
        "key" => RefuseAsync(http, 401),
        "teapot" => RefuseAsync(http, 400),
        "silent" => Task.Delay(Timeout.Infinite, http.RequestAborted),
        // A price is known for the last one, under OpenAI's name.
        "stall" or "gpt-4o-mini" => PiecesAsync(http, 3, () => Task.Delay(Timeout.Infinite, http.RequestAborted)),
        "garbage" => TextAsync(http, stream ? "text/event-stream" : "application/json", "{\"choices\": [ nonsense"),
        "html" => TextAsync(http, "text/html", "<html><body>Sign in</body></html>"),
        "half" => PiecesAsync(http, 3, () => Task.CompletedTask),
        "half-json" => HalfAsync(http),
        "huge" => HugeAsync(http, 0),
        "huge-later" => HugeAsync(http, 2),
        "long" => PiecesAsync(http, LongPieces, () => http.Response.WriteAsync(Finish + Last + "data: [DONE]\n\n")),
        "endless" => PiecesAsync(http, int.MaxValue, () => Task.CompletedTask),
        "reset" => PiecesAsync(http, 3, async () =>
        {
            await Reset.WaitAsync(http.RequestAborted);
            http.Abort();
        }),
        "reset-early" => Abort(http),
        _ => GoodAsync(http, stream),
    };

    private static Task Abort(HttpContext http)
    {
        http.Abort();
        return Task.CompletedTask;
    }

    private static async Task RefuseAsync(HttpContext http, int status, string? retryAfter = null)
    {
        http.Response.StatusCode = status;
        if (retryAfter is not null) http.Response.Headers.RetryAfter = retryAfter;
        await TextAsync(http, "application/json", JsonSerializer.Serialize(new { error = new { message = "no " + status, type = "x", param = (string?)null, code = "y" } }));
    }

    private static async Task TextAsync(HttpContext http, string type, string text)
    {
        http.Response.ContentType = type;
        await http.Response.WriteAsync(text, http.RequestAborted);
    }

    private static async Task GoodAsync(HttpContext http, bool stream)
    {
        if (stream) await PiecesAsync(http, 3, () => http.Response.WriteAsync(Finish + Last + "data: [DONE]\n\n"));
        else await TextAsync(http, "application/json", Whole);
    }

    private static async Task PiecesAsync(HttpContext http, int count, Func<Task> then)
    {
        http.Response.ContentType = "text/event-stream";
        for (var i = 0; i < count; i++)
        {
            await http.Response.WriteAsync(Piece, http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }
        await then();
    }

    private static async Task HalfAsync(HttpContext http)
    {
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = Whole.Length;
        await http.Response.WriteAsync(Whole[..40]);
        await http.Response.Body.FlushAsync();
        http.Abort();
    }

    /// <summary>One event of ten megabytes.</summary>
    private static Task HugeAsync(HttpContext http, int before) => PiecesAsync(http, before, async () =>
    {
        await http.Response.WriteAsync("data: {\"choices\":[{\"delta\":{\"content\":\"", http.RequestAborted);
        var filler = new byte[64 << 10];
        filler.AsSpan().Fill((byte)'x');
        for (var sent = 0; sent < 10 << 20; sent += filler.Length) await http.Response.Body.WriteAsync(filler, http.RequestAborted);
        await http.Response.WriteAsync("\"}}]}\n\ndata: [DONE]\n\n", http.RequestAborted);
    });
}

/// <summary>The built program between two such servers; shared by the tests of a class.</summary>
public sealed class BadUpstreams : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("soma-bad-").FullName;

    internal BadUpstream First { get; private set; } = null!;

    internal BadUpstream Second { get; private set; } = null!;

    internal SomaProcess Soma { get; private set; } = null!;

    internal HttpClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        First = await BadUpstream.StartAsync();
        Second = await BadUpstream.StartAsync();
        var providers = Path.Combine(_folder, "providers.json");
        await File.WriteAllTextAsync(providers, JsonSerializer.Serialize(new object[]
        {
            new { name = "first", kind = "openai-compatible", url = First.Url },
            new { name = "second", kind = "openai-compatible", url = Second.Url },
            // Under OpenAI's name, so that the price list knows what its models cost.
            new { name = "openai", kind = "openai", url = First.Url },
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
}
