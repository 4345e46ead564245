using System.Text;
using System.Text.Json;
using CsCheck;
using SomaStack.Operations.Notifications;

namespace SomaStack.Tests.Notifications;

public sealed class LiveFrameTests
{
    [Fact]
    public void A_hint_comes_back_as_it_was_and_what_is_none_is_passed_over()
    {
        var word = Gen.String[Gen.Char.AlphaNumeric, 0, 20];
        Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 20], Gen.Long[0, long.MaxValue], word, word).Sample((tenant, sequence, principal, notification) =>
        {
            var hint = new LiveHint(tenant, sequence, principal, notification);
            Assert.Equal(hint, LiveHint.Parse(hint.ToString()));
        });
        Gen.String.Sample(text => _ = LiveHint.Parse(text));
        foreach (var text in (string[])["", "t", "t\t1\tp", "\t1\tp\tn", "t\t-1\tp\tn", "t\t1\tp\tn\tx", "t\tone\tp\tn"]) Assert.Null(LiveHint.Parse(text));
    }

    [Fact]
    public void A_frame_says_the_same_on_both_ways_and_keeps_its_bytes()
    {
        var frame = new Frame("notification", 7, 7, """{"id":"a"}"""u8.ToArray());
        Assert.Equal("""{"type":"notification","cursor":7,"data":{"id":"a"}}""", Encoding.UTF8.GetString(frame.ForSocket));
        Assert.Equal("id: 7\nevent: notification\ndata: {\"id\":\"a\"}\n\n", Encoding.UTF8.GetString(frame.ForStream));
        Assert.Same(frame.ForSocket, frame.ForSocket);
        Assert.Equal("id: 9\n\n", Encoding.UTF8.GetString(Frames.Heartbeat(9).ForStream));
        Assert.Equal("event: close\ndata: {\"code\":1001,\"reason\":\"r\",\"cursor\":3}\n\n", Encoding.UTF8.GetString(Frames.Close(1001, "r", 3).ForStream));
        Assert.Equal(9, JsonDocument.Parse(Frames.Heartbeat(9).ForSocket).RootElement.GetProperty("cursor").GetInt64());
    }

    [Fact]
    public void Every_reason_fits_into_a_closing_frame_and_says_where_to_go_on()
    {
        foreach (var ending in (Ending[])[Ending.Closed, Ending.Stopping, Ending.NotText, Ending.TooBig, Ending.Failed, Ending.Slow, Ending.Expired, Ending.Revoked])
        {
            Assert.InRange(Encoding.UTF8.GetByteCount(ending.Told(long.MaxValue)), 1, 123);
            Assert.Equal(ending.Resumes, ending.Told(12).EndsWith("; resume from cursor 12", StringComparison.Ordinal));
        }
    }
}
