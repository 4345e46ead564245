using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SomaStack.Intelligence.Benchmarks;

/// <summary>Reads a capsule from YAML and checks it whole, so that a run meets no surprise.</summary>
internal static class CapsuleReader
{
    public const int ItemsMax = 500;

    private const int TextLengthMax = 32_000;

    /// <summary>An alias is written out wherever it stands, so a small file can become a large one.</summary>
    private const int NodesMax = 50_000;
    private const int DepthMax = 32;
    private const NumberStyles Decimal = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <param name="name">Of the file, for complaints.</param>
    /// <exception cref="InvalidDataException">It is no capsule; the message says what is wrong.</exception>
    public static Capsule Read(string name, TextReader yaml)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(yaml);
            if (stream.Documents.Count != 1) throw new InvalidDataException("it must hold one document");
            var left = NodesMax;
            var capsule = Json(stream.Documents[0].RootNode, DepthMax, ref left)?.Deserialize(CapsuleJson.Default.Capsule) ?? throw new InvalidDataException("it is empty");
            return Fault(capsule) is { } fault ? throw new InvalidDataException(fault) : capsule;
        }
        catch (Exception exception) when (exception is YamlException or JsonException or InvalidDataException)
        {
            throw new InvalidDataException($"'{name}' is not a benchmark capsule: {exception.Message}", exception);
        }
    }

    /// <summary>Null when all is well.</summary>
    public static string? Fault(Capsule capsule)
    {
        if (!IsName(capsule.Id)) return "id must have 1 to 64 characters a-z, 0-9, '-', '_' and '.'";
        if (!Tasks.All.Contains(capsule.Task)) return $"task must be one of {string.Join(", ", Tasks.All)}";
        if (capsule.Version < 1) return "version must be 1 or more";
        if (capsule.Items is not { Count: >= 1 and <= ItemsMax }) return $"it must have 1 to {ItemsMax} items";
        if (capsule.Items.Select(static item => item.Id).Distinct(StringComparer.Ordinal).Count() != capsule.Items.Count) return "two items have the same id";
        if (capsule.Thresholds is { Quality: < 0 or > 1 or double.NaN }) return "thresholds.quality must be from 0 to 1";
        if (capsule.MaxOutputTokens is < 1 or > 16_384) return "max_output_tokens must be from 1 to 16384";
        foreach (var tool in capsule.Tools ?? [])
            if (JsonShape.Fault(tool.Parameters) is { } fault) return $"the schema of tool {tool.Name} {fault}";
        foreach (var item in capsule.Items)
            if (Fault(capsule, item) is { } fault) return $"item '{item.Id}' {fault}";
        return null;
    }

    private static string? Fault(Capsule capsule, CapsuleItem item)
    {
        if (!IsName(item.Id)) return "needs an id of 1 to 64 characters a-z, 0-9, '-', '_' and '.'";
        if (item.Input is not { Length: >= 1 and <= TextLengthMax }) return $"needs an input of 1 to {TextLengthMax} characters";
        if (item.Context is { Length: > TextLengthMax }) return $"has a context of more than {TextLengthMax} characters";
        var grader = item.Grader ?? capsule.Grader;
        if (!Tasks.GradersOf(capsule.Task).Contains(grader)) return $"names the grader '{grader}'; for {capsule.Task} there are {string.Join(", ", Tasks.GradersOf(capsule.Task))}";
        if (item.Schema is { } schema && JsonShape.Fault(schema) is { } fault) return "has a schema that " + fault;
        return grader switch
        {
            "json_schema" => item.Schema is null ? "needs a schema" : null,
            "tool_call" => item.Tool is { } tool && (capsule.Tools ?? []).All(known => known.Name != tool) ? $"wants the tool '{tool}', which the capsule does not offer" : null,
            "rank" => item is { Candidates.Count: >= 2, Expected.Count: 1 } && item.Candidates.Count(one => one == item.Expected[0]) == 1 ? null : "needs at least two candidates, with the expected one among them once",
            "unit_tests" => null,
            "wer" => TextScores.LettersAndDigits(item.Input).Count > 0 ? null : "needs words in its input",
            _ => item.Expected is { Count: >= 1 } && item.Expected.All(static one => !string.IsNullOrWhiteSpace(one)) ? null : "needs an expected answer",
        };
    }

    private static bool IsName(string? name) => name is { Length: >= 1 and <= 64 } && name.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.');

    /// <summary>YAML 1.2's core schema: an unquoted true, false, null or number is one; everything else is text.</summary>
    private static JsonNode? Json(YamlNode node, int depth, ref int left)
    {
        if (depth == 0 || --left < 0) throw new InvalidDataException($"it is nested deeper than {DepthMax} or holds more than {NodesMax} nodes");
        switch (node)
        {
            case YamlMappingNode mapping:
                var made = new JsonObject();
                foreach (var (key, value) in mapping.Children)
                    made[(key as YamlScalarNode)?.Value ?? throw new InvalidDataException("it has a name that is no text")] = Json(value, depth - 1, ref left);
                return made;
            case YamlSequenceNode sequence:
                var list = new JsonArray();
                foreach (var child in sequence.Children) list.Add(Json(child, depth - 1, ref left));
                return list;
            case YamlScalarNode { Style: ScalarStyle.Plain, Value: var plain }:
                return Plain(plain);
            case YamlScalarNode scalar:
                return JsonValue.Create(scalar.Value);
            default:
                throw new InvalidDataException("it holds a node that is neither mapping, list nor value");
        }
    }

    private static JsonValue? Plain(string? text) => text switch
    {
        null or "" or "~" or "null" => null,
        "true" => JsonValue.Create(true),
        "false" => JsonValue.Create(false),
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => JsonValue.Create(whole),
        _ when double.TryParse(text, Decimal, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => JsonValue.Create(number),
        _ => JsonValue.Create(text),
    };
}
