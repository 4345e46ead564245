using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>How SCIM messages come in and go out.</summary>
internal static class ScimMessage
{
    private static readonly JsonNodeOptions Nodes = new() { PropertyNameCaseInsensitive = true };
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <exception cref="Problem">400 <c>invalidSyntax</c>, 415 for another media type.</exception>
    public static async Task<JsonObject> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (!request.HasJsonContentType()) throw PlatformProblems.UnsupportedMedia.Because("Send application/scim+json.");
        try
        {
            // Names have no case in SCIM, so two spellings of one are one name twice.
            var message = await JsonNode.ParseAsync(request.Body, Nodes, Strict, cancellationToken) as JsonObject ?? throw ScimProblems.InvalidSyntax.Because("The message must be an object.");
            Walk(message);
            return message;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw ScimProblems.InvalidSyntax.Because("The message is no JSON, or names a member twice.", exception);
        }
    }

    /// <summary>Nodes are read when they are first looked at; a name that appears twice must surface here and not later.</summary>
    private static void Walk(JsonNode? node)
    {
        if (node is JsonObject members)
            foreach (var (_, member) in members) Walk(member);
        else if (node is JsonArray elements)
            foreach (var element in elements) Walk(element);
    }

    public static IResult Answer(HttpContext http, JsonObject resource, int status = StatusCodes.Status200OK)
    {
        if (resource["meta"]?["version"]?.GetValue<string>() is { } version)
        {
            http.Response.Headers.ETag = version;
            if (HttpMethods.IsGet(http.Request.Method) && http.Request.Headers.IfNoneMatch.ToString() == version) return TypedResults.StatusCode(StatusCodes.Status304NotModified);
        }
        if (status == StatusCodes.Status201Created) http.Response.Headers.Location = resource["meta"]!["location"]!.GetValue<string>();
        return Json(Project(resource, http.Request.Query), status);
    }

    public static IResult Json(JsonNode message, int status = StatusCodes.Status200OK) => TypedResults.Text(message.ToJsonString(), ScimErrors.ContentType, statusCode: status);

    /// <summary>One page of what a filter leaves (RFC 7644, 3.4.2.4): counted from 1, at most 200, and an index below 1 is 1.</summary>
    public static IResult Page(HttpContext http, IEnumerable<JsonObject> resources)
    {
        var query = http.Request.Query;
        var filter = query["filter"].ToString() is { Length: > 0 } text ? ScimFilterParser.Parse(text) : null;
        var start = Math.Max(1, Number(query, "startIndex") ?? 1);
        var count = Math.Clamp(Number(query, "count") ?? 100, 0, 200);
        var all = resources.Where(resource => filter is null || filter.Matches(resource)).ToList();
        var page = all.Skip((int)Math.Min(start - 1, int.MaxValue)).Take((int)count).Select(resource => (JsonNode)Project(resource, query)).ToArray();
        return Json(new JsonObject
        {
            ["schemas"] = new JsonArray("urn:ietf:params:scim:api:messages:2.0:ListResponse"), ["totalResults"] = all.Count, ["startIndex"] = start, ["itemsPerPage"] = page.Length,
            ["Resources"] = new JsonArray(page),
        });
    }

    /// <summary>The version in If-Match when there is one; SCIM clients may leave it out.</summary>
    /// <exception cref="Problem">412 when it is not the current one.</exception>
    public static void CheckVersion(HttpRequest request, long version)
    {
        var sent = request.Headers.IfMatch.ToString();
        if (sent.Length > 0 && sent != "*" && sent != Version(version)) throw PlatformProblems.VersionMismatch.Because($"The version is {Version(version)}.");
    }

    public static string Version(long version) => string.Create(CultureInfo.InvariantCulture, $"W/\"{version}\"");

    public static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    public static string? Text(JsonObject from, string name)
    {
        if (ScimFilter.Find(from, name) is not { } node) return null;
        return node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : throw ScimProblems.InvalidValue.Because($"'{name}' must be a text.");
    }

    /// <summary>A flag, also as the text in which some providers send it.</summary>
    public static bool? Flag(JsonObject from, string name) => ScimFilter.Find(from, name) switch
    {
        null => null,
        JsonValue value when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False => value.GetValue<bool>(),
        JsonValue value when value.GetValueKind() is JsonValueKind.String && bool.TryParse(value.GetValue<string>(), out var flag) => flag,
        _ => throw ScimProblems.InvalidValue.Because($"'{name}' must be true or false."),
    };

    private static long? Number(IQueryCollection query, string name)
    {
        if (query[name].ToString() is not { Length: > 0 } text) return null;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw ScimProblems.InvalidValue.Because($"'{name}' must be a whole number.");
    }

    /// <summary>Leaves out what <c>attributes</c> does not name or <c>excludedAttributes</c> does; by whole attributes.</summary>
    private static JsonObject Project(JsonObject resource, IQueryCollection query)
    {
        var only = Split(query["attributes"].ToString());
        var without = Split(query["excludedAttributes"].ToString());
        if (only.Length == 0 && without.Length == 0) return resource;
        foreach (var name in resource.Select(static pair => pair.Key).ToList())
        {
            if (name is "schemas" or "id") continue;
            if ((only.Length > 0 && !only.Contains(name, StringComparer.OrdinalIgnoreCase)) || without.Contains(name, StringComparer.OrdinalIgnoreCase)) resource.Remove(name);
        }
        return resource;
    }

    private static string[] Split(string names) =>
        [.. names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(static name => name[(name.LastIndexOf(':') + 1)..].Split('.')[0])];
}
