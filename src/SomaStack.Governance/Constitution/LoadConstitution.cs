using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <param name="Scope">tenant (by default) or installation.</param>
internal sealed record LoadRequest(JsonElement Document, long Version, DateTimeOffset IssuedAt, IReadOnlyList<ConstitutionSignature> Signatures, string? Scope = null);

internal sealed record LoadAnswer(string Hash, long Version, string State, DateTimeOffset LoadedAt, long JournalPosition);

/// <summary>Stores a newer signed version as a candidate. Nothing changes until it is activated.</summary>
internal sealed class LoadConstitution(Db db, Journal journal, ActiveConstitutions constitutions, SignersWanted wanted, PinnedKeys keys, TimeProvider clock)
{
    public const int MaxSignatures = 16;
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    private const int DetailMax = 500;

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var path in new[] { "/constitution/load", "/v1/constitution/load" })
            routes.MapPost(path, static (RequestContext context, LoadRequest request, LoadConstitution load, CancellationToken cancellationToken) =>
                load.RunAsync(context, request, cancellationToken)).Requires(Capability.ConstitutionLoad).OpenWhenStopped();
    }

    internal async Task<Ok<LoadAnswer>> RunAsync(RequestContext context, LoadRequest request, CancellationToken cancellationToken)
    {
        var target = ConstitutionScope.ToChange(request.Scope, context);
        try
        {
            var version = await CheckedAsync(context, target, request, cancellationToken);
            return TypedResults.Ok(new LoadAnswer(version.Hash, version.Version, ConstitutionVersion.Candidate, version.LoadedAt, await StoreAsync(context, version, cancellationToken)));
        }
        catch (Problem refusal) when (refusal.Code.Kind is ProblemKind.Invalid or ProblemKind.Conflict)
        {
            var refused = new ConstitutionRefused(refusal.Code.Code, refusal.Detail.Length > DetailMax ? refusal.Detail[..DetailMax] : refusal.Detail, request.Version);
            await db.WriteAsync(context.Tenant, work => journal.AppendAsync(work, context, ConstitutionEvents.Refused, refused, ConstitutionJson.Default.ConstitutionRefused), cancellationToken);
            throw;
        }
    }

    private async Task<ConstitutionVersion> CheckedAsync(RequestContext context, string target, LoadRequest request, CancellationToken cancellationToken)
    {
        var now = clock.NowMicros().ToInstant();
        Check.That(request.Version is > 0 and < 1L << 53, "version", "must be between 1 and 2^53").And(request.IssuedAt <= now + ClockSkew, "issued_at", "lies in the future").OrThrow();
        CheckShape(request.Signatures);
        var issues = ConstitutionDocument.Issues(request.Document);
        if (issues.Count > 0) throw Problem.Invalid("document", string.Join(" ", issues));
        if (SignerRule.Of(request.Document).Unreachable([.. keys.Public.Keys]) is { } dead) throw Problem.Invalid("document", dead);
        var canonical = ConstitutionDocument.Canonical(request.Document, issues)!;
        // Stored to the microsecond, so it is signed to the microsecond.
        var version = new ConstitutionVersion(
            target, request.Version, canonical, ConstitutionSeal.Hash(canonical), request.IssuedAt.ToMicros().ToInstant(), request.Signatures, context.Principal.Id, now, null);
        var rule = await wanted.OfAsync(target, cancellationToken);
        if (ConstitutionSeal.Fault(version, keys.Public, rule) is { } fault) throw ConstitutionProblems.SignatureInvalid.Because($"The document is not accepted: {fault}.");
        return version;
    }

    public static void CheckShape(IReadOnlyList<ConstitutionSignature> signatures) =>
        Check.That(signatures.Count is > 0 and <= MaxSignatures, "signatures", $"must hold 1 to {MaxSignatures} signatures")
            .And(signatures.All(static signature => signature is { KeyId.Length: <= 200, Algorithm.Length: <= 20, Value.Length: <= 200 }), "signatures", "are too long").OrThrow();

    private async Task<long> StoreAsync(RequestContext context, ConstitutionVersion version, CancellationToken cancellationToken)
    {
        var installed = version.Tenant == Db.AllTenants ? 0 : await constitutions.InstalledVersionAsync(cancellationToken);
        try
        {
            return await db.WriteAsync(
                version.Tenant,
                async work =>
                {
                    var highest = Math.Max(installed, await ConstitutionStore.HighestAsync(work, version.Tenant));
                    if (version.Version <= highest) throw ConstitutionProblems.Replayed.Because($"Version {highest} is already known; send a higher one.");
                    await ConstitutionStore.AddAsync(work, version);
                    return await journal.AppendAsync(
                        work, context with { Tenant = version.Tenant }, ConstitutionEvents.Loaded,
                        new ConstitutionLoaded(version.Version, version.Hash, version.IssuedAt, [.. version.Signatures.Select(static signature => signature.KeyId)]),
                        ConstitutionJson.Default.ConstitutionLoaded);
                },
                cancellationToken);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            throw ConstitutionProblems.Replayed.Because("Another version was loaded at the same moment; read it and issue a newer one.", exception);
        }
    }
}
