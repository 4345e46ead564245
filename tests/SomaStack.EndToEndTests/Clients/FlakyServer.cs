using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SomaStack.EndToEndTests.Clients;

/// <summary>
/// A real HTTP server in front of the real one that misbehaves as its address says: <c>/MODE/N/STATUS/RETRY-AFTER/NAME/…</c>.
/// first: answers STATUS to the first N calls of NAME; cut: forwards them and drops the connection instead of answering; snip: breaks the
/// first stream after N events; hang: never answers. <c>/seen/NAME</c> lists what came.
/// </summary>
internal sealed class FlakyServer : IAsyncDisposable
{
    private static readonly string[] Forwarded = ["Authorization", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID", "X-Tenant-ID"];

    private readonly WebApplication _app;
    private readonly HttpClient _soma;
    private readonly ConcurrentDictionary<string, Calls> _calls = new();

    private FlakyServer(WebApplication app, Uri soma) => (_app, _soma) = (app, new HttpClient { BaseAddress = soma, Timeout = Timeout.InfiniteTimeSpan });

    public Uri Url => new(_app.Urls.First());

    public static async Task<FlakyServer> StartAsync(Uri soma)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var server = new FlakyServer(builder.Build(), soma);
        server._app.MapGet("/seen/{name}", (string name) => Results.Text(server._calls.TryGetValue(name, out var calls) ? calls.ToJson() : "[]", "application/json"));
        server._app.Map("/{mode}/{n:int}/{status:int}/{retryAfter}/{name}/{**rest}", (HttpContext http, string mode, int n, int status, string retryAfter, string name, string rest) =>
            server.AnswerAsync(http, new Plan(mode, n, status, retryAfter, name, rest)));
        await server._app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _soma.Dispose();
    }

    private async Task AnswerAsync(HttpContext http, Plan plan)
    {
        var (entry, number) = _calls.GetOrAdd(plan.Name, _ => new Calls()).Note(http);
        switch (plan.Mode)
        {
            case "hang":
                await Task.Delay(Timeout.InfiniteTimeSpan, http.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
                return;
            case "first" when number <= plan.N:
                entry["status"] = http.Response.StatusCode = plan.Status;
                if (plan.RetryAfter != "-") http.Response.Headers.RetryAfter = plan.RetryAfter;
                await http.Response.WriteAsync("not now", http.RequestAborted);
                return;
        }
        using var answer = await ForwardAsync(http, plan);
        entry["status"] = (int)answer.StatusCode;
        if (plan.Mode == "cut" && number <= plan.N)
        {
            http.Abort();
            return;
        }
        http.Response.StatusCode = (int)answer.StatusCode;
        http.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        if (answer.Headers.ETag is { } tag) http.Response.Headers.ETag = tag.ToString();
        await CopyAsync(http, answer, plan.Mode == "snip" && number == 1 ? plan.N : int.MaxValue);
    }

    private async Task<HttpResponseMessage> ForwardAsync(HttpContext http, Plan plan)
    {
        using var request = new HttpRequestMessage(new HttpMethod(http.Request.Method), "/" + plan.Rest + http.Request.QueryString);
        if (http.Request.ContentType is { } type)
        {
            request.Content = new StreamContent(http.Request.Body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }
        foreach (var name in Forwarded)
            if (http.Request.Headers.TryGetValue(name, out var value)) request.Headers.TryAddWithoutValidation(name, value.ToString());
        return await _soma.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, http.RequestAborted);
    }

    /// <summary>
    /// Events end with an empty line; after the given number of them the connection ends, short of the length that was announced. A reset
    /// instead could overtake the events and throw them away.
    /// </summary>
    private static async Task CopyAsync(HttpContext http, HttpResponseMessage answer, int events)
    {
        await using var body = await answer.Content.ReadAsStreamAsync(http.RequestAborted);
        if (events == int.MaxValue)
        {
            await body.CopyToAsync(http.Response.Body, http.RequestAborted);
            return;
        }
        http.Response.ContentLength = int.MaxValue;
        using var reader = new StreamReader(body);
        while (events > 0 && await reader.ReadLineAsync(http.RequestAborted) is { } line)
        {
            if (line.Length == 0) events--;
            await http.Response.WriteAsync(line + "\n", http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }
    }

    private sealed record Plan(string Mode, int N, int Status, string RetryAfter, string Name, string Rest);

    private sealed class Calls
    {
        private readonly List<JsonObject> _entries = [];
        private long _last;

        public (JsonObject Entry, int Number) Note(HttpContext http)
        {
            lock (_entries)
            {
                var now = Stopwatch.GetTimestamp();
                var entry = new JsonObject
                {
                    ["method"] = http.Request.Method,
                    ["after_ms"] = _entries.Count == 0 ? 0 : Math.Round(Stopwatch.GetElapsedTime(_last, now).TotalMilliseconds),
                };
                foreach (var (field, header) in new[] { ("idempotency_key", "Idempotency-Key"), ("user_agent", "User-Agent"), ("tenant", "X-Tenant-ID"), ("last_event_id", "Last-Event-ID") })
                    entry[field] = http.Request.Headers.TryGetValue(header, out var value) ? value.ToString() : null;
                _last = now;
                _entries.Add(entry);
                return (entry, _entries.Count);
            }
        }

        public string ToJson()
        {
            lock (_entries) return "[" + string.Join(',', _entries.Select(entry => entry.ToJsonString())) + "]";
        }
    }
}
