using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.Tests.Inference;

/// <summary>Chat requests and answers of models that do not speak OpenAI's chat themselves.</summary>
public sealed class ChatTranslationTests
{
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    [Fact]
    public void Every_message_keeps_its_role_and_content()
    {
        var (messages, _) = Read($$$"""
            {"messages":[
              {"role":"developer","content":"Be brief."},
              {"role":"user","name":"ann","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{Pixel}}}"}},{"type":"image_url","image_url":{"url":"https://example.org/a.jpg","detail":"low"}}]},
              {"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments":"{\"at\":[1,2]}"}},{"id":"call_2","type":"function","function":{"name":"wait","arguments":""}}]},
              {"role":"tool","tool_call_id":"call_1","content":[{"type":"text","text":"a "},{"type":"text","text":"dot"}]}]}
            """);
        Assert.Equal([ChatRole.System, ChatRole.User, ChatRole.Assistant, ChatRole.Tool], messages.Select(message => message.Role));
        Assert.Equal(("Be brief.", "ann"), (messages[0].Text, messages[1].AuthorName));
        var data = Assert.IsType<DataContent>(messages[1].Contents[1]);
        Assert.Equal(("image/png", Convert.FromBase64String(Pixel).Length), (data.MediaType, data.Data.Length));
        Assert.Equal(("https://example.org/a.jpg", "image/jpeg"), (((UriContent)messages[1].Contents[2]).Uri.AbsoluteUri, ((UriContent)messages[1].Contents[2]).MediaType));
        var calls = messages[2].Contents.Cast<FunctionCallContent>().ToList();
        Assert.Equal(("call_1", "look", "{\"at\":[1,2]}"), (calls[0].CallId, calls[0].Name, ToolShapes.Arguments(calls[0])));
        Assert.Equal("{}", ToolShapes.Arguments(calls[1]));
        var result = Assert.IsType<FunctionResultContent>(messages[3].Contents[0]);
        Assert.Equal(("call_1", "a dot"), (result.CallId, result.Result));
    }

    [Fact]
    public void Every_setting_is_passed_on()
    {
        var (_, options) = Read("""
            {"messages":[{"role":"user","content":"x"}],"temperature":0.5,"top_p":0.9,"max_tokens":5,"max_completion_tokens":7,"seed":42,"stop":["a","b"],"parallel_tool_calls":false,
             "reasoning_effort":"high","frequency_penalty":-1,"presence_penalty":1.5,"tool_choice":{"type":"function","function":{"name":"look"}},"logit_bias":{"1":2},"unknown":[{}],
             "tools":[{"type":"function","function":{"name":"look","description":"Looks.","strict":true,"parameters":{"type":"object","properties":{"at":{"type":"string"}}}}}],
             "response_format":{"type":"json_schema","json_schema":{"name":"dot","schema":{"type":"object"}}}}
            """);
        Assert.Equal((0.5f, 0.9f, 7, 42L), (options.Temperature, options.TopP, options.MaxOutputTokens, options.Seed));
        Assert.Equal((false, -1f, 1.5f), (options.AllowMultipleToolCalls, options.FrequencyPenalty, options.PresencePenalty));
        Assert.Equal(["a", "b"], options.StopSequences!);
        Assert.Equal(ReasoningEffort.High, options.Reasoning!.Effort);
        Assert.Equal("look", Assert.IsType<RequiredChatToolMode>(options.ToolMode).RequiredFunctionName);
        var tool = Assert.IsAssignableFrom<AIFunctionDeclaration>(Assert.Single(options.Tools!));
        Assert.Equal(("look", "Looks.", true), (tool.Name, tool.Description, tool.AdditionalProperties["strict"]));
        Assert.True(tool.JsonSchema.GetProperty("properties").TryGetProperty("at", out _));
        Assert.Equal("dot", Assert.IsType<ChatResponseFormatJson>(options.ResponseFormat).SchemaName);
        Assert.Equal(["end"], Read("""{"messages":[{"role":"user","content":"x"}],"stop":"end"}""").Options.StopSequences!);
    }

