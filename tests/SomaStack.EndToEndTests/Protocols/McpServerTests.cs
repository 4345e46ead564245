using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using static SomaStack.EndToEndTests.Protocols.ProtocolServer;

namespace SomaStack.EndToEndTests.Protocols;

/// <summary><c>/mcp</c> of the built program, asked by the official C# SDK and by hand.</summary>
public sealed class McpServerTests(ProtocolServer place) : IClassFixture<ProtocolServer>
{
    [Fact]
    public async Task The_official_client_lists_and_calls_in_the_newest_version()
    {
        await using var client = await place.ConnectAsync();
        Assert.Equal("2026-07-28", client.NegotiatedProtocolVersion);
        var tools = await client.ListToolsAsync(cancellationToken: Stop);
        var names = tools.Select(static tool => tool.Name).ToList();
        Assert.Contains("peer.echo", names);
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
        Assert.Equal(names, (await client.ListToolsAsync(cancellationToken: Stop)).Select(static tool => tool.Name));
        var echo = await client.CallToolAsync("peer.echo", new Dictionary<string, object?> { ["message"] = "Grüße, 世界" }, cancellationToken: Stop);
        Assert.NotEqual(true, echo.IsError);
        Assert.Equal("Echo: Grüße, 世界", Text(echo));
        var structured = await client.CallToolAsync("peer.get-structured-content", new Dictionary<string, object?> { ["location"] = "New York" }, cancellationToken: Stop);
        Assert.NotNull(structured.StructuredContent);
        // Arguments that do not fit are read by the model, and a tool that is not there is the client's error.
        var wrong = await client.CallToolAsync("peer.get-sum", new Dictionary<string, object?> { ["a"] = "two" }, cancellationToken: Stop);
        Assert.True(wrong.IsError);
        Assert.Contains("invalid_request", Text(wrong), StringComparison.Ordinal);
        Assert.Equal(McpErrorCode.InvalidParams, (await Assert.ThrowsAsync<McpProtocolException>(async () => await client.CallToolAsync("peer.nothing", cancellationToken: Stop))).ErrorCode);
    }

    [Fact]
    public async Task Personas_are_prompts()
    {
        await using var client = await place.ConnectAsync();
        var guide = Assert.Single(await client.ListPromptsAsync(cancellationToken: Stop), static prompt => prompt.Name == "guide");
        var prompt = await client.GetPromptAsync(guide.Name, cancellationToken: Stop);
        Assert.Contains("what is remembered", Assert.IsType<TextContentBlock>(Assert.Single(prompt.Messages).Content).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_has_no_token_is_told_where_to_get_one_and_for_how_little()
    {
        using var stranger = new HttpClient();
        using var refused = await place.PostAsync(stranger, """{"jsonrpc":"2.0","id":1,"method":"tools/list"}""");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        var challenge = refused.Headers.WwwAuthenticate.ToString();
        Assert.Contains("scope=\"tool:execute\"", challenge, StringComparison.Ordinal);
        var address = challenge.Split("resource_metadata=\"")[1].Split('"')[0];
        var metadata = await stranger.GetFromJsonAsync<JsonElement>(address, Stop);
        Assert.Equal(new Uri(place.Soma.Url, "/mcp").ToString(), metadata.GetProperty("resource").GetString());
        Assert.Equal(["tool:execute"], metadata.GetProperty("scopes_supported").EnumerateArray().Select(static scope => scope.GetString()!));
        var issuer = metadata.GetProperty("authorization_servers")[0].GetString();
        var configuration = await stranger.GetFromJsonAsync<JsonElement>(issuer + "/.well-known/openid-configuration", Stop);
        Assert.Equal(issuer, configuration.GetProperty("issuer").GetString());
        Assert.Contains("S256", configuration.GetProperty("code_challenge_methods_supported").EnumerateArray().Select(static method => method.GetString()));
        Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync(new Uri(place.Soma.Url, "/.well-known/oauth-protected-resource"), Stop)).StatusCode);
    }

