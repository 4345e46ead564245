using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using SomaStack.Agents.Sessions.Contracts;
using SomaStack.Agents.Voice.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Voice;

/// <summary>What every voice works with.</summary>
internal sealed record VoiceParts(
    ISpeech Speech, ILiveTurns Turns, IModeration Moderation, IKillSwitch KillSwitch, IIdentity Identity, Db Db, Journal Journal, TimeProvider Clock, ILogger Log);

/// <summary>One client from its first message to its last: reads, asks <see cref="Dialogue"/> what a message means now, and lets that happen.</summary>
internal sealed partial class VoiceConnection(WebSocket socket, Action abort, RequestContext context, Presented presented, VoiceParts parts) : IDisposable
{
    private readonly TimeProvider _clock = parts.Clock;
    private readonly VoiceLine _line = new(socket, parts.Clock, abort);
    private readonly VoiceTrail _trail = new(parts.Db, parts.Journal, context, Ids.New(parts.Clock));
    private readonly Pace _pace = new();
    private readonly Lock _lock = new();
    private readonly long _began = parts.Clock.GetTimestamp();

    private Dialogue _dialogue;
    private VoiceState? _voice;
    private Utterance? _current;
    private Task _work = Task.CompletedTask;
    private long _heardAt = parts.Clock.GetTimestamp();
    private long _changes = parts.Identity.Changes;
    private int _utterances;
    private int _faults;
    private long _droppedBytes;
    private bool _pressed;

    public void Stop() => _line.End(VoiceEnding.Stopping);

    public async Task RunAsync()
    {
        var watching = WatchAsync();
        await _line.FarewellAsync(ListenAsync());
        await watching;
        await _work;
        if (_voice is { } voice)
            await _trail.ClosedAsync(new VoiceClosed(
                _line.Ending!.Reason, _utterances, Math.Round(voice.HeardSeconds, 3), Math.Round(voice.SpokenSeconds, 3), _droppedBytes, Math.Round(_clock.GetElapsedTime(_began).TotalSeconds, 3)));
    }

    public void Dispose()
    {
        _line.Dispose();
        _trail.Dispose();
    }

