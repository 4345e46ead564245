using SomaStack.Agents.Sessions.Contracts;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>
/// Turns for whoever is no HTTP client: a run, a voice, another agent. Session and turn take their ids from the question's, so a question
/// that is asked again finds its turn, whichever process answers it.
/// </summary>
internal sealed class Conversations(
    AwaitTurn turns, OpenTurn open, SessionStore sessions, RoundStore rounds, SessionStreams streams, IApprovals approvals, RunningTurns running, WaitingTurns waiting) : IConversations
{
    public Task<TurnAnswer> AskAsync(RequestContext context, TurnQuestion question, CancellationToken cancellationToken) => AskAsync(context, question, null, cancellationToken);

    /// <param name="askedBy">The turn whose tool call asks.</param>
    public async Task<TurnAnswer> AskAsync(RequestContext context, TurnQuestion question, string? askedBy, CancellationToken cancellationToken)
    {
        Checked(question);
        var asking = Asking(context, question.Id);
        var turnId = Ids.For(asking, "turn");
        if (await sessions.FindTurnAsync(context.Tenant, turnId, cancellationToken) is { } there)
            return await AnswerAsync(context, there.SessionId, turnId, cancellationToken);
        if (question.OutputTokensMax <= 0) throw SessionProblems.BudgetSpent.Because("Nothing is left of the tokens that it may write.");
        var wanted = await WantedAsync(context, question, askedBy, cancellationToken);
        try
        {
            var (session, turn, _) = await turns.BeginAsync(asking, wanted, open, cancellationToken);
            return await AnswerAsync(context, session, turn, cancellationToken);
        }
        catch (Problem problem) when (problem.Code == SessionProblems.TurnRunning)
        {
            // The session's turn may be this very question's, asked at the same moment.
            if (await sessions.FindTurnAsync(context.Tenant, turnId, cancellationToken) is not { } same) throw;
            return await AnswerAsync(context, same.SessionId, turnId, cancellationToken);
        }
    }

    public string SessionOf(RequestContext context, string question) => Ids.For(Asking(context, question), "session");

    private static RequestContext Asking(RequestContext context, string question) => context with { IdempotencyKey = "conversation/" + question };

    public async Task<bool> CancelAsync(RequestContext context, string session, CancellationToken cancellationToken)
    {
        if (await sessions.FindAsync(context, session, cancellationToken) is null) return false;
        return await CancelTurn.TryAsync(session, context, sessions, running, waiting, cancellationToken) is not null;
    }

    private async Task<TurnRequest> WantedAsync(RequestContext context, TurnQuestion question, string? askedBy, CancellationToken cancellationToken)
    {
        var terms = new TurnTerms
        {
            ToolsGranted = question.Tools, Run = question.Run, Capsule = question.Capsule, OutputTokensMax = question.OutputTokensMax, ToolRoundsMax = question.ToolRoundsMax, Taints = question.Taints,
            AskedBy = askedBy,
        };
        if (question.Session is null)
            return new TurnRequest(null, question.Prompt, question.Persona ?? PersonaStore.Starter, question.Model, null, TurnRequest.RecallLimitDefault) { Terms = terms };
        var session = await sessions.GetAsync(context, question.Session, cancellationToken);
        if (session.Status == "closed") throw SessionProblems.Closed.Because("The session takes no more messages.");
        return new TurnRequest(session.Id, question.Prompt, session.Persona, question.Model, null, TurnRequest.RecallLimitDefault) { Terms = terms };
    }

    /// <summary>
    /// Waits until the turn has ended or nobody's yes is there yet. A yes that has come and is not yet acted on is no reason to answer that it
    /// waits: whoever asked would wait for a decision that has been made.
    /// </summary>
    private async Task<TurnAnswer> AnswerAsync(RequestContext context, string session, string turn, CancellationToken cancellationToken)
    {
        if (await FinalAsync(context, turn, cancellationToken) is { } now) return now;
        var after = await sessions.BeforeTurnAsync(context.Tenant, session, turn, cancellationToken);
        await foreach (var item in streams.ReadAsync(context.Tenant, session, after, turn, cancellationToken))
        {
            if (item.Turn != turn || !(item.EndsTurn || item.Type == StreamEvent.ApprovalRequired)) continue;
            if (await FinalAsync(context, turn, cancellationToken) is { } then) return then;
        }
        throw SessionProblems.Unknown.Because("The turn was deleted meanwhile.");
    }

    /// <returns>Null while it is being answered or about to go on.</returns>
    private async Task<TurnAnswer?> FinalAsync(RequestContext context, string turn, CancellationToken cancellationToken)
    {
        var view = await sessions.FindTurnAsync(context.Tenant, turn, cancellationToken) ?? throw SessionProblems.Unknown.Because("The turn was deleted meanwhile.");
        if (view.Status == "open") return null;
        var stored = await rounds.RoundsAsync(context.Tenant, turn, cancellationToken);
        var asked = view.Status == WaitingTurnStore.Waiting ? await PendingAsync(context, view, stored, cancellationToken) : null;
        if (view.Status == WaitingTurnStore.Waiting && asked is null) return null;
        // What was answered has the whole sum in its proof; what was not, at least that of its stored rounds.
        var partly = TurnUsage.Of(stored);
        var usage = view.Proof?.Usage ?? (stored.Count == 0 ? null : partly.Proof);
        return new TurnAnswer(
            view.SessionId, view.TurnId, asked is null ? view.Status : "waiting", asked is null ? view.Answer : Rounds.Text(stored), view.Failure?.Code, view.Failure?.Detail,
            usage?.InputTokens, usage?.OutputTokens, usage?.Cost is { } cost ? Money.Nanos(cost.Amount) : null, usage?.Cost?.Currency ?? partly.Currency)
        {
            Awaits = asked,
            Taints = await sessions.TaintsOfTurnAsync(context.Tenant, view.SessionId, turn, cancellationToken),
        };
    }

    /// <summary>The question to a second person that is open; null when all that were asked are decided, and the turn goes on.</summary>
    private async Task<Approval?> PendingAsync(RequestContext context, TurnView view, List<TurnRound> stored, CancellationToken cancellationToken)
    {
        var waits = stored.SelectMany(static round => round.Calls).Where(static call => call.State == CallState.Awaiting).ToList();
        // A single decision is enough for it to go on.
        if (waits.Exists(static call => call.Decided is not null)) return null;
        Approval? pending = null;
        foreach (var id in waits.Count > 0 ? waits.Select(static call => call.Approval!.Id) : view.Approval is { } own ? [own.Id] : [])
        {
            if (await approvals.FindAsync(context.Tenant, id, cancellationToken) is not { State: ApprovalState.Pending } one) return null;
            pending ??= one;
        }
        return pending;
    }

    private static void Checked(TurnQuestion question)
    {
        TurnChecks.Check(question.Prompt, TurnRequest.RecallLimitDefault, question.Model);
        Check.That(question.Id.Length is > 0 and <= 200, "id", "must have 1 to 200 characters")
            .And(question.Persona is null or { Length: > 0 and <= 64 }, "persona", "must have 1 to 64 characters")
            .And(question.ToolRoundsMax is >= 0 and <= 32, "tool_rounds_max", "must be between 0 and 32").OrThrow();
    }
}
