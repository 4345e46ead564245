using SomaStack.Governance.Settings.Contracts;
using SomaStack.Intelligence.Benchmarks.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

/// <summary>The primaries of a tenant's model profiles; where it set none, what the operator configured.</summary>
internal sealed class PrimaryFromProfiles(IModelProfiles profiles, PrimaryFromOptions configured) : IPrimaryModels
{
    public async ValueTask<string?> PrimaryAsync(RequestContext context, string role, CancellationToken cancellationToken) =>
        (await profiles.OfTenantAsync(context.Tenant, cancellationToken)).TryGetValue(role, out var profile) ? profile.Primary : configured.Of(role);

    public async Task PromoteAsync(RequestContext context, string role, string model, CancellationToken cancellationToken)
    {
        var set = await profiles.OfTenantAsync(context.Tenant, cancellationToken);
        var current = set.GetValueOrDefault(role);
        if (current?.Primary == model) return;
        await profiles.ChangeAsync(context, current is null ? ModelProfile.Of(role, model) : current with { Primary = model }, current?.Version ?? 0, cancellationToken);
    }
}
