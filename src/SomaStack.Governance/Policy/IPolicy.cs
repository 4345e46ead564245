using SomaStack.Platform;

namespace SomaStack.Governance.Policy.Contracts;

/// <summary>Allow, deny or ask a second person. What is not answered is denied.</summary>
public interface IGate
{
    /// <summary>Evaluates one action in process, against the verified constitution and the active policy. No I/O when warm.</summary>
    /// <exception cref="Problem">503 when no constitution verifies: the gate never invents one.</exception>
    ValueTask<Decision> CheckAsync(RequestContext context, GatedAction action, CancellationToken cancellationToken);
}

/// <summary>What is about to happen.</summary>
/// <param name="Kind">e.g. <c>session.start</c>, <c>session.message</c>, <c>model.call</c>, <c>memory.write</c>, <c>tool.call</c>.</param>
/// <param name="Resource">What it happens to: persona, model, tool.</param>
/// <param name="Arguments">Canonical JSON of the exact arguments; the digest binds an approval to them.</param>
/// <param name="Risk">0 to 1; null takes the policy's figure for the kind.</param>
/// <param name="Confidence">0 to 1; null takes the policy's figure for the kind.</param>
/// <param name="BudgetRatio">Budget left over budget needed, 0 to 1; null counts as 1.</param>
public sealed record GatedAction(string Kind, string Resource, string Arguments, double? Risk = null, double? Confidence = null, double? BudgetRatio = null)
{
    /// <summary>The session in whose course it happens; rules over sequences look at what was recorded of it.</summary>
    public string? Session { get; init; }

    public string? Persona { get; init; }

    public string? Capsule { get; init; }

    /// <summary>Kinds of obligations that the caller carries out when the answer is allow; <c>require_mfa</c> is checked by the gate itself.</summary>
    public IReadOnlyList<string> Meets { get; init; } = [];

    /// <summary>The most that it may take of what a constitution puts ceilings on; null for kinds of action that take none of it.</summary>
    public ActionQuantities? Quantities { get; init; }

    /// <summary>Labels of the untrusted content that the arguments may derive from, e.g. <c>memory</c>, <c>tool</c>, <c>web</c>, <c>user</c>.</summary>
    public IReadOnlyList<string> Taints { get; init; } = [];
}

public enum Verdict
{
    Deny,
    NeedsApproval,
    Allow,
}

/// <summary>One addend of the score, so that every decision can be recomputed by hand.</summary>
public sealed record Term(string Name, double Weight, double Value, double Contribution);

/// <param name="Score">Rounded to 4 decimals, as the roadmap's vectors are.</param>
/// <param name="Digest">Lower-hex SHA-256 of the canonical action, tenant, constitution hash and policy version.</param>
public sealed record Decision(
    Verdict Verdict, double Score, double Threshold, IReadOnlyList<Term> Terms, IReadOnlyList<Reason> Reasons,
    string ConstitutionHash, long PolicyVersion, string Digest)
{
    /// <summary>What the caller must do when it goes on; an obligation that it cannot meet is a denial.</summary>
    public IReadOnlyList<Obligation> Obligations { get; init; } = [];
}

/// <param name="Kind"><c>redact</c>, <c>notify</c>, <c>require_mfa</c> or <c>cap_tokens</c>.</param>
/// <param name="Rule">The rule that demands it.</param>
/// <param name="Target">What is redacted or who is notified; null elsewhere.</param>
/// <param name="Limit">Tokens for <c>cap_tokens</c>; null elsewhere.</param>
public sealed record Obligation(string Kind, string Rule, string? Target = null, long? Limit = null)
{
    public const string Redact = "redact";
    public const string Notify = "notify";
    public const string RequireMfa = "require_mfa";
    public const string CapTokens = "cap_tokens";

    /// <summary>The smallest cap among them; null when there is none.</summary>
    public static long? CapOf(IReadOnlyList<Obligation> obligations)
    {
        long? cap = null;
        foreach (var obligation in obligations)
            if (obligation is { Kind: CapTokens, Limit: { } limit } && !(limit >= cap)) cap = limit;
        return cap;
    }

    /// <summary>What must not leave; empty when nothing is to be redacted.</summary>
    public static IReadOnlyList<string> RedactedBy(IReadOnlyList<Obligation> obligations) =>
        obligations.Count == 0 ? [] : [.. obligations.Where(static one => one is { Kind: Redact, Target: not null }).Select(static one => one.Target!)];
}

