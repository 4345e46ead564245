using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using Yaml = YamlDotNet.Core.ScalarStyle;

namespace SomaStack.Agents.Capsules;

/// <summary>
/// YAML into nodes, event by event, within limits that are looked at before anything is built: size, depth, number of nodes. Anchors,
/// aliases and tags are refused: nothing in a capsule needs them, and they are what makes a small file large or strange.
/// </summary>
internal sealed class CapsuleYaml
{
    public const int BytesMax = 256 * 1024;
    private const int DepthMax = 32;
    private const int NodesMax = 20_000;

    private readonly List<CapsuleFault> _faults;
    private readonly Parser _parser;
    private int _left = NodesMax;

    private CapsuleYaml(string text, List<CapsuleFault> faults) => (_parser, _faults) = (new Parser(new StringReader(text)), faults);

    /// <summary>Null with a fault when there is no document.</summary>
    public static CapsuleNode? Read(string text, List<CapsuleFault> faults)
    {
        if (text.Length > BytesMax || Encoding.UTF8.GetByteCount(text) > BytesMax)
        {
            Add(faults, "yaml_too_large", $"A capsule has at most {BytesMax / 1024} kB.", 1, 1);
            return null;
        }
        if (text.Contains('\0')) text = text.Replace('\0', '\uFFFD');
        try
        {
            return new CapsuleYaml(text, faults).Document();
        }
        catch (RefusedException)
        {
            return null;
        }
        catch (YamlException exception)
        {
            // The parser counts a line more where the text ends too early.
            var lines = text.Split('\n');
            var (line, column) = exception.Start.Line > lines.Length ? (lines.Length, lines[^1].Length + 1) : ((int)Math.Max(1, exception.Start.Line), (int)Math.Max(1, exception.Start.Column));
            Add(faults, "yaml_invalid", $"This is not YAML: {exception.Message.TrimEnd('.')}.", line, column);
            return null;
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or FormatException or OverflowException)
        {
            // The parser's own slips on odd input are answered as what they are: text that is no YAML.
            Add(faults, "yaml_invalid", "This is not YAML that can be read.", 1, 1);
            return null;
        }
    }

    private CapsuleNode? Document()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
        {
            Add(_faults, "yaml_empty", "The file is empty.", 1, 1);
            return null;
        }
        _parser.Consume<DocumentStart>();
        var node = Node(0);
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var second)) throw Refuse("yaml_documents", "A capsule is one document; here a second one begins.", second);
        return node;
    }

    private CapsuleNode Node(int depth)
    {
        var at = _parser.Current ?? throw new InvalidOperationException();
        if (depth > DepthMax) throw Refuse("yaml_too_deep", $"It is nested more than {DepthMax} deep.", at);
        if (--_left < 0) throw Refuse("yaml_too_many_nodes", $"It holds more than {NodesMax} values.", at);
        if (at is AnchorAlias) throw Refuse("yaml_alias", "Aliases (*name) are not taken; write the value out.", at);
        if (at is NodeEvent { Anchor.IsEmpty: false }) throw Refuse("yaml_anchor", "Anchors (&name) are not taken.", at);
        if (at is NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } }) throw Refuse("yaml_tag", "Tags (!name) are not taken.", at);
        var (line, column) = Place(at);
        switch (at)
        {
            case Scalar scalar:
                _parser.MoveNext();
                return new ScalarNode(scalar.Value, scalar.Style switch { Yaml.Plain => ScalarStyle.Plain, Yaml.Literal => ScalarStyle.Literal, Yaml.Folded => ScalarStyle.Folded, _ => ScalarStyle.Quoted }, line, column);
            case SequenceStart:
                _parser.MoveNext();
                var items = new List<CapsuleNode>();
                while (!_parser.TryConsume<SequenceEnd>(out _)) items.Add(Node(depth + 1));
                return new ListNode(items, line, column);
            case MappingStart:
                _parser.MoveNext();
                return Map(depth, line, column);
            default:
                throw Refuse("yaml_invalid", "A value is expected here.", at);
        }
    }

    private MapNode Map(int depth, int line, int column)
    {
        var members = new List<(ScalarNode, CapsuleNode)>();
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var start = _parser.Current!;
            var key = Node(depth + 1);
            var value = Node(depth + 1);
            if (key is not ScalarNode name)
            {
                Add(_faults, "yaml_key", "A key must be text.", key.Line, key.Column);
                continue;
            }
            if (name.Text == "<<" && name.Style == ScalarStyle.Plain) throw Refuse("yaml_merge", "Merge keys (<<) are not taken; write the members out.", start);
            if (seen.TryGetValue(name.Text, out var first)) Add(_faults, "yaml_duplicate_key", $"'{name.Text}' is here a second time; the first is in line {first}.", name.Line, name.Column);
            else
            {
                seen.Add(name.Text, name.Line);
                members.Add((name, value));
            }
        }
        return new MapNode(members, line, column);
    }

    private RefusedException Refuse(string code, string message, ParsingEvent at)
    {
        var (line, column) = Place(at);
        Add(_faults, code, message, line, column);
        return new RefusedException();
    }

    private static (int Line, int Column) Place(ParsingEvent at) => ((int)Math.Max(1, at.Start.Line), (int)Math.Max(1, at.Start.Column));

    private static void Add(List<CapsuleFault> faults, string code, string message, int line, int column) => faults.Add(new CapsuleFault(code, CapsuleFault.Error, message, line, column));

    private sealed class RefusedException : Exception;
}
