using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>Applies PATCH operations (RFC 7644, 3.5.2) to a resource in the form in which SCIM shows it. Pure.</summary>
internal static class ScimPatch
{
    public const int OperationsMax = 100;

    private static readonly string[] ReadOnly = ["id", "meta", "schemas", "groups"];
    private static readonly string[] Many = ["emails", "phonenumbers", "members", "capabilities"];
    private static readonly string[] Known = ["username", "externalid", "displayname", "active", "name", "nickname", "title", "usertype", "preferredlanguage", "locale", "timezone", .. Many];

    /// <exception cref="Problem">400 with SCIM's own error type.</exception>
    public static void Apply(JsonObject resource, JsonObject message)
    {
        if (ScimFilter.Find(message, "Operations") is not JsonArray { Count: > 0 and <= OperationsMax } operations) throw ScimProblems.InvalidSyntax.Because($"Operations must hold 1 to {OperationsMax} operations.");
        foreach (var one in operations)
        {
            if (one is not JsonObject operation || Text(ScimFilter.Find(operation, "op")) is not { } verb) throw ScimProblems.InvalidSyntax.Because("An operation needs 'op'.");
            Apply(resource, verb.ToLowerInvariant(), Text(ScimFilter.Find(operation, "path")), ScimFilter.Find(operation, "value"));
        }
    }

    private static void Apply(JsonObject resource, string verb, string? path, JsonNode? value)
    {
        if (verb is not ("add" or "replace" or "remove")) throw ScimProblems.InvalidSyntax.Because("op must be add, replace or remove.");
        if (string.IsNullOrEmpty(path))
        {
            if (verb == "remove") throw ScimProblems.NoTarget.Because("remove needs a path.");
            if (value is not JsonObject members) throw ScimProblems.InvalidValue.Because("Without a path the value must be an object.");
            foreach (var (name, member) in members) ApplyMember(resource, verb, name, member);
            return;
        }
        var (attribute, filter) = ScimFilterParser.ParsePath(path);
        Check(attribute.Name);
        if (filter is not null) ApplyToElements(resource, verb, attribute, filter, value);
        else if (verb == "remove") Remove(resource, attribute, value);
        else Set(resource, verb, attribute, value ?? throw ScimProblems.InvalidValue.Because($"'{attribute}' needs a value."));
    }

    /// <summary>A member of a value without path. Providers send whole profiles, so what we do not keep is passed over.</summary>
    private static void ApplyMember(JsonObject resource, string verb, string name, JsonNode? value)
    {
        if (value is JsonObject extension && name.Contains(':', StringComparison.Ordinal))
        {
            if (name.EndsWith(":Group", StringComparison.OrdinalIgnoreCase) && ScimFilter.Find(extension, "capabilities") is { } capabilities)
                Set(resource, verb, new ScimAttribute("capabilities", null), capabilities);
            return;
        }
        ScimAttribute attribute;
        try
        {
            (attribute, _) = ScimFilterParser.ParsePath(name);
        }
        catch (Problem)
        {
            return;
        }
        if (ReadOnly.Contains(attribute.Name) || !Known.Contains(attribute.Name)) return;
        if (value is null) Remove(resource, attribute, null);
        else Set(resource, verb, attribute, value);
    }

    private static void Check(string name)
    {
        if (ReadOnly.Contains(name)) throw ScimProblems.Mutability.Because($"'{name}' is read-only.");
        if (!Known.Contains(name)) throw ScimProblems.InvalidPath.Because($"There is no attribute '{name}'.");
    }

