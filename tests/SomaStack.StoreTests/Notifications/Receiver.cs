using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SomaStack.StoreTests.Notifications;

internal sealed record Received(string Path, IReadOnlyDictionary<string, string> Headers, string Body);

/// <summary>A real HTTP server on loopback that keeps what it gets and answers as it is told.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication _server;

    private Receiver(WebApplication server) => _server = server;

    public ConcurrentQueue<Received> Got { get; } = new();

    public Func<HttpContext, Task> Answer { get; set; } = static _ => Task.CompletedTask;

    public string Url => _server.Urls.First();

    public static async Task<Receiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = new Receiver(builder.Build());
        receiver._server.Run(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            receiver.Got.Enqueue(new Received(
                http.Request.Path, http.Request.Headers.ToDictionary(static one => one.Key.ToLowerInvariant(), static one => one.Value.ToString()), await reader.ReadToEndAsync(http.RequestAborted)));
            await receiver.Answer(http);
        });
        await receiver._server.StartAsync(TestContext.Current.CancellationToken);
        return receiver;
    }

    public void Always(int status, string? retryAfter = null) => Answer = http =>
    {
        http.Response.StatusCode = status;
        if (retryAfter is not null) http.Response.Headers.RetryAfter = retryAfter;
        return Task.CompletedTask;
    };

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
