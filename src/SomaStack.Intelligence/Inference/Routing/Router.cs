using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Where a request may go.</summary>
/// <param name="Asked">The name in the request; null when it named none.</param>
/// <param name="Candidates">Best first; at least one.</param>
internal sealed record Route(string? Asked, IReadOnlyList<KnownModel> Candidates)
{
    /// <summary>The tenant's wishes for these candidates; null when it has none.</summary>
    public ModelProfile? Profile { get; init; }

    /// <summary>The request left the choice to the profile, so the profile's settings stand in for what the request does not set.</summary>
    public bool ByRole { get; init; }
}

/// <summary>Turns the name in a request into the models that may answer it.</summary>
internal sealed class Router(ModelDirectory directory, IModelProfiles? profiles = null)
{
    private const string RolePrefix = "role:";

    /// <summary>What the tenant set for the role; null when it set nothing.</summary>
    public async ValueTask<ModelProfile?> ProfileAsync(RequestContext context, string role, CancellationToken cancellationToken) =>
        profiles is null ? null : (await profiles.OfTenantAsync(context.Tenant, cancellationToken)).GetValueOrDefault(role);

    /// <param name="asked">A model id, <c>provider/model</c>, <c>role:chat</c>, a bare role, or null for the default of <paramref name="role"/>.</param>
    /// <param name="role">chat, planning, code, embedding, transcription or speech.</param>
    /// <exception cref="Problem">404 <c>model_unknown</c> listing what there is.</exception>
    public async ValueTask<Route> FindAsync(RequestContext context, string? asked, string role, CancellationToken cancellationToken)
    {
        var set = profiles is null ? null : await profiles.OfTenantAsync(context.Tenant, cancellationToken);
        if (RoleOf(asked, role) is { } chosen)
        {
            if (set is not null && set.TryGetValue(chosen, out var profile)) return new Route(asked, await CandidatesAsync(profile, cancellationToken)) { Profile = profile, ByRole = true };
            return new Route(asked, [await directory.FindAsync(directory.Default, cancellationToken) ?? throw directory.Unknown(directory.Default)]);
        }
        var model = await directory.FindAsync(asked!, cancellationToken) ?? throw directory.Unknown(asked!);
        if (set is not { Count: > 0 } || ProfileOf(set, model, role) is not { } own) return new Route(asked, [model]);
        return new Route(asked, Known(own, model)) { Profile = own };
    }

    /// <summary>A model that bears the name of a role is that model.</summary>
    private string? RoleOf(string? asked, string role)
    {
        if (asked is null) return ModelRoles.Parse(role) ?? role;
        if (asked.StartsWith(RolePrefix, StringComparison.Ordinal))
            return ModelRoles.Parse(asked[RolePrefix.Length..]) ?? throw InferenceProblems.ModelUnknown.Because($"The roles are {string.Join(", ", ModelRoles.All)}.");
        return ModelRoles.Parse(asked) is { } named && directory.Find(asked) is null ? named : null;
    }

    /// <summary>Whoever asks for a profile's primary by its name has its fallbacks too; the role in question goes before the others.</summary>
    private ModelProfile? ProfileOf(IReadOnlyDictionary<string, ModelProfile> set, KnownModel model, string role)
    {
        if (set.TryGetValue(ModelRoles.Parse(role) ?? role, out var first) && Is(first.Primary, model)) return first;
        foreach (var each in ModelRoles.All)
            if (set.TryGetValue(each, out var profile) && Is(profile.Primary, model)) return profile;
        return null;
    }

    private bool Is(string name, KnownModel model) => directory.Find(name) is { } known && known.Provider == model.Provider && known.Id == model.Id;

    /// <summary>What there is of it. Providers are asked anew only when nothing of it is known: one that is away must not slow the others' calls.</summary>
    private async ValueTask<List<KnownModel>> CandidatesAsync(ModelProfile profile, CancellationToken cancellationToken)
    {
        var known = Known(profile, null);
        if (known.Count > 0) return known;
        if (await directory.FindAsync(profile.Primary, cancellationToken) is null && profile.Fallbacks.All(name => directory.Find(name) is null)) throw directory.Unknown(profile.Primary);
        return Known(profile, null);
    }

    private List<KnownModel> Known(ModelProfile profile, KnownModel? primary)
    {
        var known = new List<KnownModel>(profile.Fallbacks.Count + 1);
        if ((primary ?? directory.Find(profile.Primary)) is { } first) known.Add(first);
        foreach (var name in profile.Fallbacks)
            if (directory.Find(name) is { } model && !known.Contains(model)) known.Add(model);
        return known;
    }
}
