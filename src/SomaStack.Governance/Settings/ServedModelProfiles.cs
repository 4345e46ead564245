using System.Collections.Frozen;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <summary>Profiles on the path of every model call: from memory, reread after <see cref="Freshness"/>, at once after a change on this replica.</summary>
internal sealed class ServedModelProfiles(ModelProfileStore store, Db db, Journal journal, TimeProvider clock) : IModelProfiles
{
    public static readonly TimeSpan Freshness = TimeSpan.FromSeconds(10);

    private readonly TenantCache<FrozenDictionary<string, ModelProfile>> _known = new(clock, Freshness, tenant => LoadAsync(store, tenant));

    public ValueTask<IReadOnlyDictionary<string, ModelProfile>> OfTenantAsync(string tenant, CancellationToken cancellationToken)
    {
        var known = _known.GetAsync(tenant, cancellationToken);
        return known.IsCompletedSuccessfully ? new ValueTask<IReadOnlyDictionary<string, ModelProfile>>(known.Result) : WaitAsync(known);
    }

    public async Task<ModelProfile> ChangeAsync(RequestContext context, ModelProfile next, long expected, CancellationToken cancellationToken)
    {
        var changed = Checked(next, expected);
        await WriteAsync(context, changed.Role, ModelProfileBody.Of(changed), expected, cancellationToken);
        return changed;
    }

    /// <summary>Back to what the installation does without a profile.</summary>
    public Task ResetAsync(RequestContext context, string role, long expected, CancellationToken cancellationToken) => WriteAsync(context, role, null, expected, cancellationToken);

    /// <summary>The rows as they are now, past the cache.</summary>
    public Task<List<ModelProfileRow>> CurrentAsync(string tenant, CancellationToken cancellationToken) => store.OfTenantAsync(tenant, cancellationToken);

    /// <exception cref="Problem">422 naming every field that is out of range.</exception>
    internal static ModelProfile Checked(ModelProfile next, long expected)
    {
        var role = ModelRoles.Parse(next.Role);
        Check.That(role is not null, "role", "must be one of " + string.Join(", ", ModelRoles.All))
            .And(IsName(next.Primary), "primary", "must have 1 to 256 characters and no control characters")
            .And(next.Fallbacks.Count <= 8 && next.Fallbacks.All(IsName), "fallbacks", "must be at most 8 names of 1 to 256 characters")
            .And(!next.Fallbacks.Contains(next.Primary, StringComparer.Ordinal) && next.Fallbacks.Distinct(StringComparer.Ordinal).Count() == next.Fallbacks.Count,
                "fallbacks", "must not name a model twice")
            .And(next.Temperature is null or (>= 0 and <= 2), "settings.temperature", "must be from 0 to 2, or absent")
            .And(next.MaxTokens is null or (>= 1 and <= 10_000_000), "settings.max_tokens", "must be from 1 to 10000000, or absent")
            .And(next.Retries is >= 0 and <= 5, "retries", "must be from 0 to 5")
            .And(next.TimeoutSeconds is null or (>= 0.1 and <= 600), "timeout_seconds", "must be from 0.1 to 600, or absent")
            .And(next.TotalSeconds is >= 0.1 and <= 600, "total_seconds", "must be from 0.1 to 600")
            .And(next.HedgeAfterMs is null or (>= 1 and <= 60_000), "hedge_after_ms", "must be from 1 to 60000, or absent for no hedging")
            .And(expected is >= 0 and < long.MaxValue, "if-match", "must name a version")
            .OrThrow();
        return next with { Role = role!, Version = expected + 1 };
    }

    private async Task WriteAsync(RequestContext context, string role, ModelProfileBody? body, long expected, CancellationToken cancellationToken) =>
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (!await ModelProfileStore.TryWriteAsync(work, context.Tenant, role, body, expected, clock.NowMicros()))
                throw PlatformProblems.VersionMismatch.Because($"The profile of the role '{role}' is not at version {expected}.");
            await journal.AppendAsync(work, context, $"model-profile/{context.Tenant}/{role}", expected + 1, SettingsEvents.ModelProfileChanged,
                new ModelProfileChanged(role, body?.Primary, body?.Fallbacks ?? [], body?.Settings?.Temperature, body?.Settings?.MaxTokens, body?.Cache ?? false, body?.Retries,
                    body?.TimeoutSeconds, body?.TotalSeconds, body?.HedgeAfterMs, expected + 1),
                SettingsJson.Default.ModelProfileChanged);
            work.OnCommit(() => _known.Invalidate(context.Tenant));
        }, cancellationToken);

    private static async ValueTask<IReadOnlyDictionary<string, ModelProfile>> WaitAsync(ValueTask<FrozenDictionary<string, ModelProfile>> known) => await known;

    private static async Task<FrozenDictionary<string, ModelProfile>> LoadAsync(ModelProfileStore store, string tenant)
    {
        var rows = await store.OfTenantAsync(tenant, CancellationToken.None);
        return rows.Where(static row => row.Profile is not null)
            .ToFrozenDictionary(static row => row.Role, static row => row.Profile!.ToProfile(row.Role, row.Version), StringComparer.Ordinal);
    }

    private static bool IsName(string? name) => name is { Length: >= 1 and <= 256 } && !string.IsNullOrWhiteSpace(name) && !name.Any(char.IsControl);
}
