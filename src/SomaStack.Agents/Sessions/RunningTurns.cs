using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>
/// Owns the turns that this process answers: a client that goes away ends nothing, a cancel ends its turn wherever it runs, and a
/// stopping server lets no turn vanish.
/// </summary>
internal sealed partial class RunningTurns(AnswerTurn answer, SessionStore store, TurnOwner owner, IKillSwitch killSwitch, TimeProvider clock, ILogger<RunningTurns> log) : IHostedService, IDisposable
{
    private const int RunningMax = 64;
    private const int LooksPerRenewal = 10;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<(string Tenant, string Turn), Running> _running = new();
    private readonly CancellationTokenSource _stopping = new();

    public bool IsFull => _running.Count >= RunningMax;

    /// <exception cref="Problem">429 when this process answers as many turns as it may.</exception>
    public void ThrowIfFull()
    {
        if (IsFull)
            throw new Problem(SessionProblems.TooManyTurns, $"This server answers {RunningMax} turns at a time.") { RetryAfter = TimeSpan.FromSeconds(2) };
    }

    /// <summary>Begins to open and to answer it; the task ends when the turn has ended, however it did, or was not opened.</summary>
    public Task Begin(PreparedTurn turn)
    {
        var running = new Running(turn, CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token));
        _running[(turn.Context.Tenant, turn.TurnId)] = running;
        running.Done = AnswerAsync(turn, running);
        // Engaged while it was being opened.
        if (killSwitch.Stopped(turn.Context.Tenant, turn.Target) is not null) running.Cancel(null);
        return running.Done;
    }

    /// <summary>Cancels at once when the turn runs here.</summary>
    public void Cancel(string tenant, string turn, string by)
    {
        if (_running.TryGetValue((tenant, turn), out var running)) running.Cancel(by);
    }

    /// <summary>Ends every turn that a kill switch stops; each says so in its stream.</summary>
    internal void StopEngaged()
    {
        foreach (var running in _running.Values)
            if (killSwitch.Stopped(running.Turn.Context.Tenant, running.Turn.Target) is not null) running.Cancel(null);
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        killSwitch.Engaged += StopEngaged;
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        killSwitch.Engaged -= StopEngaged;
        await _stopping.CancelAsync();
        await Task.WhenAll(_running.Values.Select(running => running.Done)).WaitAsync(cancellationToken);
    }

    public void Dispose() => _stopping.Dispose();

    private async Task AnswerAsync(PreparedTurn turn, Running running)
    {
        // Leave the caller's stack: the entry must be complete before the turn can end.
        await Task.Yield();
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(running.Token);
        var watch = WatchAsync(turn, running, watching.Token);
        try
        {
            await answer.RunAsync(turn, () => running.CancelledBy, running.Token);
        }
        catch (Exception exception)
        {
            // The database is gone, say: the lease runs out and the reconciler ends the turn.
            NotEnded(log, turn.TurnId, exception);
        }
        finally
        {
            await watching.CancelAsync();
            await watch;
            _running.TryRemove((turn.Context.Tenant, turn.TurnId), out _);
            running.Dispose();
        }
    }

    /// <summary>Renews the lease and hears of a cancel that reached another replica.</summary>
    private async Task WatchAsync(PreparedTurn turn, Running running, CancellationToken cancellationToken)
    {
        try
        {
            for (var look = 1; ; look++)
            {
                await Task.Delay(Look, clock, cancellationToken);
                if (look % LooksPerRenewal == 0) await store.RenewAsync(turn.Context.Tenant, turn.TurnId, owner.Id, owner.LeaseUntil(), cancellationToken);
                if (await store.CancelRequestedAsync(turn.Context.Tenant, turn.TurnId, cancellationToken) is { } by) running.Cancel(by);
            }
        }
        catch (OperationCanceledException)
        {
            // The turn has ended.
        }
        catch (System.Data.Common.DbException exception)
        {
            NotWatched(log, turn.TurnId, exception);
        }
    }

    [LoggerMessage(LogLevel.Error, "The end of turn {TurnId} could not be stored; it will be reconciled.")]
    private static partial void NotEnded(ILogger log, string turnId, Exception exception);

    [LoggerMessage(LogLevel.Warning, "The lease of turn {TurnId} could not be renewed.")]
    private static partial void NotWatched(ILogger log, string turnId, Exception exception);

    private sealed class Running(PreparedTurn turn, CancellationTokenSource source) : IDisposable
    {
        private readonly Lock _lock = new();
        private bool _disposed;

        public PreparedTurn Turn => turn;

        public Task Done { get; set; } = Task.CompletedTask;

        public string? CancelledBy { get; private set; }

        public CancellationToken Token { get; } = source.Token;

        /// <param name="by">Null when no person did.</param>
        public void Cancel(string? by)
        {
            lock (_lock)
            {
                if (_disposed) return;
                CancelledBy ??= by;
                source.Cancel();
            }
        }

        public void Dispose()
        {
            lock (_lock)
            {
                _disposed = true;
                source.Dispose();
            }
        }
    }
}
