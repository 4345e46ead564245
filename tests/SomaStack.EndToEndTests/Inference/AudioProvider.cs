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
/// A real HTTP server with OpenAI's two audio routes. No recorded audio traffic exists, so it answers by the published reference: it checks
/// the form that it is sent and gives fixed bytes back.
/// </summary>
internal sealed class AudioProvider : IAsyncDisposable
{
    public const string Hello = "hello there";

    public static readonly byte[] Spoken = [.. Enumerable.Range(0, 50_000).Select(static i => (byte)(i * 31))];

    private readonly WebApplication _app;

    private AudioProvider(WebApplication app) => _app = app;

    /// <summary>Fields of the forms that came, and of files their name and length.</summary>
    public ConcurrentQueue<Dictionary<string, string>> Forms { get; } = new();

    public ConcurrentQueue<JsonObject> Bodies { get; } = new();

    public int Status { get; set; } = 200;

    /// <summary>What it hears in any recording.</summary>
    public string Hears { get; set; } = Hello;

    /// <summary>Speech is cut after half of it.</summary>
    public bool Cuts { get; set; }

    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/v1";

    public static async Task<AudioProvider> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var provider = new AudioProvider(app);
        app.MapGet("/v1/models", static () => Results.Json(new { data = new[] { "whisper-large", "gpt-transcribe", "tts-large" }.Select(static id => new { id, @object = "model", created = 1, owned_by = "test" }) }));
        app.MapPost("/v1/audio/transcriptions", provider.HearAsync);
        app.MapPost("/v1/audio/speech", provider.SpeakAsync);
        await app.StartAsync();
        return provider;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task HearAsync(HttpContext http)
    {
        var form = await http.Request.ReadFormAsync();
        var fields = form.ToDictionary(static field => field.Key, static field => field.Value.ToString());
        foreach (var file in form.Files) fields["file:" + file.Name] = $"{file.FileName} {file.Length}";
        Forms.Enqueue(fields);
        http.Response.StatusCode = Status;
        http.Response.ContentType = "application/json";
        var said = JsonValue.Create(Hears).ToJsonString();
        if (Status != 200) await http.Response.WriteAsync("""{"error":{"message":"The file is too odd.","type":"invalid_request_error"}}""");
        else if (fields["response_format"] == "text") await http.Response.WriteAsync(Hears + "\n");
        else if (fields["model"] == "gpt-transcribe") await http.Response.WriteAsync($$$"""{"text":{{{said}}},"usage":{"type":"tokens","input_tokens":14,"output_tokens":3,"total_tokens":17}}""");
        else await http.Response.WriteAsync($$$"""{"text":{{{said}}},"usage":{"type":"duration","seconds":2}}""");
    }

    private async Task SpeakAsync(HttpContext http)
    {
        Bodies.Enqueue((await JsonNode.ParseAsync(http.Request.Body))!.AsObject());
        http.Response.StatusCode = Status;
        http.Response.ContentType = Status == 200 ? "audio/mpeg" : "text/html";
        await http.Response.Body.WriteAsync(Spoken.AsMemory(0, Spoken.Length / 2));
        await http.Response.Body.FlushAsync();
        if (Cuts) http.Abort();
        else await http.Response.Body.WriteAsync(Spoken.AsMemory(Spoken.Length / 2));
    }
}
