using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <param name="Document">The OpenAPI document as text, YAML or JSON.</param>
/// <param name="Id">Of the adapter; made of the title when it is left out.</param>
/// <param name="Version">Of the manifest; 1.0.0 when it is left out.</param>
/// <param name="BaseUrl">Instead of the document's first server.</param>
internal sealed record ImportRequest(string Document, string? Id = null, string? Version = null, string? BaseUrl = null);

/// <param name="Manifest">A draft that nobody has signed: read it, change it, then sign or register it.</param>
/// <param name="ManifestDigest">What a publisher signs if it is left as it is.</param>
/// <param name="Skipped">What of the document is not in it, and why.</param>
internal sealed record ImportAnswer(JsonElement Manifest, string ManifestDigest, IReadOnlyList<FieldError> Skipped);

/// <summary><c>POST /v1/adapters/import/openapi</c>: a document becomes the draft of a manifest of the kind http. Nothing is fetched and nothing is stored.</summary>
internal sealed class ImportOpenApi(HttpKind http)
{
    private const int BytesMax = 2 << 20;

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/adapters/import/openapi", static (ImportRequest request, RequestContext context, ImportOpenApi import) => import.Run(request))
        .Requires(Capability.ToolManage).WithBodyLimit(5 << 20).WithoutReplay().WithTags("tools").WithSummary("Make the draft of a manifest from an OpenAPI document.");

    internal Ok<ImportAnswer> Run(ImportRequest request)
    {
        if (Encoding.UTF8.GetByteCount(request.Document) > BytesMax) throw Invalid([new FieldError("/", $"has more than {BytesMax} bytes")]);
        if (YamlText.Read(request.Document) is not JsonObject document) throw Invalid([new FieldError("/", "must be an object")]);
        var errors = new List<FieldError>();
        ThrowIfOutside(document, "", errors, 0);
        if (errors.Count > 0) throw Invalid(errors);
        var skipped = new List<FieldError>();
        var draft = new OpenApiManifest(document, errors, skipped).Draft(request.Id, request.Version ?? "1.0.0", request.BaseUrl);
        if (errors.Count > 0) throw Invalid(errors);
        var read = ManifestReader.Read(draft.ToJsonString());
        if (http.Check(read.Manifest) is { Count: > 0 } faults) throw ManifestReader.Invalid(faults);
        using var manifest = JsonDocument.Parse(read.Text);
        return TypedResults.Ok(new ImportAnswer(manifest.RootElement.Clone(), read.Digest, skipped));
    }

    public static Problem Invalid(IReadOnlyList<FieldError> errors) =>
        new(ToolProblems.OpenApiInvalid, string.Join(" ", errors.Take(5).Select(static error => $"'{error.Field}': {error.Message}."))) { Errors = [.. errors.Take(50)] };

    /// <summary>Wherever it stands: a reference to a file or an address is refused, read or not.</summary>
    private static void ThrowIfOutside(JsonNode? node, string at, List<FieldError> errors, int depth)
    {
        if (depth > 100 || errors.Count > 50) return;
        if (node is JsonArray list)
        {
            for (var i = 0; i < list.Count; i++) ThrowIfOutside(list[i], $"{at}/{i}", errors, depth + 1);
            return;
        }
        foreach (var (name, value) in node as JsonObject ?? [])
        {
            if (name == "$ref" && value is JsonValue reference && reference.TryGetValue<string>(out var text) && !text.StartsWith('#')) errors.Add(new FieldError(at + "/$ref", "leads outside the document, and nothing outside it is read"));
            else ThrowIfOutside(value, StrictObject.Pointer(at, name), errors, depth + 1);
        }
    }
}
