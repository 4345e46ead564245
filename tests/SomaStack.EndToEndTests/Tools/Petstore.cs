using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SomaStack.EndToEndTests.Tools;

/// <summary>A small pet store that really keeps pets, on a real port, with some of the interface that the public one describes.</summary>
internal sealed class Petstore : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<long, string> _pets = new();

    private Petstore(WebApplication app) => _app = app;

    public string Origin => _app.Urls.First();

    /// <summary>Requests that came, by path.</summary>
    public ConcurrentQueue<string> Seen { get; } = new();

    public int Pets => _pets.Count;

    public static async Task<Petstore> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var store = new Petstore(builder.Build());
        store.Map();
        await store._app.StartAsync();
        return store;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private void Map()
    {
        _app.Use((http, next) =>
        {
            Seen.Enqueue($"{http.Request.Method} {http.Request.Path}{http.Request.QueryString} {http.Request.Headers["api_key"]}".TrimEnd());
            return next(http);
        });
        _app.MapPost("/api/v3/pet", async (HttpContext http) =>
        {
            using var pet = await JsonDocument.ParseAsync(http.Request.Body);
            var id = pet.RootElement.TryGetProperty("id", out var own) ? own.GetInt64() : _pets.Count + 1;
            _pets[id] = pet.RootElement.GetRawText();
            await JsonAsync(http, _pets[id]);
        });
        _app.MapGet("/api/v3/pet/{id:long}", async (HttpContext http, long id) =>
        {
            if (_pets.TryGetValue(id, out var pet)) await JsonAsync(http, pet);
            else
            {
                http.Response.StatusCode = 404;
                await http.Response.WriteAsync("Pet not found");
            }
        });
        _app.MapGet("/api/v3/pet/findByStatus", async (HttpContext http, string? status) =>
            await JsonAsync(http, "[" + string.Join(',', _pets.Values.Where(pet => pet.Contains($"\"{status}\"", StringComparison.Ordinal))) + "]"));
        _app.MapGet("/bounce", (HttpContext http, string to) => http.Response.Redirect(to));
        _app.MapGet("/big", async (HttpContext http) =>
        {
            for (var i = 0; i < 4000; i++) await http.Response.WriteAsync(new string('x', 1000));
        });
        _app.MapGet("/slow", async (HttpContext http) => await Task.Delay(Timeout.Infinite, http.RequestAborted));
    }

    private static Task JsonAsync(HttpContext http, string json)
    {
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(json);
    }
}
