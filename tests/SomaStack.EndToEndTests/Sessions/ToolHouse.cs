using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.EndToEndTests.Inference;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;
using SomaStack.Server;

namespace SomaStack.EndToEndTests.Sessions;

/// <summary>
/// A whole server with an adapter of the test's own, between a client over HTTP and a real server that replays recorded traffic of providers.
/// </summary>
public sealed class ToolHouse : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("soma-tools-").FullName;
    private WebApplication _app = null!;

    internal RecordedProvider Provider { get; private set; } = null!;

    internal Desk Desk { get; } = new();

    public HttpClient Owner { get; private set; } = null!;

    internal SecondPerson Bob { get; private set; } = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Provider = await RecordedProvider.StartAsync();
        Provider.Models.AddRange(["gpt-4o-mini", "gpt-4.1-mini", "gemini-2.5-pro-preview-05-06", "claude-haiku-4-5", "claude-sonnet-4-0"]);
        var providers = Path.Combine(_folder, "providers.json");
        await File.WriteAllTextAsync(providers, JsonSerializer.Serialize(new object[]
        {
            new { name = "openai", kind = "openai-compatible", url = Provider.Url, models = new[] { "gpt-4o", "gpt-4o-mini", "gpt-4.1-mini", "gemini-2.5-pro-preview-05-06" } },
            new { name = "anthropic", kind = "anthropic", url = Provider.Root, models = new[] { "claude-haiku-4-5", "claude-sonnet-4-0" } },
        }));
        var options = new SomaOptions { DataDirectory = _folder, Url = "http://127.0.0.1:0", ProvidersFile = providers };
        _app = await SomaServer.BuildAsync(options, Stop, services => services.AddSingleton<INativeAdapter>(Desk));
        await _app.StartAsync(Stop);
        var owner = (await Service<IIdentity>().DemoOwnerAsync(Stop)).PrincipalId;
        Owner = await ClientAsync(owner);
        using var added = await Owner.PutAsJsonAsync("/v1/users/bob", new { display_name = "bob", capabilities = new[] { "approval:decide", "policy:read", "policy:write", "session:read", "session:start", "tenant:admin" } }, Stop);
        Assert.True(added.StatusCode == HttpStatusCode.Created, await added.Content.ReadAsStringAsync(Stop));
        Bob = new SecondPerson(await ClientAsync("bob"));
        await PersonaAsync("clerk", "desk");
    }

    public async ValueTask DisposeAsync()
    {
        Bob.Dispose();
        Owner.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        await Provider.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    internal T Service<T>() where T : notnull => _app.Services.GetRequiredService<T>();

    public async Task PersonaAsync(string id, params string[] tools)
    {
        using var created = await Owner.PostAsJsonAsync("/v1/personas", new { id, name = id, instructions = "Use the tools.", tools }, Stop);
        Assert.True(created.StatusCode == HttpStatusCode.Created, await created.Content.ReadAsStringAsync(Stop));
    }

    internal async Task<JsonElement> StartAsync(string prompt, string model, string persona = "clerk", HttpStatusCode status = HttpStatusCode.Created, string[]? tools = null)
    {
        using var response = await Owner.PostAsJsonAsync("/v1/sessions/start", new { prompt, model, persona, recall_limit = 0, tools }, Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.StatusCode == status, text);
        return JsonDocument.Parse(text).RootElement;
    }

    internal async Task<List<(string Type, JsonElement Data)>> EventsAsync(string session)
    {
        await using var stream = await Owner.GetStreamAsync($"/v1/sessions/{session}/events?until=idle", Stop);
        var events = new List<(string, JsonElement)>();
        await foreach (var item in System.Net.ServerSentEvents.SseParser.Create(stream).EnumerateAsync(Stop)) events.Add((item.EventType, JsonDocument.Parse(item.Data).RootElement));
        return events;
    }

    internal async Task<JsonElement> OnlyTurnAsync(string session) => (await Owner.GetFromJsonAsync<JsonElement>($"/v1/sessions/{session}", Stop)).GetProperty("turns").EnumerateArray().Single();

    /// <summary>These tools need a second person from now on.</summary>
    internal async Task WantApprovalAsync(params string[] resources)
    {
        using var read = await Owner.GetAsync("/v1/policies", Stop);
        var document = JsonNode.Parse(await read.Content.ReadAsStringAsync(Stop))!["document"]!;
        document["rules"]!.AsArray().Add(JsonSerializer.SerializeToNode(new
        {
            id = "ask-first", kinds = new[] { "tool.call" }, resources, effect = "needs_approval", code = "ask_first", message = "Somebody else looks at this first.", remedy = "Wait for the decision.",
        }));
        using var written = await Bob.PutPolicyAsync(Owner, document.ToJsonString(), read.Headers.ETag!.Tag);
        Assert.True(written.IsSuccessStatusCode, await written.Content.ReadAsStringAsync(Stop));
    }

    /// <summary>What the provider was sent, oldest first, and forgets.</summary>
    internal List<JsonObject> Sent()
    {
        var sent = new List<JsonObject>();
        while (Provider.Received.TryDequeue(out var one)) sent.Add(one.Body);
        Provider.Addressed.Clear();
        return sent;
    }

    private async Task<HttpClient> ClientAsync(string principal)
    {
        var token = await Service<IIdentity>().IssueTokenAsync("demo", principal, null, TimeSpan.FromHours(1), Stop);
        var client = new HttpClient { BaseAddress = new Uri(_app.Urls.First()) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.Token);
        return client;
    }
}

/// <summary>An adapter that acts for real, on files in a folder of its own, and counts how often it did.</summary>
internal sealed class Desk : INativeAdapter
{
    private const string Free = """{"type":"object"}""";

    public string Folder { get; } = Directory.CreateTempSubdirectory("soma-desk-").FullName;

    /// <summary>Every action that took place, in order.</summary>
    public ConcurrentQueue<string> Done { get; } = new();

    /// <summary>What the reading actions find.</summary>
    public Func<string, string> Finds { get; set; } = static _ => "nothing";

    public string Name => "desk";

    public string Description => "Files and facts of the test.";

    public IReadOnlyList<NativeAction> Actions { get; } =
    [
        Reads("get_capital", """{"type":"object","properties":{"country":{"type":"string"}},"required":["country"],"additionalProperties":false}"""),
        Reads("retrieve_entity_info", Free), Reads("get_user_country", Free), Reads("get_current_time", Free), Reads("get_temperature", Free),
        Writes("create_file"), Writes("delete_file"),
    ];

    public async Task<NativeAnswer> CallAsync(RequestContext context, string action, string arguments, ToolCall call, CancellationToken cancellationToken)
    {
        Done.Enqueue($"{action} {arguments}");
        if (action is not ("create_file" or "delete_file")) return new NativeAnswer(Finds(arguments));
        var path = Path.Combine(Folder, Path.GetFileName(JsonDocument.Parse(arguments).RootElement.GetProperty("path").GetString()!));
        if (action == "create_file") await File.WriteAllTextAsync(path, "", cancellationToken);
        else File.Delete(path);
        return new NativeAnswer($"{action}: {Path.GetFileName(path)}");
    }

    private static NativeAction Reads(string name, string schema) => new(name, "Reads.", schema, null, "low", Capability.ToolExecute, ReadOnly: true, Idempotent: true);

    private static NativeAction Writes(string name) => new(name, "Writes.", """{"type":"object","properties":{"path":{"type":"string"}},"required":["path"]}""", null, "low", Capability.ToolExecute, ReadOnly: false, Idempotent: false);
}
