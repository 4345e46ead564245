using System.Text;
using Microsoft.Extensions.AI;
using SomaStack.Bench;
using SomaStack.Intelligence.Inference;

namespace SomaStack.Tests.Inference;

public sealed class RefusalTests(ITestOutputHelper output)
{
    [Fact]
    public void The_phrases_tell_the_own_set_apart_as_the_documentation_says()
    {
        var set = RefusalBench.ReadSet(RecordedTraffic.Beside(RefusalBench.OwnSet)!);
        Assert.Equal((60, 60), (set.Count(static one => one.Refuses), set.Count(static one => !one.Refuses)));
        var alarms = set.Where(static one => !one.Refuses && RefusalPhrases.Matches(one.Text)).Select(static one => one.Text).ToList();
        var found = set.Count(static one => one.Refuses && RefusalPhrases.Matches(one.Text));
        output.WriteLine($"{found} of 60 found, {alarms.Count} false alarms");
        Assert.Empty(alarms);
        Assert.True(found >= 48, $"{found} of 60");
    }

    [Fact]
    public void No_recorded_answer_is_taken_for_a_refusal_by_its_words()
    {
        Assert.SkipWhen(RecordedTraffic.DefaultFolder() is null, "../shared/data/provider-recordings is not there.");
        var (seen, structural, alarms) = RefusalBench.Recorded(RecordedTraffic.DefaultFolder()!, output.WriteLine);
        output.WriteLine($"{seen} answers, {structural} refused by their provider");
        Assert.True(seen >= 40, $"{seen}");
        Assert.Equal(0, alarms);
    }

    [Theory]
    [InlineData("""{"choices":[{"finish_reason":"stop","message":{"content":null,"refusal":"I can't."}}]}""", "refusal")]
    [InlineData("""{"choices":[{"finish_reason":"content_filter","message":{"content":""}}]}""", "content_filter")]
    [InlineData("""{"choices":[{"finish_reason":"stop","message":{"content":"I'm sorry, but I can\u2019t help with that."}}]}""", "phrase")]
    [InlineData("""{"choices":[{"finish_reason":"stop","message":{"content":""}}]}""", "empty")]
    [InlineData("""{"choices":[{"finish_reason":"tool_calls","message":{"content":null,"tool_calls":[{"id":"1"}]}}]}""", null)]
    [InlineData("""{"choices":[{"finish_reason":"stop","message":{"content":"Paris."}}]}""", null)]
    [InlineData("""{"type":"message","stop_reason":"refusal","content":[]}""", "stop_reason")]
    [InlineData("""{"type":"message","stop_reason":"end_turn","content":[{"type":"thinking","thinking":"I can't help with that."},{"type":"text","text":"Paris."}]}""", null)]
    [InlineData("""{"type":"message","stop_reason":"tool_use","content":[{"type":"tool_use","id":"1"}]}""", null)]
    [InlineData("""{"object":"response","instructions":"I can't help with that.","output":[{"type":"message","content":[{"type":"refusal","refusal":"No."}]}]}""", "refusal")]
    [InlineData("""{"object":"response","output":[{"type":"reasoning","summary":[]},{"type":"message","content":[{"type":"output_text","text":"Paris."}]}]}""", null)]
    [InlineData("""{"object":"response","incomplete_details":{"reason":"content_filter"},"output":[]}""", "content_filter")]
    public void A_whole_answer_tells_by_what_its_provider_says_first(string json, string? signal)
    {
        var watch = new RefusalWatch();
        watch.SeeWhole(Encoding.UTF8.GetBytes(json));
        Assert.Equal((signal, signal is not null), (watch.Signal, watch.Refused));
    }

