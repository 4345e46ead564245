using System.Text;

namespace SomaStack.Platform.Cel;

/// <summary>
/// Text with holes: <c>{{ EXPRESSION | FILTER | FILTER(ARGUMENT) }}</c>. A text that is one hole and nothing else gives the value itself,
/// any other gives text. Filters: default, json, join, length, upper, lower, trim.
/// </summary>
public sealed class Template
{
    private readonly List<Part> _parts = [];
    private readonly HashSet<string> _variables = new(StringComparer.Ordinal);

    private Template()
    {
    }

    public static IReadOnlyList<string> Filters { get; } = ["default", "json", "join", "length", "lower", "trim", "upper"];

    public IReadOnlySet<string> Variables => _variables;

    /// <summary>How many slots a frame must have.</summary>
    public int Slots { get; private set; }

    /// <summary>What it gives when it is one hole; string otherwise.</summary>
    public CelType Type { get; private set; } = CelType.String;

    /// <summary>False for text without a hole.</summary>
    public bool HasHoles { get; private set; }

    private bool IsAlone => _parts is [{ Hole: not null }];

    /// <exception cref="CelException">With line and column in the text.</exception>
    public static Template Parse(string text, CelEnvironment environment)
    {
        var template = new Template();
        var at = 0;
        while (true)
        {
            var open = text.IndexOf("{{", at, StringComparison.Ordinal);
            if (open < 0) break;
            if (open > at) template._parts.Add(new Part(text[at..open], null));
            var end = Scanner.EndOfHole(text, open + 2, out var bars);
            if (end < 0) throw CelException.At(text, open, "A '{{' has no '}}'");
            template._parts.Add(new Part("", template.ReadHole(text, open + 2, end, bars, environment)));
            template.HasHoles = true;
            at = end + 2;
        }
        if (at < text.Length || template._parts.Count == 0) template._parts.Add(new Part(text[at..], null));
        if (template.IsAlone) template.Type = template._parts[0].Hole!.Type;
        return template;
    }

    /// <summary>An error is a value: see <see cref="Value.IsError"/>.</summary>
    /// <exception cref="CelCostException">It takes more steps than the frame has left.</exception>
    public Value Evaluate(Frame frame)
    {
        if (IsAlone) return _parts[0].Hole!.Evaluate(frame);
        if (_parts is [{ Hole: null } only]) return Value.Of(only.Text);
        var text = new StringBuilder();
        foreach (var part in _parts)
        {
            if (part.Hole is null)
            {
                text.Append(part.Text);
                continue;
            }
            var value = part.Hole.Evaluate(frame);
            if (value.IsError) return value;
            if (CelJson.Inline(value, frame) is not { } inline) return NoText;
            frame.Charge(inline.Length >> 6);
            text.Append(inline);
        }
        return Value.Of(text.ToString());
    }

    private static readonly Fault NoText = new("no_text", "The value cannot be written as text.");

    private Hole ReadHole(string text, int start, int end, List<int> bars, CelEnvironment environment)
    {
        var expression = Compile(text, start, bars.Count == 0 ? end : bars[0], environment);
        var hole = new Hole(expression);
        for (var i = 0; i < bars.Count; i++) hole.Add(ReadFilter(text, bars[i] + 1, i + 1 < bars.Count ? bars[i + 1] : end, environment));
        return hole;
    }

    private Filter ReadFilter(string text, int start, int end, CelEnvironment environment)
    {
        while (start < end && char.IsWhiteSpace(text[start])) start++;
        var at = start;
        while (at < end && (char.IsAsciiLetter(text[at]) || text[at] == '_')) at++;
        var name = text[start..at];
        if (!Filters.Contains(name)) throw CelException.At(text, start, $"There is no filter '{name}'; there are {string.Join(", ", Filters)}");
        while (at < end && char.IsWhiteSpace(text[at])) at++;
        var takes = name is "default" or "join";
        if (at == end) return takes ? throw CelException.At(text, start, $"The filter '{name}' needs an argument, as in {name}({(name == "join" ? "', '" : "0")})") : new Filter(name, null);
        var close = end - 1;
        while (close > at && char.IsWhiteSpace(text[close])) close--;
        if (text[at] != '(' || text[close] != ')' || close == at) throw CelException.At(text, at, $"After the filter '{name}' only '(ARGUMENT)' or '|' may stand");
        if (!takes) throw CelException.At(text, at, $"The filter '{name}' takes no argument");
        var argument = Compile(text, at + 1, close, environment);
        if (name == "join" && argument.Type.Known().Kind is not (TypeKind.String or TypeKind.Dyn)) throw CelException.At(text, at + 1, "What the filter 'join' puts between must be text");
        return new Filter(name, argument);
    }

