using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SomaStack.Bench;

/// <summary>One exchange of recorded traffic with a provider.</summary>
/// <param name="Provider">The host that answered.</param>
/// <param name="Body">As it came, events included.</param>
internal sealed record RecordedExchange(string File, string Provider, Uri Address, JsonObject? Request, int Status, byte[] Body)
{
    public string? Model => Request?["model"] is JsonValue value && value.TryGetValue<string>(out var model) ? model : null;

    /// <summary>Each JSON object of the answer: the whole, or one for each event.</summary>
    public IEnumerable<JsonObject> Parts()
    {
        var text = Encoding.UTF8.GetString(Body);
        if (text.StartsWith('{'))
        {
            if (Parse(text) is { } whole) yield return whole;
            yield break;
        }
        foreach (var line in text.Split('\n'))
            if (line.StartsWith("data: {", StringComparison.Ordinal) && Parse(line["data: ".Length..]) is { } part) yield return part;
    }

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }
}

/// <summary>The recordings beside a checkout, read where they lie.</summary>
internal static class RecordedTraffic
{
    /// <summary>Null when they are not there.</summary>
    public static string? DefaultFolder() => Beside("../shared/data/provider-recordings") is { } folder && Directory.Exists(folder) ? folder : null;

    /// <summary>A path from the root of the checkout; null outside of one.</summary>
    public static string? Beside(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "SomaStack.slnx"))) return Path.GetFullPath(Path.Combine(folder.FullName, path));
        return null;
    }

    public static IEnumerable<RecordedExchange> Read(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var yaml = new YamlStream();
            using var reader = new StreamReader(file);
            yaml.Load(reader);
            foreach (var node in (YamlSequenceNode)yaml.Documents[0].RootNode["interactions"])
                if (Exchange(Path.GetRelativePath(folder, file), (YamlMappingNode)node) is { } exchange) yield return exchange;
        }
    }

    private static RecordedExchange? Exchange(string file, YamlMappingNode node)
    {
        if (node["request"] is not YamlMappingNode request || node["response"] is not YamlMappingNode response) return null;
        var address = new Uri(request["uri"].ToString());
        var body = response.Children.TryGetValue("parsed_body", out var parsed) ? Encoding.UTF8.GetBytes(Json(parsed)?.ToJsonString() ?? "null")
            : response.Children.TryGetValue("body", out var raw) && raw is YamlMappingNode held && held.Children.TryGetValue("string", out var text) ? Encoding.UTF8.GetBytes(text.ToString()) : [];
        return new RecordedExchange(
            file, address.Host, address, request.Children.TryGetValue("parsed_body", out var sent) ? Json(sent) as JsonObject : null,
            int.Parse(((YamlMappingNode)response["status"])["code"].ToString(), CultureInfo.InvariantCulture), body);
    }

    private static JsonNode? Json(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(static pair => KeyValuePair.Create(pair.Key.ToString(), Json(pair.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Select(Json)]),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar => Plain(scalar.Value ?? ""),
        YamlScalarNode scalar => JsonValue.Create(scalar.Value),
        _ => throw new InvalidDataException(node.NodeType.ToString()),
    };

    private static JsonValue? Plain(string text)
    {
        if (text is "" or "null" or "~") return null;
        if (text is "true" or "false") return JsonValue.Create(text == "true");
        if (long.TryParse(text, CultureInfo.InvariantCulture, out var whole)) return JsonValue.Create(whole);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? JsonValue.Create(number) : JsonValue.Create(text);
    }
}
