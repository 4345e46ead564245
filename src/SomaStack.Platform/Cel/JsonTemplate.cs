using System.Buffers;
using System.Text;
using System.Text.Json;

namespace SomaStack.Platform.Cel;

/// <summary>JSON in which every text may be a <see cref="Template"/>. Keys are taken as they are.</summary>
public sealed class JsonTemplate
{
    private readonly Node _root;
    private readonly HashSet<string> _variables = new(StringComparer.Ordinal);

    private JsonTemplate(JsonElement json, CelEnvironment environment) => _root = Of(json, environment);

    public IReadOnlySet<string> Variables => _variables;

    public int Slots { get; private set; }

    /// <exception cref="CelException">A template in it is none; line and column count within that text.</exception>
    public static JsonTemplate Parse(JsonElement json, CelEnvironment environment) => new(json, environment);

    /// <summary>The JSON with all holes filled, or why a hole has no value.</summary>
    /// <exception cref="CelCostException">It takes more steps than the frame has left.</exception>
    public (string? Json, Fault? Fault) Fill(Frame frame)
    {
        var output = new ArrayBufferWriter<byte>(256);
        return Write(_root, frame, output) is { } fault ? (null, fault) : (Encoding.UTF8.GetString(output.WrittenSpan), null);
    }

    private Node Of(JsonElement json, CelEnvironment environment)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object: return new Node { Members = [.. json.EnumerateObject().Select(member => (Quoted(member.Name), Of(member.Value, environment)))] };
            case JsonValueKind.Array: return new Node { Items = [.. json.EnumerateArray().Select(item => Of(item, environment))] };
            case JsonValueKind.String:
                var template = Cel.Template.Parse(json.GetString()!, environment);
                if (!template.HasHoles) break;
                _variables.UnionWith(template.Variables);
                Slots = Math.Max(Slots, template.Slots);
                return new Node { Template = template };
        }
        return new Node { Constant = CanonicalJson.Serialize(json) };
    }

    private static string Quoted(string name)
    {
        var output = new ArrayBufferWriter<byte>();
        CanonicalJson.WriteString(name, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static Fault? Write(Node node, Frame frame, ArrayBufferWriter<byte> output)
    {
        if (node.Constant is { } constant)
        {
            output.Write(constant);
            return null;
        }
        if (node.Template is { } template)
        {
            var value = template.Evaluate(frame);
            return value.IsError ? value.Fault : CelJson.TryWrite(value, frame, output) ? null : NoJson;
        }
        output.Write(node.Members is null ? "["u8 : "{"u8);
        for (var i = 0; i < (node.Members?.Length ?? node.Items!.Length); i++)
        {
            if (i > 0) output.Write(","u8);
            if (node.Members is { } members)
            {
                output.Write(Encoding.UTF8.GetBytes(members[i].Name));
                output.Write(":"u8);
            }
            if (Write(node.Members is null ? node.Items![i] : node.Members[i].Value, frame, output) is { } fault) return fault;
        }
        output.Write(node.Members is null ? "]"u8 : "}"u8);
        return null;
    }

    private static readonly Fault NoJson = new("no_json", "The value of an expression has no JSON.");

    private sealed class Node
    {
        public byte[]? Constant { get; init; }

        public Template? Template { get; init; }

        public (string Name, Node Value)[]? Members { get; init; }

        public Node[]? Items { get; init; }
    }
}
