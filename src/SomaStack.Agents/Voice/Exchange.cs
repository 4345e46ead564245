using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using SomaStack.Agents.Sessions.Contracts;
using SomaStack.Agents.Voice.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Voice;

/// <summary>What an exchange needs of the voice that it belongs to.</summary>
internal sealed class VoiceState(RequestContext context, ClientFrame start, string persona, Transcriber transcriber, Speaker? speaker, VoiceLine line, VoiceTrail trail)
{
    public RequestContext Context => context;

    public ClientFrame Start => start;

    public string Persona => persona;

    public Transcriber Transcriber => transcriber;

    public Speaker? Speaker => speaker;

    public VoiceLine Line => line;

    public VoiceTrail Trail => trail;

    /// <summary>Null until the first utterance has started one.</summary>
    public string? Session { get; set; } = start.Session;

    public double HeardSeconds { get; set; }

    public double SpokenSeconds { get; set; }

    /// <summary>The end of what was spoken so far, when the client plays it as it comes.</summary>
    public TimeSpan PlayedUntil { get; set; }
}

/// <summary>
/// One utterance to the end of its spoken answer: captions while it grows, the transcript, the session's turn, and each sentence as soon as it is
/// there. The words go the way of any message; nothing here answers or refuses by itself.
/// </summary>
internal sealed partial class Exchange(VoiceState voice, Utterance utterance, ISpeech speech, ILiveTurns turns, IModeration moderation, TimeProvider clock, ILogger log)
{
    private readonly RequestContext _context = voice.Context;
    private readonly VoiceLine _line = voice.Line;
    private int _captions;

    /// <param name="before">The exchange before it; a session answers one message at a time.</param>
    public async Task RunAsync(Task before)
    {
        var outcome = "dropped";
        try
        {
            outcome = await ConverseAsync(before);
        }
        catch (OperationCanceledException)
        {
            // Forgotten by its speaker, or nobody is there any more; a turn that has begun goes on.
        }
        catch (Problem problem)
        {
            outcome = "refused";
            await RefuseAsync(problem);
        }
        catch (Exception exception)
        {
            outcome = "failed";
            Broken(log, exception);
            await RefuseAsync(PlatformProblems.Internal.Because("The utterance could not be answered; the operator's log has the cause."));
        }
        finally
        {
            VoiceMetrics.Ended(outcome);
            await before;
            utterance.Dispose();
        }
    }

    private async Task<string> ConverseAsync(Task before)
    {
        var captions = voice.Start.Captions && voice.Transcriber.HearsAgain ? CaptionAsync() : Task.CompletedTask;
        try
        {
            await utterance.Over.WaitAsync(utterance.Dropped);
            utterance.Dropped.ThrowIfCancellationRequested();
            await _line.TellAsync("recognising");
            var sound = utterance.Sound();
            var began = clock.GetTimestamp();
            var heard = sound.Length < VoiceLimits.UtteranceBytesMin ? null : await speech.HearAsync(_context, voice.Transcriber, sound, isCaption: false, utterance.Dropped);
            var seconds = Seconds(sound.Length);
            voice.HeardSeconds += seconds;
            VoiceMetrics.Heard.Add(seconds);
            var transcript = new TranscriptFrame("transcript", utterance.Number, true, heard?.Text ?? "", heard?.Confidence, seconds, Elapsed(began), voice.Transcriber.Model, voice.Session);
            if (heard is not { Text.Length: > 0 })
            {
                if (heard is not null) await RecordAsync(heard, sound.Length, null, null);
                await _line.SendAsync(transcript, VoiceJson.Default.TranscriptFrame);
                return "empty";
            }
            await before;
            utterance.Dropped.ThrowIfCancellationRequested();
            var turn = await BeginAsync(heard, sound.Length, transcript);
            await AnswerAsync(turn);
            return "answered";
        }
        finally
        {
            await captions;
        }
    }

