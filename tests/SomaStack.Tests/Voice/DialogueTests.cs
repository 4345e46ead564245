using SomaStack.Agents.Voice;

namespace SomaStack.Tests.Voice;

public sealed class DialogueTests
{
    private static readonly Said.Audio Frame = new(640);

    [Fact]
    public void A_voice_begins_with_start_and_only_once()
    {
        foreach (var said in new Said[] { Frame, new Said.EndOfSpeech(), new Said.Interrupt(true) })
            Assert.Equal((Phase.Ended, Move.Refuse), Of(default(Dialogue).Hear(said)));
        var started = After(new Said.Start());
        Assert.Equal(Phase.Listening, started.Phase);
        Assert.Equal((Phase.Ended, Move.Refuse), Of(started.Hear(new Said.Start())));
    }

    [Fact]
    public void Sound_then_its_end_is_an_utterance_and_its_answer_makes_room_for_the_next()
    {
        var (hearing, begin) = After(new Said.Start()).Hear(Frame);
        Assert.Equal(Move.Begin, begin);
        var (more, append) = hearing.Hear(Frame);
        Assert.Equal((Move.Append, 1280), (append, more.Bytes));
        var (working, end) = more.Hear(new Said.EndOfSpeech());
        Assert.Equal((Phase.Working, Move.End), (working.Phase, end));
        var (listening, _) = working.Hear(new Said.Answered());
        Assert.Equal((Phase.Listening, 0), (listening.Phase, listening.Pending));
        Assert.Equal(Move.Begin, listening.Hear(Frame).Move);
    }

    [Fact]
    public void Sound_over_an_answer_is_dropped_and_told_once_for_each_answer()
    {
        var working = After(new Said.Start(), Frame, new Said.EndOfSpeech());
        var (told, first) = working.Hear(Frame);
        var (_, second) = told.Hear(Frame);
        Assert.Equal((Move.Drop, Move.DropUntold), (first, second));
        var again = Play(told, new Said.Answered(), Frame, new Said.EndOfSpeech());
        Assert.Equal(Move.Drop, again.Hear(Frame).Move);
    }

    [Fact]
    public void An_interrupt_forgets_what_is_heard_cancels_or_keeps_what_is_answered_and_is_nothing_when_idle()
    {
        Assert.Equal((Phase.Listening, Move.Discard), Of(After(new Said.Start(), Frame).Hear(new Said.Interrupt(true))));
        var working = After(new Said.Start(), Frame, new Said.EndOfSpeech());
        Assert.Equal((Phase.Listening, Move.Cancel), Of(working.Hear(new Said.Interrupt(true))));
        Assert.Equal((Phase.Listening, Move.Silence), Of(working.Hear(new Said.Interrupt(false))));
        Assert.Equal((Phase.Listening, Move.None), Of(After(new Said.Start()).Hear(new Said.Interrupt(true))));
    }

    [Fact]
    public void Whoever_interrupts_may_speak_at_once_but_answers_that_are_kept_are_bounded()
    {
        var dialogue = After(new Said.Start());
        for (var i = 0; i < VoiceLimits.PendingMax; i++)
        {
            var (heard, move) = dialogue.Hear(Frame);
            Assert.Equal(Move.Begin, move);
            dialogue = Play(heard, new Said.EndOfSpeech(), new Said.Interrupt(false));
        }
        Assert.Equal(Move.Drop, dialogue.Hear(Frame).Move);
        // One of them has come to its end.
        Assert.Equal(Move.Begin, Play(dialogue, new Said.Answered()).Hear(Frame).Move);
    }

    [Fact]
    public void An_older_answer_that_ends_does_not_make_a_newer_one_idle()
    {
        var dialogue = After(new Said.Start(), Frame, new Said.EndOfSpeech(), new Said.Interrupt(false), Frame, new Said.EndOfSpeech());
        var (still, _) = dialogue.Hear(new Said.Answered());
        Assert.Equal((Phase.Working, 1), (still.Phase, still.Pending));
        Assert.Equal(Phase.Listening, still.Hear(new Said.Answered()).Next.Phase);
    }

    [Fact]
    public void An_utterance_that_is_full_ends_by_itself_and_the_rest_of_it_begins_no_other()
    {
        var dialogue = After(new Said.Start(), new Said.Audio(VoiceLimits.UtteranceBytesMax));
        var (full, move) = dialogue.Hear(Frame);
        Assert.Equal((Phase.Working, Move.Fill), (full.Phase, move));
        var answered = Play(full, new Said.Answered());
        Assert.Equal(Move.Drop, answered.Hear(Frame).Move);
        var (over, end) = answered.Hear(new Said.EndOfSpeech());
        Assert.Equal(Move.None, end);
        Assert.Equal(Move.Begin, over.Hear(Frame).Move);
        Assert.Equal(Move.Refuse, over.Hear(new Said.EndOfSpeech()).Move);
    }

    [Fact]
    public void Nothing_counts_after_a_stop()
    {
        var (ended, move) = After(new Said.Start(), Frame).Hear(new Said.Stop());
        Assert.Equal(Move.Close, move);
        foreach (var said in new Said[] { new Said.Start(), Frame, new Said.EndOfSpeech(), new Said.Interrupt(true), new Said.Stop(), new Said.Answered() })
            Assert.Equal((ended, Move.None), ended.Hear(said));
    }

    [Fact]
    public void Whatever_comes_in_whatever_order_the_counts_stay_true()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var run = 0; run < 500; run++)
        {
            var (dialogue, open) = (After(new Said.Start()), 0);
            for (var step = 0; step < 200; step++)
            {
                Said said = random.Next(5) switch { 0 => new Said.EndOfSpeech(), 1 => new Said.Interrupt(random.Next(2) == 0), 2 when open > 0 => new Said.Answered(), _ => new Said.Audio(random.Next(1, 400_000) * 2) };
                var (next, move) = dialogue.Hear(said);
                if (move == Move.Begin) open++;
                if (said is Said.Answered) open--;
                Assert.True(next.Pending == open && open is >= 0 and <= VoiceLimits.PendingMax && next.Bytes <= VoiceLimits.UtteranceBytesMax, $"seed {seed}, run {run}, step {step}: {said} made {next}, {open} are open");
                Assert.True(next.Phase is not Phase.Working || next.Pending > 0, $"seed {seed}, run {run}, step {step}: it works on nothing");
                dialogue = next;
            }
        }
    }

    private static (Phase, Move) Of((Dialogue Next, Move Move) outcome) => (outcome.Next.Phase, outcome.Move);

    private static Dialogue After(params Said[] said) => Play(default, said);

    private static Dialogue Play(Dialogue dialogue, params Said[] said) => said.Aggregate(dialogue, static (state, one) => state.Hear(one).Next);
}
