using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Agents.Protocols;
using SomaStack.Governance.Identity;
using SomaStack.Platform;

namespace SomaStack.Tests.Protocols;

/// <summary>The pure parts of the way in: origins, messages, versions.</summary>
public sealed class ProtocolPartsTests
{
    [Theory]
    [InlineData("https://soma.example", "https://soma.example/", true)]
    [InlineData("https://SOMA.example", "https://soma.example/", true)]
    [InlineData("http://soma.example", "https://soma.example/", false)]
    [InlineData("https://soma.example:8443", "https://soma.example/", false)]
    [InlineData("https://soma.example.evil.com", "https://soma.example/", false)]
    [InlineData("http://localhost:5173", "https://soma.example/", false)]
    [InlineData("http://localhost:5173", "http://127.0.0.1:8080/", true)]
    [InlineData("http://[::1]:5173", "http://127.0.0.1:8080/", true)]
    [InlineData("http://evil.example.com:8080", "http://127.0.0.1:8080/", false)]
    [InlineData("http://localhost.evil.com", "http://127.0.0.1:8080/", false)]
    [InlineData("http://127.0.0.1.nip.io", "http://127.0.0.1:8080/", false)]
    [InlineData("null", "http://127.0.0.1:8080/", false)]
    [InlineData("file://", "http://127.0.0.1:8080/", false)]
    [InlineData("http://user@127.0.0.1", "http://127.0.0.1:8080/", false)]
    public void A_page_of_another_origin_is_kept_out(string origin, string own, bool allowed) => Assert.Equal(allowed, OriginGuard.IsAllowed(origin, own));