    /// <summary>Hears all of it again whenever enough was added: what is shown may still change, and is marked so.</summary>
    private async Task CaptionAsync()
    {
        try
        {
            var wanted = VoiceLimits.CaptionBytesMin;
            while (_captions < VoiceLimits.CaptionsMax && await utterance.GrownAsync(wanted).WaitAsync(utterance.Dropped))
            {
                var sound = utterance.Sound();
                if (sound.Length > VoiceLimits.CaptionBytesMax) return;
                wanted = sound.Length + VoiceLimits.CaptionBytesMin;
                if (!speech.IsAtLeisure) continue;
                var began = clock.GetTimestamp();
                var heard = await speech.HearAsync(_context, voice.Transcriber, sound, isCaption: true, utterance.Dropped);
                _captions++;
                var elapsed = Elapsed(began);
                // At most half of the time is spent on captions.
                wanted = Math.Max(wanted, sound.Length + (int)(2 * elapsed * VoiceLimits.BytesOfSecond / 1000));
                var guard = await moderation.GuardAsync(_context, heard.Text, utterance.Dropped);
                if (utterance.Over.IsCompleted || guard.Blocked || heard.Text.Length == 0) continue;
                await _line.SendAsync(
                    new TranscriptFrame("transcript", utterance.Number, false, guard.Redacted ?? heard.Text, heard.Confidence, Seconds(sound.Length), elapsed, voice.Transcriber.Model, voice.Session),
                    VoiceJson.Default.TranscriptFrame);
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody waits for it.
        }
        catch (Problem problem)
        {
            // The transcript itself says what is wrong, if it still is.
            NoCaption(log, problem.Code.Code);
        }
    }

    private async Task<LiveTurn> BeginAsync(HeardWords heard, int bytes, TranscriptFrame transcript)
    {
        LiveTurn turn;
        try
        {
            turn = await turns.BeginAsync(_context, new LiveMessage(heard.Text, voice.Session, voice.Persona, voice.Start.Model), _line.Ended);
        }
        catch (Problem problem)
        {
            await RecordAsync(heard, bytes, null, problem.Code.Code);
            // Words that may not be said are not shown either.
            if (problem.Code != ModerationProblems.Blocked) await _line.SendAsync(transcript, VoiceJson.Default.TranscriptFrame);
            throw;
        }
        voice.Session = turn.Session;
        await RecordAsync(heard, bytes, turn, null);
        await _line.SendAsync(transcript with { SessionId = turn.Session, TurnId = turn.Turn }, VoiceJson.Default.TranscriptFrame);
        return turn;
    }

    private async Task AnswerAsync(LiveTurn turn)
    {
        if (!utterance.Silenced.IsCancellationRequested) await _line.TellAsync("answering");
        using var followed = CancellationTokenSource.CreateLinkedTokenSource(_line.Ended);
        var cancelling = CancelWhenAskedAsync(turn.Session, followed.Token);
        var sentences = Channel.CreateBounded<string>(new BoundedChannelOptions(VoiceLimits.SentencesMax) { SingleReader = true, SingleWriter = true });
        var aloud = SpeakAsync(turn, sentences.Reader);
        try
        {
            var cutter = new SentenceCutter();
            await foreach (var item in turns.FollowAsync(_context, turn, _line.Ended))
            {
                await _line.SendEventAsync(item.Seq, item.Type, item.Data);
                if (item.Said is null) continue;
                foreach (var sentence in cutter.Add(item.Said)) await sentences.Writer.WriteAsync(sentence, _line.Ended);
            }
            foreach (var sentence in cutter.Finish()) await sentences.Writer.WriteAsync(sentence, _line.Ended);
        }
        finally
        {
            await followed.CancelAsync();
            sentences.Writer.Complete();
            await cancelling;
            await aloud;
        }
    }

    private async Task CancelWhenAskedAsync(string session, CancellationToken over)
    {
        try
        {
            await utterance.Cancelled.WaitAsync(over);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        await turns.CancelAsync(_context, session, CancellationToken.None);
    }

    /// <summary>Never throws: an answer that cannot be spoken is there as text.</summary>
    private async Task SpeakAsync(LiveTurn turn, ChannelReader<string> sentences)
    {
        var (spoken, seconds, failed) = (0, 0.0, voice.Speaker is null);
        var readable = new Readable();
        try
        {
            await foreach (var sentence in sentences.ReadAllAsync(_line.Ended))
            {
                if (failed || utterance.Silenced.IsCancellationRequested || readable.Of(sentence) is not { } text) continue;
                try
                {
                    var words = await speech.SpeakAsync(_context, voice.Speaker!, text, utterance.Silenced);
                    if (spoken == 0 && seconds == 0) await BeginSpeakingAsync();
                    var sent = await SendAsync(spoken, text, words.Pcm);
                    seconds += sent;
                    if (!utterance.Silenced.IsCancellationRequested) spoken++;
                }
                catch (OperationCanceledException) when (!_line.Ended.IsCancellationRequested)
                {
                    // Interrupted; what is still to come is read away.
                }
                catch (Problem problem)
                {
                    failed = true;
                    await RefuseAsync(problem);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody listens any more.
        }
        voice.SpokenSeconds += seconds;
        VoiceMetrics.Spoken.Add(seconds);
        var interrupted = utterance.Silenced.IsCancellationRequested;
        if (seconds > 0 || (interrupted && voice.Speaker is not null)) await voice.Trail.SpokenAsync(new VoiceSpoken(utterance.Number, turn.Turn, spoken, Math.Round(seconds, 3), interrupted));
    }

    private async Task BeginSpeakingAsync()
    {
        VoiceMetrics.Reply.Record(clock.GetElapsedTime(utterance.OverAt).TotalSeconds);
        voice.PlayedUntil = TimeSpan.Zero;
        await _line.TellAsync("speaking");
    }

    /// <returns>Seconds that were sent.</returns>
    private async Task<double> SendAsync(int index, string text, ReadOnlyMemory<byte> pcm)
    {
        var rate = voice.Speaker!.Rate;
        await _line.SendAsync(new SpeechFrame("speech", utterance.Number, index, text, rate, pcm.Length), VoiceJson.Default.SpeechFrame);
        var sent = 0;
        while (sent < pcm.Length && !utterance.Silenced.IsCancellationRequested)
        {
            var frame = pcm.Slice(sent, Math.Min(VoiceLimits.SpeechFrameBytes, pcm.Length - sent));
            await _line.SendAsync(frame);
            sent += frame.Length;
            await KeepPaceAsync(TimeSpan.FromSeconds(frame.Length / 2.0 / rate));
        }
        await _line.SendAsync(new SpeechEndFrame("speech_end", utterance.Number, index, sent == pcm.Length), VoiceJson.Default.SpeechEndFrame);
        return sent / 2.0 / rate;
    }

    /// <summary>The client plays as fast as one speaks; what is sent much earlier would be thrown away by an interrupt.</summary>
    private async Task KeepPaceAsync(TimeSpan length)
    {
        var now = TimeSpan.FromTicks(clock.GetUtcNow().Ticks);
        voice.PlayedUntil = (voice.PlayedUntil > now ? voice.PlayedUntil : now) + length;
        var wait = voice.PlayedUntil - now - VoiceLimits.SpeechAhead;
        if (wait <= TimeSpan.Zero) return;
        try
        {
            await Task.Delay(wait, clock, utterance.Silenced);
        }
        catch (OperationCanceledException)
        {
            // The caller looks.
        }
    }

    private Task RecordAsync(HeardWords heard, int bytes, LiveTurn? turn, string? code) => voice.Trail.HeardAsync(new VoiceHeard(
        utterance.Number, Seconds(bytes), bytes, heard.AudioSha256, heard.Text.Length, TextDigest.Of(heard.Text), _captions,
        $"{voice.Transcriber.Provider}/{voice.Transcriber.Model}", heard.CallId, turn?.Session ?? voice.Session, turn?.Turn, code));

    private async Task RefuseAsync(Problem problem)
    {
        try
        {
            await _line.RefuseAsync(problem, utterance.Number);
        }
        catch (OperationCanceledException)
        {
            // Nobody is there to be told.
        }
    }

    private double Elapsed(long began) => Math.Round(clock.GetElapsedTime(began).TotalMilliseconds, 3);

    private static double Seconds(long bytes) => Math.Round((double)bytes / VoiceLimits.BytesOfSecond, 3);

    [LoggerMessage(LogLevel.Error, "An utterance could not be answered.")]
    private static partial void Broken(ILogger log, Exception exception);

    [LoggerMessage(LogLevel.Information, "A caption was not made: {Code}.")]
    private static partial void NoCaption(ILogger log, string code);
}
