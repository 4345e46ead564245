using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution.Contracts;

/// <summary>Serves the active constitution, and only when its signature verifies.</summary>
public interface IConstitution
{
    /// <summary>The active constitution of a tenant, verified against its checksum and signatures when it was loaded.</summary>
    /// <exception cref="Problem">503 <c>constitution_unverified</c> or <c>constitution_missing</c>: nothing may act without one.</exception>
    ValueTask<ActiveConstitution> ActiveAsync(string tenant, CancellationToken cancellationToken);
}

/// <param name="Hash">
/// Lower-hex SHA-256 of the document's RFC 8785 form. With an overlay, of RFC 8785
/// <c>{"base_sha256":…,"overlay_sha256":…,"type":"somastack.constitution.effective"}</c>.
/// </param>
/// <param name="Version">Of the signed document; monotonic per tenant.</param>
/// <param name="Document">What governs: the signed document with the tenant's overlay in it.</param>
public sealed record ActiveConstitution(string Hash, long Version, JsonElement Document)
{
    /// <summary>0 when the tenant adds nothing.</summary>
    public long OverlayVersion { get; init; }

    /// <summary>What a machine can check: for the gate.</summary>
    public ConstitutionRules Rules { get; init; } = ConstitutionRules.None;
}

/// <summary>The part of a constitution that a machine can hold an action against. Names are the gate's own.</summary>
/// <param name="Prohibitions">Kinds of action that are denied whatever a policy says.</param>
/// <param name="Ceilings">The most of a named quantity that one action may take, e.g. <c>output_tokens</c>.</param>
/// <param name="RequiredApprovals">How many other people must agree to a kind of action.</param>
public sealed record ConstitutionRules(
    IReadOnlySet<string> Prohibitions, IReadOnlyDictionary<string, double> Ceilings, IReadOnlyDictionary<string, int> RequiredApprovals)
{
    public static readonly ConstitutionRules None = new(new HashSet<string>(), new Dictionary<string, double>(), new Dictionary<string, int>());

    /// <summary>What of it cannot be read, in words; while there is anything, nothing may act.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    /// <summary>What the action meets: deny, more approvals than it has, or nothing.</summary>
    /// <param name="quantities">What is not named counts as unlimited, so a ceiling on it denies.</param>
    public bool Permits(string kind, IReadOnlyDictionary<string, double> quantities, int approvals) =>
        !Prohibitions.Contains(kind)
        && Ceilings.All(ceiling => quantities.TryGetValue(ceiling.Key, out var wanted) && wanted <= ceiling.Value)
        && (!RequiredApprovals.TryGetValue(kind, out var needed) || approvals >= needed);
}

/// <summary>Event types that the room writes to the journal.</summary>
public static class ConstitutionEvents
{
    /// <summary>A version took effect.</summary>
    public const string Updated = "somastack.constitution.updated.v1";

    /// <summary>A signed version was stored and waits for its activation.</summary>
    public const string Loaded = "somastack.constitution.loaded.v1";

    public const string OverlayChanged = "somastack.constitution.overlay_changed.v1";

    /// <summary>Somebody with the right to load sent what must not govern.</summary>
    public const string Refused = "somastack.constitution.refused.v1";
}

/// <summary>Data of <see cref="ConstitutionEvents.Updated"/>. Tenant <c>*</c> is the installation's own constitution.</summary>
/// <param name="RollbackOf">The version whose document it is again; null for a new document.</param>
/// <param name="Approval">The second key; null for the starter constitution.</param>
public sealed record ConstitutionUpdated(long Version, string Hash, DateTimeOffset IssuedAt, IReadOnlyList<string> KeyIds, long? RollbackOf = null, string? Approval = null);

/// <summary>Data of <see cref="ConstitutionEvents.Loaded"/>.</summary>
public sealed record ConstitutionLoaded(long Version, string Hash, DateTimeOffset IssuedAt, IReadOnlyList<string> KeyIds);

/// <summary>Data of <see cref="ConstitutionEvents.OverlayChanged"/>.</summary>
public sealed record OverlayChanged(long Version, string Hash, string EffectiveHash, string? Approval);

/// <summary>Data of <see cref="ConstitutionEvents.Refused"/>.</summary>
public sealed record ConstitutionRefused(string Code, string Detail, long? Version);
