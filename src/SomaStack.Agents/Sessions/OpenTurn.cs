using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <param name="SessionId">Null starts a new session.</param>
/// <param name="ConstitutionHash">When the caller sends one, it must be the active one.</param>
internal sealed record TurnRequest(string? SessionId, string Prompt, string Persona, string? Model, string? ConstitutionHash, int RecallLimit)
{
    public const int RecallLimitDefault = 8;

    /// <summary>Set when the turn has waited and goes on.</summary>
    public WaitingTurn? Waited { get; init; }

    public TurnTerms Terms { get; init; } = TurnTerms.None;

    /// <summary>The turn that it follows, or <see cref="Root"/>; null for the newest.</summary>
    public string? ParentTurn { get; init; }

    /// <summary>Follows none: a sibling of the session's first turn.</summary>
    public const string Root = "root";

    /// <summary>Its gate is asked for the beginning of a session.</summary>
    public bool IsStart => SessionId is null || Waited is { Request.IsStart: true };
}

/// <param name="Turn">Null when it waits for a second person.</param>
internal sealed record BegunTurn(string SessionId, string TurnId, PreparedTurn? Turn);

/// <summary>Refusals are journalled too: who was refused what, by which rules, and never the words.</summary>
internal sealed record Refused(string? SessionId, string Code, IReadOnlyList<string> Reasons, string? PolicyDigest, string PromptSha256);

