using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SomaStack.EndToEndTests.Benchmarks;

/// <summary>
/// A real HTTP server that speaks OpenAI's chat completions and whose answers are right or wrong as its script says, so that a test knows
/// the quality that must come out. It stands for no provider: the recordings' suite tests adapters.
/// </summary>
internal sealed class ScriptedModels : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Dictionary<string, Func<string, Script>> _models = new(StringComparer.Ordinal);
    private int _asked;

    private ScriptedModels(WebApplication app) => _app = app;

    public string Url => _app.Urls.First() + "/v1";

    /// <summary>How many calls came.</summary>
    public int Asked => _asked;

    public static async Task<ScriptedModels> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var models = new ScriptedModels(builder.Build());
        models._app.MapGet("/v1/models", () => Results.Json(new { data = models._models.Keys.Select(static id => new { id, @object = "model", created = 1, owned_by = "scripted" }) }));
        models._app.MapPost("/v1/chat/completions", models.AnswerAsync);
        await models._app.StartAsync();
        return models;
    }

    /// <param name="script">From the words of the user to what is answered.</param>
    public ScriptedModels With(string model, Func<string, Script> script)
    {
        _models[model] = script;
        return this;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        Interlocked.Increment(ref _asked);
        var body = (await JsonNode.ParseAsync(http.Request.Body))!.AsObject();
        var asked = body["messages"]!.AsArray().Last(static message => (string?)message!["role"] == "user")!["content"]!;
        var script = _models[(string)body["model"]!](asked is JsonArray parts ? string.Concat(parts.Select(static part => (string?)part!["text"])) : (string)asked!);
        if (script.Status != 200)
        {
            http.Response.StatusCode = script.Status;
            await http.Response.WriteAsJsonAsync(new { error = new { message = "scripted", type = "server_error" } });
            return;
        }
        object? calls = script.Tool is null ? null : new[] { new { index = 0, id = "call_1", type = "function", function = new { name = script.Tool, arguments = script.Text } } };
        http.Response.ContentType = "text/event-stream";
        await SendAsync(http, (string?)body["model"], calls is null ? new { role = "assistant", content = script.Text } : new { role = "assistant", tool_calls = calls }, null);
        await SendAsync(http, (string?)body["model"], new { }, script.Finish ?? (calls is null ? "stop" : "tool_calls"));
        await http.Response.WriteAsync("data: [DONE]\n\n");
    }

    private static async Task SendAsync(HttpContext http, string? model, object delta, string? finish)
    {
        var chunk = JsonSerializer.Serialize(new
        {
            id = "chatcmpl-1", @object = "chat.completion.chunk", created = 1, model,
            choices = new[] { new { index = 0, delta, finish_reason = finish } },
            usage = finish is null ? null : new { prompt_tokens = 10, completion_tokens = 2, total_tokens = 12 },
        });
        await http.Response.WriteAsync("data: " + chunk + "\n\n");
        await http.Response.Body.FlushAsync();
    }
}

/// <param name="Text">What is said; the arguments where <paramref name="Tool"/> is called.</param>
internal sealed record Script(string Text, string? Tool = null, string? Finish = null, int Status = 200);
