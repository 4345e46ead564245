using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>
/// Ends turns whose owner died and that cannot go on: they are marked as failed with <c>turn_interrupted</c>, what had been released is kept and the session takes
/// messages again. The money is the call's, which Inference declares lost. Runs when the server starts and every few seconds.
/// </summary>
internal sealed partial class ReconcileTurns(
    Db db, SessionStore store, RoundStore rounds, ResumePaused paused, SessionStreams streams, ISettings settings, TimeProvider clock, ILogger<ReconcileTurns> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            // SQLite has one process: whatever is open when it starts was left behind by the one before.
            if (db.Name == "sqlite") await SweepAsync(long.MaxValue, stoppingToken);
            using var timer = new PeriodicTimer(Interval, clock);
            do
            {
                await SweepAsync(clock.NowMicros(), stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    internal async Task SweepAsync(long leasesBefore, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var (tenant, session, turn) in await store.AbandonedAsync(leasesBefore, cancellationToken))
                if (!await paused.TakeOverAsync(tenant, session, turn, leasesBefore, cancellationToken)) await EndAsync(tenant, session, turn, cancellationToken);
        }
        catch (System.Data.Common.DbException exception)
        {
            NotSwept(log, exception);
        }
    }

    private async Task EndAsync(string tenant, string session, string turn, CancellationToken cancellationToken)
    {
        var context = RequestContext.ForSystem(tenant, settings.Mode);
        var failure = new TurnFailure(SessionProblems.Interrupted.Code, "The server stopped while this was being answered.");
        await db.WriteAsync(tenant, async work =>
        {
            var state = await SessionStore.StateAsync(work, tenant, session);
            if (state.OpenTurn != turn) return;
            var said = await SessionStore.SaidAsync(work, tenant, session, turn);
            await store.ApplyAsync(work, context, session, state, new FailTurnCommand(new TurnFailed(turn, failure.Code, said.Length)));
            await store.EndTurnAsync(work, context, turn, "failed", said, null, failure);
            await rounds.EndOpenAsync(work, tenant, turn);
            await SessionStore.AddEventsAsync(work, tenant, session, turn, [(StreamEvent.TurnFailed, JsonSerializer.Serialize(failure, SessionsJson.Default.TurnFailure))]);
            work.OnCommit(() => streams.Signal(tenant, session));
        }, cancellationToken);
        Ended(log, turn);
    }

    [LoggerMessage(LogLevel.Warning, "Turn {TurnId} had lost its owner and was ended.")]
    private static partial void Ended(ILogger log, string turnId);

    [LoggerMessage(LogLevel.Warning, "Abandoned turns could not be looked for.")]
    private static partial void NotSwept(ILogger log, Exception exception);
}
