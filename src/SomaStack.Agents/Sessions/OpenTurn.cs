using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.AI;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <param name="SessionId">Null starts a new session.</param>
/// <param name="ConstitutionHash">When the caller sends one, it must be the active one.</param>
internal sealed record TurnRequest(string? SessionId, string Prompt, string Persona, string? Model, string? ConstitutionHash, int RecallLimit);

/// <summary>A turn that may be answered: everything that opening and answering it needs.</summary>
/// <param name="IsNew">Its session begins with it.</param>
/// <param name="Model">As it was asked for; null leaves the choice to the tenant's profile.</param>
internal sealed record PreparedTurn(
    RequestContext Context, string SessionId, bool IsNew, string Persona, string TurnId, string Prompt, DateTimeOffset PreparedAt, string? Model,
    IReadOnlyList<ChatMessage> Messages, IReadOnlyList<Evidence> Evidence, ConstitutionProof Constitution, PolicyProof Policy,
    IReadOnlyList<MemoryProof> Memories, IReadOnlyList<string> DegradedReasons, IReadOnlyList<Reason> Moderation, Timings Timings)
{
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Its place in the session; known once it is open.</summary>
    public long Number { get; private set; }

    /// <summary>Completes when the turn is durable, or fails with what kept it from that; then nothing of it is stored.</summary>
    public Task Opened => _opened.Task;

    public bool IsOpen => _opened.Task.IsCompletedSuccessfully;

    public void Open(long number)
    {
        Number = number;
        Timings.Mark("open_commit");
        _opened.TrySetResult();
    }

    public void Refuse(Exception exception) => _opened.TrySetException(exception);
}

/// <summary>Refusals are journalled too: who was refused what, by which rules, and never the words.</summary>
internal sealed record Refused(string? SessionId, string Code, IReadOnlyList<string> Reasons, string? PolicyDigest, string PromptSha256);

