using System.Text;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Intelligence.Inference;

namespace SomaStack.Tests.Inference;

/// <summary>Whose words the texts of a request are, in each of the three formats.</summary>
public sealed class RequestTextsTests
{
    [Fact]
    public void A_chat_has_standing_words_earlier_turns_tool_results_and_what_is_said_now() => Assert.Equal(
        ["Input be kind", "Input first", "Output answer", "Output {\"q\":1}", "ToolResult found", "ToolResult part", "Input! now", "Input! more"],
        Read("""
            {"model":"m","messages":[{"role":"system","content":"be kind"},{"role":"user","content":"first"},
            {"role":"assistant","content":"answer","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"q\":1}"}}]},
            {"role":"tool","tool_call_id":"c","content":"found"},{"role":"tool","tool_call_id":"d","content":[{"type":"text","text":"part"}]},
            {"role":"user","content":[{"type":"text","text":"now"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},{"type":"text","text":"more"}]}]}
            """));

    [Fact]
    public void A_message_has_tool_results_and_documents_inside_a_users_turn() => Assert.Equal(
        ["Input rules", "Input hello", "Output hm", "ToolResult plain", "ToolResult inner", "ToolResult file", "Input! mine"],
        Read("""
            {"system":[{"type":"text","text":"rules"}],"messages":[{"role":"user","content":"hello"},{"role":"assistant","content":[{"type":"text","text":"hm"},{"type":"tool_use","id":"t","name":"n","input":{}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"plain"},{"content":[{"type":"text","text":"inner"}],"type":"tool_result","tool_use_id":"u"},
            {"type":"document","source":{"type":"text","media_type":"text/plain","data":"file"}},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},{"type":"text","text":"mine"}]}]}
            """));

    [Fact]
    public void A_response_request_has_items() => Assert.Equal(
        ["Input stand", "Input old", "Output said", "Output {}", "ToolResult result", "Input! new"],
        Read("""
            {"instructions":"stand","input":[{"role":"user","content":"old"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"said"}]},
            {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"result"},{"role":"user","content":[{"type":"input_text","text":"new"}]}]}
            """));

    [Theory]
    [InlineData("""{"input":"alone"}""", "Input! alone")]
    [InlineData("""{"messages":[{"content":"late","role":"tool"}]}""", "ToolResult late")]
    [InlineData("""{"messages":[{"role":"assistant","content":"both","role":"user"}]}""", "Input! both")]
    [InlineData("""{"messages":[{"content":"nobody"}]}""", "Input! nobody")]
    [InlineData("""{"messages":[{"role":"wizard","content":"odd"}]}""", "Input! odd")]
    [InlineData("""{"messages":[],"messages":[{"role":"user","content":"second"}]}""", "Input! second")]
    public void What_is_unclear_counts_as_the_callers_own(string body, string expected) => Assert.Equal([expected], Read(body));

    [Fact]
    public void A_place_is_the_whole_string_of_the_body()
    {
        var body = Encoding.UTF8.GetBytes("""{"messages":[{"role":"tool","content":"caf\u00e9 \"x\""}]}""");
        var found = Assert.Single(RequestTexts.Read(body));
        Assert.Equal("café \"x\"", found.Text.Text);
        Assert.Equal("\"caf\\u00e9 \\\"x\\\"\"", Encoding.UTF8.GetString(body, found.Start, found.Length));
    }

    private static IEnumerable<string> Read(string body) => RequestTexts.Read(Encoding.UTF8.GetBytes(body)).Select(static one => $"{one.Text.Stage}{(one.Text.IsNew ? "!" : "")} {one.Text.Text}");
}
