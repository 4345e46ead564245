using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <param name="Inherited">True when the tenant has written none and the installation's governs it.</param>
internal sealed record PolicyAnswer(long Version, string Hash, bool Inherited, string CreatedBy, DateTimeOffset CreatedAt, JsonElement Document)
{
    public static PolicyAnswer Of(PolicyVersion policy)
    {
        try
        {
            using var document = JsonDocument.Parse(policy.Document);
            return new PolicyAnswer(policy.Version, policy.Hash, policy.Tenant == Db.AllTenants, policy.CreatedBy, policy.CreatedAt, document.RootElement.Clone());
        }
        catch (JsonException exception)
        {
            throw PolicyProblems.PolicyUnavailable.Because("The stored policy is damaged and cannot be shown.", exception);
        }
    }
}

internal sealed record PolicyVersionAnswer(long Version, string Hash, string CreatedBy, DateTimeOffset CreatedAt);

/// <summary>The policy in force and the versions before it.</summary>
internal sealed class ReadPolicies(PolicyStore store)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/policies", static (RequestContext context, HttpResponse response, ReadPolicies policies, CancellationToken cancellationToken) =>
            policies.CurrentAsync(context, response, cancellationToken)).Requires(Capability.PolicyRead);
        routes.MapGet("/v1/policies/versions", static (RequestContext context, string? cursor, int? limit, ReadPolicies policies, CancellationToken cancellationToken) =>
            policies.VersionsAsync(context, cursor, limit, cancellationToken)).Requires(Capability.PolicyRead);
        routes.MapGet("/v1/policies/versions/{version}", static (long version, RequestContext context, ReadPolicies policies, CancellationToken cancellationToken) =>
            policies.VersionAsync(context, version, cancellationToken)).Requires(Capability.PolicyRead);
    }

    internal async Task<Ok<PolicyAnswer>> CurrentAsync(RequestContext context, HttpResponse response, CancellationToken cancellationToken)
    {
        var policy = await store.NewestAsync(context.Tenant, cancellationToken) ?? await store.NewestAsync(Db.AllTenants, cancellationToken)
            ?? throw PolicyProblems.PolicyUnavailable.Because("No policy is stored.");
        response.Headers.ETag = Routes.ETag(policy.Version);
        return TypedResults.Ok(PolicyAnswer.Of(policy));
    }

    internal async Task<Ok<Page<PolicyVersionAnswer>>> VersionsAsync(RequestContext context, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var below = long.MaxValue;
        if (Cursor.Decode(cursor) is { } key && !long.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out below)) throw Problem.Invalid("cursor", "is not a cursor that this server issued");
        var size = Cursor.Limit(limit);
        var rows = await store.VersionsAsync(context.Tenant, below, size + 1, cancellationToken);
        var page = Cursor.Page(rows, size, static row => row.Version.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(new Page<PolicyVersionAnswer>([.. page.Data.Select(static row => new PolicyVersionAnswer(row.Version, row.Hash, row.CreatedBy, row.CreatedAt))], page.NextCursor));
    }

    internal async Task<Ok<PolicyAnswer>> VersionAsync(RequestContext context, long version, CancellationToken cancellationToken) =>
        TypedResults.Ok(PolicyAnswer.Of(await store.FindAsync(context.Tenant, version, cancellationToken) ?? throw PolicyProblems.VersionUnknown.Because($"There is no version {version}.")));
}
