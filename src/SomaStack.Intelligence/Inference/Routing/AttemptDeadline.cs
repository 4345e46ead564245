using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>How long one attempt may take.</summary>
/// <param name="FirstByte">Until the first byte of its answer.</param>
/// <param name="Idle">Between two pieces.</param>
/// <param name="Total">In all.</param>
internal readonly record struct AttemptLimits(TimeSpan FirstByte, TimeSpan Idle, TimeSpan Total)
{
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(60);

    public static AttemptLimits Of(ModelProfile? profile, bool stream)
    {
        var total = TimeSpan.FromSeconds(profile?.TotalSeconds ?? ModelProfile.DefaultTotalSeconds);
        var silence = profile?.TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : Silence;
        // A whole answer is silent while the model writes it.
        return new AttemptLimits(stream || profile?.TimeoutSeconds is not null ? silence : total, silence, total);
    }
}

/// <summary>Ends one attempt when its caller leaves, when it is too slow, or when another attempt has won; and knows which it was.</summary>
internal sealed class AttemptDeadline : IDisposable
{
    private readonly TimeProvider _clock;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _registration;
    private readonly long _begun;
    private volatile bool _lost;
    private volatile Problem? _stopped;

    public AttemptDeadline(TimeProvider clock, AttemptLimits limits, CancellationToken caller)
    {
        (_clock, Limits, _caller) = (clock, limits, caller);
        _begun = clock.GetTimestamp();
        _source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, clock);
        _registration = caller.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    public AttemptLimits Limits { get; }

    public CancellationToken Token => _source.Token;

    /// <summary>Why an attempt ended that no problem explains.</summary>
    public string Reason => _caller.IsCancellationRequested ? "client_closed" : _lost ? "hedge_lost" : PlatformProblems.Internal.Code;

    /// <summary>Nobody waits for it any more, so nothing more will be heard from the provider.</summary>
    public bool IsUnwanted => _caller.IsCancellationRequested || _lost;

    /// <summary>A kill switch ended it: neither its caller nor its provider did.</summary>
    public bool IsStopped => _stopped is not null;

    /// <summary>The attempt has had its whole time, or may have no more.</summary>
    public bool IsOver => IsStopped || _clock.GetElapsedTime(_begun) >= Limits.Total;

    /// <summary>The next byte must come within this time, and within the total.</summary>
    public void Expect(TimeSpan silence)
    {
        var left = Limits.Total - _clock.GetElapsedTime(_begun);
        if (silence < left) left = silence;
        _source.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
    }

    /// <summary>Another attempt was faster.</summary>
    public void Lose()
    {
        _lost = true;
        End();
    }

    /// <summary>It must not go on; its answer ends with this problem.</summary>
    public void Stop(Problem problem)
    {
        _stopped ??= problem;
        End();
    }

    private void End()
    {
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself in the meantime.
        }
    }

    public void Cancel() => _source.Cancel();

    /// <summary>Null when it was not the provider's failure.</summary>
    public Problem? Explain(Exception exception)
    {
        if (IsUnwanted) return null;
        if (_stopped is { } stopped) return stopped;
        if (_source.IsCancellationRequested) return InferenceProblems.Timeout.Because("It did not answer in time.", exception);
        if (exception is not Problem problem) return ProviderFailures.Explain(exception, _clock, CancellationToken.None);
        return problem.Code == PlatformProblems.Timeout ? InferenceProblems.Timeout.Because(problem.Detail, problem) : problem;
    }

    public void Dispose()
    {
        _registration.Dispose();
        _source.Dispose();
    }
}
