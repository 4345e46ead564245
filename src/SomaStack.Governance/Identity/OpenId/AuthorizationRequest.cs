using Microsoft.AspNetCore.Http;

namespace SomaStack.Governance.Identity;

/// <summary>What a client asks of the authorization endpoint, once client and redirect address are known to be good.</summary>
internal sealed record AuthorizationRequest(
    IReadOnlyList<string> Scopes, string? State, string? Nonce, string Challenge, string Prompt, long? MaxAge)
{
    private const int TextMax = 512;

    /// <summary>The request, or an error of RFC 6749, 4.1.2.1 with its sentence. Pure.</summary>
    public static (AuthorizationRequest? Request, string Error, string Description) Read(IReadOnlyDictionary<string, string> sent)
    {
        if (sent.ContainsKey("request")) return Refuse("request_not_supported", "Send the parameters themselves.");
        if (sent.ContainsKey("request_uri")) return Refuse("request_uri_not_supported", "Send the parameters themselves.");
        if (Of(sent, "response_type") != "code") return Refuse("unsupported_response_type", "Only response_type=code is answered.");
        if (Of(sent, "response_mode") is not (null or "query")) return Refuse("invalid_request", "Only response_mode=query is answered.");
        if (Of(sent, "code_challenge_method") != Pkce.Method) return Refuse("invalid_request", "code_challenge_method must be S256.");
        if (Of(sent, "code_challenge") is not { } challenge || !Pkce.IsChallenge(challenge)) return Refuse("invalid_request", "code_challenge must be the base64url form of a SHA-256.");
        if (Of(sent, "state") is { Length: > TextMax } || Of(sent, "nonce") is { Length: > TextMax }) return Refuse("invalid_request", "state and nonce may have 512 characters.");
        if (Identity.Scopes.Parse(Of(sent, "scope")) is not { } scopes) return Refuse("invalid_scope", "A scope is not known here.");
        var prompt = Of(sent, "prompt") ?? "";
        if (prompt is not ("" or "none" or "login" or "consent" or "login consent" or "consent login" or "select_account"))
            return Refuse("invalid_request", "prompt must be none, login or consent.");
        long? maxAge = null;
        if (Of(sent, "max_age") is { } age)
        {
            if (!uint.TryParse(age, out var seconds)) return Refuse("invalid_request", "max_age must be a number of seconds.");
            maxAge = seconds;
        }
        return (new AuthorizationRequest(scopes, Of(sent, "state"), Of(sent, "nonce"), challenge, prompt, maxAge), "", "");
    }

    /// <summary>Each parameter at most once (RFC 6749, 3.1): two readers of a doubled one could see different values.</summary>
    public static IReadOnlyDictionary<string, string> Single(IEnumerable<KeyValuePair<string, Microsoft.Extensions.Primitives.StringValues>> pairs)
    {
        var sent = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, values) in pairs)
        {
            if (values.Count != 1 || !sent.TryAdd(name, values[0] ?? "")) throw OpenIdProblems.InvalidRequest.Because("A parameter is sent more than once.");
        }
        return sent;
    }

    private static string? Of(IReadOnlyDictionary<string, string> sent, string name) => sent.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    private static (AuthorizationRequest?, string, string) Refuse(string error, string description) => (null, error, description);
}
