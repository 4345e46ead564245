using System.Text.Json;
using Microsoft.Extensions.AI;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.Tests.Inference;

/// <summary>What a payload asks of a model, and which payloads are refused when they come in.</summary>
public sealed class QueuePromptTests
{
    [Fact]
    public void A_conversation_with_tools_and_images_reaches_the_model_whole()
    {
        var payload = Read("""
            {"messages":[
                {"role":"system","content":"Be brief."},
                {"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"https://example.org/a.png"}}]},
                {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"look","arguments":"{\"deep\":true}"}}]},
                {"role":"tool","tool_call_id":"c1","content":"a cat"}],
             "max_tokens":7,"temperature":0.5,"top_p":0.9,"stop":["END"],"seed":3,
             "tools":[{"type":"function","function":{"name":"look","description":"Looks.","parameters":{"type":"object","properties":{"deep":{"type":"boolean"}}}}}],
             "tool_choice":{"type":"function","function":{"name":"look"}},
             "response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object"}}}}
            """);
        RequestPrompt.Check("chat", payload);
        var messages = RequestPrompt.Messages("chat", payload);
        Assert.Equal(["system", "user", "assistant", "tool"], messages.Select(message => message.Role.Value));
        Assert.Equal("https://example.org/a.png", Assert.Single(messages[1].Contents.OfType<UriContent>()).Uri.ToString());
        var call = Assert.Single(messages[2].Contents.OfType<FunctionCallContent>());
        Assert.Equal(("c1", "look", "True"), (call.CallId, call.Name, call.Arguments!["deep"]!.ToString()));
        Assert.Equal("a cat", Assert.Single(messages[3].Contents.OfType<FunctionResultContent>()).Result);

        var options = RequestPrompt.Options(payload);
        Assert.Equal((7, 0.5f, 0.9f, 3L), (options.MaxOutputTokens, options.Temperature, options.TopP, options.Seed));
        Assert.Equal(["END"], options.StopSequences);
        Assert.Equal("look", Assert.IsAssignableFrom<AIFunctionDeclaration>(Assert.Single(options.Tools!)).Name);
        Assert.Equal("look", Assert.IsType<RequiredChatToolMode>(options.ToolMode).RequiredFunctionName);
        Assert.Equal("answer", Assert.IsType<ChatResponseFormatJson>(options.ResponseFormat).SchemaName);
    }

    [Theory]
    [InlineData("chat", "{}", "payload.messages")]
    [InlineData("chat", """{"messages":[]}""", "payload.messages")]
    [InlineData("chat", """{"messages":[{"role":"oracle","content":"x"}]}""", "payload.messages")]
    [InlineData("chat", """{"messages":[{"role":"user","content":7}]}""", "payload.messages.content")]
    [InlineData("chat", """{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"file:///etc/passwd"}}]}]}""", "payload.messages.content")]
    [InlineData("chat", """{"messages":[{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"["}}]}]}""", "payload.messages.tool_calls")]
    [InlineData("chat", """{"messages":[{"role":"tool","content":"x"}]}""", "payload.messages")]
    [InlineData("chat", """{"messages":[{"role":"user","content":"x"}],"tool_choice":"perhaps"}""", "payload.tool_choice")]
    [InlineData("chat", """{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"xml"}}""", "payload.response_format")]
    [InlineData("chat", """{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":""}}]}""", "payload.tools")]
    [InlineData("infer_sync", """{"prompt":"  "}""", "payload.prompt")]
    [InlineData("infer_sync", """{"prompt":"x","max_tokens":0}""", "payload.max_tokens")]
    [InlineData("infer_sync", """{"prompt":"x","temperature":3}""", "payload.temperature")]
    [InlineData("embedding", """{"input":7}""", "payload.input")]
    [InlineData("oracle", "{}", "mode")]
    public void What_is_wrong_is_refused_at_once_and_by_its_name(string mode, string json, string field)
    {
        var problem = Assert.Throws<Problem>(() => RequestPrompt.Check(mode, Read(json)));
        Assert.Equal(ProblemKind.Invalid, problem.Code.Kind);
        Assert.Contains(problem.Errors, error => error.Field == field);
    }

    private static RequestPayload Read(string json) => JsonSerializer.Deserialize(json, QueueJson.Default.RequestPayload)!;
}
