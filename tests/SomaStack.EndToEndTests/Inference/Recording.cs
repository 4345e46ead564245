using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using YamlDotNet.RepresentationModel;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>One request and answer of real traffic with a provider, as a VCR cassette holds it.</summary>
internal sealed record Interaction(string Uri, JsonObject? Request, int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Model => Request!["model"]!.GetValue<string>();

    public bool IsStream => Request?["stream"]?.GetValue<bool>() == true;

    public bool IsChat => Uri.EndsWith("/chat/completions", StringComparison.Ordinal);

    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>The usage that the provider reported, whole or in the last event that has one.</summary>
    public JsonObject? Usage
    {
        get
        {
            if (!IsStream) return JsonNode.Parse(Body)?["usage"] as JsonObject;
            JsonObject? usage = null;
            foreach (var line in Text.Split('\n'))
                if (line.StartsWith("data: {", StringComparison.Ordinal) && JsonNode.Parse(line["data: ".Length..])?["usage"] is JsonObject seen) usage = seen;
            return usage;
        }
    }
}

/// <summary>Recorded traffic, read by path; never copied into the project.</summary>
internal static class Recordings
{
    private static readonly string? Folder = Find();

    public static bool AreThere => Folder is not null;

    /// <summary>Null when it is not there.</summary>
    public static string? Root => Folder;

    /// <summary>Every chat exchange of a recording, in order.</summary>
    public static List<Interaction> Chat(string name) => [.. Read(name).Where(interaction => interaction.IsChat)];

    public static List<Interaction> Read(string name)
    {
        Assert.SkipWhen(Folder is null, "../shared/data/provider-recordings is not there.");
        var yaml = new YamlStream();
        using var reader = new StreamReader(Path.Combine(Folder!, name + ".yaml"));
        yaml.Load(reader);
        var root = (YamlMappingNode)yaml.Documents[0].RootNode;
        return [.. ((YamlSequenceNode)root["interactions"]).Select(node => Read((YamlMappingNode)node))];
    }

    private static Interaction Read(YamlMappingNode node)
    {
        var request = (YamlMappingNode)node["request"];
        var response = (YamlMappingNode)node["response"];
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (response.Children.TryGetValue("headers", out var listed))
            foreach (var (name, values) in ((YamlMappingNode)listed).Children) headers[name.ToString()] = ((YamlSequenceNode)values)[0].ToString();
        var body = response.Children.TryGetValue("parsed_body", out var parsed) ? Encoding.UTF8.GetBytes(Json(parsed)?.ToJsonString() ?? "null")
            : response.Children.TryGetValue("body", out var raw) ? Encoding.UTF8.GetBytes(((YamlMappingNode)raw)["string"].ToString()) : [];
        return new Interaction(
            request["uri"].ToString(), request.Children.TryGetValue("parsed_body", out var sent) ? Json(sent) as JsonObject : null,
            int.Parse(((YamlMappingNode)response["status"])["code"].ToString(), CultureInfo.InvariantCulture), headers, body);
    }

    private static JsonNode? Json(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(pair => KeyValuePair.Create(pair.Key.ToString(), Json(pair.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Select(Json)]),
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain } scalar => Plain(scalar.Value ?? ""),
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

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "SomaStack.slnx")))
            {
                var data = Path.Combine(folder.FullName, "..", "shared", "data", "provider-recordings");
                return Directory.Exists(data) ? data : null;
            }
        return null;
    }
}
