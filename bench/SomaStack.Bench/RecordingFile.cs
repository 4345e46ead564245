using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SomaStack.Bench;

/// <summary>One recorded request and its answer.</summary>
/// <param name="Request">Null when the recorded body is no JSON object.</param>
/// <param name="Status">200 where the recording does not say.</param>
/// <param name="Body">As it was before any compression.</param>
internal sealed record RecordedExchange(string Method, Uri Uri, JsonObject? Request, int Status, string? ContentType, string? RetryAfter, byte[] Body)
{
    /// <summary>A file that the recorded program fetched for itself, such as an image to send: no call of a provider.</summary>
    public bool IsDownload => Method is "GET" or "HEAD" && ContentType?.Contains("json", StringComparison.OrdinalIgnoreCase) != true && !IsStream;

    /// <summary>Server-sent events, as its header says, or its text where there is no header.</summary>
    public bool IsStream => ContentType is { } type
        ? type.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase)
        : Body.AsSpan().StartsWith("data:"u8) || Body.AsSpan().StartsWith("event:"u8);
}

/// <summary>Reads a recording in the form of VCR: a YAML file with interactions, each a request and a response.</summary>
internal static partial class RecordingFile
{
    private const string Binary = "tag:yaml.org,2002:binary";

    /// <exception cref="InvalidDataException">It is no such file; the message says why.</exception>
    public static List<RecordedExchange> Read(string path)
    {
        var yaml = new YamlStream();
        try
        {
            using var reader = new StreamReader(path);
            yaml.Load(reader);
        }
        catch (YamlException exception)
        {
            throw new InvalidDataException($"it is not valid YAML (line {exception.Start.Line})", exception);
        }
        if (yaml.Documents.Count == 0) throw new InvalidDataException("it is empty");
        if (yaml.Documents[0].RootNode is not YamlMappingNode root || !root.Children.TryGetValue("interactions", out var list) || list is not YamlSequenceNode interactions)
            throw new InvalidDataException("it has no list of interactions");
        var all = interactions.OfType<YamlMappingNode>().Select(Exchange).ToList();
        return all.Count > 0 ? all : throw new InvalidDataException("its list of interactions is empty");
    }

    private static RecordedExchange Exchange(YamlMappingNode node)
    {
        if (Child(node, "request") is not YamlMappingNode request || Child(node, "response") is not YamlMappingNode response) throw new InvalidDataException("an interaction lacks its request or response");
        if (!Uri.TryCreate((Child(request, "uri") as YamlScalarNode)?.Value, UriKind.Absolute, out var uri)) throw new InvalidDataException("a request has no absolute uri");
        var method = (Child(request, "method") as YamlScalarNode)?.Value ?? "POST";
        return new RecordedExchange(method, uri, Parse(BodyOf(request)), StatusOf(Child(response, "status")), Header(response, "content-type"), Header(response, "retry-after"), BodyOf(response));
    }

    private static YamlNode? Child(YamlMappingNode node, string name) => node.Children.TryGetValue(name, out var child) ? child : null;

    private static int StatusOf(YamlNode? status)
    {
        var code = status is YamlMappingNode map ? Child(map, "code") : status;
        return code is YamlScalarNode scalar && int.TryParse(scalar.Value, CultureInfo.InvariantCulture, out var number) ? number : 200;
    }

    private static string? Header(YamlMappingNode message, string name)
    {
        if (Child(message, "headers") is not YamlMappingNode headers) return null;
        foreach (var (key, value) in headers.Children)
        {
            if (!string.Equals(key.ToString(), name, StringComparison.OrdinalIgnoreCase)) continue;
            return value is YamlSequenceNode list ? list.Children.Count > 0 ? list[0].ToString() : null : value is YamlScalarNode scalar ? scalar.Value : null;
        }
        return null;
    }

    /// <summary><c>parsed_body</c> as JSON, else <c>body.string</c> or <c>body</c> as it stands; bytes are unpacked whatever the headers say.</summary>
    private static byte[] BodyOf(YamlMappingNode message)
    {
        if (Child(message, "parsed_body") is { } parsed && parsed is not YamlScalarNode { Style: ScalarStyle.Plain, Value: "null" or "" or "~" or null })
            return Encoding.UTF8.GetBytes(Json(parsed)?.ToJsonString() ?? "null");
        var body = Child(message, "body");
        if (body is YamlMappingNode map) body = Child(map, "string") ?? Child(map, "base64_string");
        if (body is not YamlScalarNode { Value: { } text } scalar || scalar is { Style: ScalarStyle.Plain, Value: "null" or "~" }) return [];
        var bytes = !scalar.Tag.IsEmpty && scalar.Tag == Binary ? Convert.FromBase64String(Blanks().Replace(text, "")) : Encoding.UTF8.GetBytes(text);
        return bytes is [0x1f, 0x8b, ..] ? Unpack(bytes) : bytes;
    }

    private static byte[] Unpack(byte[] bytes)
    {
        using var unpacked = new MemoryStream();
        using (var gzip = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress)) gzip.CopyTo(unpacked);
        return unpacked.ToArray();
    }

    private static JsonObject? Parse(byte[] body)
    {
        try
        {
            return body.Length == 0 ? null : JsonNode.Parse(body) as JsonObject;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    private static JsonNode? Json(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(pair => KeyValuePair.Create(pair.Key.ToString(), Json(pair.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Select(Json)]),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar when scalar.Tag.IsEmpty => Plain(scalar.Value ?? ""),
        YamlScalarNode scalar => JsonValue.Create(scalar.Value),
        _ => throw new InvalidDataException($"it holds a {node.NodeType} inside a body"),
    };

    /// <summary>YAML 1.1 as PyYAML writes it: what looks like no number, truth value or null is text, and a float always has its point.</summary>
    private static JsonNode? Plain(string text)
    {
        if (text is "" or "null" or "~") return null;
        if (text is "true" or "false") return JsonValue.Create(text == "true");
        return Number().IsMatch(text) ? JsonNode.Parse(text) : JsonValue.Create(text);
    }

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)(\.[0-9]+([eE][-+][0-9]+)?)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Number();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Blanks();
}
