using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SomaStack.Bench;

/// <summary>
/// A real HTTP server that answers with recorded traffic. Every provider has a folder of its own there; an exchange is served to each
/// request until the next one is set, so that an attempt that is repeated meets the same answer.
/// </summary>
internal sealed class RecordingServer : IAsyncDisposable
{
    /// <summary>Streams leave in pieces that ignore the borders of events.</summary>
    private const int Piece = 41;

    private readonly WebApplication _app;
    private volatile RecordedExchange? _next;

    private RecordingServer(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    /// <summary>The last request since <see cref="Serve"/>: where it went and what it held.</summary>
    public (string Path, JsonNode? Body)? Received { get; private set; }

    public static async Task<RecordingServer> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new RecordingServer(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync(cancellationToken);
        return server;
    }

    public void Serve(RecordedExchange exchange)
    {
        Received = null;
        _next = exchange;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        using var held = new MemoryStream();
        await http.Request.Body.CopyToAsync(held, http.RequestAborted);
        Received = (http.Request.Path.Value ?? "", held.Length == 0 ? null : JsonNode.Parse(held.ToArray()));
        if (_next is not { } exchange)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        http.Response.StatusCode = exchange.Status;
        http.Response.ContentType = exchange.ContentType ?? (exchange.IsStream ? "text/event-stream" : "application/json");
        if (exchange is { RetryAfter: { } wait, Status: >= 400 }) http.Response.Headers.RetryAfter = wait;
        if (!exchange.IsStream)
        {
            http.Response.Headers.ContentLength = exchange.Body.Length;
            await http.Response.Body.WriteAsync(exchange.Body, http.RequestAborted);
            return;
        }
        http.Response.Headers["x-recorded-bytes"] = exchange.Body.Length.ToString(CultureInfo.InvariantCulture);
        for (var offset = 0; offset < exchange.Body.Length; offset += Piece)
        {
            await http.Response.Body.WriteAsync(exchange.Body.AsMemory(offset, Math.Min(Piece, exchange.Body.Length - offset)), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }
    }
}