    [Theory]
    [InlineData("""{"choices":[{"finish_reason":"length","message":{"content":""}}]}""")]
    [InlineData("""{"type":"message","stop_reason":"max_tokens","content":[]}""")]
    [InlineData("""{"object":"response","incomplete_details":{"reason":"max_output_tokens"},"output":[]}""")]
    [InlineData("""{"object":"list","data":[]}""")]
    [InlineData("""[1,2]""")]
    [InlineData("""no json""")]
    [InlineData("")]
    public void What_cannot_be_told_stays_unknown(string json)
    {
        var watch = new RefusalWatch();
        watch.SeeWhole(Encoding.UTF8.GetBytes(json));
        Assert.Equal((null, null), (watch.Signal, watch.Refused));
    }

    [Fact]
    public void Streams_of_the_three_formats_tell_too()
    {
        Assert.Equal("phrase", Stream("""{"choices":[{"delta":{"content":"I'm sorry, but I "}}]}""", """{"choices":[{"delta":{"content":"cannot help with that."}}]}""", """{"choices":[{"delta":{},"finish_reason":"stop"}]}""", "[DONE]"));
        Assert.Equal("refusal", Stream("""{"choices":[{"delta":{"refusal":"No"}}]}""", """{"choices":[{"delta":{},"finish_reason":"stop"}]}"""));
        Assert.Equal("stop_reason", Stream("""{"type":"message_start","message":{}}""", """{"type":"message_delta","delta":{"stop_reason":"refusal"}}"""));
        Assert.Null(Stream("""{"type":"message_start","message":{}}""", """{"type":"content_block_start","content_block":{"type":"tool_use","name":"x"}}""", """{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"""));
        Assert.Equal("refusal", Stream("""{"type":"response.refusal.delta","delta":"No"}"""));
        Assert.Equal("content_filter", Stream("""{"type":"response.output_text.delta","delta":"Once"}""", """{"type":"response.incomplete","response":{"incomplete_details":{"reason":"content_filter"},"output":[]}}"""));
        // Behind the text that the rule reads, what the provider says still counts.
        Assert.Equal("content_filter", Stream($$$"""{"choices":[{"delta":{"content":"{{{new string('a', 300)}}}"}}]}""", """{"choices":[{"delta":{"content":"b"}}]}""", """{"choices":[{"delta":{},"finish_reason":"content_filter"}]}"""));
    }

    [Fact]
    public void Updates_of_an_official_client_tell_too()
    {
        var refused = new RefusalWatch();
        refused.See(new ChatResponseUpdate(ChatRole.Assistant, "I") { FinishReason = ChatFinishReason.ContentFilter });
        Assert.Equal("content_filter", refused.Signal);
        var words = new RefusalWatch();
        words.See(new ChatResponseUpdate(ChatRole.Assistant, "Lo siento, no puedo "));
        words.See(new ChatResponseUpdate(ChatRole.Assistant, "ayudarte con eso."));
        Assert.Equal("phrase", words.Signal);
        var acts = new RefusalWatch();
        acts.See(new ChatResponseUpdate(ChatRole.Assistant, [new FunctionCallContent("1", "search")]));
        Assert.False(acts.Refused);
        Assert.Null(new RefusalWatch().Refused);
    }

    [Fact]
    public void Normalising_takes_marks_accents_and_blanks_away_and_is_bounded()
    {
        Assert.Equal("i'm sorry , no puedo", RefusalPhrases.Normalise("**I\u2019m  sorry**,\n> no pu\u00e9do"));
        Assert.Equal(RefusalPhrases.Length, RefusalPhrases.Normalise(new string('x', 10_000)).Length);
        // What makes backtracking patterns slow: openings again and again, and no end.
        foreach (var piece in new[] { "thank you for ", "no ", "i understand ", "as an ai ", "sorry, but ", "i am just really " })
            Assert.False(RefusalPhrases.Matches(string.Concat(Enumerable.Repeat(piece, 40))));
    }

    private static string? Stream(params string[] events)
    {
        var watch = new RefusalWatch();
        foreach (var one in events) watch.SeeEvent(Encoding.UTF8.GetBytes($"event: x\r\ndata: {one}\r\n\r\n"));
        return watch.Signal;
    }
}
