using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>What a question is told while nothing can be looked up: an empty answer of the usual shape that says why.</summary>
internal static class DegradedAnswers
{
    private static readonly IReadOnlyList<string> Reasons = [GatewayProblems.Unreachable.Code];
    private static readonly string[] Nothing = [];

    internal sealed record Recalled(
        string Query, string Namespace, string Universe, IReadOnlyList<string> Results, IReadOnlyList<string> Memory, IReadOnlyList<string> Wm, double Confidence, bool Abstained,
        IReadOnlyList<string> DegradedReasons, string? Embedder);

    internal sealed record Retrieved(string Query, IReadOnlyList<string> Candidates, Packed Context, double Confidence, bool Abstained, IReadOnlyList<string> DegradedReasons, string? SessionMemoryId);

    internal sealed record Packed(string Text, int Tokens, IReadOnlyList<string> Citations);

    public static bool Has(string path) => path is "/recall" or "/v1/recall" or "/rag/retrieve" or "/v1/rag/retrieve";

    public static Task WriteAsync(HttpContext http, RequestContext context, string path, JsonElement body)
    {
        var query = Text(body, "query");
        Check.That(!string.IsNullOrWhiteSpace(query), "query", "must not be empty").OrThrow();
        var @namespace = RememberRequest.NamespaceOf(context, Text(body, "namespace"));
        return path.EndsWith("/recall", StringComparison.Ordinal)
            ? http.Response.WriteAsJsonAsync(
                new Recalled(query!, @namespace, Text(body, "universe") ?? "real", Nothing, Nothing, Nothing, 0, true, Reasons, null), GatewayJson.Default.DegradedRecall, null, http.RequestAborted)
            : http.Response.WriteAsJsonAsync(new Retrieved(query!, Nothing, new Packed("", 0, Nothing), 0, true, Reasons, null), GatewayJson.Default.DegradedRetrieval, null, http.RequestAborted);
    }

    private static string? Text(JsonElement body, string name) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
