using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <param name="Document">What governs, the tenant's overlay included.</param>
/// <param name="Hash">What sessions pin; also the ETag.</param>
/// <param name="BaseHash">Of the signed document alone; the same as <paramref name="Hash"/> without an overlay.</param>
/// <param name="Inherited">True when the tenant has activated none of its own and the installation's governs it.</param>
internal sealed record ConstitutionAnswer(
    JsonElement Document, string Hash, long Version, string BaseHash, long OverlayVersion, bool Inherited, DateTimeOffset IssuedAt, DateTimeOffset? ActivatedAt,
    IReadOnlyList<ConstitutionSignature> Signatures);

/// <summary>Both today's names and those that the ancestor's memory service used.</summary>
internal sealed record ConstitutionVersionAnswer(
    long Version, string Hash, string BaseHash, long OverlayVersion, DateTimeOffset IssuedAt, DateTimeOffset? ActivatedAt, string ConstitutionVersion, string ConstitutionStatus,
    IReadOnlyList<ConstitutionSignature> ConstitutionSignatures);

/// <summary>Serves the constitution that governs the caller's tenant, verified. The ETag is its hash, so that a holder asks without being sent it again.</summary>
internal static class ReadConstitution
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/constitution", DocumentAsync).Requires(Capability.ConstitutionRead).Produces<ConstitutionAnswer>().Produces(StatusCodes.Status304NotModified);
        routes.MapGet("/v1/constitution/version", VersionAsync).Requires(Capability.ConstitutionRead).Produces<ConstitutionVersionAnswer>().Produces(StatusCodes.Status304NotModified);
        routes.MapGet("/constitution/version", VersionAsync).Requires(Capability.ConstitutionRead).Produces<ConstitutionVersionAnswer>().Produces(StatusCodes.Status304NotModified);
    }

    private static async Task<IResult> DocumentAsync(RequestContext context, HttpRequest http, ActiveConstitutions constitutions, CancellationToken cancellationToken)
    {
        var (version, _, active) = await constitutions.GoverningAsync(context.Tenant, cancellationToken);
        return (IResult?)Known(http, active.Hash) ?? TypedResults.Ok(new ConstitutionAnswer(
            active.Document, active.Hash, version.Version, version.Hash, active.OverlayVersion, version.Tenant == Db.AllTenants, version.IssuedAt, version.ActivatedAt, version.Signatures));
    }

    private static async Task<IResult> VersionAsync(RequestContext context, HttpRequest http, ActiveConstitutions constitutions, CancellationToken cancellationToken)
    {
        var (version, _, active) = await constitutions.GoverningAsync(context.Tenant, cancellationToken);
        return (IResult?)Known(http, active.Hash) ?? TypedResults.Ok(new ConstitutionVersionAnswer(
            version.Version, active.Hash, version.Hash, active.OverlayVersion, version.IssuedAt, version.ActivatedAt, active.Hash, "loaded", version.Signatures));
    }

    /// <summary>304 when the caller holds this one already.</summary>
    private static StatusCodeHttpResult? Known(HttpRequest http, string hash)
    {
        var tag = $"\"{hash}\"";
        http.HttpContext.Response.Headers.ETag = tag;
        return http.Headers.IfNoneMatch.Contains(tag) ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : null;
    }
}
