using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// Does what is due: plans, escalations, snoozes that end, digests. Every replica with the role <c>worker</c> has one; each timer is leased to one
/// of them, and its effect and its end are one transaction that only the lease's holder commits, so it happens once.
/// </summary>
internal sealed partial class RunTimers(
    TimerStore timers, PlanDeliveries plan, Escalate escalate, WakeSnoozed wake, AssembleDigest digest, TimerSignal signal, TimeProvider clock, ILogger<RunTimers> log) : BackgroundService
{
    private const int Batch = 32;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(10);

    /// <summary>Of this run: a replica that was started anew must not take what its predecessor still holds for its own.</summary>
    private readonly string _owner = Ids.New();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var next = signal.Next;
            if (await OnceAsync(stoppingToken) == 0) await WaitAsync(next, stoppingToken);
        }
    }

    /// <returns>How many timers were taken.</returns>
    internal async Task<int> OnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            var now = clock.GetUtcNow();
            var due = await timers.ClaimAsync(_owner, now.ToMicros(), (now + LeaseTime).ToMicros(), Batch, cancellationToken);
            foreach (var timer in due) await RunAsync(timer, cancellationToken);
            return due.Count;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            NotTaken(exception);
            return 0;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // What was claimed and not done is taken again when its lease runs out.
            return 0;
        }
    }

    private async Task RunAsync(TimerRow timer, CancellationToken cancellationToken)
    {
        try
        {
            await (timer.Kind switch
            {
                TimerKinds.Plan => plan.RunAsync(timer, _owner, cancellationToken),
                TimerKinds.Escalate => escalate.RunAsync(timer, _owner, cancellationToken),
                TimerKinds.Wake => wake.RunAsync(timer, _owner, cancellationToken),
                _ => digest.RunAsync(timer, _owner, cancellationToken),
            });
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Failed(exception, timer.Kind, timer.Id);
            NotificationMetrics.TimerFailures.Add(1, new KeyValuePair<string, object?>("kind", timer.Kind));
            await timers.ReleaseAsync(timer, _owner, clock.GetUtcNow() + AfterFailure, cancellationToken);
        }
    }

    private async Task WaitAsync(Task next, CancellationToken cancellationToken)
    {
        try
        {
            await next.WaitAsync(Poll, clock, cancellationToken);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            // Nothing rang here; look anyway.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Timers of notifications could not be taken; the worker tries again.")]
    private partial void NotTaken(Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The {Kind} timer {Id} failed; it is tried again in ten seconds.")]
    private partial void Failed(Exception exception, string kind, string id);
}

/// <summary>Rings when a timer that is due at once was written here.</summary>
internal sealed class TimerSignal
{
    private TaskCompletionSource _next = New();

    /// <summary>Take this before looking; it completes when it rang after that.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    public void Ring() => Interlocked.Exchange(ref _next, New()).TrySetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