/// <summary>Carries out <c>redact</c>.</summary>
public interface IRedaction
{
    /// <summary>A function that gives a text without what the decision's targets name, or null when it holds nothing of it. Safe to call from several threads.</summary>
    /// <returns>Null when the decision obliges to redact nothing.</returns>
    /// <exception cref="Problem">503 when the policy cannot be read, or no rule of it has such a name any more.</exception>
    ValueTask<Func<string, string?>?> OfAsync(string tenant, Decision decision, CancellationToken cancellationToken);
}

/// <summary>
/// What happened before in a session, for rules over sequences. A port: the room that keeps sessions implements it. It is asked only when
/// the policy has a condition on <c>session.events</c> or <c>session.taints</c> for the kind of action; when it fails, the action is denied.
/// </summary>
public interface ISessionTrail
{
    /// <summary>The newest events, oldest first; empty for a session that is not known.</summary>
    ValueTask<SessionTrail> OfAsync(RequestContext context, string session, CancellationToken cancellationToken);
}

/// <param name="Taints">Labels of all untrusted content that came into the session, without repetition.</param>
public sealed record SessionTrail(IReadOnlyList<TrailEvent> Events, IReadOnlyList<string> Taints)
{
    public static readonly SessionTrail Empty = new([], []);
}

/// <param name="Kind">As an action's, e.g. <c>session.message</c>, <c>model.call</c>, <c>memory.read</c>, <c>tool.call</c>.</param>
public sealed record TrailEvent(string Kind, string Resource, IReadOnlyList<string> Taints);

/// <summary>Runtime stop, consulted first on every request that acts.</summary>
public interface IKillSwitch
{
    /// <exception cref="Problem">503 <c>kill_switch_engaged</c> naming scope and reason.</exception>
    void ThrowIfEngaged(string tenant);

    /// <summary>Also when only this part of the tenant is stopped.</summary>
    /// <exception cref="Problem">503 <c>kill_switch_engaged</c>.</exception>
    void ThrowIfEngaged(string tenant, KillTarget target);

    /// <summary>With the persona, capsule or tool that the action names.</summary>
    /// <exception cref="Problem">503 <c>kill_switch_engaged</c>.</exception>
    void ThrowIfEngaged(string tenant, GatedAction action);

    /// <summary>What <see cref="ThrowIfEngaged(string)"/> would throw; null while it may act.</summary>
    Problem? Stopped(string tenant, KillTarget? target = null);

    /// <summary>
    /// Something was engaged, here or on another replica: whoever runs something asks <see cref="Stopped"/> about it and ends it. Raised on
    /// the thread of the watcher, after the state counts: what begins later asks for itself.
    /// </summary>
    event Action? Engaged;
}

public static class KillSwitchProblems
{
    public const string EngagedCode = "kill_switch_engaged";

    /// <summary>What is only away comes back; a stop is a stop.</summary>
    public static bool IsAway(this Problem problem) => problem.Code.Kind >= ProblemKind.Internal && problem.Code.Code != EngagedCode;
}

public enum ModerationStage
{
    /// <summary>A principal's own words; the only ones that may cost a strike.</summary>
    Input,
    Memory,
    Output,
    /// <summary>What a tool answered, before a model reads it.</summary>
    ToolResult,
}

/// <summary>Looks at text before it acts; keeps strikes per tenant and principal in a sliding window.</summary>
public interface IModeration
{
    /// <summary>Fails closed: when the strike store cannot be reached the answer is a 503, never an allow.</summary>
    Task<ModerationResult> CheckAsync(RequestContext context, ModerationStage stage, string text, CancellationToken cancellationToken);

    /// <summary>
    /// The texts of one request, in order; without a text it asks for the principal's lock alone. The lock is read each time; a text that
    /// passed unchanged before, in this tenant, at this stage and under this policy, is not read again.
    /// </summary>
    /// <exception cref="Problem">503 as for <see cref="CheckAsync"/>.</exception>
    Task<ScreenResult> ScreenAsync(RequestContext context, IReadOnlyList<ScreenText> texts, CancellationToken cancellationToken);

    /// <summary>A piece of an answer that is passed on as it comes: only what would redact or stop it is looked for, so nothing is labelled.</summary>
    /// <exception cref="Problem">503 as for <see cref="CheckAsync"/>.</exception>
    ValueTask<ModerationResult> GuardAsync(RequestContext context, string text, CancellationToken cancellationToken);

    /// <summary>Whether a further detector looks at output, so that <see cref="DetectOutputAsync"/> is worth a wait.</summary>
    bool DetectsOutput { get; }

