using SomaStack.Agents.Voice;
using SomaStack.Platform;

namespace SomaStack.Tests.Voice;

public sealed class VoiceBoundsTests
{
    [Theory]
    [InlineData(1.0)]
    [InlineData(2.0)]
    public void Up_to_twice_real_time_nobody_waits(double speed)
    {
        var pace = new Pace();
        for (var frame = 0; frame < 5_000; frame++) Assert.Equal(TimeSpan.Zero, pace.Take(640, TimeSpan.FromSeconds(frame * 0.02 / speed)));
    }

    [Fact]
    public void What_comes_at_once_may_run_five_seconds_ahead_and_then_flows_at_twice_real_time()
    {
        var (pace, now, waited) = (new Pace(), TimeSpan.Zero, TimeSpan.Zero);
        for (var second = 0; second < 35; second++)
        {
            var wait = pace.Take(VoiceLimits.BytesOfSecond, now);
            Assert.Equal(second < 5, wait == TimeSpan.Zero);
            (now, waited) = (now + wait, waited + wait);
        }
        // Thirty seconds beyond the five that are free, twice as fast as they are spoken.
        Assert.Equal(15, waited.TotalSeconds, 6);
    }

    [Fact]
    public void Seats_are_counted_by_principal_tenant_and_replica_and_come_back_once()
    {
        var seats = new VoiceSeats();
        var mine = Enumerable.Range(0, VoiceLimits.VoicesOfPrincipal).Select(_ => seats.Take("a", "me")).ToList();
        Refused(() => seats.Take("a", "me"));
        // The same name in another tenant is another person.
        seats.Take("b", "me").Dispose();
        mine[0].Dispose();
        mine[0].Dispose();
        using (seats.Take("a", "me")) Refused(() => seats.Take("a", "me"));
        var others = Enumerable.Range(1, VoiceLimits.VoicesOfTenant - VoiceLimits.VoicesOfPrincipal + 1).Select(i => seats.Take("a", "p" + i)).ToList();
        Refused(() => seats.Take("a", "one more"));
        var elsewhere = Enumerable.Range(0, VoiceLimits.Voices - VoiceLimits.VoicesOfTenant).Select(i => seats.Take("t" + i, "p")).ToList();
        Refused(() => seats.Take("new", "p"));
        foreach (var seat in mine.Concat(others).Concat(elsewhere)) seat.Dispose();
        seats.Take("new", "p").Dispose();
    }

    [Fact]
    public async Task An_utterance_tells_when_it_has_grown_and_when_it_is_over()
    {
        var cancelled = TestContext.Current.CancellationToken;
        using var utterance = new Utterance(1, cancelled);
        var grown = utterance.GrownAsync(4);
        utterance.Append([1, 2]);
        Assert.False(grown.IsCompleted);
        utterance.Append([3, 4]);
        Assert.True(await grown);
        var more = utterance.GrownAsync(100);
        utterance.End(7);
        Assert.False(await more);
        Assert.False(await utterance.GrownAsync(1));
        Assert.Equal([1, 2, 3, 4], utterance.Sound());
        Assert.Equal(7, utterance.OverAt);
        Assert.False(utterance.Silenced.IsCancellationRequested);
    }

    [Theory]
    [InlineData("drop", true, false, false)]
    [InlineData("silence", false, true, false)]
    [InlineData("cancel", true, true, true)]
    public void What_a_speaker_takes_back_ends_what_it_should(string act, bool dropped, bool silenced, bool cancelled)
    {
        using var utterance = new Utterance(1, CancellationToken.None);
        if (act == "drop") utterance.Drop(1);
        else if (act == "silence") utterance.Silence(1);
        else utterance.Cancel(1);
        Assert.Equal((dropped, silenced, cancelled, true), (utterance.Dropped.IsCancellationRequested, utterance.Silenced.IsCancellationRequested, utterance.Cancelled.IsCompleted, utterance.Over.IsCompleted));
    }

    [Fact]
    public void Taking_back_what_has_ended_is_nothing_and_its_sound_is_gone()
    {
        var utterance = new Utterance(1, CancellationToken.None);
        utterance.Append([1, 2, 3, 4]);
        utterance.Dispose();
        utterance.Cancel(1);
        Assert.Empty(utterance.Sound());
    }

    private static void Refused(Action take) => Assert.Equal("too_many_voices", Assert.Throws<Problem>(take).Code.Code);
}
