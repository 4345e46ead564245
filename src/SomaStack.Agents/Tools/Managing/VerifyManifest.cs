using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>A manifest with its signature, or the ancestor's release record: <c>{id, version, manifest, manifest_digest, signature: "sha256:…"}</c>.</summary>
/// <param name="Signature">An object, or the ancestor's text.</param>
internal sealed record VerifyRequest(JsonElement? Manifest, JsonElement? Signature = null, string? Id = null, string? Version = null, string? ManifestDigest = null);

/// <param name="Form">ed25519, hmac-sha256 (the ancestor's) or unsigned.</param>
/// <param name="Reason">Why it is not valid; null when it is.</param>
internal sealed record VerifyAnswer(bool Valid, string Form, string? Digest, string? KeyId, string? Reason);

/// <summary><c>POST /v1/adapters/verify</c>: whether a manifest could be registered here, without doing it.</summary>
internal sealed class VerifyManifest(AdapterKinds kinds, Publishers publishers, SomaOptions options)
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost(
        "/v1/adapters/verify", static (VerifyRequest request, RequestContext context, VerifyManifest verify, CancellationToken cancellationToken) => verify.RunAsync(context, request, cancellationToken))
        .Requires(Capability.ToolManage).WithoutReplay().WithTags("tools").WithSummary("Check a manifest and its signature.");

    internal async Task<Ok<VerifyAnswer>> RunAsync(RequestContext context, VerifyRequest request, CancellationToken cancellationToken)
    {
        if (request.Signature is { ValueKind: JsonValueKind.String } legacy) return TypedResults.Ok(Legacy(request, legacy.GetString()!));
        if (request.Manifest is not { } document) throw Problem.Invalid("manifest", "is needed");
        var read = ManifestReader.Read(document.GetRawText());
        if (kinds.Find(read.Manifest.Kind)?.Check(read.Manifest) is { Count: > 0 } faults) throw ManifestReader.Invalid(faults);
        ManifestSignature? signature = null;
        try
        {
            if (request.Signature is { ValueKind: JsonValueKind.Object } given) signature = given.Deserialize(ToolsJson.Default.ManifestSignature);
        }
        catch (JsonException)
        {
            throw Problem.Invalid("signature", "must have algorithm, key_id and value");
        }
        if (signature is { } half && (half.Algorithm is null || half.KeyId is null || half.Value is null)) throw Problem.Invalid("signature", "must have algorithm, key_id and value");
        var fault = await publishers.FaultAsync(context, signature, read.Digest, cancellationToken);
        return TypedResults.Ok(new VerifyAnswer(fault is null, signature is null ? "unsigned" : ManifestSignature.Ed25519, read.Digest, signature?.KeyId, fault?.Detail));
    }

    private VerifyAnswer Legacy(VerifyRequest request, string signature)
    {
        var fault = LegacyRelease.Fault(options.SecretOf(LegacyRelease.SecretName), request.Id ?? "", request.Version ?? "", request.Manifest, request.ManifestDigest, signature);
        return new VerifyAnswer(fault is null, "hmac-sha256", request.ManifestDigest, null, fault);
    }
}
