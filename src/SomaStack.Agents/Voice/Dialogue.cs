namespace SomaStack.Agents.Voice;

internal enum Phase
{
    /// <summary>Nothing was said about the voice yet.</summary>
    Opening,
    Listening,
    Hearing,

    /// <summary>An utterance is recognised, answered or its answer spoken.</summary>
    Working,
    Ended,
}

internal abstract record Said
{
    public sealed record Start : Said;

    public sealed record Audio(int Bytes) : Said;

    public sealed record EndOfSpeech : Said;

    /// <param name="Cancel">False keeps the answer and only silences it.</param>
    public sealed record Interrupt(bool Cancel) : Said;

    public sealed record Stop : Said;

    /// <summary>From within: the newest utterance needs nothing more.</summary>
    public sealed record Answered : Said;
}

internal enum Move
{
    None,
    Start,

    /// <summary>The frame is the first of an utterance.</summary>
    Begin,
    Append,

    /// <summary>The utterance is full: it ends without this frame, and the speaker is told.</summary>
    Fill,
    End,

    /// <summary>Forget what was heard.</summary>
    Discard,

    /// <summary>Say nothing more and cancel the answer.</summary>
    Cancel,

    /// <summary>Say nothing more; the answer goes on as text.</summary>
    Silence,

    /// <summary>The frame is dropped; the speaker is told the first time.</summary>
    Drop,
    DropUntold,
    Refuse,
    Close,
}

/// <param name="Bytes">Of the utterance that is being heard.</param>
/// <param name="Pending">Utterances whose answers are under way.</param>
/// <param name="Told">That frames are dropped.</param>
/// <param name="Filled">The utterance ended by itself, so its end_of_speech is still to come.</param>
internal readonly record struct Dialogue(Phase Phase = Phase.Opening, int Bytes = 0, int Pending = 0, bool Told = false, bool Filled = false)
{
    /// <summary>What one message of the client, or the end of an answer, leads to. Pure.</summary>
    public (Dialogue Next, Move Move) Hear(Said said) => (Phase, said) switch
    {
        (Phase.Ended, _) => (this, Move.None),
        (_, Said.Stop) => (this with { Phase = Phase.Ended }, Move.Close),
        (Phase.Opening, Said.Start) => (this with { Phase = Phase.Listening }, Move.Start),
        (Phase.Opening, _) or (_, Said.Start) => (this with { Phase = Phase.Ended }, Move.Refuse),

        (Phase.Listening, Said.Audio) when Filled || Pending >= VoiceLimits.PendingMax => Dropped(),
        (Phase.Listening, Said.Audio audio) => (this with { Phase = Phase.Hearing, Bytes = audio.Bytes, Pending = Pending + 1, Told = false }, Move.Begin),
        (Phase.Hearing, Said.Audio audio) when Bytes + audio.Bytes > VoiceLimits.UtteranceBytesMax => (this with { Phase = Phase.Working, Filled = true }, Move.Fill),
        (Phase.Hearing, Said.Audio audio) => (this with { Bytes = Bytes + audio.Bytes }, Move.Append),
        (Phase.Working, Said.Audio) => Dropped(),

        (Phase.Hearing, Said.EndOfSpeech) => (this with { Phase = Phase.Working }, Move.End),
        (_, Said.EndOfSpeech) when Filled => (this with { Filled = false, Told = false }, Move.None),
        (_, Said.EndOfSpeech) => (this, Move.Refuse),

        // Whoever speaks on after it begins anew, so a filled utterance's end is not waited for any more.
        (Phase.Hearing, Said.Interrupt) => (this with { Phase = Phase.Listening, Filled = false }, Move.Discard),
        (Phase.Working, Said.Interrupt interrupt) => (this with { Phase = Phase.Listening, Filled = false, Told = false }, interrupt.Cancel ? Move.Cancel : Move.Silence),
        // It crossed the end of the answer on its way.
        (_, Said.Interrupt) => (this with { Filled = false, Told = false }, Move.None),

        (Phase.Working or Phase.Hearing, Said.Answered) when Pending == 1 => (this with { Phase = Phase.Listening, Pending = 0, Told = false }, Move.None),
        (_, Said.Answered) => (this with { Pending = Pending - 1 }, Move.None),
        _ => (this, Move.None),
    };

    private (Dialogue, Move) Dropped() => (this with { Told = true }, Told ? Move.DropUntold : Move.Drop);
}
