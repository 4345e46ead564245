using System.ComponentModel;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using SomaStack.Agents.Tools;
using SomaStack.Platform;

namespace SomaStack.Tests.Tools.Mcp;

/// <summary>Servers elsewhere, by streamable HTTP: the official C# SDK's, and ones that misbehave.</summary>
public sealed class HttpServerTests
{
    private const string Echo = """{"tools":[{"name":"echo","description":"Says it again.","inputSchema":{"type":"object","properties":{"text":{"type":"string"}}}}]}""";

    [McpServerToolType]
    internal sealed class Peer
    {
        [McpServerTool(Name = "shout"), Description("Says it loud.")]
        public static string Shout([Description("What to say.")] string text) => text.ToUpperInvariant();

        [McpServerTool(Name = "fail"), Description("Never works.")]
        public static CallToolResult Fail() => new() { IsError = true, Content = [new TextContentBlock { Text = "It never works." }] };

        [McpServerTool(Name = "who"), Description("Shows the credential.")]
        public static string Who(IHttpContextAccessor http) => http.HttpContext!.Request.Headers.Authorization.ToString();
    }

    [Theory]
    [InlineData(true, "2026-07-28")]
    [InlineData(false, null)]
    public async Task The_official_sdk_serves_us(bool stateless, string? version)
    {
        await using var server = await ServeAsync(builder =>
        {
            builder.Services.AddHttpContextAccessor();
            builder.Services.AddMcpServer().WithHttpTransport(options => options.SessionMode = stateless ? HttpServerSessionMode.Stateless : HttpServerSessionMode.Stateful).WithTools<Peer>();
        }, static app => app.MapMcp("/mcp"));
        await using var place = Place(server.Url);
        var draft = await place.ImportAsync(Settings(server.Url) with { Bearer = "token" }, Secret);
        if (version is not null) Assert.Equal(version, draft.Protocol);
        TestContext.Current.TestOutputHelper?.WriteLine($"stateless {stateless}: negotiated {draft.Protocol}");
        var manifest = ManifestReader.Read(draft.Manifest.GetRawText()).Manifest;
        Assert.Equal([server.Url], manifest.Egress);
        Assert.Empty(place.Adapter.Check(manifest));
        Assert.Equal("HÉLLO", (await place.CallAsync(manifest, "shout", """{"text":"héllo"}""", Secret)).Text);
        var failed = await place.CallAsync(manifest, "fail", "{}", Secret);
        Assert.Equal((true, "It never works."), (failed.IsError, failed.Text));
        // What it gets is the adapter's own secret: the caller's token is nowhere in reach of the kind.
        Assert.Equal("Bearer s3cret", (await place.CallAsync(manifest, "who", "{}", Secret)).Text);
    }

    [Theory]
    [InlineData("json-huge", "mcp_server_invalid")]
    [InlineData("sse-huge", "mcp_server_invalid")]
    [InlineData("sse-flood", "mcp_server_invalid")]
    [InlineData("wrong-id", "mcp_server_invalid")]
    [InlineData("html", "mcp_server_invalid")]
    [InlineData("utf8", "mcp_server_invalid")]
    [InlineData("redirect", null)]
    [InlineData("hang", "tool_timeout")]
    [InlineData("sse-hang", "tool_timeout")]
    [InlineData("unauthorized", "tool_unavailable")]
    public async Task A_server_that_misbehaves_is_contained(string mode, string? code)
    {
        var asked = new List<string>();
        await using var server = await ServeAsync(static _ => { }, app =>
        {
            app.MapPost("/mcp", http => AnswerAsync(http, mode));
            app.MapFallback(http => { asked.Add(http.Request.Path); return Task.CompletedTask; });
        });
        await using var place = Place(server.Url);
        var manifest = await place.ApproveAsync(Settings(server.Url), new ManifestLimits(TimeoutSeconds: 2, OutputBytes: 4096));
        if (code is null) Assert.True((await place.CallAsync(manifest, "echo", """{"text":"hi"}""")).IsError);
        else Assert.Equal(code, (await Assert.ThrowsAsync<Problem>(() => place.CallAsync(manifest, "echo", """{"text":"hi"}"""))).Code.Code);
        // Neither the place of a redirect nor an authorization server that it names was asked.
        Assert.Empty(asked);
    }

    [Fact]
    public async Task A_stream_that_breaks_off_leaves_an_outcome_that_nobody_knows()
    {
        await using var server = await ServeAsync(static _ => { }, app => app.MapPost("/mcp", http => AnswerAsync(http, "sse-cut")));
        await using var place = Place(server.Url);
        var manifest = await place.ApproveAsync(Settings(server.Url));
        await Assert.ThrowsAsync<McpServerLost>(() => place.CallAsync(manifest, "echo", """{"text":"hi"}"""));
    }

