using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>
/// A real HTTP server that answers chat requests with recorded traffic, in the order in which it was given; streams leave in small
/// pieces that ignore the borders of events.
/// </summary>
internal sealed class RecordedProvider : IAsyncDisposable
{
    public const string Key = "sk-recorded-provider-key";

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Func<HttpContext, Task>> _answers = new();

    private RecordedProvider(WebApplication app) => _app = app;

    /// <summary>What was received, oldest first.</summary>
    public ConcurrentQueue<(JsonObject Body, string Authorization)> Received { get; } = new();

    /// <summary>Address and headers of the same requests, oldest first.</summary>
    public ConcurrentQueue<(string Address, IReadOnlyDictionary<string, string> Headers)> Addressed { get; } = new();

    public List<string> Models { get; } = ["gpt-4o"];

    public string Url => Root + "/v1";

    public string Root => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public static async Task<RecordedProvider> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var provider = new RecordedProvider(app);
        app.MapGet("/v1/models", () => Results.Json(new { data = provider.Models.Select(id => new { id, @object = "model", created = 1, owned_by = "recorded" }) }));
        foreach (var path in new[] { "/v1/chat/completions", "/v1/messages", "/v1/messages/count_tokens" }) app.MapPost(path, provider.AnswerAsync);
        await app.StartAsync();
        return provider;
    }

    public void Next(Interaction interaction, int piece = 41) => _answers.Enqueue(async http =>
    {
        http.Response.StatusCode = interaction.Status;
        if (interaction.Headers.TryGetValue("content-type", out var type)) http.Response.ContentType = type;
        for (var offset = 0; offset < interaction.Body.Length; offset += piece)
        {
            await http.Response.Body.WriteAsync(interaction.Body.AsMemory(offset, Math.Min(piece, interaction.Body.Length - offset)));
            if (interaction.IsStream) await http.Response.Body.FlushAsync();
        }
    });

    public void Next(Func<HttpContext, Task> answer) => _answers.Enqueue(answer);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        var body = (await JsonNode.ParseAsync(http.Request.Body))!.AsObject();
        Addressed.Enqueue((http.Request.Path + http.Request.QueryString.ToString(), http.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
        Received.Enqueue((body, http.Request.Headers.Authorization.ToString()));
        if (_answers.TryDequeue(out var answer)) await answer(http);
        else http.Response.StatusCode = 418;
    }
}
