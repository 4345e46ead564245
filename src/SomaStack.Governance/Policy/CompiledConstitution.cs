using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Globalization;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <summary>What a ceiling may be put on.</summary>
internal enum Quantity
{
    Risk,
    InputTokens,
    OutputTokens,
    Cost,
}

/// <param name="Quantity">Null when the gate does not know the name; then nothing is below the ceiling.</param>
internal readonly record struct Ceiling(string Name, Quantity? Quantity, double Most);

/// <summary>The machine's part of one constitution with its overlay, ready for decisions. Immutable and pure.</summary>
internal sealed class CompiledConstitution
{
    public static readonly CompiledConstitution None = new(0, 0, ConstitutionRules.None);

    /// <summary>Kinds of action that neither read nor write tokens of a model themselves: the model call in them is asked for by itself.</summary>
    private static readonly FrozenSet<string> Wordless =
        FrozenSet.ToFrozenSet(["session.start", "session.message", "memory.read", "memory.write", "settings.change", "tool.call", "capsule.install"], StringComparer.Ordinal);

    private static readonly FrozenSet<string> Free = FrozenSet.ToFrozenSet(["session.start", "session.message", "memory.read", "memory.write", "settings.change"], StringComparer.Ordinal);

    private readonly long _version;
    private readonly long _overlay;
    private readonly IReadOnlyList<string> _faults;
    private readonly FrozenSet<string> _prohibitions;
    private readonly Ceiling[] _ceilings;
    private readonly FrozenDictionary<string, int> _approvals;

    public CompiledConstitution(long version, long overlay, ConstitutionRules rules)
    {
        (_version, _overlay, _faults) = (version, overlay, rules.Faults);
        _prohibitions = rules.Prohibitions.ToFrozenSet(StringComparer.Ordinal);
        _ceilings = [.. rules.Ceilings.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => new Ceiling(pair.Key, QuantityOf(pair.Key), pair.Value))];
        _approvals = rules.RequiredApprovals.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>The strictest of what its rules say; each that speaks adds a reason, a cap an obligation.</summary>
    /// <param name="risk">Of the action, or of its kind by the policy.</param>
    public Verdict Judge(GatedAction action, double risk, List<Reason> reasons, List<Obligation> obligations)
    {
        var verdict = Verdict.Allow;
        if (_faults.Count > 0)
        {
            foreach (var fault in _faults) reasons.Add(Why("constitution_rule_broken", $"A rule of the constitution cannot be understood: {fault}", "constitution", "Load a version, or write an overlay, in which it is put right."));
            verdict = Verdict.Deny;
        }
        if (_prohibitions.Contains(action.Kind))
        {
            reasons.Add(Why("constitution_prohibits", $"The constitution prohibits every '{action.Kind}'.", "constitution/prohibitions/" + action.Kind, "Do without it, or ask the signers of the constitution."));
            verdict = Verdict.Deny;
        }
        foreach (var ceiling in _ceilings)
            if (Exceeds(ceiling, action, risk, obligations) is { } reason)
            {
                reasons.Add(reason);
                verdict = Verdict.Deny;
            }
        if (_approvals.TryGetValue(action.Kind, out var needed) && needed > 0)
        {
            var place = "constitution/required_approvals/" + action.Kind;
            if (needed == 1)
            {
                reasons.Add(Why("constitution_approval_required", $"The constitution wants another person to agree to every '{action.Kind}'.", place, "Ask for an approval."));
                if (verdict == Verdict.Allow) verdict = Verdict.NeedsApproval;
            }
            else
            {
                reasons.Add(Why("constitution_approvals_out_of_reach", $"The constitution wants {needed} other people to agree to every '{action.Kind}', and an approval is the yes of one.", place, "Ask the signers of the constitution for a rule of one approval."));
                verdict = Verdict.Deny;
            }
        }
        return verdict;
    }

    private Reason? Exceeds(Ceiling ceiling, GatedAction action, double risk, List<Obligation> obligations)
    {
        var place = "constitution/ceilings/" + ceiling.Name;
        if (ceiling.Quantity is not { } quantity)
            return Why("constitution_rule_unknown", $"The constitution limits '{ceiling.Name}', and nobody here measures that.", place, "Limit risk, input_tokens, output_tokens or cost.");
        var taken = Taken(quantity, action, risk);
        if (taken <= ceiling.Most) return null;
        if (taken is null && quantity == Quantity.OutputTokens && ceiling.Most >= 1)
        {
            PolicyDecider.Merge(obligations, new Obligation(Obligation.CapTokens, place, Limit: (long)Math.Min(ceiling.Most, long.MaxValue / 2)));
            return null;
        }
        var wanted = taken is { } known ? "takes up to " + Text(known) : "does not say how much it takes";
        return Why("constitution_ceiling", $"The constitution allows at most {Text(ceiling.Most)} of '{ceiling.Name}' for one action, and this one {wanted}.", place, taken is null ? "Use what has a known figure, or set a limit." : "Ask for less.");
    }

    /// <summary>Null is unknown and unlimited.</summary>
    private static double? Taken(Quantity quantity, GatedAction action, double risk) => quantity switch
    {
        Quantity.Risk => risk,
        Quantity.InputTokens => action.Quantities is { } given ? given.InputTokens : Wordless.Contains(action.Kind) ? 0 : null,
        Quantity.OutputTokens => action.Quantities is { } given ? given.OutputTokens : Wordless.Contains(action.Kind) ? 0 : null,
        _ => action.Quantities is { } given ? given.Cost : Free.Contains(action.Kind) ? 0 : null,
    };

    private static Quantity? QuantityOf(string name) => name switch
    {
        "risk" => Quantity.Risk,
        "input_tokens" => Quantity.InputTokens,
        "output_tokens" => Quantity.OutputTokens,
        "cost" => Quantity.Cost,
        _ => null,
    };

    /// <summary>Its version is the constitution's.</summary>
    private Reason Why(string code, string message, string rule, string remedy) =>
        new(code, _overlay == 0 ? message : string.Create(CultureInfo.InvariantCulture, $"{message} The tenant's overlay {_overlay} is part of it."), rule, _version, remedy);

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Compiled once for each constitution, version and overlay, whoever asks.</summary>
internal sealed class CompiledConstitutions
{
    /// <summary>Beyond it all are forgotten and compiled again on demand.</summary>
    private const int Limit = 10_000;

    private readonly ConcurrentDictionary<(string Hash, long Version, long Overlay), CompiledConstitution> _known = new();

    public CompiledConstitution Of(ActiveConstitution active)
    {
        var key = (active.Hash, active.Version, active.OverlayVersion);
        if (_known.TryGetValue(key, out var compiled)) return compiled;
        if (_known.Count >= Limit) _known.Clear();
        return _known.GetOrAdd(key, new CompiledConstitution(active.Version, active.OverlayVersion, active.Rules));
    }
}
