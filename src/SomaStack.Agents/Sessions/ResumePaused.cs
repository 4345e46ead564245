using Microsoft.Extensions.Logging;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>
/// Goes on with turns between two calls of their model: where a person has decided on a tool call, and where the owner died while tools were
/// used. Both begin from the stored rounds, so no tool is used twice and no result is lost.
/// </summary>
internal sealed partial class ResumePaused(
    RoundStore store, SessionStore sessions, WaitingTurns waiting, RunningTurns running, IApprovals approvals, IConstitution constitution, IIdentity identity, TurnOwner owner, ISettings settings,
    SomaOptions options, Db db, TimeProvider clock, ILogger<ResumePaused> log)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var turn in await store.DueAsync(clock.NowMicros(), cancellationToken))
            if (await store.TakeAsync(turn, owner.Id, owner.LeaseUntil(), cancellationToken)) await LookAsync(turn, cancellationToken);
    }

    /// <summary>Takes over a turn whose owner is gone, if what was seen of it is what its rounds say.</summary>
    /// <returns>False when it cannot go on; true also when this process is full and it stays for the next look.</returns>
    public async Task<bool> TakeOverAsync(string tenant, string session, string turn, long leasesBefore, CancellationToken cancellationToken)
    {
        if (running.IsFull) return true;
        var taken = await db.WriteAsync(tenant, async work =>
        {
            if (await RoundStore.FindAsync(work, tenant, turn) is not { } row) return null;
            var rounds = await RoundStore.RoundsAsync(work, tenant, turn);
            if (!Rounds.CanGoOn(rounds, await SessionStore.SaidAsync(work, tenant, session, turn))) return null;
            var request = row.Checkpoint.Request;
            if (!await identity.HoldsAsync(work, tenant, new Principal(row.Principal, request.PrincipalKind, request.Key), request.Capabilities)) return null;
            return await RoundStore.TakeOverAsync(work, row, owner.Id, owner.LeaseUntil(), leasesBefore) ? new Taken(row, rounds) : null;
        }, cancellationToken);
        if (taken is null) return false;
        TakenOver(log, turn);
        Begin(taken.Turn, taken.Rounds);
        return true;
    }

    private async Task LookAsync(PausedTurn turn, CancellationToken cancellationToken)
    {
        try
        {
            var rounds = await store.RoundsAsync(turn.Tenant, turn.TurnId, cancellationToken);
            var decided = new List<TurnToolCall>();
            foreach (var call in rounds.SelectMany(static round => round.Calls).Where(static call => call.State == CallState.Awaiting))
                if (call.Decided is not null) decided.Add(call);
                else if (Decision(await approvals.FindAsync(turn.Tenant, call.Approval!.Id, cancellationToken)) is { } made) decided.Add(call with { Decided = made });
            if (decided.Count == 0)
            {
                await store.ParkAsync(turn, cancellationToken);
                return;
            }
            running.ThrowIfFull();
            var active = (await constitution.ActiveAsync(turn.Tenant, cancellationToken)).Hash;
            if (await ResumeAsync(turn, decided, active, cancellationToken) is { } ready) Begin(turn, ready);
        }
        catch (Problem problem) when (problem.Code == SessionProblems.TooManyTurns || problem.Code.Kind >= ProblemKind.Internal)
        {
            // What is away comes back: the lease runs out and it is tried again.
            Waits(log, turn.TurnId, problem.Code.Code);
        }
        catch (Problem problem)
        {
            await waiting.FailPausedAsync(turn, problem, cancellationToken);
        }
    }

    /// <returns>Its rounds with what was decided; null when somebody else was first or it has ended.</returns>
    private Task<List<TurnRound>?> ResumeAsync(PausedTurn turn, List<TurnToolCall> decided, string activeConstitution, CancellationToken cancellationToken) => db.WriteAsync(turn.Tenant, async work =>
    {
        var request = turn.Checkpoint.Request;
        if (!await RoundStore.ResumeAsync(work, turn, owner.Id, owner.LeaseUntil())) return null;
        if (!await identity.HoldsAsync(work, turn.Tenant, new Principal(turn.Principal, request.PrincipalKind, request.Key), request.Capabilities))
            throw SessionProblems.RightsChanged.Because("Your account or its capabilities have changed since you asked.");
        foreach (var call in decided) await store.SaveAsync(work, turn.Tenant, turn.TurnId, call);
        var state = await SessionStore.StateAsync(work, turn.Tenant, turn.SessionId);
        var resumed = new TurnResumed(turn.TurnId, decided[0].Round, [.. decided.Select(static call => call.Approval!.Id)]);
        await sessions.ApplyAsync(work, ContextOf(turn), turn.SessionId, state, new ResumeTurnCommand(resumed, activeConstitution));
        return (List<TurnRound>?)await RoundStore.RoundsAsync(work, turn.Tenant, turn.TurnId);
    }, cancellationToken);

    /// <summary>Its end is stored by whoever answers it.</summary>
    private void Begin(PausedTurn turn, IReadOnlyList<TurnRound> rounds) => _ = running.Begin(turn.Checkpoint.Restore(ContextOf(turn), turn, rounds, clock));

    private RequestContext ContextOf(PausedTurn turn) => turn.Checkpoint.Request.ContextOf(turn.Tenant, turn.Principal, settings.Mode, options.Region);

    /// <summary>What its event will say, where that was heard before the call was stored as waiting. A yes that was spent is one: the tool knows what came of it.</summary>
    private static CallDecision? Decision(Approval? approval) => approval?.State switch
    {
        ApprovalState.Pending => null,
        ApprovalState.Approved or ApprovalState.Claimed => new CallDecision(null, null),
        ApprovalState.Rejected => new CallDecision("approval_rejected", WaitingTurns.Refusal(approval.Decider, approval.Comment)),
        ApprovalState.Expired => new CallDecision("approval_expired", "Nobody decided in time."),
        _ => new CallDecision("approval_void", "The question was given back."),
    };

    [LoggerMessage(LogLevel.Information, "Turn {TurnId} had lost its owner while tools were used and goes on here.")]
    private static partial void TakenOver(ILogger log, string turnId);

    [LoggerMessage(LogLevel.Warning, "Turn {TurnId} was decided on and cannot go on yet: {Code}.")]
    private static partial void Waits(ILogger log, string turnId, string code);

    private sealed record Taken(PausedTurn Turn, List<TurnRound> Rounds);
}
