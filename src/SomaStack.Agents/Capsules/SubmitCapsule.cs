using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Capsules;

/// <param name="Definition">The capsule: text in YAML or JSON, or a JSON object.</param>
/// <param name="AttestationHash">Lower-hex SHA-256 of the definition in the form of docs/capsules.md; checked when it is there.</param>
/// <param name="AttestationKey">Id of a pinned key.</param>
/// <param name="AttestationSignature">Ed25519 over the UTF-8 text of the hash, in base64url.</param>
internal sealed record SubmitRequest(JsonElement Definition, string? AttestationHash = null, string? AttestationKey = null, string? AttestationSignature = null);

internal sealed record ValidateCapsuleRequest(JsonElement Definition);

internal sealed record CapsuleValidation(bool Passed, string? Id, string? Version, string? Digest, string? AttestationHash, IReadOnlyList<CapsuleFault> Faults);

internal sealed record CapsuleSubmitted(string Id, string Capsule, string Version, string Digest, string Author, string? AttestationKey);

/// <summary>Checks a capsule, and puts a sound one before a reviewer.</summary>
internal sealed class SubmitCapsule(CapsuleStore store, ShippedCapsules shipped, Db db, Journal journal, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/capsules/validate", static (ValidateCapsuleRequest request) => TypedResults.Ok(Validate(request))).Requires(Capability.CapsuleSubmit).WithTags("capsules").WithSummary("Find every fault of a capsule; nothing is kept.");
        routes.MapPost("/v1/submissions", static (RequestContext context, SubmitRequest request, SubmitCapsule submit, CancellationToken cancellationToken) => submit.RunAsync(context, request, cancellationToken))
            .Requires(Capability.CapsuleSubmit).WithTags("capsules").WithSummary("Submit a version of a capsule for review.");
    }

    private static CapsuleValidation Validate(ValidateCapsuleRequest request)
    {
        var reading = Read(request.Definition);
        return new CapsuleValidation(reading.Passed, reading.Capsule?.Id, reading.Capsule?.Version, reading.Capsule?.Digest, reading.Passed ? Attested(request.Definition, reading) : null, reading.Faults);
    }

    private async Task<Created<SubmissionView>> RunAsync(RequestContext context, SubmitRequest request, CancellationToken cancellationToken)
    {
        var reading = Read(request.Definition);
        if (reading.Capsule is not { } capsule) throw CapsuleProblems.Of(reading.Faults);
        var hash = Attested(request.Definition, reading);
        await CheckAttestationAsync(context, request, hash, cancellationToken);
        if (shipped.Find(capsule.Id) is { } ours && ours.Capsule.Version == capsule.Version) throw CapsuleProblems.VersionTaken.Because($"Version {capsule.Version} of '{capsule.Id}' is part of this program.");
        var source = request.Definition.ValueKind == JsonValueKind.String ? request.Definition.GetString()! : reading.Json!;
        var warnings = JsonSerializer.Serialize(reading.Faults, CapsulesJson.Default.IReadOnlyListCapsuleFault);
        var row = new SubmissionRow(
            Ids.New(clock), capsule.Id, capsule.Version, SubmissionStatus.Pending, capsule.Summary, capsule.Type, reading.Json!, source, capsule.Digest, hash, request.AttestationKey, warnings,
            context.Principal.Id, null, null, 1, clock.GetUtcNow(), null, null, null);
        try
        {
            await db.WriteAsync(context.Tenant, async work =>
            {
                await CapsuleStore.InsertAsync(work, context.Tenant, row);
                var submitted = new CapsuleSubmitted(row.Id, row.Capsule, row.CapsuleVersion, row.Digest, row.Author, row.AttestationKey);
                await journal.AppendAsync(work, context, "submission/" + row.Id, 1, CapsuleEvents.Submitted, submitted, CapsulesJson.Default.CapsuleSubmitted);
            }, cancellationToken);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            throw CapsuleProblems.VersionTaken.Because($"Version {capsule.Version} of '{capsule.Id}' was submitted before.", exception);
        }
        return TypedResults.Created($"/v1/submissions/{row.Id}", SubmissionView.Of(row));
    }

    private static CapsuleReading Read(JsonElement definition) =>
        definition.ValueKind is JsonValueKind.String or JsonValueKind.Object ? CapsuleReader.Read(definition) : throw Problem.Invalid("definition", "must be text in YAML or JSON, or an object");

    /// <summary>The ancestor's form: keys sorted, no spaces, everything beyond ASCII escaped.</summary>
    private static string Attested(JsonElement definition, CapsuleReading reading)
    {
        if (definition.ValueKind == JsonValueKind.Object) return Hash(definition);
        using var document = JsonDocument.Parse(reading.Json!);
        return Hash(document.RootElement);
    }

    private static string Hash(JsonElement json) => Convert.ToHexStringLower(SHA256.HashData(LegacyCanonicalJson.Escaped(json)));

    private async Task CheckAttestationAsync(RequestContext context, SubmitRequest request, string hash, CancellationToken cancellationToken)
    {
        if (request.AttestationHash is { } said && !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(said), Encoding.UTF8.GetBytes(hash)))
            throw CapsuleProblems.AttestationMismatch.Because($"The hash of this definition is {hash}.");
        if (request.AttestationKey is null && request.AttestationSignature is null) return;
        if (request.AttestationKey is null || request.AttestationSignature is null) throw Problem.Invalid("attestation_signature", "needs 'attestation_key', and the other way round");
        var key = await store.KeyAsync(context.Tenant, request.AttestationKey, cancellationToken) ?? throw CapsuleProblems.KeyUnknown.Because("No key of this id is pinned here.");
        if (!Verifies(key.PublicKey, hash, request.AttestationSignature)) throw CapsuleProblems.AttestationMismatch.Because("The signature is not that of the pinned key over the hash.");
    }

    private static bool Verifies(string key, string hash, string signature)
    {
        try
        {
            return Ed25519PublicKey.Parse(key).Verify(Encoding.UTF8.GetBytes(hash), Base64Url.DecodeFromChars(signature));
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