    [Fact]
    public async Task A_client_that_means_another_server_gets_no_code()
    {
        using var browser = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        var origin = place.Soma.Url.ToString().TrimEnd('/');
        var address = $"{origin}/v1/auth/authorize?client_id=soma-console&response_type=code&code_challenge_method=S256&code_challenge={new string('A', 43)}&scope=tool:execute&redirect_uri={Uri.EscapeDataString(origin + "/console/callback")}&resource=";
        using var other = await browser.GetAsync(address + Uri.EscapeDataString("https://evil.example/mcp"), Stop);
        Assert.Contains("error=invalid_target", other.Headers.Location!.ToString(), StringComparison.Ordinal);
        using var ours = await browser.GetAsync(address + Uri.EscapeDataString(origin + "/mcp"), Stop);
        Assert.DoesNotContain("error=", ours.Headers.Location?.ToString() ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_with_less_than_it_needs_names_what_is_missing()
    {
        using var narrow = await place.Soma.ClientAsync("--capability", "session:read");
        using var refused = await place.PostAsync(narrow, """{"jsonrpc":"2.0","id":1,"method":"tools/list"}""");
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        var challenge = refused.Headers.WwwAuthenticate.ToString();
        Assert.Contains("insufficient_scope", challenge, StringComparison.Ordinal);
        Assert.Contains("scope=\"tool:execute\"", challenge, StringComparison.Ordinal);
        Assert.Contains("resource_metadata=", challenge, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_handle_is_worth_nothing_to_anybody_else_and_cannot_be_made()
    {
        var session = await place.ShakeAsync(place.Owner);
        const string ping = """{"jsonrpc":"2.0","id":1,"method":"ping"}""";
        using (var own = await place.PostAsync(place.Owner, ping, ("Mcp-Session-Id", session))) Assert.Equal(HttpStatusCode.OK, own.StatusCode);
        using var added = await place.Owner.PutAsJsonAsync("/v1/users/eve", new { display_name = "eve", capabilities = new[] { "tool:execute" } }, Stop);
        using var eve = await place.Soma.ClientAsync("--principal", "eve");
        using (var stolen = await place.PostAsync(eve, ping, ("Mcp-Session-Id", session))) Assert.Equal(HttpStatusCode.NotFound, stolen.StatusCode);
        using (var without = await place.PostAsync(eve, ping)) Assert.Equal(HttpStatusCode.OK, without.StatusCode);
        foreach (var made in (string[])[session[..^2] + (session.EndsWith("AA", StringComparison.Ordinal) ? "BB" : "AA"), "1", Guid.CreateVersion7().ToString(), new string('A', 4000)])
            using (var forged = await place.PostAsync(place.Owner, ping, ("Mcp-Session-Id", made))) Assert.Equal(HttpStatusCode.NotFound, forged.StatusCode);
        Assert.NotEqual(session, await place.ShakeAsync(place.Owner));
    }

    [Fact]
    public async Task A_request_that_comes_again_does_nothing_again()
    {
        var session = await place.ShakeAsync(place.Owner);
        const string call = """{"jsonrpc":"2.0","id":"x-1","method":"tools/call","params":{"name":"peer.echo","arguments":{"message":"once"}}}""";
        var first = await ResultAsync(place.Owner, call, ("Mcp-Session-Id", session));
        var again = await ResultAsync(place.Owner, call, ("Mcp-Session-Id", session));
        Assert.Equal(Meta(first, "call"), Meta(again, "call"));
        Assert.Equal("True", Meta(again, "replayed"));
        var other = await ResultAsync(place.Owner, call, ("Mcp-Session-Id", await place.ShakeAsync(place.Owner)));
        Assert.NotEqual(Meta(first, "call"), Meta(other, "call"));
        // Without a session the caller's own key says what is one intention.
        var key = Guid.CreateVersion7().ToString();
        var parameters = new { name = "peer.echo", arguments = new { message = "by key" } };
        var one = (await place.ModernAsync(place.Owner, "tools/call", parameters, null, ("Idempotency-Key", key))).GetProperty("result");
        var two = (await place.ModernAsync(place.Owner, "tools/call", parameters, null, ("Idempotency-Key", key))).GetProperty("result");
        Assert.Equal(Meta(one, "call"), Meta(two, "call"));
        var three = (await place.ModernAsync(place.Owner, "tools/call", new { name = "peer.echo", arguments = new { message = "another" } }, null, ("Idempotency-Key", key))).GetProperty("result");
        Assert.Contains("tool_key_reused", three.GetProperty("content")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_of_another_origin_a_batch_and_a_get_are_refused()
    {
        const string ping = """{"jsonrpc":"2.0","id":1,"method":"ping"}""";
        using (var evil = await place.PostAsync(place.Owner, ping, ("Origin", "http://evil.example.com"))) Assert.Equal(HttpStatusCode.Forbidden, evil.StatusCode);
        using (var here = await place.PostAsync(place.Owner, ping, ("Origin", "http://localhost:5173"))) Assert.Equal(HttpStatusCode.OK, here.StatusCode);
        using (var batch = await place.PostAsync(place.Owner, $"[{ping}]")) Assert.Equal(HttpStatusCode.BadRequest, batch.StatusCode);
        using (var broken = await place.PostAsync(place.Owner, "{")) Assert.Equal(HttpStatusCode.BadRequest, broken.StatusCode);
        using (var get = await place.Owner.GetAsync("/mcp", Stop)) Assert.Equal(HttpStatusCode.MethodNotAllowed, get.StatusCode);
        using (var delete = await place.Owner.DeleteAsync("/mcp", Stop)) Assert.Equal(HttpStatusCode.MethodNotAllowed, delete.StatusCode);
        using (var told = await place.PostAsync(place.Owner, """{"jsonrpc":"2.0","method":"notifications/initialized"}""")) Assert.Equal(HttpStatusCode.Accepted, told.StatusCode);
        Assert.Equal(-32601, (await place.ModernAsync(place.Owner, "resources/list")).GetProperty("error").GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task What_waits_for_a_second_person_says_so_and_is_done_once_there_is_a_yes()
    {
        await place.WantApprovalAsync("tool.call", Asking);
        var parameters = new { name = Asking, arguments = new { messageType = "success" } };
        var waiting = (await place.ModernAsync(place.Owner, "tools/call", parameters)).GetProperty("result");
        var approval = Meta(waiting, "approval");
        Assert.True(waiting.GetProperty("isError").GetBoolean());
        Assert.Contains("second person must agree", waiting.GetProperty("content")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        // Asked again it is the same approval, also in another spelling of the same arguments.
        Assert.Equal(approval, Meta((await place.ModernAsync(place.Owner, "tools/call", parameters)).GetProperty("result"), "approval"));
        // A client that can show an address to its person gets it, with what to come back with.
        var elicited = (await place.ModernAsync(place.Owner, "tools/call", parameters, new { elicitation = new { url = new { } } })).GetProperty("result");
        Assert.Equal("input_required", elicited.GetProperty("resultType").GetString());
        var request = elicited.GetProperty("inputRequests").GetProperty("approval").GetProperty("params");
        Assert.Equal(("url", true), (request.GetProperty("mode").GetString(), request.GetProperty("url").GetString()!.EndsWith("/inbox?state=all&id=" + approval, StringComparison.Ordinal)));
        var state = elicited.GetProperty("requestState").GetString();
        using var mallory = await place.Soma.ClientAsync("--principal", await AddAsync("mallory"));
        Assert.Equal(-32602, (await place.ModernAsync(mallory, "tools/call", new { parameters.name, parameters.arguments, requestState = state })).GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal(-32602, (await place.ModernAsync(place.Owner, "tools/call", new { parameters.name, arguments = new { messageType = "error" }, requestState = state })).GetProperty("error").GetProperty("code").GetInt32());

        await place.Bob.ApproveAsync(approval!);
        var done = (await place.ModernAsync(place.Owner, "tools/call", new { parameters.name, parameters.arguments, requestState = state, inputResponses = new { approval = new { action = "accept" } } })).GetProperty("result");
        Assert.False(done.GetProperty("isError").GetBoolean(), done.GetRawText());
        // Another time it is another intention, and waits anew.
        Assert.NotEqual(approval, Meta((await place.ModernAsync(place.Owner, "tools/call", parameters)).GetProperty("result"), "approval"));
    }

    [Fact]
    public async Task The_kill_switch_stops_a_tool_here_as_everywhere()
    {
        using var engaged = await place.Owner.PostAsJsonAsync("/v1/killswitch", new { engaged = true, scope = "tool", target = "peer", reason = "A test." }, Stop);
        Assert.True(engaged.IsSuccessStatusCode, await engaged.Content.ReadAsStringAsync(Stop));
        var parameters = new { name = "peer.echo", arguments = new { message = "stopped?" } };
        var stopped = (await place.ModernAsync(place.Owner, "tools/call", parameters)).GetProperty("result");
        Assert.True(stopped.GetProperty("isError").GetBoolean());
        Assert.Contains("kill_switch_engaged", stopped.GetProperty("content")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        await place.Bob.ReleaseAsync(place.Owner, "tool", "peer");
        var released = (await place.ModernAsync(place.Owner, "tools/call", parameters)).GetProperty("result");
        Assert.False(released.GetProperty("isError").GetBoolean(), released.GetRawText());
    }

    [Fact]
    public async Task Progress_is_told_and_a_cancelled_call_ends()
    {
        var session = await place.ShakeAsync(place.Owner);
        const string call = """{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"peer.trigger-long-running-operation","arguments":{"duration":5,"steps":2},"_meta":{"progressToken":"p"}}}""";
        using var stream = await place.PostAsync(place.Owner, call, ("Mcp-Session-Id", session));
        Assert.Equal("text/event-stream", stream.Content.Headers.ContentType?.MediaType);
        var text = await stream.Content.ReadAsStringAsync(Stop);
        Assert.Contains("\"method\":\"notifications/progress\"", text, StringComparison.Ordinal);
        Assert.Contains("\"progressToken\":\"p\"", text, StringComparison.Ordinal);
        Assert.Contains("\"isError\":false", text, StringComparison.Ordinal);

        var long20 = call.Replace("\"id\":7", "\"id\":8", StringComparison.Ordinal).Replace("\"duration\":5", "\"duration\":50", StringComparison.Ordinal);
        using var begun = await place.PostAsync(place.Owner, long20, ("Mcp-Session-Id", session));
        var rest = begun.Content.ReadAsStringAsync(Stop);
        using (var cancel = await place.PostAsync(place.Owner, """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":8}}""", ("Mcp-Session-Id", session))) Assert.Equal(HttpStatusCode.Accepted, cancel.StatusCode);
        Assert.DoesNotContain("\"isError\":false", await rest.WaitAsync(TimeSpan.FromSeconds(30), Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_bridge_on_stdio_carries_both_ages()
    {
        var transport = new StdioClientTransport(new StdioClientTransportOptions { Command = "dotnet", Arguments = [SomaProcess.Binary, "mcp", "serve", "--data", place.Soma.Data, "--url", place.Soma.Url.ToString()], Name = "soma" });
        await using var client = await McpClient.CreateAsync(transport, cancellationToken: Stop);
        TestContext.Current.TestOutputHelper?.WriteLine("negotiated " + client.NegotiatedProtocolVersion);
        Assert.Equal("Echo: over stdio", Text(await client.CallToolAsync("peer.echo", new Dictionary<string, object?> { ["message"] = "over stdio" }, cancellationToken: Stop)));
        var old = new StdioClientTransport(new StdioClientTransportOptions { Command = "dotnet", Arguments = [SomaProcess.Binary, "mcp", "serve", "--data", place.Soma.Data, "--url", place.Soma.Url.ToString()], Name = "soma" });
        await using var handshake = await McpClient.CreateAsync(old, new McpClientOptions { ProtocolVersion = "2025-11-25" }, cancellationToken: Stop);
        Assert.Equal("2025-11-25", handshake.NegotiatedProtocolVersion);
        Assert.Equal("Echo: shaken", Text(await handshake.CallToolAsync("peer.echo", new Dictionary<string, object?> { ["message"] = "shaken" }, cancellationToken: Stop)));
    }

    [Fact]
    public async Task The_commands_list_and_draft()
    {
        string[] where = ["--data", place.Soma.Data, "--url", place.Soma.Url.ToString()];
        var list = await SomaProcess.RunAsync(null, ["mcp", "list", "--json", .. where]);
        Assert.True(list.ExitCode == 0, list.Error);
        Assert.Equal("peer", JsonDocument.Parse(list.Output).RootElement.GetProperty("data")[0].GetProperty("id").GetString());
        var draft = await SomaProcess.RunAsync(null, ["mcp", "add", "again", .. where, "--", "node", Path.Combine(Folder, "node_modules", "@modelcontextprotocol", "server-everything", "dist", "index.js"), "stdio"]);
        Assert.True(draft.ExitCode == 0, draft.Error);
        Assert.Equal("mcp", JsonDocument.Parse(draft.Output).RootElement.GetProperty("kind").GetString());
        Assert.Contains("Risk is set to high", draft.Error, StringComparison.Ordinal);
        var refused = await SomaProcess.RunAsync(null, ["mcp", "add", "again", .. where, "--", "sh", "-c", "id"]);
        Assert.Equal(4, refused.ExitCode);
    }

    private async Task<string> AddAsync(string id)
    {
        using var added = await place.Owner.PutAsJsonAsync($"/v1/users/{id}", new { display_name = id, capabilities = new[] { "tool:execute" } }, Stop);
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync(Stop));
        return id;
    }

    private async Task<JsonElement> ResultAsync(HttpClient client, string json, params (string, string)[] headers)
    {
        using var answer = await place.PostAsync(client, json, headers);
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
        return body.TryGetProperty("result", out var result) ? result : throw new InvalidOperationException(body.GetRawText());
    }

    private static string? Meta(JsonElement result, string name) => result.GetProperty("_meta").TryGetProperty("somastack/" + name, out var value) ? value.ToString() : null;

    private static string Text(CallToolResult result) => Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text;
}
