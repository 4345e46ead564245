using System.Buffers;
using System.Text.Json;
using SomaStack.Platform.Cel;
using SomaStack.Governance.Policy.Contracts;

namespace SomaStack.Governance.Policy;

/// <summary>A policy that can be asked. Immutable; shared by all requests of its tenants.</summary>
internal sealed class CompiledPolicy
{
    private const int MaxRules = 500;
    private const int MaxPatterns = 2000;
    private static readonly SearchValues<char> NameLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_.-");

    private CompiledPolicy(PolicyDocument document)
    {
        Document = document;
        ActsOnOutput = document.Moderation.Rules.Any(static rule => rule.Applies(ModerationStage.Output) && rule.EffectAt(ModerationStage.Output) != ModerationEffect.Label);
    }

    public PolicyDocument Document { get; }

    /// <summary>Terms of the policy rules.</summary>
    public PhraseMatcher Terms { get; } = new();

    /// <summary>Patterns of the moderation rules.</summary>
    public PhraseMatcher Moderation { get; } = new();

    /// <summary>A moderation rule redacts or drops what a model says; else its words need not be read for it.</summary>
    public bool ActsOnOutput { get; }

    /// <summary>The rules that look at a kind of action, in the order of the document.</summary>
    public Dictionary<string, List<CompiledRule>> RulesByKind { get; } = new(StringComparer.Ordinal);

    /// <summary>Kinds of action of which a condition asks what happened before in the session.</summary>
    public HashSet<string> KindsWithHistory { get; } = new(StringComparer.Ordinal);

    /// <summary>Slots that a frame must have for any condition; 0 when there is none.</summary>
    public int Slots { get; private set; }

    /// <summary>Null with issues when the document must not govern.</summary>
    public static CompiledPolicy? From(PolicyDocument document, List<string> issues)
    {
        var policy = new CompiledPolicy(document);
        Figures(document, issues);
        policy.AddRules(issues);
        policy.AddModeration(issues);
        return issues.Count == 0 ? policy : null;
    }

    public static CompiledPolicy? Parse(string json, List<string> issues)
    {
        try
        {
            var document = JsonSerializer.Deserialize(json, PolicyDocumentJson.Default.PolicyDocument);
            if (document is not null) return From(document, issues);
            issues.Add("The policy must be an object.");
        }
        catch (JsonException exception)
        {
            issues.Add($"'{exception.Path}' is missing, unknown or of the wrong type.");
        }
        return null;
    }

    private static void Figures(PolicyDocument document, List<string> issues)
    {
        void Ratio(double value, string name)
        {
            if (!(value >= 0 && value <= 1)) issues.Add($"'{name}' must be between 0 and 1.");
        }

        Ratio(document.Weights.Confidence, "weights.confidence");
        Ratio(document.Weights.Risk, "weights.risk");
        Ratio(document.Weights.Budget, "weights.budget");
        Ratio(document.Weights.HumanPenalty, "weights.human_penalty");
        Ratio(document.Thresholds.Default, "thresholds.default");
        Ratio(document.Thresholds.Production, "thresholds.production");
        if (document.Thresholds.Production < document.Thresholds.Default) issues.Add("'thresholds.production' must not be below 'thresholds.default'.");
        if (document.Kinds.Count is 0 or > MaxRules) issues.Add($"'kinds' must hold 1 to {MaxRules} kinds of action.");
        foreach (var (kind, defaults) in document.Kinds)
        {
            if (!IsName(kind)) issues.Add("'kinds' has a name that is not made of a-z, 0-9, '_', '.' and '-'.");
            Ratio(defaults.Risk, $"kinds.{kind}.risk");
            Ratio(defaults.Confidence, $"kinds.{kind}.confidence");
        }
        var ladder = document.Moderation.Ladder;
        if (ladder.WindowHours is < 1 or > 24 * 31) issues.Add("'moderation.ladder.window_hours' must be between 1 and 744.");
        if (ladder.EscalateAt < 1 || ladder.LockAt < ladder.EscalateAt || ladder.LockAt > 1000) issues.Add("'moderation.ladder' must rise: 1 <= escalate_at <= lock_at <= 1000.");
    }

