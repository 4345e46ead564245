namespace SomaStack.Intelligence.Inference;

internal enum RequestPhase
{
    Absent,
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

/// <summary>What the decider needs to know of a request.</summary>
/// <param name="Version">Counts its events.</param>
/// <param name="Attempt">The number of the last attempt that began, and the fence: it never goes down.</param>
/// <param name="AttemptsMax">The number of the last attempt that may begin.</param>
/// <param name="CancelBy">Who asked a running request to end.</param>
/// <param name="Dead">It failed although trying again was the remedy, as often as it may.</param>
internal sealed record RequestState(RequestPhase Phase, long Version, long Attempt, long AttemptsMax, string? CancelBy, bool Dead)
{
    public static readonly RequestState None = new(RequestPhase.Absent, 0, 0, 0, null, false);

    public bool Ended => Phase is RequestPhase.Succeeded or RequestPhase.Failed or RequestPhase.Cancelled;
}

internal abstract record RequestCommand;

internal sealed record QueueCommand(long AttemptsMax) : RequestCommand;

/// <param name="LeaseExpired">Whether whoever ran it has stopped renewing its lease.</param>
internal sealed record ClaimCommand(bool LeaseExpired) : RequestCommand;

internal sealed record SucceedCommand(long Attempt) : RequestCommand;

/// <param name="Retryable">Whether trying again is a remedy for it.</param>
internal sealed record FailCommand(long Attempt, string Code, bool Retryable) : RequestCommand;

/// <summary>The worker is stopping; the attempt is no fault of the request and does not count.</summary>
internal sealed record InterruptCommand(long Attempt) : RequestCommand;

internal sealed record CancelCommand(string By) : RequestCommand;

/// <param name="MoreAttempts">At least 1.</param>
internal sealed record ReplayCommand(long MoreAttempts) : RequestCommand;

internal abstract record RequestEvent;

internal sealed record QueuedEvent(long AttemptsMax) : RequestEvent;

internal sealed record StartedEvent(long Attempt, bool AfterLoss) : RequestEvent;

internal sealed record RetriedEvent(long Attempt, string Code, long AttemptsMax) : RequestEvent;

internal sealed record SucceededEvent(long Attempt) : RequestEvent;

internal sealed record FailedEvent(long Attempt, string Code, bool Dead) : RequestEvent;

internal sealed record CancelAskedEvent(string By) : RequestEvent;

internal sealed record CancelledEvent(long Attempt, string By) : RequestEvent;

internal sealed record ReplayedEvent(long AttemptsMax) : RequestEvent;

internal enum RequestRefusal
{
    Exists,
    Unknown,
    Ended,
    Held,
    NotHeld,
    AskedAlready,
    NotFailed,
}

/// <summary>Exactly one of the two is set.</summary>
internal sealed record RequestDecision(RequestEvent? Event, RequestRefusal? Refusal);

/// <summary>
/// The rules of work that is done later, pure: no clock, no random, no I/O. A command is refused or yields exactly one event. Every
/// attempt has a number of its own, and only the holder of the current one may say how it went: that makes the effect happen once,
/// however often a worker dies or comes back from a long pause.
/// </summary>
internal static class RequestDecider
{
    public const string WorkerLost = "worker_lost";
    public const string WorkerStopping = "worker_stopping";

    public static RequestDecision Decide(RequestState state, RequestCommand command) => command switch
    {
        QueueCommand queue => state.Phase == RequestPhase.Absent ? Yes(new QueuedEvent(queue.AttemptsMax)) : No(RequestRefusal.Exists),
        _ when state.Phase == RequestPhase.Absent => No(RequestRefusal.Unknown),
        ReplayCommand replay => state.Phase == RequestPhase.Failed ? Yes(new ReplayedEvent(state.Attempt + replay.MoreAttempts)) : No(RequestRefusal.NotFailed),
        _ when state.Ended => No(RequestRefusal.Ended),
        ClaimCommand claim => Claim(state, claim),
        CancelCommand cancel => Cancel(state, cancel),
        SucceedCommand done => Holds(state, done.Attempt) ? Yes(new SucceededEvent(done.Attempt)) : No(RequestRefusal.NotHeld),
        FailCommand failed => Holds(state, failed.Attempt) ? Yes(Fail(state, failed)) : No(RequestRefusal.NotHeld),
        InterruptCommand stopped => Holds(state, stopped.Attempt) ? Yes(Interrupt(state)) : No(RequestRefusal.NotHeld),
        _ => throw new ArgumentOutOfRangeException(nameof(command)),
    };

    public static RequestState Apply(RequestState state, RequestEvent happened)
    {
        var next = state with { Version = state.Version + 1 };
        return happened switch
        {
            QueuedEvent queued => next with { Phase = RequestPhase.Queued, AttemptsMax = queued.AttemptsMax },
            StartedEvent started => next with { Phase = RequestPhase.Running, Attempt = started.Attempt },
            RetriedEvent retried => next with { Phase = RequestPhase.Queued, AttemptsMax = retried.AttemptsMax },
            SucceededEvent => next with { Phase = RequestPhase.Succeeded },
            FailedEvent failed => next with { Phase = RequestPhase.Failed, Dead = failed.Dead },
            CancelAskedEvent asked => next with { CancelBy = asked.By },
            CancelledEvent cancelled => next with { Phase = RequestPhase.Cancelled, CancelBy = cancelled.By },
            ReplayedEvent replayed => next with { Phase = RequestPhase.Queued, AttemptsMax = replayed.AttemptsMax, Dead = false },
            _ => throw new ArgumentOutOfRangeException(nameof(happened)),
        };
    }

    private static RequestDecision Claim(RequestState state, ClaimCommand claim)
    {
        if (state.Phase == RequestPhase.Queued) return Yes(new StartedEvent(state.Attempt + 1, false));
        if (!claim.LeaseExpired) return No(RequestRefusal.Held);
        if (state.CancelBy is { } by) return Yes(new CancelledEvent(state.Attempt, by));
        // A request that takes its worker down with it must end too.
        return Yes(state.Attempt < state.AttemptsMax ? new StartedEvent(state.Attempt + 1, true) : new FailedEvent(state.Attempt, WorkerLost, true));
    }

    private static RequestDecision Cancel(RequestState state, CancelCommand cancel)
    {
        if (state.Phase == RequestPhase.Queued) return Yes(new CancelledEvent(state.Attempt, cancel.By));
        return state.CancelBy is null ? Yes(new CancelAskedEvent(cancel.By)) : No(RequestRefusal.AskedAlready);
    }

    private static RequestEvent Fail(RequestState state, FailCommand failed)
    {
        if (state.CancelBy is { } by) return new CancelledEvent(state.Attempt, by);
        return failed.Retryable && state.Attempt < state.AttemptsMax
            ? new RetriedEvent(state.Attempt, failed.Code, state.AttemptsMax)
            : new FailedEvent(state.Attempt, failed.Code, failed.Retryable);
    }

    private static RequestEvent Interrupt(RequestState state) =>
        state.CancelBy is { } by ? new CancelledEvent(state.Attempt, by) : new RetriedEvent(state.Attempt, WorkerStopping, state.AttemptsMax + 1);

    private static bool Holds(RequestState state, long attempt) => state.Phase == RequestPhase.Running && state.Attempt == attempt;

    private static RequestDecision Yes(RequestEvent happened) => new(happened, null);

    private static RequestDecision No(RequestRefusal refusal) => new(null, refusal);
}
