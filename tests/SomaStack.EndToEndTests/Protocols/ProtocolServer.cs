using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol.Client;
using SomaStack.EndToEndTests.Clients;

namespace SomaStack.EndToEndTests.Protocols;

/// <summary>One server with the tools of a real MCP server (server-everything from npm) let in with two keys: low risk all but one, which is high.</summary>
public sealed class ProtocolServer : IAsyncLifetime
{
    public static readonly string Folder = Path.Combine(ClientFiles.Folder, "conformance", "mcp");

    public const string Asking = "peer.get-annotated-message";

    /// <summary>Who agrees to a tool needs the right to manage tools.</summary>
    private static readonly string[] Bobs = ["approval:decide", "killswitch:engage", "policy:read", "policy:write", "session:read", "session:start", "tenant:admin", "tool:execute", "tool:manage"];

    internal SomaProcess Soma { get; private set; } = null!;

    internal HttpClient Owner { get; private set; } = null!;

    internal SecondPerson Bob { get; private set; } = null!;

    internal static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Path.Combine(Folder, "node_modules", "@modelcontextprotocol", "server-everything", "dist", "index.js")))
        {
            var npm = await ClientFiles.RunAsync("npm", ["ci", "--prefix", Folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], null, CancellationToken.None);
            Assert.SkipWhen(npm is not { ExitCode: 0 }, "The MCP servers could not be installed from npm: " + (npm?.Output ?? "there is no npm here."));
        }
        Soma = await SomaProcess.StartAsync(null, new Dictionary<string, string> { ["SOMA_MCP_COMMANDS"] = "node", ["SOMA_MCP_FOLDERS"] = Folder });
        Owner = await Soma.ClientAsync();
        using (var added = await Owner.PutAsJsonAsync("/v1/users/bob", new { display_name = "bob", capabilities = Bobs }, CancellationToken.None))
            Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync(CancellationToken.None));
        Bob = await SecondPerson.OfAsync(Soma);
        await RegisterAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Bob?.Dispose();
        Owner?.Dispose();
        if (Soma is not null) await Soma.DisposeAsync();
    }

    /// <summary>The official C# SDK as client.</summary>
    internal Task<McpClient> ConnectAsync(HttpClient? with = null, McpClientOptions? options = null, HttpTransportMode mode = HttpTransportMode.StreamableHttp) => McpClient.CreateAsync(
        new HttpClientTransport(new HttpClientTransportOptions { Endpoint = new Uri(Soma.Url, "/mcp"), TransportMode = mode }, with ?? Owner), options, cancellationToken: Stop);

    internal async Task<JsonElement> ModernAsync(HttpClient client, string method, object? parameters = null, object? capabilities = null, params (string Name, string Value)[] headers)
    {
        var body = JsonNode.Parse(JsonSerializer.Serialize(parameters ?? new { }))!.AsObject();
        body["_meta"] = new JsonObject { ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28", ["io.modelcontextprotocol/clientCapabilities"] = JsonNode.Parse(JsonSerializer.Serialize(capabilities ?? new { })) };
        var all = new List<(string, string)> { ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method) };
        if (body["name"] is { } name) all.Add(("Mcp-Name", name.GetValue<string>()));
        using var answer = await PostAsync(client, new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = method, ["params"] = body }.ToJsonString(), [.. all, .. headers]);
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
    }

    internal Task<HttpResponseMessage> PostAsync(HttpClient client, string json, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Soma.Url, "/mcp")) { Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.Accept.ParseAdd("text/event-stream");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
    }

    /// <summary>From now on the policy wants a second person for this.</summary>
    internal async Task WantApprovalAsync(string kind, string resource)
    {
        using var read = await Owner.GetAsync("/v1/policies", Stop);
        var document = JsonNode.Parse(await read.Content.ReadAsStringAsync(Stop))!["document"]!;
        document["rules"]!.AsArray().Add(JsonSerializer.SerializeToNode(new
        {
            id = "ask-first-" + kind.Replace('.', '-'), kinds = new[] { kind }, resources = new[] { resource }, effect = "needs_approval", code = "ask_first", message = "Somebody else looks at this first.", remedy = "Wait for the decision.",
        }));
        using var written = await Bob.PutPolicyAsync(Owner, document.ToJsonString(), read.Headers.ETag!.Tag);
        Assert.True(written.IsSuccessStatusCode, await written.Content.ReadAsStringAsync(Stop));
    }

    /// <summary>A handshake; the session handle.</summary>
    internal async Task<string> ShakeAsync(HttpClient client)
    {
        using var answer = await PostAsync(client, """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}""");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return answer.Headers.GetValues("Mcp-Session-Id").Single();
    }

    private async Task RegisterAsync()
    {
        string[] command = [Path.Combine(Folder, "node_modules", "@modelcontextprotocol", "server-everything", "dist", "index.js"), "stdio"];
        using var imported = await Owner.PostAsJsonAsync("/v1/adapters/import/mcp", new { id = "peer", version = "1.0.0", settings = new { transport = "stdio", command = "node", args = command } }, Stop);
        Assert.True(imported.IsSuccessStatusCode, await imported.Content.ReadAsStringAsync(Stop));
        var draft = JsonNode.Parse((await imported.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("manifest").GetRawText())!;
        foreach (var action in draft["actions"]!.AsArray()) action!["risk"] = "peer." + action["name"] == Asking ? "high" : "low";
        draft["limits"] = new JsonObject { ["timeout_seconds"] = 60, ["memory_megabytes"] = 1024, ["processes"] = 64, ["per_minute"] = 6000 };
        await Bob.ApprovedAsync(Owner, "/v1/adapters", new { manifest = draft });
    }
}