/// <summary>
/// The first half of the main path: kill switch, moderation, constitution, gate, recall, compose; and what the first commit holds of the
/// turn. That commit is the one which opens the model's call, so turn, reservation and journal lines are durable together, before any
/// model is asked.
/// </summary>
internal sealed class OpenTurn(
    Db db, Journal journal, SessionStore sessions, PersonaStore personas, IKillSwitch killSwitch, IModeration moderation, IConstitution constitution,
    IGate gate, IBilling billing, IMemory memory, IModelAnswers answers, SessionStreams streams, TurnOwner owner, TimeProvider clock)
{
    public const string RefusedEvent = "somastack.sessions.refused.v1";
    public const string ConversationPrefix = "conversation/";

    private const int ConversationHits = 3;
    private const string Role = "chat";
    private const int HistoryTurns = 20;

    public async Task<PreparedTurn> RunAsync(RequestContext context, TurnRequest request, CancellationToken cancellationToken)
    {
        var timings = new Timings(clock);
        killSwitch.ThrowIfEngaged(context.Tenant);

        var moderated = await moderation.CheckAsync(context, ModerationStage.Input, request.Prompt, cancellationToken);
        if (moderated.Blocked)
            throw await RefuseAsync(context, request, SessionProblems.ModerationBlocked, "The moderation rules stop this text.", moderated.Reasons, null, cancellationToken);
        timings.Mark("moderation");

        var active = await constitution.ActiveAsync(context.Tenant, cancellationToken);
        if (request.ConstitutionHash is { } sent && sent != active.Hash)
            throw await RefuseAsync(context, request, SessionProblems.ConstitutionMismatch, "The hash you sent is not the active constitution's.", [], null, cancellationToken);
        timings.Mark("constitution");

        var persona = await personas.GetAsync(context, request.Persona, cancellationToken);
        var model = request.Model ?? persona.Model;
        var candidates = await answers.CandidatesAsync(context, model, Role, cancellationToken);
        var decision = await CheckGateAsync(context, request, persona.Id, candidates[0].Model, cancellationToken);
        timings.Mark("gate");

        var (recalled, degraded) = await RecallAsync(context, request, cancellationToken);
        var (evidence, memories) = await ModerateAsync(context, recalled, cancellationToken);
        timings.Mark("recall");

        var history = request.SessionId is null ? [] : await sessions.TurnsAsync(context, request.SessionId, HistoryTurns, cancellationToken);
        var messages = ComposePrompt.Compose(persona.Instructions, evidence, history, request.Prompt, candidates.Min(static one => one.ContextTokens));
        timings.Mark("compose");

        return new PreparedTurn(
            context, request.SessionId ?? Ids.For(context, "session"), request.SessionId is null, persona.Id, Ids.For(context, "turn"), request.Prompt, clock.GetUtcNow(), model, messages, evidence,
            new ConstitutionProof(active.Hash, active.Version), Proven(decision),
            memories, degraded, moderated.Reasons, timings);
    }

    private async Task<Decision> CheckGateAsync(RequestContext context, TurnRequest request, string persona, string model, CancellationToken cancellationToken)
    {
        var ratio = await billing.BudgetRatioAsync(context.Tenant, cancellationToken);
        var arguments = JsonSerializer.Serialize(new GateArguments(model, persona, Digest.Of(request.Prompt)), GateJson.Default.GateArguments);
        var speak = await gate.CheckAsync(context, new GatedAction(request.SessionId is null ? "session.start" : "session.message", persona, arguments, BudgetRatio: ratio), cancellationToken);
        var call = await gate.CheckAsync(context, new GatedAction("model.call", model, arguments, BudgetRatio: ratio), cancellationToken);
        foreach (var decision in (ReadOnlySpan<Decision>)[speak, call])
        {
            if (decision.Verdict == Verdict.Allow) continue;
            var (code, detail) = decision.Verdict == Verdict.NeedsApproval
                ? (SessionProblems.ApprovalsNotBuilt, "The policy wants a second person to approve this.")
                : (SessionProblems.PolicyDenied, $"The policy denies this with a score of {decision.Score} against {decision.Threshold}.");
            throw await RefuseAsync(context, request, code, detail, decision.Reasons, decision.Digest, cancellationToken);
        }
        return speak;
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
        var state = turn.IsNew ? SessionState.None : await SessionStore.StateAsync(work, context.Tenant, turn.SessionId);
        if (turn.IsNew)
        {
            var started = new SessionStarted(turn.Persona, context.Principal.Id, context.ClientType, turn.Constitution.Hash, turn.Constitution.Version);
            await sessions.InsertSessionAsync(work, context, turn.SessionId, Title(turn.Prompt), started);
            await sessions.ApplyAsync(work, context, turn.SessionId, state, new StartCommand(started));
            state = SessionDecider.Apply(state, started);
        }
        var wanted = new TurnOpened(
            turn.TurnId, 0, Digest.Of(turn.Prompt), turn.Prompt.Length, call.Provider, call.Model, call.CallId,
            turn.Policy.Digest, turn.Policy.Score, [.. turn.Evidence.Select(hit => hit.Id)]);
        var (happened, _) = await sessions.ApplyAsync(work, context, turn.SessionId, state, new OpenTurnCommand(wanted, turn.Constitution.Hash));
        var opened = (TurnOpened)happened;
        await sessions.InsertTurnAsync(work, context, turn.SessionId, opened, turn.Prompt, owner.Id, owner.LeaseUntil());
        var data = new TurnStartedData(turn.SessionId, turn.TurnId, opened.Number, call.Model, turn.Memories, turn.DegradedReasons);
        await SessionStore.AddEventsAsync(work, context.Tenant, turn.SessionId, turn.TurnId, [(StreamEvent.TurnStarted, JsonSerializer.Serialize(data, SessionsJson.Default.TurnStartedData))]);
        work.OnCommit(() =>
        {
            turn.Open(opened.Number);
            streams.Signal(context.Tenant, turn.SessionId);
        });
    }

    private async Task<Problem> RefuseAsync(
        RequestContext context, TurnRequest request, ProblemCode code, string detail, IReadOnlyList<Reason> reasons, string? digest, CancellationToken cancellationToken)
    {
        var refused = new Refused(request.SessionId, code.Code, [.. reasons.Select(reason => reason.Code)], digest, Digest.Of(request.Prompt));
        await db.WriteAsync(context.Tenant, work => journal.AppendAsync(work, context, RefusedEvent, refused, SessionsJson.Default.Refused), cancellationToken);
        SessionMetrics.Turns.Add(1, new TagList { { "outcome", "refused" } });
        return new Problem(code, detail) { Reasons = reasons };
    }

    private static PolicyProof Proven(Decision decision) => new(
        "allow", decision.Score, decision.Threshold, [.. decision.Terms.Select(term => new PolicyTerm(term.Name, term.Weight, term.Value, term.Contribution))],
        decision.Reasons, decision.PolicyVersion, decision.Digest);

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
