using System.Text;
using System.Text.Json.Nodes;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>Turns the operations of an OpenAPI document (3.0 or 3.1) into actions. Pure. What has no counterpart is skipped and named.</summary>
internal sealed class OpenApiManifest(JsonObject document, List<FieldError> errors, List<FieldError> skipped)
{
    private const int ReferencesMax = 10;
    private const string Json = "application/json";

    private static readonly string[] Methods = ["get", "put", "post", "delete", "patch", "head"];

    private readonly OpenApiSchemas _schemas = new(document, errors);
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    public JsonObject Draft(string? id, string version, string? baseUrl)
    {
        var spoken = Text(document["openapi"]);
        if (spoken is null || !(spoken.StartsWith("3.0.", StringComparison.Ordinal) || spoken.StartsWith("3.1.", StringComparison.Ordinal))) errors.Add(new FieldError("/openapi", "must be 3.0 or 3.1"));
        var title = Text(document["info"]?["title"]) ?? "";
        var address = baseUrl ?? Text(document["servers"]?[0]?["url"]) ?? "";
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || (url.Scheme != "http" && url.Scheme != "https")) errors.Add(new FieldError("/servers/0/url", "is no absolute http or https address; name one with base_url"));
        var actions = new JsonArray();
        foreach (var (path, item) in document["paths"] as JsonObject ?? [])
        {
            foreach (var method in Methods)
                if (item?[method] is JsonObject operation && Action(path, method, operation, item) is { } action) actions.Add(action);
        }
        if (actions.Count == 0 && errors.Count == 0) errors.Add(new FieldError("/paths", "has no operation that can be imported"));
        var headers = Security();
        var settings = new JsonObject { ["base_url"] = url?.AbsoluteUri.TrimEnd('/') ?? "" };
        if (headers.Count > 0) settings["headers"] = headers;
        return new JsonObject
        {
            ["id"] = id ?? IdOf(title), ["version"] = version, ["kind"] = HttpKind.Name, ["summary"] = Cut(title.Length > 0 ? title : "Imported from an OpenAPI document.", 500), ["actions"] = actions,
            ["egress"] = new JsonArray(url?.GetLeftPart(UriPartial.Authority) ?? ""), ["settings"] = settings,
        };
    }

    private JsonObject? Action(string path, string method, JsonObject operation, JsonNode item)
    {
        var at = StrictObject.Pointer("/paths", path) + "/" + method;
        var (properties, required, definitions) = (new JsonObject(), new JsonArray(), new JsonObject());
        var (query, headers) = (new JsonObject(), new JsonObject());
        var settings = new JsonObject { ["method"] = method.ToUpperInvariant(), ["path"] = path };
        foreach (var parameter in Parameters(operation, item, at))
            if (!Parameter(parameter, at, properties, required, definitions, query, headers)) return null;
        if (query.Count > 0) settings["query"] = query;
        if (headers.Count > 0) settings["headers"] = headers;
        if (Resolved(operation["requestBody"], at + "/requestBody") is { } body && !Body(body, at, properties, required, definitions, settings)) return null;
        var input = new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        if (required.Count > 0) input["required"] = required;
        if (definitions.Count > 0) input["$defs"] = definitions;
        var (reads, repeats) = (method is "get" or "head", method is "get" or "head" or "put" or "delete");
        var action = new JsonObject
        {
            ["name"] = NameOf(operation, path, method), ["description"] = Cut(Text(operation["description"]) is { Length: > 0 } described ? described : Text(operation["summary"]) is { Length: > 0 } summed ? summed : $"{method.ToUpperInvariant()} {path}", 1000),
            ["input"] = input, ["risk"] = reads ? "low" : method == "delete" ? "high" : "medium", ["read_only"] = reads, ["idempotent"] = repeats, ["settings"] = settings,
        };
        if (Output(operation, at) is { } output) action["output"] = output;
        return action;
    }

    /// <summary>The operation's own before those that all operations of the path share.</summary>
    private List<JsonObject> Parameters(JsonObject operation, JsonNode item, string at)
    {
        var all = new List<JsonObject>();
        foreach (var list in new[] { operation["parameters"], item["parameters"] })
            foreach (var one in list as JsonArray ?? [])
                if (Resolved(one, at + "/parameters") is { } parameter && !all.Exists(known => Text(known["name"]) == Text(parameter["name"]) && Text(known["in"]) == Text(parameter["in"]))) all.Add(parameter);
        return all;
    }

    /// <returns>False when the operation cannot do without what has no counterpart.</returns>
    private bool Parameter(JsonObject parameter, string at, JsonObject properties, JsonArray required, JsonObject definitions, JsonObject query, JsonObject headers)
    {
        var (name, place) = (Text(parameter["name"]) ?? "", Text(parameter["in"]) ?? "");
        var isNeeded = place == "path" || IsTrue(parameter["required"]);
        var fits = place switch { "path" => true, "query" => true, "header" => HttpAction.IsHeader(name) && !name.Equals("authorization", StringComparison.OrdinalIgnoreCase), _ => false };
        if (!fits || name.Length is 0 or > 128)
        {
            skipped.Add(new FieldError(at, $"the parameter '{name}' in {place} cannot be sent{(isNeeded ? ", and the operation needs it" : "")}"));
            return !isNeeded;
        }
        var argument = properties.ContainsKey(name) ? $"{place}_{name}" : name;
        var schema = _schemas.Convert(parameter["schema"] ?? parameter["content"]?[Json]?["schema"], at + "/parameters/" + name, definitions);
        if (schema is JsonObject described && Text(parameter["description"]) is { Length: > 0 } text && !described.ContainsKey("$ref")) described["description"] = Cut(text, 500);
        properties[argument] = schema;
        if (isNeeded) required.Add(argument);
        if (place == "query") query[name] = argument;
        else if (place == "header") headers[name] = argument;
        return true;
    }

    private bool Body(JsonObject body, string at, JsonObject properties, JsonArray required, JsonObject definitions, JsonObject settings)
    {
        var content = body["content"] as JsonObject ?? [];
        var type = content.ContainsKey(Json) ? Json : content.ContainsKey(HttpAction.Form) ? HttpAction.Form : null;
        if (type is null)
        {
            skipped.Add(new FieldError(at + "/requestBody", "only application/json and forms can be sent, so the operation is left out"));
            return false;
        }
        var argument = properties.ContainsKey("body") ? "request_body" : "body";
        properties[argument] = _schemas.Convert(content[type]?["schema"], at + "/requestBody", definitions);
        if (IsTrue(body["required"])) required.Add(argument);
        settings["body"] = argument;
        if (type != Json) settings["content_type"] = type;
        return true;
    }

    /// <summary>Of the first success that answers JSON; it has its own definitions, since it stands alone.</summary>
    private JsonObject? Output(JsonObject operation, string at)
    {
        foreach (var (status, response) in operation["responses"] as JsonObject ?? [])
        {
            if (!status.StartsWith('2') || Resolved(response, at + "/responses/" + status)?["content"]?[Json]?["schema"] is not { } schema) continue;
            var definitions = new JsonObject();
            if (_schemas.Convert(schema, at + "/responses/" + status, definitions) is not JsonObject output) return null;
            if (definitions.Count > 0) output["$defs"] = definitions;
            return output;
        }
        return null;
    }

    /// <summary>Ways in that are a header; a secret is bound later. Others are named, and somebody decides.</summary>
    private JsonObject Security()
    {
        var headers = new JsonObject();
        var schemes = document["components"]?["securitySchemes"] as JsonObject ?? [];
        foreach (var requirement in document["security"] as JsonArray ?? [])
        {
            foreach (var (name, _) in requirement as JsonObject ?? [])
            {
                var scheme = Resolved(schemes[name], "/components/securitySchemes/" + name);
                var secret = "{secret:" + new string([.. name.ToUpperInvariant().Select(static c => char.IsAsciiLetterOrDigit(c) ? c : '_')]) + "}";
                var (type, place) = (Text(scheme?["type"]), Text(scheme?["in"]));
                if (type == "apiKey" && place == "header" && Text(scheme?["name"]) is { } header) headers[header] = secret;
                else if (type is "oauth2" or "openIdConnect" || (type == "http" && Text(scheme?["scheme"])?.ToLowerInvariant() == "bearer")) headers["Authorization"] = "Bearer " + secret;
                else if (type == "http") headers["Authorization"] = "Basic " + secret;
                else skipped.Add(new FieldError("/components/securitySchemes/" + name, "is no header, so no secret is sent for it"));
            }
            // One of the alternatives is enough.
            if (headers.Count > 0) break;
        }
        return headers;
    }

    private JsonObject? Resolved(JsonNode? node, string at)
    {
        for (var hops = 0; hops < ReferencesMax; hops++)
        {
            if (node is not JsonObject found) return null;
            if (found["$ref"] is not JsonValue reference) return found;
            node = document;
            foreach (var token in reference.ToString().TrimStart('#').Split('/').Skip(1))
                node = (node as JsonObject)?[token.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)];
        }
        errors.Add(new FieldError(at, "refers round in circles, or to nothing"));
        return null;
    }

    private string NameOf(JsonObject operation, string path, string method)
    {
        var wanted = Text(operation["operationId"]) ?? $"{method}{path}";
        var name = new StringBuilder();
        foreach (var c in wanted)
            if (char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-') name.Append(c);
            else if (name.Length > 0 && name[^1] != '_') name.Append('_');
        var text = name.ToString().Trim('_', '.', '-');
        if (text.Length == 0) text = method;
        text = text[..Math.Min(text.Length, 120)];
        var free = text;
        for (var number = 2; !_names.Add(free); number++) free = $"{text}_{number}";
        return free;
    }

    private static string IdOf(string title)
    {
        var plain = new string([.. title.ToLowerInvariant().Select(static c => char.IsAsciiLetterOrDigit(c) ? c : ' ')]);
        var id = string.Join('-', plain.Split(' ', StringSplitOptions.RemoveEmptyEntries)).TrimStart('-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
        return id.Length == 0 ? "imported" : id[..Math.Min(id.Length, 64)].TrimEnd('-');
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static bool IsTrue(JsonNode? node) => node is JsonValue value && value.TryGetValue<bool>(out var yes) && yes;

    private static string Cut(string text, int most)
    {
        if (text.Length <= most) return text;
        // Not between the halves of a surrogate pair.
        return text[..(char.IsHighSurrogate(text[most - 2]) ? most - 2 : most - 1)] + "…";
    }
}