    [Theory]
    [InlineData("""{"messages":[]}""", "messages")]
    [InlineData("""{}""", "messages")]
    [InlineData("""{"messages":"hi"}""", "messages")]
    [InlineData("""{"messages":[3]}""", "messages[0]")]
    [InlineData("""{"messages":[{"role":"robot","content":"x"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"user","content":7}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"text"}]}]}""", "messages[0].content[0].text")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"","format":"wav"}}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"file:///etc/passwd"}}]}]}""", "messages[0].content[0].image_url.url")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,@@"}}]}]}""", "messages[0].content[0].image_url.url")]
    [InlineData("""{"messages":[{"role":"tool","content":"x"}]}""", "messages[0].tool_call_id")]
    [InlineData("""{"messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"[1]"}}]}]}""", "messages[0].tool_calls[0].function.arguments")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"temperature":"hot"}""", "temperature")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"n":2}""", "n")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"seed":1.5}""", "seed")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"stop":[1]}""", "stop[0]")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"web_search"}]}""", "tools[0].type")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f","parameters":"x"}}]}""", "tools[0].function.parameters")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"tool_choice":"maybe"}""", "tool_choice")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{"name":"a"}}}""", "response_format.json_schema.schema")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"reasoning_effort":"extreme"}""", "reasoning_effort")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"parallel_tool_calls":1}""", "parallel_tool_calls")]
    public void A_wrong_type_is_refused_by_the_fields_name(string body, string field)
    {
        var problem = Assert.Throws<Problem>(() => Read(body));
        Assert.Equal("invalid_request", problem.Code.Code);
        Assert.Equal(field, Assert.Single(problem.Errors).Field);
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"\ud800"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"metadata":{"\ud800":1}}""")]
    [InlineData("[]")]
    [InlineData("{")]
    public void What_is_no_text_or_no_object_is_refused(string body) => Assert.Equal("malformed_request", Assert.Throws<Problem>(() => Read(body)).Code.Code);

    [Fact]
    public void An_image_of_unknown_kind_is_still_an_image() =>
        Assert.True(Assert.IsType<UriContent>(ToolShapes.Image(JsonField.Root("""{"url":"https://example.org/picture"}"""u8.ToArray())["url"])).HasTopLevelMediaType("image"));

    [Fact]
    public void An_answers_pieces_become_deltas_and_the_whole()
    {
        var parts = new ChatParts();
        var deltas = new List<ChatDelta>();
        deltas.AddRange(parts.Add(new ChatResponseUpdate(ChatRole.Assistant, [new TextReasoningContent("Hm."), new TextContent("It is ")])));
        deltas.AddRange(parts.Add(new ChatResponseUpdate(ChatRole.Assistant, [new TextContent("a dot.")])));
        deltas.AddRange(parts.Add(new ChatResponseUpdate(ChatRole.Assistant, [Call("call_1"), Call("call_2")])));
        Assert.Null(parts.FinishReason);
        deltas.AddRange(parts.Add(new ChatResponseUpdate { FinishReason = ChatFinishReason.Stop, Contents = [new UsageContent(new UsageDetails { InputTokenCount = 3 })] }));
        Assert.Equal(["It is ", "a dot."], deltas.Where(delta => delta.Content is not null).Select(delta => delta.Content));
        Assert.Equal([0, 1], deltas.Where(delta => delta.ToolCalls is not null).Select(delta => delta.ToolCalls![0].Index));
        Assert.Equal("Hm.", Assert.Single(deltas, delta => delta.ReasoningContent is not null).ReasoningContent);
        var message = parts.Message;
        Assert.Equal(("It is a dot.", "Hm.", null, "tool_calls"), (message.Content, message.ReasoningContent, message.Refusal, parts.FinishReason));
        Assert.Equal([("call_1", "{\"at\":1}"), ("call_2", "{\"at\":1}")], message.ToolCalls!.Select(call => (call.Id, call.Function.Arguments)));
    }

    [Fact]
    public void A_refusal_is_no_content()
    {
        var parts = new ChatParts();
        var delta = Assert.Single(parts.Add(new ChatResponseUpdate(ChatRole.Assistant, [new ErrorContent("I cannot.") { ErrorCode = "Refusal" }]) { FinishReason = ChatFinishReason.ContentFilter }));
        Assert.Equal("I cannot.", delta.Refusal);
        Assert.Equal((null, "I cannot.", "content_filter"), (parts.Message.Content, parts.Message.Refusal, parts.FinishReason));
    }

    [Fact]
    public void Usage_that_nobody_counted_is_absent_and_never_zero()
    {
        Assert.Null(ChatParts.UsageOf(new TokenUsage(null, 3)));
        var usage = ChatParts.UsageOf(new TokenUsage(5, 3, 2, null))!;
        Assert.Equal((5, 3, 8), (usage.PromptTokens, usage.CompletionTokens, usage.TotalTokens));
        Assert.Equal("""{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8,"prompt_tokens_details":{"cached_tokens":2}}""",
            JsonNode.Parse(JsonSerializer.Serialize(usage, InferenceJson.Default.ChatUsage))!.ToJsonString());
    }

    private static FunctionCallContent Call(string id) => new(id, "look", new Dictionary<string, object?> { ["at"] = 1 });

    private static (List<ChatMessage> Messages, ChatOptions Options) Read(string body) => ChatRequestReader.Read(Encoding.UTF8.GetBytes(body));
}
