using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <param name="Version">With <paramref name="IssuedAt"/>: the statement to sign is answered too.</param>
/// <param name="Scope">Whose version it is to be: tenant (by default) or installation.</param>
internal sealed record ChecksumRequest(JsonElement Document, long? Version = null, DateTimeOffset? IssuedAt = null, string? Scope = null);

/// <param name="Checksum">Lower-hex SHA-256 of the RFC 8785 form.</param>
/// <param name="LegacyChecksum">The same over the ancestor's form (sorted keys, ASCII escapes).</param>
/// <param name="Statement">The exact bytes, as text, that a signer of this version signs.</param>
internal sealed record ChecksumAnswer(string Checksum, string Algorithm, string CanonicalForm, string LegacyChecksum, long? Version, string? Statement);

/// <summary>The checksum of the active document, or of one that is about to be signed.</summary>
internal static class ChecksumConstitution
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var path in new[] { "/constitution/checksum", "/v1/constitution/checksum" })
        {
            routes.MapGet(path, ActiveAsync).Requires(Capability.ConstitutionRead);
            routes.MapPost(path, RunAsync).Requires(Capability.ConstitutionRead).WithoutReplay().OpenWhenStopped();
        }
    }

    /// <summary>Of the signed document; an overlay has a hash of its own.</summary>
    private static async Task<Ok<ChecksumAnswer>> ActiveAsync(RequestContext context, ActiveConstitutions constitutions, CancellationToken cancellationToken)
    {
        var (version, _, _) = await constitutions.GoverningAsync(context.Tenant, cancellationToken);
        using var document = JsonDocument.Parse(version.Document);
        return TypedResults.Ok(Answer(document.RootElement, ConstitutionSeal.Hash(version.Document), version.Version, null));
    }

    private static Ok<ChecksumAnswer> RunAsync(RequestContext context, ChecksumRequest request)
    {
        Check.That(request.Document.ValueKind == JsonValueKind.Object, "document", "must be an object")
            .And(request.Version is null or > 0, "version", "must be above 0").OrThrow();
        var issues = new List<string>();
        var canonical = ConstitutionDocument.Canonical(request.Document, issues) ?? throw Problem.Invalid("document", string.Join(" ", issues));
        var hash = ConstitutionSeal.Hash(canonical);
        var statement = request.Version is { } version && request.IssuedAt is { } issuedAt
            ? Encoding.UTF8.GetString(ConstitutionSeal.Statement(ConstitutionScope.Of(request.Scope, context), version, issuedAt, hash))
            : null;
        return TypedResults.Ok(Answer(request.Document, hash, request.Version, statement));
    }

    private static ChecksumAnswer Answer(JsonElement document, string hash, long? version, string? statement) =>
        new(hash, "sha-256", "rfc8785", Convert.ToHexStringLower(SHA256.HashData(LegacyCanonicalJson.Escaped(document))), version, statement);
}
