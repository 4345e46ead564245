using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.Tests.Inference;

/// <summary>The responses API over models that do not speak it themselves.</summary>
public sealed class ResponsesTranslationTests
{
    [Fact]
    public void Items_become_messages_and_the_calls_of_one_turn_stay_together()
    {
        var (messages, options) = Read("""
            {"instructions":"Be brief.","max_output_tokens":9,"reasoning":{"effort":"low"},"tool_choice":{"type":"function","name":"look"},
             "tools":[{"type":"function","name":"look","parameters":{"type":"object"},"strict":false}],"text":{"format":{"type":"json_schema","name":"dot","schema":{"type":"object"}}},
             "input":[{"role":"user","content":"Look."},{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"x"},
              {"type":"function_call","call_id":"c1","name":"look","arguments":"{}"},{"type":"function_call","call_id":"c2","name":"look","arguments":"{\"a\":1}"},
              {"type":"function_call_output","call_id":"c1","output":"dot"},{"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"line"}]},
              {"type":"message","role":"user","content":[{"type":"input_text","text":"And?"},{"type":"input_image","image_url":"https://example.org/a.png"}]}]}
            """);
        Assert.Equal([ChatRole.System, ChatRole.User, ChatRole.Assistant, ChatRole.Tool, ChatRole.User], messages.Select(message => message.Role));
        Assert.Equal(["c1", "c2"], messages[2].Contents.Cast<FunctionCallContent>().Select(call => call.CallId));
        Assert.Equal(["dot", "line"], messages[3].Contents.Cast<FunctionResultContent>().Select(result => result.Result));
        Assert.IsType<UriContent>(messages[4].Contents[1]);
        Assert.Equal((9, ReasoningEffort.Low, "look"), (options.MaxOutputTokens, options.Reasoning!.Effort, Assert.IsType<RequiredChatToolMode>(options.ToolMode).RequiredFunctionName));
        Assert.Equal("dot", Assert.IsType<ChatResponseFormatJson>(options.ResponseFormat).SchemaName);
        Assert.Equal("Hi", Assert.Single(Read("""{"input":"Hi"}""").Messages).Text);
    }

    [Theory]
    [InlineData("""{"input":"x","previous_response_id":"resp_1"}""", "previous_response_id")]
    [InlineData("""{"input":"x","conversation":"conv_1"}""", "conversation")]
    [InlineData("""{"input":"x","background":true}""", "background")]
    [InlineData("""{}""", "input")]
    [InlineData("""{"input":{}}""", "input")]
    [InlineData("""{"input":[]}""", "input")]
    [InlineData("""{"input":[{"type":"item_reference","id":"x"}]}""", "input[0].type")]
    [InlineData("""{"input":[{"type":"web_search_call","id":"x"}]}""", "input[0].type")]
    [InlineData("""{"input":[{"role":"user","content":[{"type":"input_file","file_id":"f"}]}]}""", "input[0].content[0]")]
    [InlineData("""{"input":[{"type":"function_call","call_id":"c","name":"f","arguments":7}]}""", "input[0].arguments")]
    [InlineData("""{"input":"x","tools":[{"type":"web_search"}]}""", "tools[0].type")]
    [InlineData("""{"input":"x","text":{"format":{"type":"xml"}}}""", "text.format.type")]
    [InlineData("""{"input":"x","reasoning":"high"}""", "reasoning")]
    [InlineData("""{"input":"x","top_p":2}""", "top_p")]
    public void What_cannot_be_done_is_refused_by_the_fields_name(string body, string field)
    {
        var problem = Assert.Throws<Problem>(() => Read(body));
        Assert.Equal(("invalid_request", field), (problem.Code.Code, Assert.Single(problem.Errors).Field));
    }

