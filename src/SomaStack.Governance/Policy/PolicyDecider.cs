using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using SomaStack.Platform.Cel;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <summary>The policy in force; without a compiled form it is broken and denies everything.</summary>
/// <param name="Fault">Why there is no compiled form.</param>
internal sealed record PolicyInForce(string Tenant, long Version, string Hash, CompiledPolicy? Policy, string? Fault);

/// <summary>Facts about the caller that are not the action's own.</summary>
/// <param name="RequiresHuman">True when the caller says that a person must confirm; the policy may demand it anyway.</param>
internal sealed record DecisionSetting(string Tenant, DeploymentMode Mode, string ConstitutionHash, bool RequiresHuman = false)
{
    public string PrincipalId { get; init; } = "";

    public string PrincipalKind { get; init; } = "";

    public string ClientType { get; init; } = "";

    public string Region { get; init; } = "";

    /// <summary>What the constitution forbids whatever the policy says.</summary>
    public CompiledConstitution Constitution { get; init; } = CompiledConstitution.None;

    /// <summary>Since the caller proved a second factor; null when it did not.</summary>
    public long? MfaAgeSeconds { get; init; }

    /// <summary>What happened before in the session; null when it could not be read, which denies where a rule asks for it.</summary>
    public SessionTrail? Trail { get; init; } = SessionTrail.Empty;
}

/// <summary>
/// Score and rules into one verdict. Pure: the same policy, action and setting give the same decision, byte for byte.
/// Score (roadmap 3.2): .4·confidence + .4·(1−risk) + .2·budget − .15·human, rounded to four decimals, against .70, or .80 in
/// production. Deny outweighs needs_approval, and that outweighs allow.
/// </summary>
internal static class PolicyDecider
{
    /// <summary>Steps of all conditions of one decision together.</summary>
    private const int StepsPerDecision = 100_000;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? s_digestText;

    public static Decision Decide(PolicyInForce policy, GatedAction action, DecisionSetting setting)
    {
        using var arguments = Parse(action.Arguments);
        var digest = Digest(action, arguments.RootElement, setting, policy.Version);
        if (policy.Policy is null) return Refused(new Reason("policy_broken", $"The policy cannot be used: {policy.Fault}", null, policy.Version, "Restore the policy or write a new version."));
        var document = policy.Policy.Document;
        var threshold = setting.Mode.IsProduction() ? document.Thresholds.Production : document.Thresholds.Default;
        if (!document.Kinds.TryGetValue(action.Kind, out var defaults))
            return Refused(new Reason("action_unknown", $"The policy knows no action of kind '{action.Kind}'.", null, policy.Version, "Add the kind to the policy, or ask for one that it lists."), threshold);
        var risk = action.Risk ?? defaults.Risk;
        var confidence = action.Confidence ?? defaults.Confidence;
        var budget = action.BudgetRatio ?? 1;
        if (!IsRatio(risk) || !IsRatio(confidence) || !IsRatio(budget))
            return Refused(new Reason("action_invalid", "Risk, confidence and budget ratio must be between 0 and 1.", null, policy.Version, "Correct the figures of the action."), threshold);
        var human = defaults.RequiresHuman || setting.RequiresHuman;
        var terms = Terms(document.Weights, confidence, risk, budget, human);
        var score = Math.Round(terms[0].Contribution + terms[1].Contribution + terms[2].Contribution + terms[3].Contribution, 4);
        var reasons = new List<Reason>(2);
        var obligations = new List<Obligation>();
        var figures = new ActionFigures(risk, confidence, budget);
        var constitutional = setting.Constitution.Judge(action, risk, reasons, obligations);
        var verdict = Rules(policy, action, arguments.RootElement, figures, setting, reasons, obligations);
        if (constitutional < verdict) verdict = constitutional;
        if (score < threshold)
        {
            verdict = Verdict.Deny;
            reasons.Add(new Reason("score_below_threshold", $"The score {Text(score)} is below {Text(threshold)}.", null, policy.Version, "Lower the risk, raise the confidence or the budget, or ask a policy owner."));
        }
        else if (human)
        {
            if (verdict == Verdict.Allow) verdict = Verdict.NeedsApproval;
            reasons.Add(new Reason("human_required", "A person must confirm this action.", null, policy.Version, "Ask for an approval."));
        }
        if (verdict == Verdict.Allow) reasons.Add(new Reason("score_meets_threshold", $"The score {Text(score)} meets {Text(threshold)} and no rule objects.", null, policy.Version));
        return new Decision(verdict, score, threshold, terms, reasons, setting.ConstitutionHash, policy.Version, digest) { Obligations = obligations };

        Decision Refused(Reason reason, double needed = 1) => new(Verdict.Deny, 0, needed, [], [reason], setting.ConstitutionHash, policy.Version, digest);
    }

    /// <summary>Budget left over budget needed, at most 1; 1 when nothing is needed or no limit is known.</summary>
    public static double BudgetRatio(double required, double? remaining) => required == 0 || remaining is null ? 1 : Math.Min(1, remaining.Value / required);

    private static Term[] Terms(PolicyWeights weights, double confidence, double risk, double budget, bool human) =>
    [
        new("confidence", weights.Confidence, confidence, weights.Confidence * confidence),
        new("safety", weights.Risk, 1 - risk, weights.Risk * (1 - risk)),
        new("budget", weights.Budget, budget, weights.Budget * budget),
        new("human_required", -weights.HumanPenalty, human ? 1 : 0, human ? -weights.HumanPenalty : 0),
    ];