    private static void Set(JsonObject resource, string verb, ScimAttribute attribute, JsonNode value)
    {
        var key = KeyOf(resource, attribute.Name);
        if (attribute.Sub is { } sub)
        {
            if (resource[key] is JsonArray elements)
            {
                foreach (var element in elements.OfType<JsonObject>()) element[KeyOf(element, sub)] = value.DeepClone();
                return;
            }
            if (resource[key] is not JsonObject complex) resource[key] = complex = [];
            complex[KeyOf(complex, sub)] = value.DeepClone();
            return;
        }
        if (Many.Contains(attribute.Name))
        {
            var added = value is JsonArray several ? several.OfType<JsonNode>() : [value];
            if (verb == "replace" || resource[key] is not JsonArray many) resource[key] = many = [];
            foreach (var element in added)
                if (!many.Any(known => Same(known, element))) many.Add(element.DeepClone());
            return;
        }
        if (value is JsonObject merged && resource[key] is JsonObject present)
            foreach (var (name, member) in merged) present[KeyOf(present, name)] = member?.DeepClone();
        else resource[key] = value.DeepClone();
    }

    private static void Remove(JsonObject resource, ScimAttribute attribute, JsonNode? value)
    {
        var key = KeyOf(resource, attribute.Name);
        if (attribute.Sub is { } sub)
        {
            if (resource[key] is JsonObject complex) complex.Remove(KeyOf(complex, sub));
            if (resource[key] is JsonArray elements)
                foreach (var element in elements.OfType<JsonObject>()) element.Remove(KeyOf(element, sub));
        }
        else if (value is JsonArray gone && resource[key] is JsonArray many)
        {
            // Not in the standard, but sent by a large provider: remove just these members.
            foreach (var node in many.Where(node => gone.Any(one => Same(node, one))).ToList()) many.Remove(node);
        }
        else
        {
            resource.Remove(key);
        }
    }

    private static void ApplyToElements(JsonObject resource, string verb, ScimAttribute attribute, ScimFilter filter, JsonNode? value)
    {
        var key = KeyOf(resource, attribute.Name);
        if (resource[key] is not JsonArray many) resource[key] = many = [];
        var chosen = many.Where(filter.Matches).ToList();
        if (verb == "remove")
        {
            foreach (var element in chosen)
                if (attribute.Sub is null) many.Remove(element);
                else if (element is JsonObject complex) complex.Remove(KeyOf(complex, attribute.Sub));
            return;
        }
        if (value is null) throw ScimProblems.InvalidValue.Because($"'{attribute}' needs a value.");
        if (chosen.Count == 0)
        {
            // An addition to what is not there makes it, when the filter says what it is: emails[type eq "work"].value.
            if (verb == "replace" || filter is not ScimComparison { Operator: "eq", Value: string kind } named || attribute.Sub is null) throw ScimProblems.NoTarget.Because($"No element of '{attribute.Name}' matches.");
            many.Add(new JsonObject { [named.Path.Name] = kind, [attribute.Sub] = value.DeepClone() });
            return;
        }
        foreach (var element in chosen)
        {
            if (attribute.Sub is { } sub && element is JsonObject complex) complex[KeyOf(complex, sub)] = value.DeepClone();
            else if (attribute.Sub is null && value is JsonObject members && element is JsonObject present)
            {
                if (verb == "replace") present.Clear();
                foreach (var (name, member) in members) present[KeyOf(present, name)] = member?.DeepClone();
            }
            else throw ScimProblems.InvalidValue.Because($"'{attribute.Name}' needs an object.");
        }
    }

    /// <summary>Elements are the same when their <c>value</c> is, else when all of them is.</summary>
    private static bool Same(JsonNode? one, JsonNode? other) =>
        one is JsonObject first && other is JsonObject second && ScimFilter.Find(first, "value") is { } x && ScimFilter.Find(second, "value") is { } y ? JsonNode.DeepEquals(x, y) : JsonNode.DeepEquals(one, other);

    /// <summary>The spelling that the resource has already, since names have no case.</summary>
    private static string KeyOf(JsonObject resource, string name)
    {
        foreach (var (key, _) in resource)
            if (string.Equals(key, name, StringComparison.OrdinalIgnoreCase)) return key;
        return name;
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;
}