    [Fact]
    public void A_stream_tells_each_item_in_the_documented_order()
    {
        var output = new ArrayBufferWriter<byte>();
        var parts = Parts("""{"input":"x","temperature":0.5,"metadata":{"a":"b"}}""", output);
        parts.Begin();
        parts.Add(new ChatResponseUpdate(ChatRole.Assistant, [new TextReasoningContent("Hm.")]));
        parts.Add(new ChatResponseUpdate(ChatRole.Assistant, [new TextContent("It ")]));
        parts.Add(new ChatResponseUpdate(ChatRole.Assistant, [new TextContent("is.")]));
        parts.Add(new ChatResponseUpdate(ChatRole.Assistant, [new FunctionCallContent("c1", "look", new Dictionary<string, object?> { ["at"] = 1 })]) { FinishReason = ChatFinishReason.ToolCalls });
        parts.End(new TokenUsage(4, 5, null, 1));
        var events = Events(output);
        Assert.Equal(
            ["created", "in_progress",
             "output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta", "reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done",
             "output_item.added", "content_part.added", "output_text.delta", "output_text.delta", "output_text.done", "content_part.done", "output_item.done",
             "output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done", "completed"],
            events.Select(told => told["type"]!.ToString()["response.".Length..]));
        Assert.Equal(Enumerable.Range(0, events.Count), events.Select(told => told["sequence_number"]!.GetValue<int>()));
        Assert.Equal("It is.", events[12]["text"]!.ToString());
        Assert.Equal([0, 1, 2], events.Where(told => told["type"]!.ToString() == "response.output_item.done").Select(told => told["output_index"]!.GetValue<int>()));
        var last = events[^1]["response"]!;
        Assert.Equal(["reasoning", "message", "function_call"], last["output"]!.AsArray().Select(item => item!["type"]!.ToString()));
        Assert.Equal("""{"input_tokens":4,"input_tokens_details":{},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":9}""", last["usage"]!.ToJsonString());
        Assert.Equal(("0.5", "{\"a\":\"b\"}", "false"), (last["temperature"]!.ToJsonString(), last["metadata"]!.ToJsonString(), last["store"]!.ToJsonString()));
    }

    [Fact]
    public void A_whole_answer_is_what_the_streams_last_event_holds()
    {
        var output = new ArrayBufferWriter<byte>();
        ResponseParts[] both = [Parts("""{"input":"x"}""", output), Parts("""{"input":"x"}""", null)];
        foreach (var parts in both)
        {
            parts.Begin();
            parts.Add(new ChatResponseUpdate(ChatRole.Assistant, [new TextContent("Cut o")]) { FinishReason = ChatFinishReason.Length });
        }
        both[0].End(new TokenUsage(null, null));
        var whole = JsonNode.Parse(both[1].ToBytes(new TokenUsage(null, null)))!;
        Assert.True(JsonNode.DeepEquals(Events(output)[^1]["response"], whole));
        Assert.Equal(("incomplete", "max_output_tokens"), (whole["status"]!.ToString(), whole["incomplete_details"]!["reason"]!.ToString()));
        Assert.Null(whole["usage"]);
    }

    [Fact]
    public void A_refusal_is_a_part_of_its_own_kind()
    {
        var parts = Parts("""{"input":"x"}""", null);
        parts.Add(new ChatResponseUpdate(ChatRole.Assistant, [new ErrorContent("I cannot.") { ErrorCode = "Refusal" }]) { FinishReason = ChatFinishReason.Stop });
        var part = JsonNode.Parse(parts.ToBytes(new TokenUsage(1, 1)))!["output"]![0]!["content"]![0]!;
        Assert.Equal(("refusal", "I cannot."), (part["type"]!.ToString(), part["refusal"]!.ToString()));
    }

    private static ResponseParts Parts(string request, ArrayBufferWriter<byte>? output) => new("1", 1_700_000_000, "m", JsonField.Root(Encoding.UTF8.GetBytes(request)), output);

    private static (List<ChatMessage> Messages, ChatOptions Options) Read(string body) => ResponsesRequestReader.Read(JsonField.Root(Encoding.UTF8.GetBytes(body)));

    private static List<JsonNode> Events(ArrayBufferWriter<byte> output)
    {
        var events = new List<JsonNode>();
        foreach (var whole in Encoding.UTF8.GetString(output.WrittenSpan).Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = whole.Split('\n');
            var data = JsonNode.Parse(lines[1]["data: ".Length..])!;
            Assert.Equal("event: " + data["type"], lines[0]);
            events.Add(data);
        }
        return events;
    }
}
