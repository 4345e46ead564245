using System.Net;
using System.Text.Json;
using SomaStack.Server.Edge;

namespace SomaStack.EndToEndTests.Fuzz;

/// <summary>What every answer must be, whatever was sent.</summary>
internal static class Verdict
{
    private static readonly Dictionary<string, int> Codes = ErrorsPage.Codes.ToDictionary(code => code.Code, code => (int)code.Kind, StringComparer.Ordinal);

    /// <summary>Words that only the inside of the server uses.</summary>
    private static readonly string[] Leaks = ["SomaStack.", "System.", "Microsoft.", "Npgsql", "SqliteException", "   at ", "Exception:"];

    /// <returns>What is wrong, or null.</returns>
    public static string? Of(HttpResponseMessage response, string body)
    {
        var status = (int)response.StatusCode;
        if (status is >= 500 and not 501 and not 503) return "a server error";
        if (status < 400) return null;
        // Kestrel ends what is no HTTP before the server sees it; those answers carry no request id.
        if (!response.Headers.Contains("X-Request-Id")) return status is 400 or 405 or 414 or 431 ? null : "no request id";
        if (response.RequestMessage!.Method == HttpMethod.Head) return null;
        foreach (var leak in Leaks)
            if (body.Contains(leak, StringComparison.Ordinal)) return $"the answer tells '{leak}'";
        return Shape(response, body, status);
    }

    private static string? Shape(HttpResponseMessage response, string body, int status)
    {
        var type = response.Content.Headers.ContentType?.MediaType;
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            var openAi = response.RequestMessage!.RequestUri!.AbsolutePath is { } path
                && (path.StartsWith("/v1/chat", StringComparison.Ordinal) || path.StartsWith("/v1/embeddings", StringComparison.Ordinal) || path.StartsWith("/v1/models", StringComparison.Ordinal)
                    || path.StartsWith("/v1/responses", StringComparison.Ordinal) || path.StartsWith("/v1/audio/", StringComparison.Ordinal));
            if (openAi && root.TryGetProperty("error", out var error))
                return error.GetProperty("message").GetString() is { Length: > 0 } && Codes.TryGetValue(error.GetProperty("code").GetString() ?? "", out var kind) && kind == status ? null : "an OpenAI error without a documented code";
            if (response.RequestMessage.RequestUri!.AbsolutePath.StartsWith("/v1/messages", StringComparison.Ordinal) && root.TryGetProperty("error", out var refusal))
                return root.GetProperty("type").GetString() == "error" && refusal.GetProperty("message").GetString() is { Length: > 0 } && root.GetProperty("request_id").GetString() is { Length: 32 }
                    && Codes.TryGetValue(refusal.GetProperty("code").GetString() ?? "", out var kindOf) && kindOf == status ? null : "an error of Anthropic's shape without a documented code";
            if (response.RequestMessage.RequestUri!.AbsolutePath is "/mcp" or "/a2a/v1" && root.TryGetProperty("jsonrpc", out var version))
                return version.GetString() == "2.0" && status < 500 && root.GetProperty("error") is var said && said.GetProperty("code").GetInt32() != 0 && said.GetProperty("message").GetString() is { Length: > 0 } ? null : "an error of JSON-RPC's shape without code or message";
            if (type != "application/problem+json") return $"content type '{type}'";
            if (!Codes.TryGetValue(root.GetProperty("code").GetString()!, out var expected)) return "a code that docs/errors.md does not list";
            if (expected != status || root.GetProperty("status").GetInt32() != status) return "a status that is not the code's";
            if (root.GetProperty("trace_id").GetString() is not { Length: 32 }) return "no trace id";
            if (status == 401 && response.Headers.WwwAuthenticate.Count == 0) return "401 without WWW-Authenticate";
            if (status == 429 && response.Headers.RetryAfter is null) return "429 without Retry-After";
            return null;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return "no problem document";
        }
    }
}
