using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.Extensions.AI;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.Tests.Inference;

/// <summary>A Messages request for a model that does not speak the format, and its answer in that format.</summary>
public sealed class MessagesTranslationTests
{
    [Fact]
    public void A_conversation_with_tools_keeps_its_meaning()
    {
        var (messages, options) = Read("""
            {"max_tokens":77,"temperature":0.5,"top_p":0.9,"stop_sequences":["x"],"system":[{"type":"text","text":"Be brief."}],
             "tools":[{"name":"weather","description":"d","input_schema":{"type":"object","properties":{"city":{"type":"string"}}}}],
             "tool_choice":{"type":"tool","name":"weather","disable_parallel_tool_use":true},
             "messages":[
              {"role":"user","content":"Paris?"},
              {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"I look."},{"type":"tool_use","id":"t1","name":"weather","input":{"city":"Paris"}}]},
              {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"Sun"},{"type":"text","text":"ny"}],"is_error":true},{"type":"text","text":"And?"},
               {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AQI="}},{"type":"image","source":{"type":"url","url":"https://x.org/y.png"}}]}]}
            """);
        Assert.Equal([ChatRole.System, ChatRole.User, ChatRole.Assistant, ChatRole.Tool, ChatRole.User], messages.Select(message => message.Role));
        Assert.Equal(["Be brief.", "Paris?", "I look.", "", "And?"], messages.Select(message => message.Text));
        var call = Assert.IsType<FunctionCallContent>(messages[2].Contents[1]);
        Assert.Equal(("t1", "weather", "Paris"), (call.CallId, call.Name, ((JsonElement)call.Arguments!["city"]!).GetString()));
        var result = Assert.IsType<FunctionResultContent>(Assert.Single(messages[3].Contents));
        Assert.Equal(("t1", "Sunny", true), (result.CallId, (string)result.Result!, result.Exception is not null));
        Assert.Equal([1, 2], Assert.IsType<DataContent>(messages[4].Contents[1]).Data.ToArray());
        Assert.Equal("https://x.org/y.png", Assert.IsType<UriContent>(messages[4].Contents[2]).Uri.AbsoluteUri);
        Assert.Equal((77, 0.5f, 0.9f, "x", false), (options.MaxOutputTokens, options.Temperature, options.TopP, Assert.Single(options.StopSequences!), options.AllowMultipleToolCalls));
        Assert.Equal("weather", Assert.IsType<RequiredChatToolMode>(options.ToolMode).RequiredFunctionName);
        var tool = Assert.IsType<AIFunctionDeclaration>(Assert.Single(options.Tools!), exactMatch: false);
        Assert.Equal(("weather", "d", "string"), (tool.Name, tool.Description, tool.JsonSchema.GetProperty("properties").GetProperty("city").GetProperty("type").GetString()));
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"a"}]}""", "max_tokens")]
    [InlineData("""{"max_tokens":0,"messages":[{"role":"user","content":"a"}]}""", "max_tokens")]
    [InlineData("""{"max_tokens":1}""", "messages")]
    [InlineData("""{"max_tokens":1,"messages":[]}""", "messages")]
    [InlineData("""{"max_tokens":1,"messages":["a"]}""", "messages[0]")]
    [InlineData("""{"max_tokens":1,"messages":[{"role":"tool","content":"a"}]}""", "messages[0].role")]
    [InlineData("""{"max_tokens":1,"messages":[{"role":"user"}]}""", "messages[0].content")]
    [InlineData("""{"max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_use","id":"a","name":"b"}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"?"}}]}]}""", "messages[0].content[0].source.data")]
    [InlineData("""{"max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"png","data":"AQI="}}]}]}""", "messages[0].content[0].source.media_type")]
    [InlineData("""{"max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"file:///etc/passwd"}}]}]}""", "messages[0].content[0].source.url")]
    [InlineData("""{"max_tokens":1,"messages":[{"role":"user","content":"a"}],"temperature":2}""", "temperature")]
    [InlineData("""{"max_tokens":1,"messages":[{"role":"user","content":"a"}],"tools":[{"type":"web_search_20250305","name":"web_search"}]}""", "tools[0].type")]
    [InlineData("""{"max_tokens":1,"messages":[{"role":"user","content":"a"}],"tool_choice":{"type":"all"}}""", "tool_choice.type")]
    public void What_cannot_be_told_to_the_model_is_refused_by_name(string body, string field)
    {
        var problem = Assert.Throws<Problem>(() => Read(body));
        Assert.Equal(("invalid_request", field), (problem.Code.Code, problem.Errors[0].Field));
    }

    [Fact]
    public void A_stream_of_thought_text_and_a_call_becomes_blocks_that_do_not_overlap()
    {
        var events = Events(
            new TokenUsage(100, 20, 60, 7, 30),
            new ChatResponseUpdate(ChatRole.Assistant, [new TextReasoningContent("Hm")]), new ChatResponseUpdate(ChatRole.Assistant, [new TextReasoningContent("m.") { ProtectedData = "seal" }]),
            new ChatResponseUpdate(ChatRole.Assistant, [new TextContent("I "), new TextContent(""), new TextContent("look.")]),
            new ChatResponseUpdate(ChatRole.Assistant, [new FunctionCallContent("c1", "weather", new Dictionary<string, object?> { ["city"] = "Paris" })]) { FinishReason = ChatFinishReason.Stop });
        Assert.Equal(
            ["message_start", "ping", "content_block_start", "content_block_delta", "content_block_delta", "content_block_delta", "content_block_stop", "content_block_start", "content_block_delta",
                "content_block_delta", "content_block_stop", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"],
            events.Select(one => (string)one["type"]!));
        Assert.Equal([0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2], events.Where(one => one["index"] is not null).Select(one => (int)one["index"]!));
        Assert.Equal("seal", (string)events[5]["delta"]!["signature"]!);
        Assert.Equal("""{"city":"Paris"}""", (string)events[12]["delta"]!["partial_json"]!);
        Assert.Equal("tool_use", (string)events[^2]["delta"]!["stop_reason"]!);
        Assert.Equal("""{"input_tokens":10,"cache_creation_input_tokens":30,"cache_read_input_tokens":60,"output_tokens":20,"output_tokens_details":{"thinking_tokens":7}}""", events[^2]["usage"]!.ToJsonString());
    }

    [Fact]
    public void Whatever_text_comes_in_pieces_comes_out_whole_and_what_is_unknown_stays_so() =>
        Gen.String.Array[0, 8].Sample(pieces =>
        {
            var updates = pieces.Select(piece => new ChatResponseUpdate(ChatRole.Assistant, piece)).Append(new ChatResponseUpdate { FinishReason = ChatFinishReason.Length }).ToArray();
            var events = Events(new TokenUsage(null, null), updates);
            var text = string.Concat(events.Where(one => (string)one["type"]! == "content_block_delta").Select(one => (string)one["delta"]!["text"]!));
            Assert.Equal(WellFormed(string.Concat(pieces.Select(WellFormed))), text);
            Assert.Equal("max_tokens", (string)events[^2]["delta"]!["stop_reason"]!);
            Assert.True(events[^2]["usage"]!.AsObject() is var usage && usage["input_tokens"] is null && usage["output_tokens"] is null);
        });

    [Fact]
    public void A_refusal_is_told_with_its_words()
    {
        var events = Events(new TokenUsage(1, 1), new ChatResponseUpdate(ChatRole.Assistant, [new ErrorContent("I cannot.") { ErrorCode = "Refusal" }]) { FinishReason = ChatFinishReason.ContentFilter });
        Assert.Equal(("I cannot.", "refusal"), ((string)events[3]["delta"]!["text"]!, (string)events[^2]["delta"]!["stop_reason"]!));
    }

    [Fact]
    public void An_answer_without_a_reason_for_its_end_is_not_finished()
    {
        var writer = new MessagesWriter(new ArrayBufferWriter<byte>(), "id", "m");
        writer.Add(new ChatResponseUpdate(ChatRole.Assistant, "half"));
        Assert.False(writer.IsFinished);
    }

    [Fact]
    public void A_call_whose_arguments_are_no_json_is_not_passed_on_as_an_empty_one()
    {
        var call = new FunctionCallContent("c", "f") { Exception = new JsonException() };
        Assert.Equal("provider_garbled", Assert.Throws<Problem>(() => MessagesJson.Arguments(call)).Code.Code);
    }

    private static List<JsonNode> Events(TokenUsage usage, params ChatResponseUpdate[] updates)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new MessagesWriter(output, "msg_1", "m");
        writer.Begin();
        foreach (var update in updates) writer.Add(update);
        Assert.True(writer.IsFinished);
        writer.End(usage);
        var events = new List<JsonNode>();
        foreach (var whole in Encoding.UTF8.GetString(output.WrittenSpan).Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = whole.Split('\n');
            var data = JsonNode.Parse(lines[1]["data: ".Length..])!;
            Assert.Equal("event: " + (string)data["type"]!, lines[0]);
            events.Add(data);
        }
        return events;
    }

    /// <summary>Half a surrogate pair cannot be written as JSON; its place is marked.</summary>
    private static string WellFormed(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    private static MessagesRequest Read(string body) => MessagesReading.Read(Encoding.UTF8.GetBytes(body), needsLimit: true);
}