    private void AddRules(List<string> issues)
    {
        var rules = Document.Rules;
        if (rules.Count > MaxRules || rules.Sum(static rule => rule.Terms?.Count ?? 0) > MaxPatterns)
        {
            issues.Add($"'rules' holds more than {MaxRules} rules or {MaxPatterns} terms.");
            return;
        }
        var ids = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < rules.Count; i++)
        {
            var rule = rules[i];
            if (!IsName(rule.Id) || !ids.Add(rule.Id)) issues.Add($"'rules[{i}].id' must be a name that no other rule has.");
            if (!IsName(rule.Code)) issues.Add($"'rules[{i}].code' must be made of a-z, 0-9, '_', '.' and '-'.");
            if (!IsSentence(rule.Message) || !IsSentence(rule.Remedy)) issues.Add($"'rules[{i}]' needs 'message' and 'remedy' of 1 to 500 characters.");
            if (rule.Kinds.Count == 0 || rule.Kinds.Any(kind => !Document.Kinds.ContainsKey(kind))) issues.Add($"'rules[{i}].kinds' must name kinds of this policy.");
            if (rule.Resources?.Any(static resource => resource.Length is 0 or > 200) == true) issues.Add($"'rules[{i}].resources' must be names of 1 to 200 characters.");
            if (rule.Terms?.Count == 0) issues.Add($"'rules[{i}].terms' must not be empty; leave it out to match always.");
            foreach (var term in rule.Terms ?? [])
                if (Terms.Add(i, term) is { } wrong) issues.Add($"'rules[{i}].terms': {wrong}.");
            AddRule(i, rule, issues);
        }
    }

    private void AddRule(int index, PolicyRule rule, List<string> issues)
    {
        var condition = rule.Condition is null ? null : PolicyVariables.Compile(rule, index, issues);
        foreach (var obligation in rule.Obligations ?? [])
            if (Fault(obligation) is { } wrong) issues.Add($"'rules[{index}].obligations' {wrong}.");
        if (rule.Effect == RuleEffect.Allow && rule.Obligations is null or []) issues.Add($"'rules[{index}]' has the effect 'allow' and no obligation, so it would do nothing.");
        var history = condition is not null && PolicyVariables.AsksHistory(condition);
        var compiled = new CompiledRule(index, rule, condition, history, [.. (rule.Obligations ?? []).Select(one => new Obligation(one.Kind, rule.Id, one.Target, one.Limit))]);
        Slots = Math.Max(Slots, condition?.Slots ?? 0);
        foreach (var kind in rule.Kinds.Distinct())
        {
            if (!RulesByKind.TryGetValue(kind, out var list)) RulesByKind.Add(kind, list = []);
            list.Add(compiled);
            if (history) KindsWithHistory.Add(kind);
        }
    }

    private static string? Fault(RuleObligation obligation) => obligation.Kind switch
    {
        "redact" or "notify" => obligation is { Target.Length: > 0 and <= 200, Limit: null } ? null : $"of the kind '{obligation.Kind}' need a 'target' of 1 to 200 characters, and no 'limit'",
        "cap_tokens" => obligation is { Limit: >= 1 and <= 10_000_000, Target: null } ? null : "of the kind 'cap_tokens' need a 'limit' of 1 to 10,000,000, and no 'target'",
        "require_mfa" => obligation is { Target: null, Limit: null } ? null : "of the kind 'require_mfa' take neither 'target' nor 'limit'",
        _ => "must be of the kind redact, notify, require_mfa or cap_tokens",
    };

    private void AddModeration(List<string> issues)
    {
        var rules = Document.Moderation.Rules;
        if (rules.Count > MaxRules || rules.Sum(static rule => rule.Patterns.Count) > MaxPatterns)
        {
            issues.Add($"'moderation.rules' holds more than {MaxRules} rules or {MaxPatterns} patterns.");
            return;
        }
        if (Document.Moderation.Detector is { } detector)
        {
            if (detector.Off?.Any(static id => !Detector.Ids.Contains(id)) == true) issues.Add($"'moderation.detector.off' knows {string.Join(", ", Detector.Ids)}.");
            if (detector.ModelThreshold is { } threshold && !double.IsFinite(threshold)) issues.Add("'moderation.detector.model_threshold' must be a number.");
        }
        var ids = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < rules.Count; i++)
        {
            var rule = rules[i];
            if (!IsName(rule.Id) || !ids.Add(rule.Id)) issues.Add($"'moderation.rules[{i}].id' must be a name that no other rule has.");
            if (!IsName(rule.Category)) issues.Add($"'moderation.rules[{i}].category' must be made of a-z, 0-9, '_', '.' and '-'.");
            if (!IsSentence(rule.Message) || !IsSentence(rule.Remedy)) issues.Add($"'moderation.rules[{i}]' needs 'message' and 'remedy' of 1 to 500 characters.");
            if (rule.Patterns.Count == 0) issues.Add($"'moderation.rules[{i}].patterns' must not be empty.");
            if (Detector.Ids.Contains(rule.Id)) issues.Add($"'moderation.rules[{i}].id' is that of a built-in rule.");
            foreach (var pattern in rule.Patterns)
                if (Moderation.Add(i, pattern) is { } wrong) issues.Add($"'moderation.rules[{i}].patterns': {wrong}.");
        }
    }

    private static bool IsName(string name) => name.Length is > 0 and <= 100 && !name.AsSpan().ContainsAnyExcept(NameLetters);

    private static bool IsSentence(string text) => text.Length is > 0 and <= 500;
}

/// <param name="Condition">Null when the rule has none.</param>
/// <param name="AsksHistory">True when the condition looks at what happened before in the session.</param>
internal sealed record CompiledRule(int Index, PolicyRule Rule, CelProgram? Condition, bool AsksHistory, IReadOnlyList<Obligation> Obligations)
{
    public bool Names(string resource)
    {
        if (Rule.Resources is not { } resources) return true;
        for (var i = 0; i < resources.Count; i++)
        {
            var name = resources[i];
            if (name.EndsWith('*') ? resource.AsSpan().StartsWith(name.AsSpan(0, name.Length - 1), StringComparison.Ordinal) : name == resource) return true;
        }
        return false;
    }
}
