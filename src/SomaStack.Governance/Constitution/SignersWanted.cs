using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <summary>Whose signatures the next version needs: what the active one says, and never fewer than are pinned.</summary>
internal sealed class SignersWanted(ConstitutionStore store, PinnedKeys keys)
{
    /// <summary>For a tenant without a version of its own what the installation's says.</summary>
    public async Task<SignerRule> InheritedAsync(string tenant, CancellationToken cancellationToken) =>
        Of(tenant == Db.AllTenants ? null : await store.ActiveAsync(Db.AllTenants, cancellationToken));

    public async Task<SignerRule> OfAsync(string tenant, CancellationToken cancellationToken) =>
        await store.ActiveAsync(tenant, cancellationToken) is { } active ? Of(active) : await InheritedAsync(tenant, cancellationToken);

    /// <summary>Damaging the active text does not lower the number that its own activation needed.</summary>
    public SignerRule Of(ConstitutionVersion? active)
    {
        if (active is null) return SignerRule.Default.AtLeast(keys.Floor);
        if (ConstitutionSeal.ActiveFault(active, keys.Public, keys.Floor) is null)
        {
            using var document = JsonDocument.Parse(active.Document);
            return SignerRule.Of(document.RootElement).AtLeast(keys.Floor);
        }
        return active.Activation is { } seal && seal.Holds(active, keys.Public)
            ? new SignerRule(seal.Threshold, seal.KeyIds?.ToHashSet(StringComparer.Ordinal)).AtLeast(keys.Floor)
            : SignerRule.Default.AtLeast(keys.Floor);
    }
}

/// <summary>Whose constitution is meant: the caller's tenant's, or the installation's, which takes <c>platform:admin</c> to change.</summary>
internal static class ConstitutionScope
{
    public static string Of(string? scope, RequestContext context) => scope switch
    {
        null or "tenant" => context.Tenant,
        "installation" => Db.AllTenants,
        _ => throw Problem.Invalid("scope", "must be tenant or installation"),
    };

    public static string ToChange(string? scope, RequestContext context)
    {
        var target = Of(scope, context);
        if (target == Db.AllTenants) context.Require(Capability.PlatformAdmin);
        return target;
    }

    /// <summary>Where an approval of the caller's tenant and the installation's rows meet, one transaction sees both.</summary>
    public static string TransactionOf(string target, RequestContext context) => target == context.Tenant ? target : Db.AllTenants;
}