    [Fact]
    public async Task An_address_inside_is_refused_unless_the_operator_named_it()
    {
        await using var place = new McpPlace(options: new SomaOptions());
        foreach (var url in (string[])["http://127.0.0.1:9/mcp", "http://169.254.169.254/mcp", "http://[::1]:9/mcp", "http://2130706433:9/mcp", "http://[::ffff:10.0.0.1]/mcp"])
        {
            var problem = await Assert.ThrowsAsync<Problem>(() => place.ImportAsync(new McpSettings(McpSettings.Http) { Url = url }));
            Assert.Equal("address_refused", problem.Code.Code);
        }
        foreach (var url in (string[])["file:///etc/passwd", "http://user:pw@example.com/mcp", "ftp://example.com/", "http://example.com/#x", "http://exa mple.com"])
            Assert.Equal("invalid_request", (await Assert.ThrowsAsync<Problem>(() => place.ImportAsync(new McpSettings(McpSettings.Http) { Url = url }))).Code.Code);
    }

    [Fact]
    public async Task A_server_outside_the_manifests_egress_is_a_fault_of_the_manifest()
    {
        await using var server = await ServeAsync(static _ => { }, app => app.MapPost("/mcp", http => AnswerAsync(http, "plain")));
        await using var place = Place(server.Url);
        var manifest = await place.ApproveAsync(Settings(server.Url));
        Assert.Contains(place.Adapter.Check(manifest with { Egress = ["https://other.example"] }), error => error.Field == "settings.url");
        Assert.Contains(place.Adapter.Check(manifest with { Settings = JsonDocument.Parse("""{"transport":"http","url":"https://x.example/mcp","beerer":"x"}""").RootElement }), error => error.Field == "settings");
    }

    private static readonly Dictionary<string, string> Secret = new() { ["token"] = "s3cret" };

    private static McpSettings Settings(string url) => new(McpSettings.Http) { Url = url + "/mcp" };

    private static McpPlace Place(string url) => new(options: new SomaOptions { OutgoingAllow = [url] });

    /// <summary>A handshake server by hand: it lists one tool properly, and answers the call as the mode says.</summary>
    private static async Task AnswerAsync(HttpContext http, string mode)
    {
        using var body = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
        var method = body.RootElement.GetProperty("method").GetString();
        if (!body.RootElement.TryGetProperty("id", out var id))
        {
            http.Response.StatusCode = 202;
            return;
        }
        var result = method switch
        {
            "initialize" => """{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1"}}""",
            "tools/list" => Echo,
            "tools/call" => null,
            _ => "",
        };
        if (result == "")
        {
            http.Response.StatusCode = 400;
            return;
        }
        if (result is not null)
        {
            await http.Response.WriteAsJsonAsync(JsonDocument.Parse($$"""{"jsonrpc":"2.0","id":{{id}},"result":{{result}}}""").RootElement, http.RequestAborted);
            return;
        }
        await MisbehaveAsync(http, mode, id.GetInt64());
    }

    private static async Task MisbehaveAsync(HttpContext http, string mode, long id)
    {
        var good = $$$"""{"jsonrpc":"2.0","id":{{{id}}},"result":{"content":[{"type":"text","text":"ok"}]}}""";
        http.Response.ContentType = mode.StartsWith("sse", StringComparison.Ordinal) ? "text/event-stream" : mode == "html" ? "text/html" : "application/json";
        switch (mode)
        {
            case "json-huge":
                await http.Response.WriteAsync("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":{\"x\":\"", http.RequestAborted);
                for (var i = 0; i < 64; i++) await http.Response.WriteAsync(new string('x', 1 << 20), http.RequestAborted);
                break;
            case "sse-huge":
                await http.Response.WriteAsync("data: ", http.RequestAborted);
                for (var i = 0; i < 64; i++) await http.Response.WriteAsync(new string('x', 1 << 20), http.RequestAborted);
                break;
            case "sse-flood":
                for (var i = 0; i < 5000; i++) await http.Response.WriteAsync("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}\n\n", http.RequestAborted);
                break;
            case "sse-cut":
                await http.Response.WriteAsync("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}\r\n\r\ndata: {\"json", http.RequestAborted);
                break;
            case "wrong-id":
                await http.Response.WriteAsync(good.Replace($"\"id\":{id}", "\"id\":999", StringComparison.Ordinal), http.RequestAborted);
                break;
            case "utf8":
                await http.Response.Body.WriteAsync(Encoding.Latin1.GetBytes(good.Replace("ok", "\u00ff", StringComparison.Ordinal)), http.RequestAborted);
                break;
            case "redirect":
                http.Response.StatusCode = 307;
                http.Response.Headers.Location = "/elsewhere";
                break;
            case "unauthorized":
                http.Response.StatusCode = 401;
                http.Response.Headers.WWWAuthenticate = $"Bearer resource_metadata=\"{http.Request.Scheme}://{http.Request.Host}/.well-known/oauth-protected-resource\"";
                break;
            case "hang" or "sse-hang":
                if (mode == "sse-hang") await http.Response.WriteAsync(": waiting\n\n", http.RequestAborted);
                await Task.Delay(Timeout.Infinite, http.RequestAborted);
                break;
            default:
                await http.Response.WriteAsync(good, http.RequestAborted);
                break;
        }
    }

    private static async Task<Served> ServeAsync(Action<WebApplicationBuilder> add, Action<WebApplication> map)
    {
        var builder = WebApplication.CreateSlimBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        add(builder);
        var app = builder.Build();
        map(app);
        await app.StartAsync(McpPlace.Stop);
        return new Served(app, app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    private sealed record Served(WebApplication App, string Url) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
            await App.StopAsync(soon.Token);
            await App.DisposeAsync();
        }
    }
}