    /// <summary>What further detectors say of a piece of an answer; they stop it or let it pass.</summary>
    /// <exception cref="Problem">503 as for <see cref="CheckAsync"/>.</exception>
    Task<ModerationResult> DetectOutputAsync(RequestContext context, string text, CancellationToken cancellationToken);
}

/// <param name="IsNew">The principal says it now, so it may cost a strike; earlier turns and standing instructions cost none.</param>
public sealed record ScreenText(ModerationStage Stage, string Text, bool IsNew = false);

/// <param name="Refusal">Why nothing of the request goes on; null when it does. Texts after the one that stopped it were not read.</param>
/// <param name="Texts">One for each text, in their order, while nothing stops it. What is dropped is for the caller to leave out.</param>
public sealed record ScreenResult(ModerationResult? Refusal, IReadOnlyList<ModerationResult> Texts)
{
    /// <summary>Taints of all texts, without repetition.</summary>
    public IReadOnlyList<string> Labels => [.. Texts.SelectMany(static text => text.Labels).Distinct()];
}

public static class ModerationProblems
{
    public static readonly ProblemCode Blocked = new("moderation_blocked", ProblemKind.Forbidden, "The text was blocked", "See the reasons; an operator can reset strikes.");

    /// <summary>Nothing could be checked, so nothing goes on.</summary>
    public const string UnavailableCode = "moderation_unavailable";

    /// <summary>The problem of a request that moderation stops.</summary>
    public static Problem Because(ModerationResult refusal, string detail) => new(Blocked, detail) { Reasons = refusal.Reasons };
}

/// <param name="Blocked">True when the text must not go on (a rule drops it or blocks it), or the principal is locked.</param>
/// <param name="Strikes">In the window, this one included.</param>
/// <param name="Redacted">The text with what a rule redacts replaced, at every stage but input; null when nothing was.</param>
public sealed record ModerationResult(bool Blocked, bool Bypassed, int Strikes, IReadOnlyList<Reason> Reasons, string? Redacted = null)
{
    /// <summary>Nothing was found.</summary>
    public static readonly ModerationResult Clean = new(false, false, 0, []);

    /// <summary>Taints for <see cref="GatedAction.Taints"/>: user, tool, memory or model, then the categories of what was found.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];
}

/// <summary>A further detector that an upper room may add, e.g. a provider's moderation endpoint. Whatever it throws holds the text back.</summary>
public interface IModerator
{
    bool Looks(ModerationStage stage) => stage == ModerationStage.Input;

    Task<IReadOnlyList<Reason>> DetectAsync(RequestContext context, string text, CancellationToken cancellationToken);
}

/// <summary>Event types that the room writes to the journal. Tenant <c>*</c> is the installation.</summary>
public static class PolicyEvents
{
    public const string PolicyUpdated = "somastack.policy.updated.v1";
    public const string KillSwitchChanged = "somastack.policy.killswitch_changed.v1";
    public const string Notify = "somastack.policy.notify.v1";
    public const string ModerationStrike = "somastack.moderation.strike.v1";
    public const string ModerationReset = "somastack.moderation.reset.v1";
    public const string ModerationBypassed = "somastack.moderation.bypassed.v1";
    public const string ModerationAppealed = "somastack.moderation.appealed.v1";
    public const string ModerationAppealDecided = "somastack.moderation.appeal_decided.v1";
}

public sealed record PolicyUpdated(long Version, string Hash);

/// <param name="Scope">platform, tenant, persona, capsule or tool.</param>
/// <param name="Target">Which persona, capsule or tool.</param>
public sealed record KillSwitchChanged(bool Engaged, string Scope, string Reason, string? Target = null);

/// <param name="Strikes">In the window, this one included.</param>
/// <param name="Escalated">Operators should look now, before the next strike locks.</param>
public sealed record ModerationStrike(
    string Principal, string Rule, string Severity, int Strikes, bool Blocked, bool Escalated, bool Locked, long PolicyVersion);

public sealed record ModerationReset(string Principal, string Reason);

/// <param name="Rules">Rules that would have spoken.</param>
/// <param name="Locked">True when the principal is locked and went on by its bypass alone.</param>
public sealed record ModerationBypassed(string Principal, IReadOnlyList<string> Rules, bool Locked);

/// <param name="TextSha256">The words stay in their table; the journal proves which they were.</param>
public sealed record ModerationAppealed(string Principal, string AppealId, string TextSha256);

/// <param name="Decision">uphold or reset.</param>
public sealed record ModerationAppealDecided(string Principal, string AppealId, string Decision, string Reason);