    [Theory]
    [InlineData("nothing", RpcError.Parse)]
    [InlineData("""{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"ping"}""", RpcError.Parse)]
    [InlineData("[]", RpcError.InvalidRequest)]
    [InlineData("""[{"jsonrpc":"2.0","id":1,"method":"ping"}]""", RpcError.InvalidRequest)]
    [InlineData("""{"id":1,"method":"ping"}""", RpcError.InvalidRequest)]
    [InlineData("""{"jsonrpc":"2.0","id":null,"method":"ping"}""", RpcError.InvalidRequest)]
    [InlineData("""{"jsonrpc":"2.0","id":1.5,"method":"ping"}""", RpcError.InvalidRequest)]
    [InlineData("""{"jsonrpc":"2.0","id":{},"method":"ping"}""", RpcError.InvalidRequest)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{}}""", RpcError.InvalidRequest)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}""", RpcError.InvalidRequest)]
    public void What_is_no_message_is_refused(string json, int code) => Assert.Equal(code, Assert.Throws<RpcError>(() => JsonRpc.Read(Encoding.UTF8.GetBytes(json))).Code);

    [Fact]
    public void A_request_without_a_handshake_says_everything_in_its_meta_and_headers()
    {
        var (version, elicits) = Read(Modern("""{"elicitation":{"url":{}}}"""), ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "=?base64?YS5i?="));
        Assert.Equal(("2026-07-28", true), (version, elicits));
        Assert.False(Read(Modern("{}"), ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "a.b")).ElicitsUrl);
    }

    [Theory]
    [InlineData("2026-07-28", "tools/call", "a.c", -32020)]
    [InlineData("2026-07-28", "tools/list", "a.b", -32020)]
    [InlineData("2026-07-28", null, "a.b", -32020)]
    [InlineData("2026-07-28", "tools/call", null, -32020)]
    [InlineData("2026-07-28", "tools/call", "=?base64?!?=", -32020)]
    [InlineData("2025-11-25", "tools/call", "a.b", -32020)]
    [InlineData(null, "tools/call", "a.b", -32020)]
    public void Headers_that_contradict_the_body_are_refused(string? version, string? method, string? name, int code)
    {
        var headers = new[] { ("MCP-Protocol-Version", version), ("Mcp-Method", method), ("Mcp-Name", name) }.Where(static pair => pair.Item2 is not null).Select(static pair => (pair.Item1, pair.Item2!)).ToArray();
        var error = Assert.Throws<RpcError>(() => Read(Modern("{}"), headers));
        Assert.Equal((code, 400), (error.Code, error.Status));
    }

    [Fact]
    public void Versions_that_nobody_speaks_are_named_with_those_that_are()
    {
        var modern = Modern("{}").Replace("2026-07-28", "1900-01-01", StringComparison.Ordinal);
        Assert.Equal(-32022, Assert.Throws<RpcError>(() => Read(modern, ("MCP-Protocol-Version", "1900-01-01"))).Code);
        Assert.Equal(-32022, Assert.Throws<RpcError>(() => Read("""{"jsonrpc":"2.0","id":1,"method":"ping"}""", ("MCP-Protocol-Version", "1900-01-01"))).Code);
        Assert.Equal(RpcError.InvalidParams, Assert.Throws<RpcError>(() => Read("""{"jsonrpc":"2.0","id":1,"method":"tools/list"}""", ("MCP-Protocol-Version", "2026-07-28"))).Code);
        Assert.Equal("2025-11-25", Read("""{"jsonrpc":"2.0","id":1,"method":"ping"}""").Version);
        Assert.Equal("2025-06-18", Read("""{"jsonrpc":"2.0","id":1,"method":"ping"}""", ("MCP-Protocol-Version", "2025-06-18")).Version);
    }

    [Theory]
    [InlineData("""{"message":{"messageId":"m","role":"ROLE_AGENT","parts":[{"text":"x"}]}}""", RpcError.InvalidParams)]
    [InlineData("""{"message":{"role":"ROLE_USER","parts":[{"text":"x"}]}}""", RpcError.InvalidParams)]
    [InlineData("""{"message":{"messageId":"m","role":"ROLE_USER","parts":[]}}""", RpcError.InvalidParams)]
    [InlineData("""{"message":{"messageId":"m m","role":"ROLE_USER","parts":[{"text":"x"}]}}""", RpcError.InvalidParams)]
    [InlineData("""{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"url":"https://x.example"}]}}""", -32005)]
    [InlineData("""{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]},"configuration":{"acceptedOutputModes":["image/png"]}}""", -32005)]
    [InlineData("""{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]},"configuration":{"taskPushNotificationConfig":{"url":"http://127.0.0.1"}}}""", -32003)]
    public void What_is_no_message_of_an_agent_is_refused(string parameters, int code) =>
        Assert.Equal(code, Assert.Throws<RpcError>(() => A2ARequest.Read(JsonRpc.Read(Encoding.UTF8.GetBytes("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SendMessage\",\"params\":" + parameters + "}")))).Code);

    [Theory]
    [InlineData("completed", "TASK_STATE_COMPLETED")]
    [InlineData("waiting", "TASK_STATE_AUTH_REQUIRED")]
    [InlineData("denied", "TASK_STATE_REJECTED")]
    [InlineData("cancelled", "TASK_STATE_CANCELED")]
    [InlineData("failed", "TASK_STATE_FAILED")]
    [InlineData("something new", "TASK_STATE_FAILED")]
    public void A_turn_is_never_told_better_than_it_was(string turn, string state) => Assert.Equal(state, A2AState.OfTurn(turn));

    [Theory]
    [InlineData(null, true)]
    [InlineData("https://soma.example/mcp", true)]
    [InlineData("https://SOMA.example/a2a/v1", true)]
    [InlineData("https://soma.example", true)]
    [InlineData("https://evil.example/mcp", false)]
    [InlineData("https://soma.example.evil.com/mcp", false)]
    [InlineData("http://soma.example/mcp", false)]
    [InlineData("https://soma.example:444/mcp", false)]
    [InlineData("https://soma.example/mcp#x", false)]
    [InlineData("https://soma.example@evil.example/mcp", false)]
    [InlineData("mcp", false)]
    public void A_client_that_means_another_server_gets_no_token(string? resource, bool served) =>
        Assert.Equal(served, new PublicOrigin(new SomaOptions { PublicUrl = "https://soma.example" }, new ServiceCollection().BuildServiceProvider()).Serves(resource));

    private static string Modern(string capabilities) => $$$$"""
        {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a.b","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{{{{capabilities}}}}}}}
        """;

    private static (string Version, bool ElicitsUrl) Read(string json, params (string Name, string Value)[] headers)
    {
        var sent = new HeaderDictionary();
        foreach (var (name, value) in headers) sent[name] = value;
        return McpVersions.Read(JsonRpc.Read(Encoding.UTF8.GetBytes(json)), sent);
    }
}
