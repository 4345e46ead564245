using System.Globalization;
using System.Text.Json.Nodes;
using SomaStack.Platform;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace SomaStack.Agents.Tools;

/// <summary>
/// YAML, and JSON as the part of it that it is, into JSON: one document, bounded in depth and size, without aliases, tags and doubled keys. Plain words
/// mean what the core schema of YAML 1.2 says.
/// </summary>
internal sealed class YamlText
{
    private const int DepthMax = 60;
    private const int NodesMax = 200_000;

    private readonly Parser _events;
    private int _nodes;

    private YamlText(string text) => _events = new Parser(new StringReader(text));

    /// <exception cref="Problem">422 <c>openapi_invalid</c> with line and column.</exception>
    public static JsonNode? Read(string text)
    {
        try
        {
            var reader = new YamlText(text);
            reader._events.Consume<StreamStart>();
            reader._events.Consume<DocumentStart>();
            var root = reader.Node(0);
            reader._events.Consume<DocumentEnd>();
            if (!reader._events.Accept<StreamEnd>(out _)) throw Fault(reader._events.Current!.Start, "only one document is read");
            return root;
        }
        catch (YamlException exception)
        {
            throw Fault(exception.Start, exception.InnerException?.Message ?? exception.Message);
        }
    }

    private JsonNode? Node(int depth)
    {
        var current = _events.Consume<ParsingEvent>();
        if (depth > DepthMax) throw Fault(current.Start, $"is nested more than {DepthMax} deep");
        if (++_nodes > NodesMax) throw Fault(current.Start, $"has more than {NodesMax} values");
        switch (current)
        {
            case Scalar scalar: return Value(scalar);
            case SequenceStart:
                var list = new JsonArray();
                while (!_events.TryConsume<SequenceEnd>(out _)) list.Add(Node(depth + 1));
                return list;
            case MappingStart:
                var map = new JsonObject();
                while (!_events.TryConsume<MappingEnd>(out _))
                {
                    if (!_events.TryConsume<Scalar>(out var key)) throw Fault(_events.Current?.Start ?? current.Start, "a key must be a text");
                    if (map.ContainsKey(key.Value)) throw Fault(key.Start, $"'{key.Value}' occurs twice");
                    map[key.Value] = Node(depth + 1);
                }
                return map;
            case AnchorAlias: throw Fault(current.Start, "aliases are not read, since few lines of them can stand for millions");
            default: throw Fault(current.Start, "is not understood");
        }
    }

    private static JsonValue? Value(Scalar scalar)
    {
        if (!scalar.Tag.IsEmpty && !scalar.Tag.IsNonSpecific) throw Fault(scalar.Start, "tags are not read");
        var text = scalar.Value;
        if (scalar.Style != ScalarStyle.Plain) return JsonValue.Create(text);
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL": return null;
            case "true" or "True" or "TRUE": return JsonValue.Create(true);
            case "false" or "False" or "FALSE": return JsonValue.Create(false);
            default: break;
        }
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)) return JsonValue.Create(whole);
        var isFigure = char.IsAsciiDigit(text[0]) || text[0] is '-' or '+' or '.';
        if (isFigure && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)) return JsonValue.Create(number);
        return JsonValue.Create(text);
    }

    private static Problem Fault(Mark at, string message) => ImportOpenApi.Invalid([new FieldError($"line {at.Line}, column {at.Column}", message)]);
}
