using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>What a person's groups give and take, written into his principal's own row, so that everything else sees one truth.</summary>
internal sealed class ScimRights(CredentialCache cache, Journal journal, TimeProvider clock)
{
    /// <summary>
    /// What groups gave is taken back and given anew; what was given otherwise stays. Pure.
    /// </summary>
    /// <param name="held">All that the principal has beside its roles.</param>
    /// <param name="granted">What of it came from groups.</param>
    /// <param name="groups">What its groups give now.</param>
    public static (IReadOnlyList<string> Held, IReadOnlyList<string> Granted) Combine(IEnumerable<string> held, IReadOnlyCollection<string> granted, IReadOnlyCollection<string> groups)
    {
        var own = held.Where(name => !granted.Contains(name)).ToList();
        return ([.. own.Union(groups, StringComparer.Ordinal).Order(StringComparer.Ordinal)], [.. groups.Where(name => !own.Contains(name)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
    }

    /// <summary>The same rule as for PUT /v1/users: nobody changes himself, nor gives, takes or rules over what he does not hold.</summary>
    public static void MayChange(RequestContext context, PrincipalRow current, IReadOnlyList<string> next, bool active)
    {
        if (current.Id == context.Principal.Id)
        {
            if (!active || !current.Capabilities.Order(StringComparer.Ordinal).SequenceEqual(next)) throw IdentityProblems.SelfLift.Because("The token's own principal cannot be changed with it.");
            return;
        }
        foreach (var name in current.Capabilities.Union(next, StringComparer.Ordinal)) Rules.MustHold(context, name);
    }

    /// <summary>Brings one member's rights in line with his groups.</summary>
    public async Task ApplyAsync(DbWork work, RequestContext context, string principal)
    {
        var current = await ScimStore.FindPrincipalAsync(work, context.Tenant, principal);
        if (current is null) return;
        var profile = await ScimStore.FindProfileAsync(work, context.Tenant, principal);
        var (extra, granted) = Combine(current.Extra, [.. profile?.Granted ?? []], await ScimStore.GroupRightsAsync(work, context.Tenant, principal));
        if (current.Extra.Order(StringComparer.Ordinal).SequenceEqual(extra) && (profile?.Granted ?? []).SequenceEqual(granted)) return;
        var held = await RoleStore.EffectiveAsync(work, context.Tenant, current.Roles, extra);
        MayChange(context, current, held, current.Active);
        await WriteAsync(work, context, current, current with { Capabilities = held, Extra = extra });
        await ScimStore.WriteProfileAsync(work, context.Tenant, (profile ?? ScimProfile.Of(principal)) with { Granted = granted });
    }

    /// <summary>First in every transaction that changes principals: all replicas hear of it, and roles hold still until it ends.</summary>
    public Task BeginAsync(DbWork work, string tenant) => cache.ChangedAsync(work, tenant);

    /// <summary>Writes the principal's next version with its event.</summary>
    public async Task<PrincipalRow> WriteAsync(DbWork work, RequestContext context, PrincipalRow? current, PrincipalRow wanted)
    {
        var expected = current?.Version ?? 0;
        var revocation = current is null ? 1 : current.Revocation + (current.Active && !wanted.Active ? 1 : 0);
        var next = wanted with { Version = expected + 1, Revocation = revocation, UpdatedAt = clock.GetUtcNow() };
        await PutUser.WriteAsync(work, journal, context, next, expected);
        return next;
    }
}
