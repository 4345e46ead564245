using System.Text.Json.Serialization;

namespace SomaStack.Governance.Policy;

/// <summary>A tenant's policy as it is written and stored.</summary>
/// <param name="Kinds">Every kind of action that may happen; one that is not listed is denied.</param>
internal sealed record PolicyDocument(
    PolicyWeights Weights, PolicyThresholds Thresholds, IReadOnlyDictionary<string, KindDefaults> Kinds, IReadOnlyList<PolicyRule> Rules,
    ModerationDocument Moderation);

/// <summary>The addends of the score; the roadmap's are .4, .4, .2 and .15.</summary>
internal sealed record PolicyWeights(double Confidence, double Risk, double Budget, double HumanPenalty);

/// <summary>The score that is needed; the roadmap's are .70, and .80 in production modes.</summary>
internal sealed record PolicyThresholds(double Default, double Production);

/// <summary>What is assumed of an action that states no figures itself.</summary>
internal sealed record KindDefaults(double Risk, double Confidence, bool RequiresHuman = false);

/// <summary>Allow says nothing about the verdict: such a rule is there for its obligations.</summary>
internal enum RuleEffect
{
    Deny,
    NeedsApproval,
    Allow,
}

/// <param name="Kinds">Kinds of action that the rule looks at.</param>
/// <param name="Resources">Exact names, or prefixes that end with <c>*</c>; absent means any.</param>
/// <param name="Terms">Phrases (see <see cref="PhraseMatcher"/>) of which one must occur in a text of the arguments; absent means always.</param>
/// <param name="Condition">CEL over <see cref="PolicyVariables"/>, of the type bool; absent means always.</param>
/// <param name="Obligations">What must be done when the rule matches.</param>
internal sealed record PolicyRule(
    string Id, IReadOnlyList<string> Kinds, RuleEffect Effect, string Code, string Message, string Remedy,
    IReadOnlyList<string>? Resources = null, IReadOnlyList<string>? Terms = null, string? Condition = null, IReadOnlyList<RuleObligation>? Obligations = null);

/// <param name="Kind"><c>redact</c>, <c>notify</c>, <c>require_mfa</c> or <c>cap_tokens</c>.</param>
/// <param name="Target">What is redacted or who is notified, for those two alone.</param>
/// <param name="Limit">Tokens, for <c>cap_tokens</c> alone.</param>
internal sealed record RuleObligation(string Kind, string? Target = null, long? Limit = null);

internal sealed record ModerationDocument(StrikeLadder Ladder, IReadOnlyList<ModerationRule> Rules, DetectorSettings? Detector = null);

/// <summary>The built-in detector as a tenant wants it; on and labelling when nothing is said.</summary>
/// <param name="Off">Ids of built-in rules that do not look.</param>
/// <param name="ModelThreshold">Log-odds from which the model speaks; the model's own when absent.</param>
/// <param name="ModelSeverity">What a finding of the model weighs in a principal's own text; low when absent.</param>
internal sealed record DetectorSettings(IReadOnlyList<string>? Off = null, double? ModelThreshold = null, Severity? ModelSeverity = null)
{
    public static readonly DetectorSettings Default = new();

    public bool IsOff(string rule) => Off?.Contains(rule) == true;
}

/// <param name="WindowHours">Strikes older than this do not count.</param>
/// <param name="EscalateAt">From this strike on even a medium match is blocked and operators hear of it.</param>
/// <param name="LockAt">From this strike on the principal is locked until an operator resets it.</param>
internal sealed record StrikeLadder(int WindowHours, int EscalateAt, int LockAt);

/// <summary>Low is only labelled, medium warns first, high is always blocked.</summary>
internal enum Severity
{
    Low,
    Medium,
    High,
}

internal enum ModerationEffect
{
    Label,
    Redact,
    /// <summary>The whole text goes nowhere: a memory is not recalled, a tool's result is withheld, an answer stops.</summary>
    Drop,
}

/// <param name="Strike">False where a strike would punish somebody who needs help.</param>
/// <param name="Stages">input, tool_result, memory, output; input alone when absent.</param>
/// <param name="Effect">What happens to a match in a tool's result, memory and output; input goes by severity.</param>
/// <param name="OutputEffect">What happens to a match in output when that is something else: an answer may speak of what a memory must not say.</param>
internal sealed record ModerationRule(
    string Id, string Category, Severity Severity, IReadOnlyList<string> Patterns, string Message, string Remedy,
    bool Strike = true, IReadOnlyList<Contracts.ModerationStage>? Stages = null, ModerationEffect Effect = ModerationEffect.Label, ModerationEffect? OutputEffect = null)
{
    [JsonIgnore]
    public string Code => "moderation_" + Category;

    public ModerationEffect EffectAt(Contracts.ModerationStage stage) => stage == Contracts.ModerationStage.Output ? OutputEffect ?? Effect : Effect;

    public bool Applies(Contracts.ModerationStage stage) => Stages is null ? stage == Contracts.ModerationStage.Input : Stages.Contains(stage);
}
