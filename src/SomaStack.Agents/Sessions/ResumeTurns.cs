using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>
/// Goes on with turns whose yes has come: woken by the event on this replica, within a second elsewhere and after a crash. The yes is spent
/// in the turn's first commit, so however often and wherever this tries, the turn goes on once.
/// </summary>
internal sealed partial class ResumeTurns(
    WaitingTurnStore store, WaitingTurns waiting, ResumePaused paused, OpenTurn open, RunningTurns running, TurnOwner owner, ISettings settings, SomaOptions options, Db db, TimeProvider clock,
    ILogger<ResumeTurns> log) : BackgroundService
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var woken = waiting.Woken.Next;
            try
            {
                foreach (var turn in await store.DueAsync(clock.NowMicros(), stoppingToken)) await ResumeAsync(turn, stoppingToken);
                await paused.RunAsync(stoppingToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                NotResumed(log, exception);
            }
            await Task.WhenAny(woken, Task.Delay(Poll, clock, stoppingToken));
        }
    }

    internal async Task ResumeAsync(WaitingTurn turn, CancellationToken cancellationToken)
    {
        if (!await store.TakeAsync(turn, owner.Id, owner.LeaseUntil(), cancellationToken)) return;
        try
        {
            running.ThrowIfFull();
            var request = turn.Request;
            var context = request.ContextOf(turn.Tenant, turn.Principal, settings.Mode, options.Region) with { Approval = turn.ApprovalId };
            var wanted = new TurnRequest(turn.SessionId, turn.Prompt, request.Persona, request.Model, null, request.RecallLimit) { Waited = turn, Terms = request.Terms };
            var begun = await open.RunAsync(context, wanted, cancellationToken);
            // Its end is stored by whoever answers it; here only the opening counts, which spends the yes.
            _ = running.Begin(begun.Turn!);
            await begun.Turn!.Opened.WaitAsync(cancellationToken);
        }
        catch (Problem problem) when (problem.Code == SessionProblems.TooManyTurns || problem.IsAway())
        {
            // The lease runs out and it is tried again, until the approval has expired.
            Waits(log, turn.TurnId, problem.Code.Code);
        }
        catch (Problem problem)
        {
            await waiting.DenyAsync(turn, problem, cancellationToken);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            // It was cancelled, or went on elsewhere, at the same moment.
        }
    }

    [LoggerMessage(LogLevel.Warning, "Turns that were approved could not be looked for.")]
    private static partial void NotResumed(ILogger log, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Turn {TurnId} was approved and cannot go on yet: {Code}.")]
    private static partial void Waits(ILogger log, string turnId, string code);
}