    private CelProgram Compile(string text, int start, int end, CelEnvironment environment)
    {
        if (string.IsNullOrWhiteSpace(text[start..end])) throw CelException.At(text, start, "There is no expression");
        try
        {
            var program = CelProgram.Compile(text[start..end], environment);
            _variables.UnionWith(program.Variables);
            Slots = Math.Max(Slots, program.Slots);
            return program;
        }
        catch (CelException exception)
        {
            throw CelException.At(text, start + Scanner.Offset(text.AsSpan(start, end - start), exception.Line, exception.Column), exception.Problem);
        }
    }

    private sealed record Part(string Text, Hole? Hole);

    private sealed record Filter(string Name, CelProgram? Argument);

    private sealed class Hole(CelProgram expression)
    {
        private readonly List<Filter> _filters = [];

        public CelType Type { get; private set; } = expression.Type;

        public void Add(Filter filter)
        {
            _filters.Add(filter);
            Type = filter.Name switch { "default" => CelType.Dyn, "length" => CelType.Int, _ => CelType.String };
        }

        public Value Evaluate(Frame frame)
        {
            var value = expression.Evaluate(frame);
            foreach (var filter in _filters) value = TemplateFilters.Apply(filter.Name, value, filter.Argument, frame);
            return value;
        }
    }

    private static class Scanner
    {
        /// <summary>Where the closing braces stand, outside of texts and brackets; -1 when nowhere.</summary>
        public static int EndOfHole(string text, int at, out List<int> bars)
        {
            bars = [];
            var depth = 0;
            for (; at < text.Length; at++)
            {
                switch (text[at])
                {
                    case '\'' or '"':
                        at = EndOfText(text, at);
                        if (at < 0) return -1;
                        break;
                    case '(' or '[' or '{': depth++; break;
                    case '}' when depth == 0: return at + 1 < text.Length && text[at + 1] == '}' ? at : -1;
                    case ')' or ']' or '}': depth--; break;
                    case '|' when at + 1 < text.Length && text[at + 1] == '|': at++; break;
                    case '|' when depth == 0: bars.Add(at); break;
                }
            }
            return -1;
        }

        public static int Offset(ReadOnlySpan<char> text, int line, int column)
        {
            var at = 0;
            for (; line > 1; line--) at += text[at..].IndexOf('\n') + 1;
            return Math.Min(at + column - 1, text.Length);
        }

        /// <summary>As CEL reads it: three quotes span lines, and a quote after a backslash ends nothing, in raw text neither.</summary>
        private static int EndOfText(string text, int at)
        {
            var quote = text[at];
            var marks = at + 2 < text.Length && text[at + 1] == quote && text[at + 2] == quote ? 3 : 1;
            for (at += marks; at < text.Length; at++)
            {
                if (text[at] == '\\') at++;
                else if (text[at] == quote && (marks == 1 || (at + 2 < text.Length && text[at + 1] == quote && text[at + 2] == quote))) return at + marks - 1;
            }
            return -1;
        }
    }
}

internal static class TemplateFilters
{
    private static readonly Fault NoList = new("no_list", "The filter 'join' needs a list.");
    private static readonly Fault NoJson = new("no_json", "The value has no JSON.");

    public static Value Apply(string name, in Value value, CelProgram? argument, Frame frame)
    {
        if (name == "default") return value.IsError || value.Kind == ValueKind.Null ? argument!.Evaluate(frame) : value;
        if (value.IsError) return value;
        switch (name)
        {
            case "json": return CelJson.Text(value, frame) is { } json ? Value.Of(json) : NoJson;
            case "length": return Conversions.Size(frame, value);
            case "join": return Join(value, argument!.Evaluate(frame), frame);
        }
        if (value.Kind != ValueKind.String) return Fault.NoOverload;
        frame.Charge(value.Text.Length >> 6);
        return Value.Of(name switch { "upper" => value.Text.ToUpperInvariant(), "lower" => value.Text.ToLowerInvariant(), _ => value.Text.Trim() });
    }

    private static Value Join(in Value list, in Value between, Frame frame)
    {
        if (list.Kind != ValueKind.List || between.Kind != ValueKind.String) return NoList;
        var text = new StringBuilder();
        for (var i = 0; i < list.List.Count; i++)
        {
            if (i > 0) text.Append(between.Text);
            if (CelJson.Inline(list.List.Items[i], frame) is not { } item) return NoJson;
            frame.Charge(1 + ((item.Length + between.Text.Length) >> 6));
            text.Append(item);
        }
        return Value.Of(text.ToString());
    }
}
