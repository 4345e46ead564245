using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <param name="State">candidate, active or superseded.</param>
internal sealed record ConstitutionLine(
    long Version, string Hash, string State, DateTimeOffset IssuedAt, string LoadedBy, DateTimeOffset LoadedAt, string? ActivatedBy, DateTimeOffset? ActivatedAt,
    long? Replaces, long? RollbackOf, string? Approval, IReadOnlyList<ConstitutionSignature> Signatures)
{
    public static ConstitutionLine Of(ConstitutionVersion row) => new(
        row.Version, row.Hash, row.State, row.IssuedAt, row.LoadedBy, row.LoadedAt, row.ActivatedBy, row.ActivatedAt, row.Replaces, row.RollbackOf, row.Approval, row.Signatures);
}

internal sealed record ConstitutionDetail(ConstitutionLine Version, JsonElement Document);

internal sealed record ConstitutionDiff(long From, long To, IReadOnlyList<JsonChange> Changes);

/// <summary>Every version that was loaded for the tenant or the installation, one of them, and what two of them differ in.</summary>
internal sealed class ListConstitutions(ConstitutionStore store)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/constitution/versions", (string? scope, string? cursor, int? limit, RequestContext context, ListConstitutions use, CancellationToken cancellationToken) =>
            use.ListAsync(context, scope, cursor, limit, cancellationToken)).Requires(Capability.ConstitutionRead);
        routes.MapGet("/v1/constitution/versions/{version}", (long version, string? scope, RequestContext context, ListConstitutions use, CancellationToken cancellationToken) =>
            use.OneAsync(context, scope, version, cancellationToken)).Requires(Capability.ConstitutionRead);
        routes.MapGet("/v1/constitution/diff", (long from, long to, string? scope, RequestContext context, ListConstitutions use, CancellationToken cancellationToken) =>
            use.DiffAsync(context, scope, from, to, cancellationToken)).Requires(Capability.ConstitutionRead);
    }

    private async Task<Page<ConstitutionLine>> ListAsync(RequestContext context, string? scope, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        var before = Cursor.Decode(cursor) is { } key ? long.TryParse(key, out var at) ? at : throw Problem.Invalid("cursor", "is not a cursor of this list") : long.MaxValue;
        var rows = await store.VersionsAsync(ConstitutionScope.Of(scope, context), before, size + 1, cancellationToken);
        return Cursor.Page([.. rows.Select(ConstitutionLine.Of)], size, static row => row.Version.ToString(CultureInfo.InvariantCulture));
    }

    private async Task<Ok<ConstitutionDetail>> OneAsync(RequestContext context, string? scope, long version, CancellationToken cancellationToken)
    {
        var row = await FindAsync(context, scope, version, cancellationToken);
        return TypedResults.Ok(new ConstitutionDetail(ConstitutionLine.Of(row), Document(row)));
    }

    internal async Task<ConstitutionDiff> DiffAsync(RequestContext context, string? scope, long from, long to, CancellationToken cancellationToken) => new(
        from, to, JsonDiff.Between(Document(await FindAsync(context, scope, from, cancellationToken)), Document(await FindAsync(context, scope, to, cancellationToken))));

    private async Task<ConstitutionVersion> FindAsync(RequestContext context, string? scope, long version, CancellationToken cancellationToken) =>
        await store.FindAsync(ConstitutionScope.Of(scope, context), version, cancellationToken) ?? throw PlatformProblems.NotFound.Because($"No version {version} was loaded.");

    private static JsonElement Document(ConstitutionVersion row)
    {
        if (ConstitutionSeal.Hash(row.Document) != row.Hash) throw ConstitutionProblems.Unverified.Because($"The text of version {row.Version} does not have the recorded hash.");
        return JsonElement.Parse(row.Document);
    }
}
