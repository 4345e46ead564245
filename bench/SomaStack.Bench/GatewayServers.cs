using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;

namespace SomaStack.Bench;

/// <summary>The servers that the gateway is measured between: the provider's stand-in, a bare YARP proxy and Portkey's gateway.</summary>
internal static class GatewayServers
{
    /// <summary>Asked for <see cref="Thinking"/> it answers after 20 ms, less than model calls take; asked for <see cref="Instant"/> at once. Both names have a price.</summary>
    public const string Thinking = "gpt-4o";

    public const string Instant = "gpt-4o-mini";

    /// <summary>Pieces of a stream; each is flushed by itself.</summary>
    public const int Pieces = 2000;

    private static readonly TimeSpan Think = TimeSpan.FromMilliseconds(20);

    private static readonly byte[] Piece = """
        data: {"id":"chatcmpl-C2P2HtMJhPkWjQ2adKerkdVilXmRL","object":"chat.completion.chunk","created":1754688929,"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_07871e2ad8","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}],"usage":null}


        """u8.ToArray();

    private static readonly byte[] End = """
        data: {"id":"chatcmpl-C2P2HtMJhPkWjQ2adKerkdVilXmRL","object":"chat.completion.chunk","created":1754688929,"model":"gpt-4o-mini-2024-07-18","choices":[],"usage":{"prompt_tokens":24,"completion_tokens":2000,"total_tokens":2024}}

        data: [DONE]


        """u8.ToArray();

    /// <summary>The size and shape of a recorded completion of a provider (about 1 kB).</summary>
    public static readonly byte[] Answer = """
        {"id":"chatcmpl-C2P2HtMJhPkWjQ2adKerkdVilXmRL","object":"chat.completion","created":1754688929,"model":"recorded-2026-01-01","choices":[{"index":0,"message":{"role":"assistant","content":"The capital of France is Paris. It lies on the Seine, in the north of the country, and has been its seat of government for most of the time since the tenth century. About two million people live in the city itself, and more than twelve million in its region.","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":24,"completion_tokens":58,"total_tokens":82,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default","system_fingerprint":"fp_07871e2ad8"}
        """u8.ToArray();

    public static async Task<WebApplication> UpstreamAsync()
    {
        var app = Slim().Build();
        app.MapGet("/v1/models", () => Results.Text($$"""{"data":[{"id":"{{Thinking}}"},{"id":"{{Instant}}"}]}""", "application/json"));
        app.MapPost("/v1/chat/completions", async (HttpContext http) =>
        {
            using var body = new MemoryStream(512);
            await http.Request.Body.CopyToAsync(body, http.RequestAborted);
            var request = body.GetBuffer().AsMemory(0, (int)body.Length);
            if (request.Span.IndexOf("\"stream\":true"u8) >= 0)
            {
                http.Response.ContentType = "text/event-stream";
                for (var i = 0; i < Pieces; i++) await http.Response.BodyWriter.WriteAsync(Piece, http.RequestAborted);
                await http.Response.BodyWriter.WriteAsync(End, http.RequestAborted);
                return;
            }
            if (request.Span.IndexOf("gpt-4o-mini"u8) < 0) await Task.Delay(Think, http.RequestAborted);
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = Answer.Length;
            await http.Response.BodyWriter.WriteAsync(Answer);
        });
        await app.StartAsync();
        return app;
    }

    public static async Task<WebApplication> YarpAsync(string upstream)
    {
        var builder = Slim();
        builder.Services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "all", ClusterId = "upstream", Match = new RouteMatch { Path = "{**any}" } }],
            [new ClusterConfig { ClusterId = "upstream", Destinations = new Dictionary<string, DestinationConfig> { ["one"] = new() { Address = upstream } } }]);
        var app = builder.Build();
        app.MapReverseProxy();
        await app.StartAsync();
        return app;
    }

    /// <param name="folder">Where its package is installed.</param>
    public static async Task<Portkey> PortkeyAsync(string folder, CancellationToken cancellationToken)
    {
        var port = FreePort();
        var start = new ProcessStartInfo("node", [Path.Combine(folder, "node_modules", "@portkey-ai", "gateway", "build", "start-server.js"), $"--port={port}", "--headless"])
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["NODE_ENV"] = "production";
        var portkey = new Portkey(Process.Start(start)!, $"http://127.0.0.1:{port}");
        await portkey.WhenReadyAsync(cancellationToken);
        return portkey;
    }

    private static WebApplicationBuilder Slim()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        return builder;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>Portkey's gateway (npm @portkey-ai/gateway) in a process of node, as its package starts it. It listens on every address, so it runs in a network namespace of its own.</summary>
internal sealed class Portkey(Process process, string url) : IAsyncDisposable
{
    private readonly Task _drained = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());

    public string Url => url;

    public int Id => process.Id;

    public async Task WhenReadyAsync(CancellationToken cancellationToken)
    {
        using var client = new HttpClient { BaseAddress = new Uri(url) };
        for (var attempt = 0; attempt < 200 && !process.HasExited; attempt++)
        {
            try
            {
                using var response = await client.GetAsync("/", cancellationToken);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(50, cancellationToken);
            }
        }
        throw new InvalidOperationException("Portkey's gateway does not listen.");
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
        await _drained;
        process.Dispose();
    }
}
