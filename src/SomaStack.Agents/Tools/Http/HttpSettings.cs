using System.Text.Json;
using System.Text.RegularExpressions;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>The settings of an adapter of the kind http.</summary>
/// <param name="BaseUrl">What every path is put behind.</param>
/// <param name="Headers">Sent with every request; <c>{secret:NAME}</c> stands for a bound secret.</param>
internal sealed record HttpSettings(Uri BaseUrl, IReadOnlyDictionary<string, string> Headers)
{
    public static HttpSettings? Read(Manifest manifest, List<FieldError> errors)
    {
        var read = new StrictObject(manifest.Settings, "/settings", errors, "base_url", "headers");
        var text = read.Text("base_url", 1, 500);
        var headers = HttpAction.Pairs(read, "headers", "/settings", errors, 20, 1000);
        foreach (var name in headers.Keys)
            if (!HttpAction.IsHeader(name)) read.Wrong("headers", $"'{name}' is no header that may be set");
        if (text.Length == 0) return null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || (url.Scheme != "http" && url.Scheme != "https") || url.UserInfo.Length > 0 || url.Query.Length > 0 || url.Fragment.Length > 0)
        {
            read.Wrong("base_url", "must be an http or https address without user name, question or fragment");
            return null;
        }
        if (!manifest.Egress.Contains(url.GetLeftPart(UriPartial.Authority), StringComparer.OrdinalIgnoreCase)) read.Wrong("base_url", "must be at an origin that egress names");
        return new HttpSettings(url, headers);
    }
}

/// <summary>The settings of one of its actions: how arguments become a request.</summary>
/// <param name="Path">With <c>{argument}</c> for parts.</param>
/// <param name="Query">Name in the query to argument; a list is repeated.</param>
/// <param name="Headers">Name of the header to argument.</param>
/// <param name="Body">The argument that is the body; null when <paramref name="BodyOf"/> makes it, or there is none.</param>
/// <param name="BodyOf">Arguments that together are an object, the body.</param>
/// <param name="ContentType"><c>application/json</c> or <c>application/x-www-form-urlencoded</c>.</param>
internal sealed partial record HttpAction(
    string Method, string Path, IReadOnlyDictionary<string, string> Query, IReadOnlyDictionary<string, string> Headers, string? Body, IReadOnlyList<string> BodyOf, string ContentType)
{
    public const string Json = "application/json";
    public const string Form = "application/x-www-form-urlencoded";

    private static readonly string[] Forbidden =
    [
        "host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "proxy-authorization", "proxy-connection", "keep-alive", "content-type", "cookie", "expect",
    ];

    public static HttpAction Read(ManifestAction action, string at, List<FieldError> errors)
    {
        at += "/settings";
        var read = new StrictObject(action.Settings ?? default, at, errors, "method", "path", "query", "headers", "body", "content_type");
        var method = read.OneOf("method", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE");
        var path = read.Text("path", 1, 500);
        if (path.Length > 0 && !IsPath(path)) read.Wrong("path", "must begin with a slash and hold neither .., // nor a question or fragment");
        var (query, headers) = (Pairs(read, "query", at, errors, 50, 128), Pairs(read, "headers", at, errors, 20, 128));
        foreach (var name in headers.Keys)
            if (!IsHeader(name) || name.Equals("authorization", StringComparison.OrdinalIgnoreCase)) read.Wrong("headers", $"'{name}' is no header that an argument may set");
        var (body, bodyOf) = read.Any("body") switch
        {
            { ValueKind: JsonValueKind.Array } => ((string?)null, read.Texts("body", 100, 128)),
            null => (null, []),
            _ => (read.Text("body", 1, 128), []),
        };
        if (method is "GET" or "HEAD" && (body is not null || bodyOf.Count > 0)) read.Wrong("body", $"has no place in a {method}");
        var type = read.Any("content_type") is null ? Json : read.OneOf("content_type", Json, Form);
        var known = action.Input.ValueKind == JsonValueKind.Object && action.Input.TryGetProperty("properties", out var properties) && properties.ValueKind == JsonValueKind.Object
            ? properties.EnumerateObject().Select(static one => one.Name).ToHashSet(StringComparer.Ordinal) : [];
        string[] used = [.. Placeholders(path), .. query.Values, .. headers.Values, .. body is null ? bodyOf : [body]];
        foreach (var name in used.Distinct(StringComparer.Ordinal))
            if (!known.Contains(name)) read.Wrong("", $"uses the argument '{name}', which the input schema does not name");
        return new HttpAction(method, path, query, headers, body, bodyOf, type);
    }

    public static IEnumerable<string> Placeholders(string path) => Placeholder().Matches(path).Select(static match => match.Groups[1].Value);

    /// <param name="part">Value of each placeholder, escaped.</param>
    public string Filled(Func<string, string> part) => Placeholder().Replace(Path, match => part(match.Groups[1].Value));

    public static Dictionary<string, string> Pairs(StrictObject read, string name, string at, List<FieldError> errors, int most, int longest)
    {
        var pairs = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (read.Object(name) is not { } found) return pairs;
        foreach (var member in found.EnumerateObject())
        {
            var text = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : "";
            if (pairs.Count < most && text.Length >= 1 && text.Length <= longest && !text.Any(char.IsControl) && pairs.TryAdd(member.Name, text)) continue;
            errors.Add(new FieldError(StrictObject.Pointer(at + "/" + name, member.Name), $"must be a text of 1 to {longest} characters, one of at most {most}"));
        }
        return pairs;
    }

    public static bool IsHeader(string name) => HeaderName().IsMatch(name) && !Forbidden.Contains(name, StringComparer.OrdinalIgnoreCase);

    private static bool IsPath(string path) => PathText().IsMatch(path) && !path.Contains("//", StringComparison.Ordinal) && !path.Split('/').Any(static part => part is "." or "..")
        && !path.Contains("%2e", StringComparison.OrdinalIgnoreCase) && !path.Contains("%2f", StringComparison.OrdinalIgnoreCase) && !path.Contains("%5c", StringComparison.OrdinalIgnoreCase)
        && !Placeholder().Replace(path, "x").AsSpan().ContainsAny('{', '}');

    [GeneratedRegex(@"\{([A-Za-z_][A-Za-z0-9_.-]{0,127})\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"\A/[A-Za-z0-9_.~!$&'()*+,;=:@%/{}-]*\z")]
    private static partial Regex PathText();

    [GeneratedRegex(@"\A[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\z")]
    private static partial Regex HeaderName();
}
