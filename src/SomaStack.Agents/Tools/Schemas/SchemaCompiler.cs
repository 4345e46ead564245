using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>Reads a schema into nodes. References are resolved when all nodes are there, inside the document and nowhere else.</summary>
internal sealed class SchemaCompiler(JsonElement document, string at, List<FieldError> errors)
{
    private const string Base = "https://schema.invalid/";
    private const int PatternMax = 1000;
    private const int ErrorsMax = 50;

    private readonly Dictionary<string, SchemaNode> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SchemaResource> _resources = new(StringComparer.Ordinal);
    private readonly List<(SchemaNode Node, string Path, string Text, bool IsDynamic)> _references = [];
    private int _count;

    /// <summary>Some schema asks what others have looked at.</summary>
    public bool Tracks { get; private set; }

    public SchemaNode Run()
    {
        var root = Compile(document, "", new SchemaResource(Base, ""), 0);
        // References may lead to what no keyword names, which is then compiled and may refer further.
        for (var i = 0; i < _references.Count && errors.Count < ErrorsMax; i++) Resolve(_references[i]);
        return root;
    }

    private SchemaNode Compile(JsonElement schema, string path, SchemaResource resource, int depth)
    {
        if (_nodes.TryGetValue(path, out var known)) return known;
        if (path.Length == 0) _resources[resource.Uri] = resource;
        if (schema.ValueKind == JsonValueKind.Object && Text(schema, "$id", path) is { } id && !id.StartsWith('#'))
        {
            resource = new SchemaResource(Absolute(resource.Uri, Split(id).Address, path), path);
            if (!_resources.TryAdd(resource.Uri, resource)) _resources[resource.Uri] = resource;
        }
        var node = new SchemaNode(resource);
        _nodes[path] = node;
        if (++_count > ActionSchema.NodesMax) Wrong("", $"has more than {ActionSchema.NodesMax} schemas");
        else if (depth > ActionSchema.DepthMax) Wrong(path, $"is nested more than {ActionSchema.DepthMax} deep");
        else if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False) node.Always = schema.GetBoolean();
        else if (schema.ValueKind != JsonValueKind.Object) Wrong(path, "must be a schema: an object, true or false");
        else Read(schema, path, node, depth);
        return node;
    }

    private void Read(JsonElement schema, string path, SchemaNode node, int depth)
    {
        if (Text(schema, "$anchor", path) is { } anchor) node.Resource.Anchors[anchor] = node;
        if (Text(schema, "$dynamicAnchor", path) is { } dynamic) node.Resource.Anchors[dynamic] = node.Resource.DynamicAnchors[dynamic] = node;
        if (Text(schema, "$ref", path) is { } reference) _references.Add((node, path, reference, false));
        if (Text(schema, "$dynamicRef", path) is { } dynamicReference) _references.Add((node, path, dynamicReference, true));
        ReadValues(schema, path, node);
        node.Properties = Map(schema, "properties", path, node.Resource, depth);
        node.DependentSchemas = Map(schema, "dependentSchemas", path, node.Resource, depth);
        Map(schema, "$defs", path, node.Resource, depth);
        if (Map(schema, "patternProperties", path, node.Resource, depth) is { } patterns)
            node.PatternProperties = [.. patterns.Select(pair => (Regex(pair.Key, path + "/patternProperties"), pair.Value)).Where(static pair => pair.Item1 is not null).Select(static pair => (pair.Item1!, pair.Value))];
        (node.AllOf, node.AnyOf, node.OneOf, node.PrefixItems) = (List(schema, "allOf", path, node.Resource, depth), List(schema, "anyOf", path, node.Resource, depth),
            List(schema, "oneOf", path, node.Resource, depth), List(schema, "prefixItems", path, node.Resource, depth));
        (node.Not, node.If, node.Then, node.Else) = (One("not"), One("if"), One("then"), One("else"));
        (node.Items, node.Contains, node.AdditionalProperties, node.PropertyNames) = (One("items"), One("contains"), One("additionalProperties"), One("propertyNames"));
        (node.UnevaluatedItems, node.UnevaluatedProperties) = (One("unevaluatedItems"), One("unevaluatedProperties"));
        Tracks |= node.UnevaluatedItems is not null || node.UnevaluatedProperties is not null;

        SchemaNode? One(string name) => schema.TryGetProperty(name, out var found) ? Compile(found, path + "/" + name, node.Resource, depth + 1) : null;
    }

    private void ReadValues(JsonElement schema, string path, SchemaNode node)
    {
        foreach (var keyword in schema.EnumerateObject())
        {
            var (value, here) = (keyword.Value, path + "/" + keyword.Name);
            switch (keyword.Name)
            {
                case "type": node.Types = Types(value, here); break;
                case "enum": if (value.ValueKind == JsonValueKind.Array) node.Enum = [.. value.EnumerateArray()]; else Wrong(here, "must be a list"); break;
                case "const": node.Const = value; break;
                case "multipleOf": node.MultipleOf = Figure(value, here, positive: true); break;
                case "minimum": node.Minimum = Figure(value, here); break;
                case "maximum": node.Maximum = Figure(value, here); break;
                case "exclusiveMinimum": node.ExclusiveMinimum = Figure(value, here); break;
                case "exclusiveMaximum": node.ExclusiveMaximum = Figure(value, here); break;
                case "minLength": node.MinLength = Count(value, here); break;
                case "maxLength": node.MaxLength = Count(value, here); break;
                case "minItems": node.MinItems = Count(value, here); break;
                case "maxItems": node.MaxItems = Count(value, here); break;
                case "minContains": node.MinContains = Count(value, here); break;
                case "maxContains": node.MaxContains = Count(value, here); break;
                case "minProperties": node.MinProperties = Count(value, here); break;
                case "maxProperties": node.MaxProperties = Count(value, here); break;
                case "uniqueItems": node.UniqueItems = value.ValueKind == JsonValueKind.True; break;
                case "pattern": node.Pattern = value.ValueKind == JsonValueKind.String ? Regex(value.GetString()!, here) : Refuse<Regex>(here, "must be a text"); break;
                case "required": node.Required = Names(value, here); break;
                case "dependentRequired":
                    node.DependentRequired = value.ValueKind != JsonValueKind.Object ? Refuse<Dictionary<string, string[]>>(here, "must be an object")
                        : value.EnumerateObject().DistinctBy(static one => one.Name).ToDictionary(static one => one.Name, one => Names(one.Value, here + "/" + one.Name) ?? [], StringComparer.Ordinal);
                    break;
                default: break;
            }
        }
    }

    private void Resolve((SchemaNode Node, string Path, string Text, bool IsDynamic) reference)
    {
        var (node, path, text, isDynamic) = reference;
        var here = path + (isDynamic ? "/$dynamicRef" : "/$ref");
        var (address, fragment) = Split(text);
        var resource = address.Length == 0 ? node.Resource : _resources.GetValueOrDefault(Absolute(node.Resource.Uri, address, here));
        if (resource is null)
        {
            Wrong(here, "leads outside the document, and nothing outside it is read");
            return;
        }
        string name;
        try
        {
            name = Uri.UnescapeDataString(fragment);
        }
        catch (UriFormatException)
        {
            name = fragment;
        }
        var target = name.Length == 0 || name[0] == '/' ? At(resource, name) : resource.Anchors.GetValueOrDefault(name);
        if (target is null) Wrong(here, "leads to nothing in the document");
        else if (!isDynamic) node.Ref = target;
        else (node.DynamicRef, node.DynamicName) = (target, resource.DynamicAnchors.GetValueOrDefault(name) == target ? name : null);
    }

    private SchemaNode? At(SchemaResource resource, string pointer)
    {
        var found = document;
        var path = "";
        var tokens = (resource.Path + pointer).Split('/').Skip(1);
        var depth = 0;
        foreach (var token in tokens)
        {
            var name = token.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (found.ValueKind == JsonValueKind.Object && found.TryGetProperty(name, out var member)) found = member;
            else if (found.ValueKind == JsonValueKind.Array && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < found.GetArrayLength()) found = found[index];
            else return null;
            path += "/" + token;
            depth++;
        }
        return _nodes.TryGetValue(path, out var known) ? known : Compile(found, path, resource, depth);
    }

    private Dictionary<string, SchemaNode>? Map(JsonElement schema, string name, string path, SchemaResource resource, int depth)
    {
        if (!schema.TryGetProperty(name, out var found)) return null;
        if (found.ValueKind != JsonValueKind.Object) return Refuse<Dictionary<string, SchemaNode>>(path + "/" + name, "must be an object of schemas");
        var map = new Dictionary<string, SchemaNode>(StringComparer.Ordinal);
        foreach (var member in found.EnumerateObject()) map[member.Name] = Compile(member.Value, StrictObject.Pointer(path + "/" + name, member.Name), resource, depth + 1);
        return map;
    }

    private SchemaNode[]? List(JsonElement schema, string name, string path, SchemaResource resource, int depth)
    {
        if (!schema.TryGetProperty(name, out var found)) return null;
        if (found.ValueKind != JsonValueKind.Array || found.GetArrayLength() == 0) return Refuse<SchemaNode[]>(path + "/" + name, "must be a list of schemas");
        return [.. found.EnumerateArray().Select((item, i) => Compile(item, $"{path}/{name}/{i.ToString(CultureInfo.InvariantCulture)}", resource, depth + 1))];
    }

    /// <summary>Linear time whatever the text: no back references and no looking around, which the engine refuses.</summary>
    private Regex? Regex(string pattern, string here)
    {
        if (pattern.Length > PatternMax) return Refuse<Regex>(here, $"has a pattern of more than {PatternMax} characters");
        try
        {
            return new Regex(EcmaPattern.ToRuntime(pattern), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            return Refuse<Regex>(here, "is no regular expression that runs in linear time");
        }
    }

    private JsonTypes Types(JsonElement value, string here)
    {
        var types = JsonTypes.None;
        foreach (var name in value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select(static item => item) : [value])
        {
            var one = name.ValueKind != JsonValueKind.String ? JsonTypes.None : name.GetString() switch
            {
                "null" => JsonTypes.Null, "boolean" => JsonTypes.Boolean, "object" => JsonTypes.Object, "array" => JsonTypes.Array, "number" => JsonTypes.Number,
                "integer" => JsonTypes.Integer, "string" => JsonTypes.String, _ => JsonTypes.None,
            };
            if (one == JsonTypes.None) Wrong(here, "must name types of JSON");
            types |= one;
        }
        return types;
    }

    private Number? Figure(JsonElement value, string here, bool positive = false)
    {
        if (value.ValueKind == JsonValueKind.Number && (!positive || value.GetDouble() > 0)) return Number.Of(value);
        Wrong(here, positive ? "must be a number above 0" : "must be a number");
        return null;
    }

    private long? Count(JsonElement value, string here)
    {
        if (value.ValueKind == JsonValueKind.Number && value.GetDouble() is >= 0 and <= 9e15 and var count && double.IsInteger(count)) return (long)count;
        Wrong(here, "must be a whole number from 0");
        return null;
    }

    private string[]? Names(JsonElement value, string here) => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(static item => item.ValueKind == JsonValueKind.String)
        ? [.. value.EnumerateArray().Select(static item => item.GetString()!)] : Refuse<string[]>(here, "must be a list of names");

    private string? Text(JsonElement schema, string name, string path)
    {
        if (!schema.TryGetProperty(name, out var found)) return null;
        return found.ValueKind == JsonValueKind.String ? found.GetString() : Refuse<string>(path + "/" + name, "must be a text");
    }

    private string Absolute(string from, string address, string here)
    {
        if (Uri.TryCreate(address, UriKind.Absolute, out var absolute) && !address.StartsWith('/')) return absolute.AbsoluteUri;
        if (Uri.TryCreate(from, UriKind.Absolute, out var start) && Uri.TryCreate(start, address, out var together)) return together.AbsoluteUri;
        Wrong(here, "is no address");
        return from;
    }

    private static (string Address, string Fragment) Split(string reference) =>
        reference.IndexOf('#', StringComparison.Ordinal) is >= 0 and var mark ? (reference[..mark], reference[(mark + 1)..]) : (reference, "");

    private T? Refuse<T>(string path, string message) where T : class
    {
        Wrong(path, message);
        return null;
    }

    private void Wrong(string path, string message)
    {
        if (errors.Count < ErrorsMax) errors.Add(new FieldError((at + path) is { Length: > 0 } place ? place : "/", message));
    }
}
