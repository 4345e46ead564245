using SomaStack.Governance.Policy.Contracts;

namespace SomaStack.Governance.Policy;

/// <summary>Redacts what a moderation rule finds, wherever an obligation names that rule or its category, whatever the rule itself would do with it.</summary>
internal sealed class Redaction(PoliciesInForce policies) : IRedaction
{
    public async ValueTask<Func<string, string?>?> OfAsync(string tenant, Decision decision, CancellationToken cancellationToken)
    {
        var targets = Obligation.RedactedBy(decision.Obligations);
        if (targets.Count == 0) return null;
        var inForce = await policies.OfAsync(tenant, cancellationToken);
        if (inForce.Policy is not { } policy) throw PolicyProblems.ModerationUnavailable.Because("The policy with the moderation rules is broken.");
        foreach (var target in targets)
            if (!Knows(policy, target)) throw PolicyProblems.ModerationUnavailable.Because($"No moderation rule has the id or category '{target}' any more, so it cannot be redacted.");
        return text => Redact(policy, targets, text);
    }

    /// <summary>Whether a rule of this name points at places. What only labels a whole text redacts nothing.</summary>
    public static bool Knows(CompiledPolicy policy, string target) =>
        policy.Document.Moderation.Rules.Any(rule => rule.Id == target || rule.Category == target) || target == Detector.Injection || Detector.Ids.Contains(target);

    /// <returns>Null when nothing was found.</returns>
    public static string? Redact(CompiledPolicy policy, IReadOnlyList<string> targets, string text)
    {
        bool Meant(ModerationRule rule) => targets.Contains(rule.Id) || targets.Contains(rule.Category);
        var rules = policy.Document.Moderation.Rules;
        var readings = Readings.Of(text);
        var places = new List<(int Start, int End)>();
        foreach (var reading in readings)
            foreach (var match in policy.Moderation.Find(reading.Folded, rule => Meant(rules[rule]), static _ => true, out _)) places.Add(reading.Place(match.Start, match.End));
        // A sign that the tenant turned off for moderation is still found where a rule names it. What speaks of the whole text redacts the whole.
        foreach (var (rule, start, end) in Detector.Look(DetectorSettings.Default, ModerationStage.ToolResult, readings))
            if (Meant(rule)) places.Add(end > start ? (start, end) : (0, text.Length));
        return places.Count == 0 ? null : ModerationRules.Redact(text, places);
    }
}
