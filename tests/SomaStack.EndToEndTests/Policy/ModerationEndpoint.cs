using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SomaStack.EndToEndTests.Policy;

/// <summary>
/// A real HTTP server with OpenAI's <c>POST /v1/moderations</c>. No recording of that route exists, so the envelope is by the published reference;
/// the result objects inside are what OpenAI sent in a recorded chat completion that asked for moderation.
/// </summary>
internal sealed class ModerationEndpoint : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ModerationEndpoint(WebApplication app) => _app = app;

    public ConcurrentQueue<(string Authorization, JsonObject Body)> Asked { get; } = new();

    public required JsonObject Clean { get; init; }

    public required JsonObject Flagged { get; init; }

    public int Status { get; set; } = 200;

    /// <summary>Answers this instead, whatever was asked.</summary>
    public string? Says { get; set; }

    /// <summary>Accepts and never answers.</summary>
    public bool Hangs { get; set; }

    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/v1";

    public static async Task<ModerationEndpoint> StartAsync(JsonObject clean, JsonObject flagged)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var endpoint = new ModerationEndpoint(app) { Clean = clean, Flagged = flagged };
        app.MapPost("/v1/moderations", endpoint.AnswerAsync);
        await app.StartAsync();
        return endpoint;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        var body = (await JsonNode.ParseAsync(http.Request.Body))!.AsObject();
        Asked.Enqueue((http.Request.Headers.Authorization.ToString(), body));
        if (Hangs) await Task.Delay(Timeout.Infinite, http.RequestAborted);
        http.Response.StatusCode = Status;
        http.Response.ContentType = "application/json";
        var results = body["input"]!.AsArray().Select(text => (JsonNode?)(text!.GetValue<string>().Contains("I want to kill them.", StringComparison.Ordinal) ? Flagged : Clean).DeepClone());
        await http.Response.WriteAsync(Says ?? new JsonObject { ["id"] = "modr-1", ["model"] = "omni-moderation-latest", ["results"] = new JsonArray([.. results]) }.ToJsonString());
    }
}
