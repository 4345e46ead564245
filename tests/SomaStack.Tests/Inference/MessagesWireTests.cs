using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.Tests.Inference;

public sealed class MessagesWireTests
{
    // The shape and the spacing of a recorded stream; the counts are chosen so that each can be told from the others.
    private const string Stream = """
        event: message_start
        data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,"cache_creation_input_tokens":418,"cache_read_input_tokens":1111,"output_tokens":1}}    }

        event: content_block_start
        data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}   }

        event: ping
        data: {"type": "ping"}

        event: content_block_delta
        data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\"type\":\"error\" \u00e4\ud83e\udd8a"}  }

        event: content_block_stop
        data: {"type":"content_block_stop","index":0   }

        event: message_delta
        data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":33,"output_tokens_details":{"thinking_tokens":7}}   }

        event: message_stop
        data: {"type":"message_stop"    }


        """;

    private static readonly MessagesWire Wire = new();

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void However_the_bytes_arrive_the_same_events_come_out(string newline)
    {
        var bytes = Encoding.UTF8.GetBytes(Stream.ReplaceLineEndings(newline));
        Gen.Int[1, 90].Array[1, 60].Sample(sizes =>
        {
            using var relay = new EventRelay(Wire);
            Assert.Equal(bytes, Run(relay, bytes, sizes));
            Assert.Equal(new TokenUsage(1532, 33, 1111, 7, 418), relay.Usage);
            Assert.Equal((true, false, 2), (relay.Done, relay.Failed, relay.Chunks));
        });
    }

    [Fact]
    public void A_stream_that_is_cut_has_no_count_of_its_output_and_no_end()
    {
        var bytes = Encoding.UTF8.GetBytes(Stream[..Stream.IndexOf("event: message_delta", StringComparison.Ordinal)]);
        using var relay = new EventRelay(Wire);
        Run(relay, bytes, [1000]);
        Assert.Equal(new TokenUsage(1532, null, 1111, null, 418), relay.Usage);
        Assert.False(relay.Done);
    }

    [Fact]
    public void Tokens_that_the_cache_keeps_for_an_hour_are_told_apart_and_outlive_a_count_that_does_not_name_them()
    {
        var begun = Wire.ReadEvent("""{"type":"message_start","message":{"usage":{"input_tokens":3,"cache_creation_input_tokens":418,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":18,"ephemeral_1h_input_tokens":400},"output_tokens":1}}}"""u8).Usage!;
        Assert.Equal((418L, 400L), (begun.CacheWriteTokens, begun.CacheWriteHourTokens));
        var merged = Wire.Merge(begun, Wire.ReadEvent("""{"type":"message_delta","usage":{"cache_creation_input_tokens":418,"output_tokens":33}}"""u8).Usage!);
        Assert.Equal((421L, 33L, 418L, 400L), (merged.InputTokens, merged.OutputTokens, merged.CacheWriteTokens, merged.CacheWriteHourTokens));
        Assert.Equal(400, Wire.ReadWhole("""{"type":"message","usage":{"input_tokens":3,"cache_creation_input_tokens":418,"cache_creation":{"ephemeral_1h_input_tokens":400},"output_tokens":1}}"""u8).Usage!.CacheWriteHourTokens);
    }

    [Theory]
    [InlineData("""{"input_tokens":3,"cache_creation_input_tokens":418,"cache_read_input_tokens":1111,"output_tokens":33}""", 1532)]
    [InlineData("""{"input_tokens":3,"output_tokens":33}""", 1532)]
    [InlineData("""{"input_tokens":10,"output_tokens":33}""", 1539)]
    [InlineData("""{"input_tokens":null,"cache_read_input_tokens":null,"output_tokens":33}""", 1532)]
    [InlineData("""{"cache_read_input_tokens":2000,"output_tokens":33}""", 2421)]
    public void Counts_that_come_later_replace_those_they_name_and_no_others(string usage, long input)
    {
        var merged = Wire.Merge(new TokenUsage(1532, null, 1111, null, 418), Wire.ReadEvent(Encoding.UTF8.GetBytes($$"""{"type":"message_delta","usage":{{usage}}}""")).Usage!);
        Assert.Equal((input, 33L), (merged.InputTokens, merged.OutputTokens));
    }

