using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <summary>What rules found in one text.</summary>
/// <param name="Worst">Null when nothing matched.</param>
/// <param name="Strikes">The worst match that deserves a strike; null when none does.</param>
/// <param name="Redacted">The text with matches of redacting rules replaced; null when nothing was.</param>
/// <param name="Dropped">A rule wants the whole text to go nowhere; never in a principal's own text.</param>
internal sealed record Findings(IReadOnlyList<ModerationRule> Rules, Severity? Worst, ModerationRule? Strikes, string? Redacted, bool Dropped)
{
    public static readonly Findings None = new([], null, null, null, false);
}

/// <param name="Struck">A strike is to be written.</param>
/// <param name="Locked">The principal is locked from now on.</param>
internal sealed record ModerationVerdict(bool Blocked, bool Struck, bool Escalated, bool Locked, IReadOnlyList<Reason> Reasons);

/// <summary>The pure core of moderation: what matches, and what follows from it.</summary>
internal static class ModerationRules
{
    public const string Mark = "[redacted]";

    public static Findings Look(CompiledPolicy policy, ModerationStage stage, string text)
    {
        var document = policy.Document.Moderation;
        var readings = Readings.Of(text);
        var matches = Words(policy, stage, readings);
        matches.AddRange(Detector.Look(document.Detector ?? DetectorSettings.Default, stage, readings));
        return Of(matches, stage, text);
    }

    /// <summary>What would redact or stop an answer, and nothing that only labels it.</summary>
    public static Findings LookForActs(CompiledPolicy policy, string text)
    {
        const ModerationStage Stage = ModerationStage.Output;
        var readings = Readings.Of(text);
        var matches = policy.ActsOnOutput ? Words(policy, Stage, readings) : [];
        matches.AddRange(Detector.LookForSigns(policy.Document.Moderation.Detector ?? DetectorSettings.Default, Stage, readings));
        matches.RemoveAll(static match => match.Rule.EffectAt(Stage) == ModerationEffect.Label);
        return Of(matches, Stage, text);
    }

    private static Findings Of(List<(ModerationRule Rule, int Start, int End)> matches, ModerationStage stage, string text)
    {
        if (matches.Count == 0) return Findings.None;
        var found = matches.Select(static match => match.Rule).DistinctBy(static rule => rule.Id).ToList();
        var redacts = matches.Where(match => Has(match.Rule, stage, ModerationEffect.Redact)).Select(static match => (match.Start, match.End));
        return new Findings(found, found.Max(static rule => rule.Severity), Struck(found), Redact(text, redacts), found.Exists(rule => Has(rule, stage, ModerationEffect.Drop)));
    }

    /// <summary>What the policy's words match, in the order of its rules, in whichever reading.</summary>
    private static List<(ModerationRule Rule, int Start, int End)> Words(CompiledPolicy policy, ModerationStage stage, List<Reading> readings)
    {
        var rules = policy.Document.Moderation.Rules;
        var matches = new List<(int Rule, int Start, int End)>();
        foreach (var reading in readings)
            foreach (var match in policy.Moderation.Find(reading.Folded, rule => rules[rule].Applies(stage), rule => Has(rules[rule], stage, ModerationEffect.Redact), out _))
            {
                var (start, end) = reading.Place(match.Start, match.End);
                matches.Add((match.Rule, start, end));
            }
        return [.. matches.OrderBy(static match => match.Rule).Select(match => (rules[match.Rule], match.Start, match.End))];
    }

    private static bool Has(ModerationRule rule, ModerationStage stage, ModerationEffect effect) => stage != ModerationStage.Input && rule.EffectAt(stage) == effect;

    private static ModerationRule? Struck(IEnumerable<ModerationRule> found) => found.Where(static rule => rule.Strike && rule.Severity > Severity.Low).MaxBy(static rule => rule.Severity);

    /// <summary>What a further detector found counts as rules of high severity. Whoever speaks of hurting themselves is not punished.</summary>
    public static Findings With(Findings findings, IReadOnlyList<Reason> detected)
    {
        if (detected.Count == 0) return findings;
        List<ModerationRule> rules = [.. findings.Rules];
        foreach (var reason in detected)
        {
            var category = reason.Code.StartsWith("moderation_", StringComparison.Ordinal) ? reason.Code["moderation_".Length..] : reason.Code;
            rules.Add(new ModerationRule(
                reason.Rule ?? reason.Code, category, Severity.High, [], reason.Message, reason.Remedy ?? "Say it differently.",
                Strike: !category.StartsWith("self_harm", StringComparison.Ordinal), Effect: ModerationEffect.Drop));
        }
        return findings with { Rules = rules, Worst = Severity.High, Strikes = Struck(rules), Dropped = true };
    }

    /// <summary>Taints of the text: where it comes from, then the categories of what was found in it.</summary>
    public static IReadOnlyList<string> Labels(ModerationStage stage, Findings findings) =>
    [
        stage switch { ModerationStage.Input => "user", ModerationStage.ToolResult => "tool", ModerationStage.Memory => "memory", _ => "model" },
        .. findings.Rules.Select(static rule => rule.Category).Distinct(),
    ];

    /// <summary>
    /// The ladder for a principal's own text. <paramref name="before"/> counts strikes in the window without this one.
    /// High is always blocked; medium warns until <c>escalate_at</c>; <c>lock_at</c> locks until an operator resets it.
    /// </summary>
    public static ModerationVerdict Judge(Findings findings, StrikeLadder ladder, int before, bool locked, long policyVersion)
    {
        if (locked) return new ModerationVerdict(true, false, false, false, [LockedReason(policyVersion)]);
        if (findings.Worst is not { } worst) return new ModerationVerdict(false, false, false, false, []);
        var reasons = findings.Rules.Select(rule => Why(rule, policyVersion)).ToList();
        if (findings.Strikes is null) return new ModerationVerdict(worst == Severity.High, false, false, false, reasons);
        var count = before + 1;
        var locks = count >= ladder.LockAt;
        var escalates = !locks && count >= ladder.EscalateAt;
        var blocked = worst == Severity.High || locks || escalates;
        if (locks) reasons.Add(LockedReason(policyVersion));
        else if (!blocked) reasons.Add(new Reason("moderation_warning", $"This is strike {count}; from strike {ladder.EscalateAt} on such text is blocked.", null, policyVersion, "Say it without what the rule names."));
        return new ModerationVerdict(blocked, true, escalates, locks, reasons);
    }

    public static Reason Why(ModerationRule rule, long policyVersion) => new(rule.Code, rule.Message, rule.Id, policyVersion, rule.Remedy);

    private static Reason LockedReason(long policyVersion) =>
        new("moderation_locked", "This principal is locked after repeated strikes.", null, policyVersion, "Appeal with POST /v1/moderation/appeals, or ask an operator to review and reset the strikes.");

    internal static string? Redact(string text, IEnumerable<(int Start, int End)> matches)
    {
        var output = new System.Text.StringBuilder();
        var at = 0;
        foreach (var match in matches.OrderBy(static match => match.Start).ThenByDescending(static match => match.End))
        {
            if (match.End <= at) continue;
            // A match that begins inside the one before it lengthens it.
            if (match.Start >= at) output.Append(text, at, match.Start - at).Append(Mark);
            at = match.End;
        }
        return at == 0 ? null : output.Append(text, at, text.Length - at).ToString();
    }
}
