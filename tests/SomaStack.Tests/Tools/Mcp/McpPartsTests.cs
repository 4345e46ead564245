using System.Text;
using System.Text.Json;
using CsCheck;
using SomaStack.Agents.Tools;
using SomaStack.Platform;

namespace SomaStack.Tests.Tools.Mcp;

/// <summary>The pure parts: headers, marks, pins, events, settings.</summary>
public sealed class McpPartsTests
{
    [Theory]
    [InlineData("us-west1", "us-west1")]
    [InlineData("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?=")]
    [InlineData(" padded ", "=?base64?IHBhZGRlZCA=?=")]
    [InlineData("line1\nline2", "=?base64?bGluZTEKbGluZTI=?=")]
    [InlineData("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=")]
    public void Header_values_are_encoded_as_the_specification_shows(string value, string header)
    {
        Assert.Equal(header, HeaderText.Encode(value));
        Assert.Equal(value, HeaderText.Decode(header));
    }

    [Fact]
    public void Every_text_comes_back_from_its_header() => Gen.String.Where(static text => text.Length > 0 && IsWhole(text)).Sample(static text => HeaderText.Decode(HeaderText.Encode(text)) == text);

    [Fact]
    public void Marked_parameters_become_headers()
    {
        var schema = Json("""{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"deep":{"type":"object","properties":{"n":{"type":"integer","x-mcp-header":"N"},"b":{"type":"boolean","x-mcp-header":"B"}}},"query":{"type":"string"}}}""");
        Assert.Null(ParameterHeaders.Fault(schema));
        Assert.Equal([new("Mcp-Param-Region", "us-west1"), new("Mcp-Param-N", "-7"), new("Mcp-Param-B", "true")], ParameterHeaders.Of(schema, Json("""{"region":"us-west1","deep":{"n":-7,"b":true},"query":"x"}""")));
        Assert.Empty(ParameterHeaders.Of(schema, Json("""{"region":null,"deep":5}""")));
    }

    [Theory]
    [InlineData("""{"properties":{"a":{"type":"number","x-mcp-header":"A"}}}""")]
    [InlineData("""{"properties":{"a":{"type":"string","x-mcp-header":""}}}""")]
    [InlineData("""{"properties":{"a":{"type":"string","x-mcp-header":"A B"}}}""")]
    [InlineData("""{"properties":{"a":{"type":"string","x-mcp-header":"A\r\nX: y"}}}""")]
    [InlineData("""{"properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}}""")]
    [InlineData("""{"properties":{"a":{"type":"array","items":{"type":"string","x-mcp-header":"A"}}}}""")]
    [InlineData("""{"anyOf":[{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}]}""")]
    [InlineData("""{"$defs":{"a":{"type":"string","x-mcp-header":"A"}},"properties":{"a":{"$ref":"#/$defs/a"}}}""")]
    public void A_mark_that_breaks_the_rules_makes_the_tool_unusable(string schema) => Assert.NotNull(ParameterHeaders.Fault(Json(schema)));

    [Fact]
    public void A_parameter_that_is_called_like_the_mark_is_none() => Assert.Null(ParameterHeaders.Fault(Json("""{"properties":{"x-mcp-header":{"type":"string"}},"default":{"x-mcp-header":"A"}}""")));

    [Fact]
    public void A_pin_holds_whatever_steers_and_nothing_else()
    {
        var tool = Tool("""{"name":"a","description":"d","inputSchema":{"type":"object","x":1}}""");
        Assert.Equal(ToolPins.Digest(tool), ToolPins.Digest(Tool("""{ "inputSchema":{"x":1.0,"type":"object"}, "description":"d", "name":"a", "icons":[{"src":"https://x.example/a.png"}], "_meta":{"n":1} }""")));
        foreach (var other in (string[])[
            """{"name":"a","description":"e","inputSchema":{"type":"object","x":1}}""", """{"name":"a","description":"d","inputSchema":{"type":"object","x":2}}""",
            """{"name":"a","description":"d","title":"t","inputSchema":{"type":"object","x":1}}""", """{"name":"a","description":"d","inputSchema":{"type":"object","x":1},"annotations":{"readOnlyHint":true}}""",
            """{"name":"a","description":"d","inputSchema":{"type":"object","x":1},"outputSchema":{}}"""])
            Assert.NotEqual(ToolPins.Digest(tool), ToolPins.Digest(Tool(other)));
    }

    [Fact]
    public void The_difference_names_what_came_went_and_changed()
    {
        var reasons = ToolPins.Difference(
            new Dictionary<string, string> { ["a"] = new('1', 64), ["b"] = new('2', 64), ["c"] = new('3', 64) },
            new Dictionary<string, string> { ["a"] = new('1', 64), ["b"] = new('9', 64), ["d\n"] = new('4', 64) });
        Assert.Equal(["tool_changed", "tool_gone", "tool_added"], reasons.Select(static reason => reason.Code));
        Assert.All(reasons, static reason => Assert.DoesNotContain('\n', reason.Message));
    }

    [Fact]
    public async Task Events_are_read_however_their_bytes_arrive()
    {
        const string text = ": hello\n\ndata: one\r\ndata: two\r\n\r\nevent: x\rid: 3\rdata:three\r\rdata\n\nretry: 5\ndata: cut";
        for (var size = 1; size < 20; size++)
        {
            var events = new List<string>();
            var reader = new EventReader(new Slow(Encoding.UTF8.GetBytes(text), size), 100);
            while (await reader.NextAsync(TestContext.Current.CancellationToken) is { } data) events.Add(Encoding.UTF8.GetString(data.Span));
            Assert.Equal(["", "one\ntwo", "three", ""], events);
        }
    }

    [Theory]
    [InlineData("LD_PRELOAD")]
    [InlineData("NODE_OPTIONS")]
    [InlineData("PATH")]
    [InlineData("DOTNET_STARTUP_HOOKS")]
    [InlineData("A=B")]
    [InlineData("1A")]
    public void A_variable_that_loads_code_is_refused(string name) =>
        Assert.Contains(McpSettings.Check(new McpSettings("stdio") { Command = "node", Env = new Dictionary<string, string> { [name] = "x" } }, []), static error => error.Field == "settings.env");

    private static bool IsWhole(string text)
    {
        try
        {
            new UTF8Encoding(false, true).GetBytes(text);
            return true;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }

    private static McpTool Tool(string json) => new("a", Json(json));

    private static JsonElement Json(string json) => JsonDocument.Parse(json).RootElement;

    private sealed class Slow(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..Math.Min(size, buffer.Length)], cancellationToken);
    }
}