/// <summary>
/// The first half of the main path: kill switch, moderation, constitution, gate, recall, compose; and what the first commit holds of the
/// turn. That commit is the one which opens the model's call, so turn, reservation and journal lines are durable together, before any
/// model is asked. Where the gate wants a second person, the turn is recorded as waiting instead and comes here again with the yes, which
/// the first commit then spends.
/// </summary>
internal sealed class OpenTurn(
    Db db, Journal journal, SessionStore sessions, PersonaStore personas, IKillSwitch killSwitch, IModeration moderation, IConstitution constitution,
    IGate gate, IApprovals approvals, IIdentity identity, WaitingTurnStore waiting, IBilling billing, IMemory memory, IModelAnswers answers, IRedaction redaction, OfferTools offers,
    SessionStreams streams, TurnOwner owner, TimeProvider clock)
{
    public const string RefusedEvent = "somastack.sessions.refused.v1";
    public const string ConversationPrefix = "conversation/";

    private const int ConversationHits = 3;
    private const string Role = "chat";
    private const int HistoryTurns = 20;

    private static readonly IReadOnlyList<string> Met = [Obligation.CapTokens, Obligation.Redact, Obligation.Notify];

    public async Task<BegunTurn> RunAsync(RequestContext context, TurnRequest request, CancellationToken cancellationToken)
    {
        var timings = new Timings(clock);
        killSwitch.ThrowIfEngaged(context.Tenant);

        // What has waited was looked at before, under the policy that the approval is bound to: the same words are not struck twice.
        var moderated = request.Waited is { } before
            ? new ModerationResult(false, false, 0, before.Request.Moderation) { Labels = TurnTaints.OfInput(before.Request.Moderation) }
            : await moderation.CheckAsync(context, ModerationStage.Input, request.Prompt, cancellationToken);
        if (moderated.Blocked)
            throw await RefuseAsync(context, request, ModerationProblems.Blocked, "The moderation rules stop this text.", moderated.Reasons, null, cancellationToken);
        timings.Mark("moderation");

        var active = await constitution.ActiveAsync(context.Tenant, cancellationToken);
        if (request.ConstitutionHash is { } sent && sent != active.Hash)
            throw await RefuseAsync(context, request, SessionProblems.ConstitutionMismatch, "The hash you sent is not the active constitution's.", [], null, cancellationToken);
        timings.Mark("constitution");

        var persona = await personas.GetAsync(context, request.Persona, cancellationToken);
        var candidates = await answers.CandidatesAsync(context, request.Model ?? persona.Model, Role, cancellationToken);
        var first = candidates[0];
        var sessionId = request.SessionId ?? Ids.For(context, "session");
        var parent = await ParentAsync(context, request, cancellationToken);
        var (tools, without) = await offers.OfAsync(context, persona, request.Terms, first, cancellationToken);
        // Nothing is recalled for words that may not be said.
        var said = TurnTaints.Join(moderated.Labels, request.Terms.Taints);
        var speaking = await SpeakingAsync(context, request, persona, first, said, cancellationToken);
        var speak = await CheckGateAsync(context, request, speaking, cancellationToken);
        timings.Mark("gate");

        // Before the gate is asked about the model: what it would read is what the call derives from.
        var (recalled, degraded) = await RecallAsync(context, request, cancellationToken);
        var (evidence, memories) = await ModerateAsync(context, recalled, cancellationToken);
        var taints = TurnTaints.Of(said, memories);
        timings.Mark("recall");

        var call = await CheckGateAsync(context, request, Calling(speaking, request, first, taints), cancellationToken);
        timings.Mark("gate");
        Decision[] asking = [.. new[] { speak, call }.Where(static decision => decision.Verdict == Verdict.NeedsApproval)];
        var wanted = asking.Length == 0 ? null : Wanted(context, request, sessionId, persona, first, asking);
        if (wanted is not null && request.Waited is null)
            return await SuspendAsync(context, request, sessionId, persona.Id, first, new ConstitutionProof(active.Hash, active.Version), wanted, moderated.Reasons, parent, cancellationToken);

        var history = parent is null ? [] : await sessions.BranchAsync(context, sessionId, parent, HistoryTurns, cancellationToken);
        var redact = await redaction.OfAsync(context.Tenant, speak, cancellationToken);
        if (redact is not null) evidence = [.. evidence.Select(item => redact(item.Text) is { } text ? item with { Text = text } : item)];
        var messages = ComposePrompt.Compose(persona.Instructions, evidence, history, request.Prompt, candidates.Min(static one => one.ContextTokens), tools.Count > 0);
        if (redact is not null) messages = [.. messages.Select(message => redact(message.Text) is { } text ? new ChatMessage(message.Role, text) : message)];
        timings.Mark("compose");

        var turn = new PreparedTurn(
            context, sessionId, request.SessionId is null, persona.Id, request.Waited?.TurnId ?? Ids.For(context, "turn"), request.Prompt, clock.GetUtcNow(),
            // The yes was to one model, so no other may answer.
            request.Waited is null ? request.Model ?? persona.Model : $"{first.Provider}/{first.Model}", messages, evidence,
            new ConstitutionProof(active.Hash, active.Version), Proven(speak, request.Waited?.ApprovalId), memories, without is null ? degraded : [.. degraded, without], moderated.Reasons, timings)
        {
            Parent = parent,
            Tools = tools,
            ModelsWithoutTools = [.. candidates.Where(static one => !one.UsesTools).Select(static one => $"{one.Provider}/{one.Model}")],
            ContextTokens = candidates.Min(static one => one.ContextTokens),
            Waited = request.Waited,
            Decision = speak,
            OutputTokensCap = request.Terms.Cap(Obligation.CapOf([.. speak.Obligations, .. call.Obligations])),
            Terms = request.Terms,
            Approved = request.Waited is null ? null : wanted ?? Wanted(context, request, sessionId, persona, first, [speak]),
            Taints = taints,
        };
        return new BegunTurn(turn.SessionId, turn.TurnId, turn);
    }

    /// <exception cref="Problem">404 when it names no turn of the session.</exception>
    private async Task<string?> ParentAsync(RequestContext context, TurnRequest request, CancellationToken cancellationToken)
    {
        if (request.Waited is { } waited) return waited.Parent;
        if (request.SessionId is not { } session || request.ParentTurn == TurnRequest.Root) return null;
        if (request.ParentTurn is not { } named) return await sessions.LastTurnAsync(context.Tenant, session, cancellationToken);
        var turn = await sessions.FindTurnAsync(context.Tenant, named, cancellationToken);
        return turn?.SessionId == session ? named : throw SessionProblems.TurnUnknown.Because("No turn of this session has the id that the message is to follow.");
    }

    /// <summary>The words themselves, whoever answers them.</summary>
    private async Task<GatedAction> SpeakingAsync(
        RequestContext context, TurnRequest request, PersonaView persona, ModelCandidate model, IReadOnlyList<string> taints, CancellationToken cancellationToken)
    {
        var ratio = await billing.BudgetRatioAsync(context.Tenant, cancellationToken);
        var arguments = JsonSerializer.Serialize(new GateArguments(model.Model, persona.Id, TextDigest.Of(request.Prompt)), GateJson.Default.GateArguments);
        return new GatedAction(SpeakKind(request), persona.Id, arguments, BudgetRatio: ratio) { Session = request.SessionId, Persona = persona.Id, Meets = Met, Taints = taints };
    }

    /// <summary>
    /// The call of the model that the words lead to. It is asked for again when it is opened, with all that the model will read; here at least the words
    /// are known. A ceiling caps the answer.
    /// </summary>
    private GatedAction Calling(GatedAction speaking, TurnRequest request, ModelCandidate model, IReadOnlyList<string> taints) => speaking with
    {
        Kind = "model.call",
        Resource = model.Model,
        Taints = taints,
        Quantities = ActionQuantities.OfCall(billing, billing.PriceOf(model.Provider, model.Model), Encoding.UTF8.GetByteCount(request.Prompt), AnswerTurn.OutputTokensMax) with { OutputTokens = null },
    };

    /// <exception cref="Problem">403, journalled, when the gate denies.</exception>
    private async Task<Decision> CheckGateAsync(RequestContext context, TurnRequest request, GatedAction action, CancellationToken cancellationToken)
    {
        var decision = await gate.CheckAsync(context, action, cancellationToken);
        if (decision.Verdict != Verdict.Deny) return decision;
        throw await RefuseAsync(
            context, request, SessionProblems.PolicyDenied, $"The policy denies this with a score of {decision.Score} against {decision.Threshold}.", decision.Reasons, decision.Digest, cancellationToken);
    }

    private static string SpeakKind(TurnRequest request) => request.IsStart ? "session.start" : "session.message";

    /// <summary>One yes covers the turn: the exact words, who speaks under which instructions, and which model is asked. Whoever decides reads the words.</summary>
    private static ApprovalRequest Wanted(RequestContext context, TurnRequest request, string session, PersonaView persona, ModelCandidate model, Decision[] asking) =>
        new(
            SpeakKind(request), persona.Id, JsonSerializer.Serialize(new TurnArguments(model.Model, persona.Id, persona.Version, request.Prompt, model.Provider), GateJson.Default.TurnArguments),
            asking[0].ConstitutionHash, asking[0].PolicyVersion, $"{context.Principal.Id} asks {persona.Id} on {model.Model}: {Title(request.Prompt)}")
        {
            Session = session,
            Reasons = [.. asking.SelectMany(static decision => decision.Reasons).Distinct()],
            StepUp = asking.Any(static decision => decision.Obligations.Any(static obligation => obligation.Kind == "require_mfa")),
        };

    /// <summary>Nothing is reserved and no model is asked: the turn and the proposal are recorded in one commit.</summary>
    private async Task<BegunTurn> SuspendAsync(
        RequestContext context, TurnRequest request, string sessionId, string persona, ModelCandidate model, ConstitutionProof active, ApprovalRequest wanted,
        IReadOnlyList<Reason> moderated, string? parent, CancellationToken cancellationToken)
    {
        var turnId = Ids.For(context, "turn");
        await db.WriteAsync(context.Tenant, async work =>
        {
            var state = request.SessionId is null
                ? await StartAsync(work, context, sessionId, request.Prompt, persona, active, request.Terms)
                : await SessionStore.StateAsync(work, context.Tenant, sessionId);
            var approval = await approvals.ProposeAsync(work, context, wanted);
            var (happened, _) = await sessions.ApplyAsync(work, context, sessionId, state, new SuspendTurnCommand(
                new TurnSuspended(turnId, 0, TextDigest.Of(request.Prompt), request.Prompt.Length, model.Model, approval.Id, approval.Digest, parent), active.Hash));
            var suspended = (TurnSuspended)happened;
            var shown = new TurnApproval(approval.Id, approval.Digest, approval.ExpiresAt, approval.Needs);
            var kept = WaitingRequest.Of(context, request.SessionId is null, request.Persona, request.Model, request.RecallLimit, moderated, request.Terms);
            await waiting.InsertAsync(work, context, sessionId, suspended, request.Prompt, shown, kept);
            var data = new ApprovalRequiredData(sessionId, turnId, suspended.Number, shown, wanted.Reasons);
            await SessionStore.AddEventsAsync(work, context.Tenant, sessionId, turnId, [(StreamEvent.ApprovalRequired, JsonSerializer.Serialize(data, SessionsJson.Default.ApprovalRequiredData))]);
            work.OnCommit(() => streams.Signal(context.Tenant, sessionId));
        }, cancellationToken);
        SessionMetrics.Turns.Add(1, new TagList { { "outcome", "suspended" } });
        return new BegunTurn(sessionId, turnId, null);
    }

    private async Task<SessionState> StartAsync(DbWork work, RequestContext context, string sessionId, string prompt, string persona, ConstitutionProof active, TurnTerms terms)
    {
        var started = new SessionStarted(persona, context.Principal.Id, context.ClientType, active.Hash, active.Version);
        await sessions.InsertSessionAsync(work, context, sessionId, Title(prompt), started, terms.AskedBy);
        await sessions.ApplyAsync(work, context, sessionId, SessionState.None, new StartCommand(started));
        return SessionDecider.Apply(SessionState.None, started);
    }

    /// <summary>What the tenant knows, then what this principal said before. Words of one principal are not recalled for another.</summary>
    private async Task<(List<Evidence>, List<string>)> RecallAsync(RequestContext context, TurnRequest request, CancellationToken cancellationToken)
    {
        if (request.RecallLimit == 0) return ([], []);
        var known = await memory.RecallAsync(context, new RecallQuery(request.Prompt, request.RecallLimit), cancellationToken);
        var said = await memory.RecallAsync(context, new RecallQuery(request.Prompt, ConversationHits, request.SessionId, Namespace: ConversationPrefix + context.Principal.Id), cancellationToken);
        var evidence = known.Memories.Concat(said.Memories.Where(hit => !hit.Text.Equals(request.Prompt, StringComparison.OrdinalIgnoreCase)))
            .Select(hit => new Evidence(hit.Id, hit.Text, hit.Score, hit.Source, hit.Line)).ToList();
        return (evidence, [.. known.DegradedReasons.Union(said.DegradedReasons)]);
    }

    /// <summary>A memory is looked at before a model reads it: what a rule redacts or drops never enters the prompt, and the proof says so.</summary>
    private async Task<(List<Evidence> Evidence, List<MemoryProof> Proofs)> ModerateAsync(RequestContext context, List<Evidence> recalled, CancellationToken cancellationToken)
    {
        var evidence = new List<Evidence>(recalled.Count);
        var proofs = new List<MemoryProof>(recalled.Count);
        foreach (var item in recalled)
        {
            var looked = await moderation.CheckAsync(context, ModerationStage.Memory, item.Text, cancellationToken);
            var outcome = looked.Blocked ? "dropped" : looked.Redacted is not null ? "redacted" : looked.Reasons.Count > 0 ? "labelled" : null;
            proofs.Add(new MemoryProof(item.Id, item.Score, item.Source, item.Line, outcome, looked.Labels));
            if (!looked.Blocked) evidence.Add(looked.Redacted is { } redacted ? item with { Text = redacted } : item);
        }
        return (evidence, proofs);
    }

    /// <summary>What the commit that opens the turn's first call holds of the turn.</summary>
    public async Task WriteAsync(DbWork work, PreparedTurn turn, OpenedCall call)
    {
        var context = turn.Context;
        var state = turn.IsNew
            ? await StartAsync(work, context, turn.SessionId, turn.Prompt, turn.Persona, turn.Constitution, turn.Terms)
            : await SessionStore.StateAsync(work, context.Tenant, turn.SessionId);
        if (turn.Waited is { } waited) await ClaimAsync(work, context, waited, turn.Approved!);
        var kind = turn.Waited is { Request.IsStart: true } || turn.IsNew ? "session.start" : "session.message";
        await journal.NoticeAsync(work, context, turn.Decision!, kind, turn.Persona, "session/" + turn.SessionId);
        var wanted = new TurnOpened(
            turn.TurnId, 0, TextDigest.Of(turn.Prompt), turn.Prompt.Length, call.Provider, call.Model, call.CallId,
            turn.Policy.Digest, turn.Policy.Score, [.. turn.Evidence.Select(hit => hit.Id)], turn.Parent);
        var (happened, _) = await sessions.ApplyAsync(work, context, turn.SessionId, state, new OpenTurnCommand(wanted, turn.Constitution.Hash));
        var opened = (TurnOpened)happened;
        if (turn.Waited is null) await sessions.InsertTurnAsync(work, context, turn.SessionId, opened, turn.Prompt, owner.Id, owner.LeaseUntil());
        else await WaitingTurnStore.OpenAsync(work, context, opened, owner.Id, owner.LeaseUntil());
        var before = turn.IsNew ? null : await SessionStore.TaintsAsync(work, context.Tenant, turn.SessionId);
        var data = new TurnStartedData(turn.SessionId, turn.TurnId, opened.Number, call.Model, turn.Memories, turn.DegradedReasons)
        {
            Taints = turn.Taints,
            SessionTaints = TurnTaints.Join(before ?? [], turn.Taints),
            Tools = turn.Tools.Count == 0 ? null : [.. turn.Tools.Select(static tool => tool.Name)],
        };
        await SessionStore.AddEventsAsync(work, context.Tenant, turn.SessionId, turn.TurnId, [(StreamEvent.TurnStarted, JsonSerializer.Serialize(data, SessionsJson.Default.TurnStartedData))]);
        work.OnCommit(() =>
        {
            turn.Open(opened.Number);
            streams.Signal(context.Tenant, turn.SessionId);
        });
    }

    /// <summary>Spends the yes, if whoever asked still holds what he asked with: nobody is there to be authenticated now.</summary>
    private async Task ClaimAsync(DbWork work, RequestContext context, WaitingTurn waited, ApprovalRequest approved)
    {
        if (!await identity.HoldsAsync(work, context.Tenant, context.Principal, waited.Request.Capabilities))
            throw SessionProblems.RightsChanged.Because("Your account or its capabilities have changed since you asked.");
        await approvals.ClaimAsync(work, context, waited.ApprovalId, approved);
    }

    private async Task<Problem> RefuseAsync(
        RequestContext context, TurnRequest request, ProblemCode code, string detail, IReadOnlyList<Reason> reasons, string? digest, CancellationToken cancellationToken)
    {
        var refused = new Refused(request.SessionId, code.Code, [.. reasons.Select(reason => reason.Code)], digest, TextDigest.Of(request.Prompt));
        await db.WriteAsync(context.Tenant, work => journal.AppendAsync(work, context, RefusedEvent, refused, SessionsJson.Default.Refused), cancellationToken);
        SessionMetrics.Turns.Add(1, new TagList { { "outcome", "refused" } });
        return new Problem(code, detail) { Reasons = reasons };
    }

    /// <param name="approval">The yes that it went on with.</param>
    private static PolicyProof Proven(Decision decision, string? approval) => new(
        approval is null ? "allow" : "approved", decision.Score, decision.Threshold, [.. decision.Terms.Select(term => new PolicyTerm(term.Name, term.Weight, term.Value, term.Contribution))],
        decision.Reasons, decision.PolicyVersion, decision.Digest, approval)
    {
        Obligations = decision.Obligations,
    };

    private static string Title(string prompt)
    {
        var line = prompt.AsSpan().Trim();
        var end = line.IndexOfAny('\n', '\r');
        if (end >= 0) line = line[..end];
        if (line.Length <= 80) return line.ToString();
        // Not between the halves of a surrogate pair.
        return line[..(char.IsHighSurrogate(line[78]) ? 78 : 79)].ToString() + "…";
    }
}