    private async Task ListenAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(VoiceLimits.FrameBytesMax + 1);
        try
        {
            var length = 0;
            while (true)
            {
                // Never cancelled: that would abort the connection before our reason is read.
                var received = await socket.ReceiveAsync(buffer.AsMemory(length, VoiceLimits.FrameBytesMax + 1 - length), CancellationToken.None);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    _line.End(VoiceEnding.Stop);
                    return;
                }
                length += received.Count;
                if (length > VoiceLimits.FrameBytesMax) _line.End(VoiceEnding.TooBig);
                if (_line.Ended.IsCancellationRequested) length = 0;
                if (!received.EndOfMessage) continue;
                if (!_line.Ended.IsCancellationRequested) await TakeAsync(received.MessageType, buffer.AsMemory(0, length));
                length = 0;
            }
        }
        catch (Exception exception) when (exception is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            _line.End(VoiceEnding.Gone);
        }
        catch (Exception exception)
        {
            Broken(parts.Log, exception);
            _line.End(VoiceEnding.Failed);
        }
        finally
        {
            // Sound of one must not reach another.
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    private async Task TakeAsync(WebSocketMessageType type, ReadOnlyMemory<byte> message)
    {
        Volatile.Write(ref _heardAt, _clock.GetTimestamp());
        try
        {
            if (type == WebSocketMessageType.Binary) await HearAsync(message);
            else await ObeyAsync(message);
        }
        catch (OperationCanceledException) when (_line.Ended.IsCancellationRequested)
        {
            // The rest is read away.
        }
        catch (Problem problem)
        {
            await TellAsync(problem, ends: _voice is null || _dialogue.Phase == Phase.Ended || ++_faults >= VoiceLimits.FaultsMax);
        }
    }

    private async Task HearAsync(ReadOnlyMemory<byte> pcm)
    {
        if (pcm.Length % 2 != 0)
        {
            _line.End(VoiceEnding.OddBytes);
            return;
        }
        if (pcm.IsEmpty) return;
        await ActAsync(new Said.Audio(pcm.Length), pcm, null);
        if (_pace.Take(pcm.Length, _clock.GetElapsedTime(_began)) is not { Ticks: > 0 } wait) return;
        // Once for an utterance.
        if (!_pressed) await _line.SendAsync(new PressureFrame("pressure", Math.Ceiling(wait.TotalMilliseconds)), VoiceJson.Default.PressureFrame);
        _pressed = true;
        await Task.Delay(wait, _clock, _line.Ended);
    }

    private async Task ObeyAsync(ReadOnlyMemory<byte> json)
    {
        ClientFrame? frame;
        try
        {
            frame = JsonSerializer.Deserialize(json.Span, VoiceJson.Default.VoiceClientFrame);
        }
        catch (JsonException exception)
        {
            throw PlatformProblems.MalformedRequest.Because("The message is no JSON object of the documented shape.", exception);
        }
        Said said = frame?.Type switch
        {
            "start" => new Said.Start(),
            "end_of_speech" => new Said.EndOfSpeech(),
            "interrupt" when frame.Answer is null or "cancel" or "keep" => new Said.Interrupt((frame.Answer ?? _voice?.Start.OnInterrupt) != "keep"),
            "interrupt" => throw Problem.Invalid("answer", "must be cancel or keep"),
            "stop" => new Said.Stop(),
            _ => throw Problem.Invalid("type", "must be start, end_of_speech, interrupt or stop"),
        };
        await ActAsync(said, default, frame);
    }

    private async Task ActAsync(Said said, ReadOnlyMemory<byte> pcm, ClientFrame? frame)
    {
        Move move;
        lock (_lock) (_dialogue, move) = _dialogue.Hear(said);
        var now = _clock.GetTimestamp();
        switch (move)
        {
            case Move.Start:
                await StartAsync(frame!);
                break;
            case Move.Begin:
                Begin(pcm.Span);
                await _line.TellAsync("hearing");
                break;
            case Move.Append:
                _current!.Append(pcm.Span);
                break;
            case Move.Fill:
                _current!.End(now);
                await _line.RefuseAsync(VoiceProblems.TooLong.Because($"An utterance has at most {VoiceLimits.UtteranceBytesMax / VoiceLimits.BytesOfSecond} seconds."), _current.Number);
                break;
            case Move.End:
                _current!.End(now);
                break;
            case Move.Discard:
                _current!.Drop(now);
                await _line.TellAsync("idle");
                break;
            case Move.Cancel:
                _current!.Cancel(now);
                await _line.TellAsync("idle");
                break;
            case Move.Silence:
                _current!.Silence(now);
                await _line.TellAsync("idle");
                break;
            case Move.Drop:
                _droppedBytes += pcm.Length;
                await _line.RefuseAsync(VoiceProblems.Answering.Because("This sound came while an answer was under way."));
                break;
            case Move.DropUntold:
                _droppedBytes += pcm.Length;
                break;
            case Move.Refuse:
                throw VoiceProblems.OutOfOrder.Because(_voice is null ? "The first message is start." : "There is nothing to end, or the voice was started already.");
            case Move.Close:
                _line.End(VoiceEnding.Stop);
                break;
        }
    }

    private void Begin(ReadOnlySpan<byte> pcm)
    {
        _current = new Utterance(++_utterances, _line.Ended);
        _current.Append(pcm);
        _pressed = false;
        _work = ConverseAsync(_current, _work);
    }

    private async Task ConverseAsync(Utterance utterance, Task before)
    {
        await new Exchange(_voice!, utterance, parts.Speech, parts.Turns, parts.Moderation, _clock, parts.Log).RunAsync(before);
        bool isIdle;
        lock (_lock)
        {
            var phase = _dialogue.Phase;
            (_dialogue, _) = _dialogue.Hear(new Said.Answered());
            isIdle = phase == Phase.Working && _dialogue.Phase == Phase.Listening;
        }
        if (!isIdle) return;
        try
        {
            await _line.TellAsync("idle");
        }
        catch (OperationCanceledException)
        {
            // Nobody is there to be told.
        }
    }

    private async Task StartAsync(ClientFrame frame)
    {
        var ended = _line.Ended;
        if (!frame.Consent) throw VoiceProblems.NoConsent.Because("The start message does not say \"consent\":true.");
        Check.That(frame.Mode is "push_to_talk" or "hands_free", "mode", "must be push_to_talk or hands_free")
            .And(frame.SampleRate == Transcriber.Rate, "sample_rate", $"must be {Transcriber.Rate}")
            .And(frame.OnInterrupt is "cancel" or "keep", "on_interrupt", "must be cancel or keep")
            .And(frame.Language is null or { Length: >= 2 and <= 16 } && frame.Language?.All(static c => char.IsAsciiLetterOrDigit(c) || c == '-') != false, "language", "must be a code such as en or es")
            .And(frame.Session is null || frame.Persona is null, "persona", "goes without a session: a session has its own")
            .And(frame.Session is null or { Length: > 0 and <= 64 }, "session", "must have 1 to 64 characters")
            .And(frame.Persona is null or { Length: > 0 and <= 64 }, "persona", "must have 1 to 64 characters")
            .And(new[] { frame.Model, frame.Transcriber, frame.Speaker, frame.Voice }.All(static name => name is null or { Length: > 0 and <= 200 }), "model", "and the other names must have 1 to 200 characters").OrThrow();
        var persona = await parts.Turns.FindAsync(context, frame.Session, frame.Persona, ended);
        parts.KillSwitch.ThrowIfEngaged(context.Tenant, new KillTarget(KillScope.Persona, persona));
        var transcriber = await parts.Speech.TranscriberAsync(context, frame.Transcriber, frame.Language, ended);
        var (speaker, fault) = frame.Speak ? await SpeakerAsync(frame) : (null, null);
        await _trail.OpenedAsync(new VoiceOpened(true, context.Principal.Id, frame.Mode, frame.Language, frame.Session, persona, transcriber.Model, speaker?.Model, speaker?.Voice));
        _voice = new VoiceState(context, frame, persona, transcriber, speaker, _line, _trail);
        await _line.SendAsync(
            new ReadyFrame(
                "ready", _trail.Id, frame.Session, persona, new TranscriberView(transcriber.Model, transcriber.Provider, transcriber.Language, frame.Captions && transcriber.HearsAgain),
                speaker is null ? null : new SpeakerView(speaker.Model, speaker.Provider, speaker.Voice, speaker.Rate), fault,
                new BoundsView(
                    VoiceLimits.FrameBytesMax, VoiceLimits.UtteranceBytesMax / VoiceLimits.BytesOfSecond, (int)VoiceLimits.IdleMax.TotalSeconds, (int)VoiceLimits.TotalMax.TotalSeconds, Pace.Speed)),
            VoiceJson.Default.ReadyFrame);
        await _line.TellAsync("idle");
    }

    /// <summary>Without a voice the answer is text, and the client is told why.</summary>
    private async Task<(Speaker?, VoiceFault?)> SpeakerAsync(ClientFrame frame)
    {
        try
        {
            return (await parts.Speech.SpeakerAsync(context, frame.Speaker, frame.Voice, frame.Language, _line.Ended), null);
        }
        catch (Problem problem)
        {
            return (null, VoiceFault.Of(problem));
        }
    }

    /// <summary>Limits of time, the kill switch and the credential, as long as the connection lasts.</summary>
    private async Task WatchAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(VoiceLimits.Look, _clock, _line.Ended);
                if (await FaultAsync() is not { } problem) continue;
                await TellAsync(problem, ends: true);
                return;
            }
        }
        catch (OperationCanceledException)
        {
            // The voice has ended.
        }
        catch (Exception exception)
        {
            // What cannot be looked at is not trusted further.
            Broken(parts.Log, exception);
            _line.End(VoiceEnding.Failed);
        }
    }

    private async ValueTask<Problem?> FaultAsync()
    {
        Phase phase;
        lock (_lock) phase = _dialogue.Phase;
        var silent = _clock.GetElapsedTime(Volatile.Read(ref _heardAt));
        if (parts.KillSwitch.Stopped(context.Tenant, _voice is { } voice ? new KillTarget(KillScope.Persona, voice.Persona) : null) is { } stopped) return stopped;
        if (_voice is null && silent > VoiceLimits.StartWithin) return VoiceProblems.Idle.Because($"No start message came within {VoiceLimits.StartWithin.TotalSeconds:0} seconds.");
        if (phase != Phase.Working && silent > VoiceLimits.IdleMax) return VoiceProblems.Idle.Because($"Nothing came for {VoiceLimits.IdleMax.TotalMinutes:0} minutes.");
        if (_clock.GetElapsedTime(_began) > VoiceLimits.TotalMax) return VoiceProblems.Over.Because($"A voice lasts at most {VoiceLimits.TotalMax.TotalMinutes:0} minutes.");
        if (_clock.GetUtcNow() >= presented.ExpiresAt) return PlatformProblems.Unauthenticated.Because("The credential has expired.");
        if (parts.Identity.Changes is var changes && changes == _changes) return null;
        _changes = changes;
        var holder = await parts.Identity.AuthenticateAsync(presented.Credential, _line.Ended);
        var holds = holder is not null && OpenVoice.Needed.All(holder.Capabilities.Has);
        return holds ? null : PlatformProblems.Unauthenticated.Because("The credential is not valid any more, or not for this.");
    }

    private async Task TellAsync(Problem problem, bool ends)
    {
        try
        {
            await _line.RefuseAsync(problem);
        }
        catch (OperationCanceledException)
        {
            // Nobody is there to be told.
        }
        if (ends) _line.End(VoiceEnding.Of(problem));
    }

    [LoggerMessage(LogLevel.Error, "A voice broke off.")]
    private static partial void Broken(ILogger log, Exception exception);
}
