using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.Tests.Inference;

public sealed class ResponsesWireTests
{
    private const string Stream = """
        event: response.created
        data: {"type":"response.created","response":{"id":"resp_1","status":"in_progress","usage":null,"error":null},"sequence_number":0}

        event: response.output_text.delta
        data: {"type":"response.output_text.delta","delta":"say \"response.completed\" and \"usage\"","sequence_number":1}

        event: response.completed
        data: {"type":"response.completed","sequence_number":2,"response":{"id":"resp_1","status":"completed","error":null,"output":[],"usage":{"input_tokens":15,"input_tokens_details":{"cached_tokens":4},"output_tokens_details":{"reasoning_tokens":2},"output_tokens":9,"total_tokens":24}}}


        """;

    [Fact]
    public void It_reads_what_the_gateway_decides_on()
    {
        var envelope = ResponsesEnvelope.Read("""{"input":[{"model":"x","stream":1}],"mod\u0065l":"m","stream":true,"max_output_tokens":30,"background":true,"previous_response_id":"resp_1","conversation":null}"""u8);
        Assert.Equal(("m", true, 30L, true, "resp_1", false), (envelope.Model, envelope.Stream, envelope.OutputTokensMax, envelope.Background, envelope.Previous, envelope.Conversation));
        Assert.True(ResponsesEnvelope.Read("""{"conversation":{"id":"conv_1"}}"""u8).Conversation);
    }

    [Theory]
    [InlineData("[]", "malformed_request")]
    [InlineData("{", "malformed_request")]
    [InlineData("""{"model":"m"} x""", "malformed_request")]
    [InlineData("""{"model":"\ud800"}""", "malformed_request")]
    [InlineData("""{"model":1}""", "invalid_request")]
    [InlineData("""{"model":""}""", "invalid_request")]
    [InlineData("""{"model":"a","model":"b"}""", "invalid_request")]
    [InlineData("""{"stream":"yes"}""", "invalid_request")]
    [InlineData("""{"stream":true,"stream":false}""", "invalid_request")]
    [InlineData("""{"max_output_tokens":0}""", "invalid_request")]
    [InlineData("""{"background":0}""", "invalid_request")]
    [InlineData("""{"previous_response_id":7}""", "invalid_request")]
    public void What_could_be_read_in_two_ways_is_refused(string body, string code) =>
        Assert.Equal(code, Assert.Throws<Problem>(() => ResponsesEnvelope.Read(Encoding.UTF8.GetBytes(body))).Code.Code);

