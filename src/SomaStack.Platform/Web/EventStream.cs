using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace SomaStack.Platform;

/// <summary>One event of a stored stream.</summary>
/// <param name="Data">JSON on one line, so one data field holds it.</param>
public readonly record struct ServerSentEvent(long Id, string Type, string Data);

/// <summary>
/// A stored stream as server-sent events, <c>id:</c> = sequence. A comment every 15 s keeps proxies from closing a quiet one. A reader
/// that goes away ends nothing but its own reading.
/// </summary>
public sealed class EventStream<T>(IAsyncEnumerable<T> events, Func<T, ServerSentEvent> frame) : IResult
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    public async Task ExecuteAsync(HttpContext http)
    {
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        await http.Response.StartAsync(http.RequestAborted);
        // Started is not sent: a stream that has nothing to say yet would not answer at all.
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
        var reader = events.GetAsyncEnumerator(http.RequestAborted);
        var next = Task.FromResult(true);
        try
        {
            next = reader.MoveNextAsync().AsTask();
            while (await MovedAsync(http, next))
            {
                var item = frame(reader.Current);
                await WriteAsync(http, string.Create(CultureInfo.InvariantCulture, $"id: {item.Id}\nevent: {item.Type}\ndata: {item.Data}\n\n"));
                next = reader.MoveNextAsync().AsTask();
            }
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody listens any more.
        }
        finally
        {
            // An enumerator may only be disposed of between two moves.
            await next.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            await reader.DisposeAsync();
        }
    }

    private static async Task<bool> MovedAsync(HttpContext http, Task<bool> next)
    {
        while (true)
        {
            try
            {
                return await next.WaitAsync(KeepAlive, http.RequestAborted);
            }
            catch (TimeoutException)
            {
                await WriteAsync(http, ": keep-alive\n\n");
            }
        }
    }

    private static async Task WriteAsync(HttpContext http, string text)
    {
        await http.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(text), http.RequestAborted);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }
}
