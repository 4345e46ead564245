using System.Text;
using CsCheck;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Intelligence.Inference;

namespace SomaStack.Tests.Inference;

public sealed class EventRelayTests
{
    private const string Stream = """
        : a comment

        data: {"choices":[{"delta":{"content":"The \"usage\" of it"}}],"usage":null}

        data: {"choices":[{"delta":{"content":"\u00e4\ud83e\udd8a error"}}]}

        data: {"choices":[],"usage":{"prompt_tokens":14,"completion_tokens":8,"prompt_tokens_details":{"cached_tokens":3,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":5}}}

        data: [DONE]


        """;

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void However_the_bytes_arrive_the_same_events_come_out(string newline)
    {
        var bytes = Encoding.UTF8.GetBytes(Stream.ReplaceLineEndings(newline));
        Gen.Int[1, 40].Array[1, 60].Sample(sizes =>
        {
            using var relay = new EventRelay(new ChatWire());
            var (all, shown) = Run(relay, bytes, sizes);
            Assert.Equal(bytes, all);
            Assert.DoesNotContain("prompt_tokens", Encoding.UTF8.GetString(shown), StringComparison.Ordinal);
            Assert.Equal(new TokenUsage(14, 8, 3, 5), relay.Usage);
            Assert.Equal((true, false, 2), (relay.Done, relay.Failed, relay.Chunks));
        });
    }

    [Fact]
    public void A_usage_that_comes_with_content_is_read_and_not_hidden()
    {
        using var relay = new EventRelay(new ChatWire());
        var bytes = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\n"u8.ToArray();
        var (_, shown) = Run(relay, bytes, [1000]);
        Assert.Equal(bytes, shown);
        Assert.Equal(new TokenUsage(1, 2), relay.Usage);
        Assert.False(relay.Done);
    }

    [Fact]
    public void An_error_in_the_stream_is_seen_and_passed_on()
    {
        using var relay = new EventRelay(new ChatWire());
        var bytes = "data: {\"error\":{\"code\":400,\"message\":\"Token limit reached\"},\"choices\":[],\"usage\":{\"prompt_tokens\":43,\"completion_tokens\":10}}\n\ndata: [DONE]\n\n"u8.ToArray();
        var (_, shown) = Run(relay, bytes, [7]);
        Assert.Equal(bytes, shown);
        Assert.Equal((true, true, 43L), (relay.Failed, relay.Done, relay.Usage!.InputTokens));
    }

    [Theory]
    [InlineData("data: [DONE]", true)]
    [InlineData("data: [DONE]\n", true)]
    [InlineData("data: {\"choices\":[{\"delta\":", false)]
    [InlineData("", false)]
    public void Only_the_end_mark_ends_a_stream_without_a_blank_line(string text, bool done)
    {
        using var relay = new EventRelay(new ChatWire());
        Run(relay, Encoding.UTF8.GetBytes(text), [1000]);
        relay.Rest();
        Assert.Equal(done, relay.Done);
    }

    [Fact]
    public void An_event_larger_than_the_buffer_comes_out_whole()
    {
        using var relay = new EventRelay(new ChatWire());
        var bytes = Encoding.UTF8.GetBytes($"data: {{\"choices\":[{{\"delta\":{{\"content\":\"{new string('x', 100_000)}\"}}}}]}}\n\n");
        var (all, _) = Run(relay, bytes, [4096]);
        Assert.Equal(bytes, all);
    }

    private static (byte[] All, byte[] Shown) Run(EventRelay relay, byte[] bytes, int[] sizes)
    {
        var all = new MemoryStream();
        var shown = new MemoryStream();
        for (int offset = 0, turn = 0; offset < bytes.Length; turn++)
        {
            var space = relay.Space();
            var count = Math.Min(Math.Min(sizes[turn % sizes.Length], bytes.Length - offset), space.Length);
            bytes.AsMemory(offset, count).CopyTo(space);
            relay.Advance(count);
            offset += count;
            while (relay.TryRead(out var whole, out var usageOnly))
            {
                all.Write(whole.Span);
                if (!usageOnly) shown.Write(whole.Span);
            }
        }
        return (all.ToArray(), shown.ToArray());
    }
}