    [Theory]
    [InlineData("""{"model":"a","input":"b"}""")]
    [InlineData("""{ "input" : "b" }""")]
    [InlineData("""{"input":"b","model":null}""")]
    [InlineData("{}")]
    public void Only_the_models_name_changes_on_the_way(string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        foreach (var envelope in new Envelope[] { ResponsesEnvelope.Read(bytes), NamedEnvelope.Read(bytes) })
        {
            var expected = JsonNode.Parse(body)!.AsObject();
            expected["model"] = "other/\u00e9";
            Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(envelope.Forward(bytes, "other/\u00e9").Span)));
        }
    }

    [Fact]
    public void A_stream_in_any_pieces_gives_its_usage_and_its_end() => Gen.Int[1, 200].Sample(piece =>
    {
        var wire = new ResponsesWire();
        using var relay = new EventRelay(wire);
        var passed = new StringBuilder();
        foreach (var part in Encoding.UTF8.GetBytes(Stream).Chunk(piece))
        {
            part.CopyTo(relay.Space());
            relay.Advance(part.Length);
            while (relay.TryRead(out var whole, out var hidden))
            {
                Assert.False(hidden);
                passed.Append(Encoding.UTF8.GetString(whole.Span));
            }
        }
        Assert.Equal(Stream, passed.ToString());
        Assert.Equal((true, false, 1, "resp_1"), (relay.Done, relay.Failed, relay.Chunks, wire.ResponseId));
        Assert.Equal((15, 9, 4, 2), (relay.Usage!.InputTokens, relay.Usage.OutputTokens, relay.Usage.CachedInputTokens, relay.Usage.ReasoningTokens));
    });

    [Theory]
    [InlineData("""{"type":"response.incomplete","response":{"status":"incomplete","error":null,"usage":{"input_tokens":1,"output_tokens":2}}}""", true, false, 1L)]
    [InlineData("""{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error"},"usage":{"input_tokens":3,"output_tokens":0}}}""", false, true, 3L)]
    [InlineData("""{"type":"error","code":"rate_limit_exceeded","message":"no","param":null}""", false, true, null)]
    [InlineData("""{"error":{"message":"no"}}""", false, true, null)]
    [InlineData("""{"type":"response.in_progress","response":{"status":"in_progress","error":null,"usage":null}}""", false, false, null)]
    [InlineData("[DONE]", false, false, null)]
    [InlineData("garbage", false, false, null)]
    public void An_event_says_whether_the_answer_ends_or_fails(string data, bool ends, bool fails, long? input)
    {
        var seen = new ResponsesWire().ReadEvent(Encoding.UTF8.GetBytes(data));
        Assert.Equal((ends, fails, input), (seen.IsEnd, seen.HasError, seen.Usage?.InputTokens));
    }

    [Theory]
    [InlineData("""{"object":"response","status":"completed","error":null,"output":[],"usage":{"input_tokens":1,"output_tokens":2}}""", true, false)]
    [InlineData("""{"object":"response","status":"failed","error":{"code":"x"},"output":[]}""", true, true)]
    [InlineData("""{"choices":[]}""", false, false)]
    [InlineData("<html>", false, false)]
    public void A_whole_answer_is_known_by_its_output(string body, bool answer, bool error)
    {
        var seen = new ResponsesWire().ReadWhole(Encoding.UTF8.GetBytes(body));
        Assert.Equal((answer, error), (seen.IsAnswer, seen.HasError));
    }

    [Fact]
    public void A_cut_stream_says_so_in_the_formats_own_words()
    {
        var lines = Encoding.UTF8.GetString(new ResponsesWire().ErrorEvent(InferenceProblems.Garbled.Because("It was cut."), "t")).Split('\n');
        Assert.Equal("event: error", lines[0]);
        var data = JsonNode.Parse(lines[1]["data: ".Length..])!;
        Assert.Equal(("error", "provider_garbled", "It was cut."), (data["type"]!.ToString(), data["code"]!.ToString(), data["message"]!.ToString()));
    }

    [Theory]
    [InlineData("""{"object":"list","data":[{"embedding":[0.1]}],"usage":{"prompt_tokens":2,"total_tokens":2}}""", true, false, 2L)]
    [InlineData("""{"data":[],"usage":null}""", true, false, null)]
    [InlineData("""{"error":{"message":"x"}}""", false, true, null)]
    [InlineData("text", false, false, null)]
    public void Embeddings_count_their_input_and_write_no_tokens(string body, bool answer, bool error, long? input)
    {
        var seen = new EmbeddingsWire().ReadWhole(Encoding.UTF8.GetBytes(body));
        Assert.Equal((answer, error, input, input is null ? (long?)null : 0L), (seen.IsAnswer, seen.HasError, seen.Usage?.InputTokens, seen.Usage?.OutputTokens));
    }

    [Theory]
    [InlineData("""{"data":[{"index":1,"embedding":[3,4]},{"index":0,"embedding":"AACAPwAAAEA="}]}""", true)]
    [InlineData("""{"data":[{"index":0,"embedding":[3,4]}]}""", false)]
    [InlineData("""{"data":[{"index":0,"embedding":[3]},{"index":0,"embedding":[3]}]}""", false)]
    [InlineData("""{"data":[{"index":0,"embedding":[3]},{"index":2,"embedding":[3]}]}""", false)]
    public void Vectors_come_back_in_the_order_of_their_texts(string body, bool complete)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        if (!complete)
        {
            Assert.Equal("provider_garbled", Assert.Throws<Problem>(() => OpenAiEmbeddings.Read(bytes, 2)).Code.Code);
            return;
        }
        var vectors = OpenAiEmbeddings.Read(bytes, 2);
        Assert.Equal([1f, 2f], vectors[0]);
        Assert.Equal([3f, 4f], vectors[1]);
    }
}