    private static Verdict Rules(
        PolicyInForce inForce, GatedAction action, JsonElement arguments, ActionFigures figures, DecisionSetting setting, List<Reason> reasons, List<Obligation> obligations)
    {
        var policy = inForce.Policy!;
        if (!policy.RulesByKind.TryGetValue(action.Kind, out var rules)) return Verdict.Allow;
        HashSet<int>? hits = null;
        Frame? frame = null;
        var left = StepsPerDecision;
        var verdict = Verdict.Allow;
        foreach (var rule in rules)
        {
            if (!rule.Names(action.Resource)) continue;
            if (rule.Rule.Terms is not null && !(hits ??= Hits(policy.Terms, arguments)).Contains(rule.Index)) continue;
            var effect = rule.Rule.Effect switch { RuleEffect.Deny => Verdict.Deny, RuleEffect.NeedsApproval => Verdict.NeedsApproval, _ => Verdict.Allow };
            if (rule.Condition is not null)
            {
                if (rule.AsksHistory && setting.Trail is null)
                {
                    reasons.Add(new Reason("trail_unavailable", "What happened before in the session cannot be read.", rule.Rule.Id, inForce.Version, "Try again later."));
                    verdict = Verdict.Deny;
                    continue;
                }
                frame ??= PolicyVariables.Fill(policy.Slots, action, arguments, figures, setting);
                var (truth, fault) = Test(rule.Condition, frame, ref left);
                if (truth == Truth.Error)
                {
                    reasons.Add(new Reason("rule_broken", $"The condition of the rule '{rule.Rule.Id}' cannot be evaluated: {fault}", rule.Rule.Id, inForce.Version, "Correct the condition, or send what it asks for."));
                    verdict = Verdict.Deny;
                    continue;
                }
                if (truth == Truth.False) continue;
            }
            reasons.Add(new Reason(rule.Rule.Code, rule.Rule.Message, rule.Rule.Id, inForce.Version, rule.Rule.Remedy));
            foreach (var obligation in rule.Obligations) Merge(obligations, obligation);
            if (effect < verdict) verdict = effect;
        }
        return verdict;
    }

    /// <summary>A condition has <see cref="CelLimits.Steps"/>, and all of a decision <see cref="StepsPerDecision"/>.</summary>
    private static (Truth Truth, string Fault) Test(CelProgram condition, Frame frame, ref int left)
    {
        var allowed = Math.Min(left, CelLimits.Steps);
        frame.Refill(allowed);
        try
        {
            var truth = condition.Test(frame);
            left -= allowed - frame.Left;
            return (truth, truth == Truth.Error ? frame.Fault.Message : "");
        }
        catch (CelCostException exception)
        {
            left -= allowed;
            return (Truth.Error, exception.Message);
        }
    }

    /// <summary>The same obligation of two rules is one, the first rule's; of two caps the smaller counts.</summary>
    internal static void Merge(List<Obligation> obligations, Obligation added)
    {
        var at = obligations.FindIndex(known => known.Kind == added.Kind && known.Target == added.Target);
        if (at < 0) obligations.Add(added);
        else if (added.Limit < obligations[at].Limit) obligations[at] = added;
    }

    /// <summary>Rules of which a term occurs in some text inside the arguments.</summary>
    private static HashSet<int> Hits(PhraseMatcher matcher, JsonElement arguments)
    {
        var hits = new HashSet<int>();
        Look(arguments);
        return hits;

        void Look(JsonElement value)
        {
            switch (value.ValueKind)
            {
                case JsonValueKind.String:
                    foreach (var match in matcher.Find(value.GetString()!, rule => !hits.Contains(rule), static _ => false)) hits.Add(match.Rule);
                    break;
                case JsonValueKind.Array:
                    foreach (var item in value.EnumerateArray()) Look(item);
                    break;
                case JsonValueKind.Object:
                    foreach (var member in value.EnumerateObject()) Look(member.Value);
                    break;
            }
        }
    }

    /// <summary>What an approval is bound to: SHA-256 over RFC 8785 of tenant, kind, resource, arguments, constitution and policy.</summary>
    private static string Digest(GatedAction action, JsonElement arguments, DecisionSetting setting, long policyVersion)
    {
        // One buffer for each thread, given back when an action was unusually large.
        var output = s_digestText is { Capacity: <= 65_536 } kept ? kept : s_digestText = new ArrayBufferWriter<byte>(1024);
        output.ResetWrittenCount();
        try
        {
            output.Write("{\"arguments\":"u8);
            CanonicalJson.Write(arguments, output);
            output.Write(",\"constitution_hash\":"u8);
            CanonicalJson.WriteString(setting.ConstitutionHash, output);
            output.Write(",\"kind\":"u8);
            CanonicalJson.WriteString(action.Kind, output);
            output.Write(",\"policy_version\":"u8);
            policyVersion.TryFormat(output.GetSpan(20), out var written, provider: CultureInfo.InvariantCulture);
            output.Advance(written);
            output.Write(",\"resource\":"u8);
            CanonicalJson.WriteString(action.Resource, output);
            output.Write(",\"tenant\":"u8);
            CanonicalJson.WriteString(setting.Tenant, output);
            output.Write("}"u8);
        }
        catch (FormatException exception)
        {
            throw Problem.Invalid("arguments", "have no canonical form: " + exception.Message);
        }
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(output.WrittenSpan, hash);
        return Convert.ToHexStringLower(hash);
    }

    private static JsonDocument Parse(string arguments)
    {
        try
        {
            return JsonDocument.Parse(arguments);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw Problem.Invalid("arguments", "must be JSON");
        }
    }

    private static bool IsRatio(double value) => value is >= 0 and <= 1;

    /// <summary>As canonical JSON writes it; between these two the runtime's shortest form is the same, and much cheaper.</summary>
    private static string Text(double value) => value is >= 0.0001 and <= 1 ? value.ToString(CultureInfo.InvariantCulture) : CanonicalJson.Number(value);
}
