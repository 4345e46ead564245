using Microsoft.AspNetCore.Http;
using SomaStack.Platform;

namespace SomaStack.Agents.Protocols;

/// <summary>JSON-RPC over HTTP, as both protocols do it: one message a request, answered with JSON or with server-sent events.</summary>
internal static class RpcHttp
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    /// <summary>The edge has read the body up to the route's limit; this takes it from there.</summary>
    public static async Task<byte[]> BodyAsync(HttpContext http)
    {
        if (!http.Request.HasJsonContentType()) throw PlatformProblems.UnsupportedMedia.Because("This route reads application/json.");
        using var copy = new MemoryStream();
        await http.Request.Body.CopyToAsync(copy, http.RequestAborted);
        return copy.ToArray();
    }

    public static async Task JsonAsync(HttpContext http, int status, byte[] message)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.ContentLength = message.Length;
        await http.Response.Body.WriteAsync(message, http.RequestAborted);
    }

    public static async Task StartStreamAsync(HttpContext http)
    {
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        // Proxies of nginx's kind would gather events otherwise.
        http.Response.Headers["X-Accel-Buffering"] = "no";
        await http.Response.StartAsync(http.RequestAborted);
    }

    public static async Task EventAsync(HttpContext http, byte[] message)
    {
        await http.Response.Body.WriteAsync("data: "u8.ToArray(), http.RequestAborted);
        await http.Response.Body.WriteAsync(message, http.RequestAborted);
        await http.Response.Body.WriteAsync("\n\n"u8.ToArray(), http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }

    /// <summary>Waits for the work and shows the listener meanwhile that the line is alive.</summary>
    /// <param name="tick">Called each <paramref name="period"/> until then; a comment every 15 s by default.</param>
    public static async Task WhileAsync(HttpContext http, Task work, Func<Task>? tick = null, TimeSpan? period = null)
    {
        while (!work.IsCompleted)
        {
            try
            {
                await work.WaitAsync(period ?? KeepAlive, http.RequestAborted);
            }
            catch (TimeoutException) when (!work.IsCompleted)
            {
                if (tick is not null) await tick();
                else await CommentAsync(http);
            }
        }
    }

    public static bool AcceptsStream(HttpRequest request) => request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.OrdinalIgnoreCase);

    private static async Task CommentAsync(HttpContext http)
    {
        await http.Response.Body.WriteAsync(": keep-alive\n\n"u8.ToArray(), http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }
}