    [Theory]
    [InlineData("""{"type":"message","usage":{"input_tokens":3,"cache_read_input_tokens":1111,"cache_creation_input_tokens":418,"output_tokens":33}}""", true, false, 1532L)]
    [InlineData("""{"usage":{"input_tokens":3,"output_tokens":33},"type":"message"}""", true, false, 3L)]
    [InlineData("""{"type":"message"}""", true, false, null)]
    [InlineData("""{"type":"message","usage":{"input_tokens":"3"}}""", true, false, null)]
    [InlineData("""{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", false, true, null)]
    [InlineData("""{"choices":[]}""", false, false, null)]
    [InlineData("""{"type":"message"} x""", false, false, null)]
    [InlineData("<html>", false, false, null)]
    public void A_whole_answer_is_known_by_its_type(string body, bool answer, bool error, long? input)
    {
        var seen = Wire.ReadWhole(Encoding.UTF8.GetBytes(body));
        Assert.Equal((answer, error, input), (seen.IsAnswer, seen.HasError, seen.Usage?.InputTokens));
    }

    [Theory]
    [InlineData("""{"type":"error","error":{"type":"not_found_error","message":"model: claude-does-not-exist"},"request_id":"req_1"}""", true)]
    [InlineData("""{"error":{"type":"not_found_error","message":"no"}}""", false)]
    [InlineData("""{"type":"error"}""", false)]
    [InlineData("<html>", false)]
    public void Only_what_its_clients_understand_is_a_refusal(string body, bool refusal) => Assert.Equal(refusal, Wire.IsRefusal(Encoding.UTF8.GetBytes(body)));

    [Fact]
    public void Its_error_event_is_one_that_its_clients_throw()
    {
        var text = Encoding.UTF8.GetString(Wire.ErrorEvent(InferenceProblems.Unavailable.Because("It said \"no\"."), "trace"));
        Assert.StartsWith("event: error\ndata: {", text, StringComparison.Ordinal);
        Assert.EndsWith("}\n\n", text, StringComparison.Ordinal);
        var body = JsonNode.Parse(text["event: error\ndata: ".Length..])!;
        Assert.Equal(("error", "overloaded_error", "It said \"no\".", "trace"), ((string)body["type"]!, (string)body["error"]!["type"]!, (string)body["error"]!["message"]!, (string)body["request_id"]!));
        var seen = Wire.ReadEvent(Encoding.UTF8.GetBytes(body.ToJsonString()));
        Assert.True(seen is { HasError: true, IsEnd: false });
    }

    [Fact]
    public void A_piece_of_text_costs_no_memory()
    {
        var data = """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a word"}}"""u8.ToArray();
        Wire.ReadEvent(data);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) Wire.ReadEvent(data);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Bytes_of_any_kind_are_read_and_never_break_it() =>
        Gen.OneOf(
            Gen.Byte.Array[0, 200],
            Gen.OneOf(Of("{", "}", "[", "]", ":", ",", "\"type\"", "\"message\"", "\"error\"", "\"usage\"", "\"input_tokens\"", "\"output_tokens_details\"", "1", "-1", "null", "\"\\ud800\"", " "))
                .Array[0, 30].Select(parts => Encoding.UTF8.GetBytes(string.Concat(parts))))
            .Sample(data =>
            {
                Wire.ReadEvent(data);
                Wire.ReadWhole(data);
                Wire.IsRefusal(data);
            });

    private static Gen<string>[] Of(params string[] words) => [.. words.Select(Gen.Const)];

    private static byte[] Run(EventRelay relay, byte[] bytes, int[] sizes)
    {
        var all = new MemoryStream();
        for (int offset = 0, turn = 0; offset < bytes.Length; turn++)
        {
            var space = relay.Space();
            var count = Math.Min(Math.Min(sizes[turn % sizes.Length], bytes.Length - offset), space.Length);
            bytes.AsMemory(offset, count).CopyTo(space);
            relay.Advance(count);
            offset += count;
            while (relay.TryRead(out var whole, out _)) all.Write(whole.Span);
        }
        return all.ToArray();
    }
}
