using System.Buffers;
using System.Globalization;

namespace SomaStack.Governance.Policy;

/// <summary>
/// Marks of an injection that folding would wipe away, since they are made of signs and not of words: role marks of chat templates,
/// tool calls written out, invisible text, images whose address carries data away. One pass, linear.
/// </summary>
internal static class InjectionSigns
{
    public const int Role = 0, ToolCall = 1, Invisible = 2, Image = 3;

    /// <summary>Each kind is reported so often; the rest is counted as seen.</summary>
    public const int PerKindMax = 100;

    private const int TagMax = 64;
    private const int AddressMax = 2048;

    /// <summary>So many characters without width in one text are no accident of writing; emoji and some scripts use a few.</summary>
    private const int ZeroWidthMin = 4;

    private static readonly SearchValues<char> Interesting = SearchValues.Create("<[!#{\"\n\u200B\u2060\uFEFF\u180E\u202D\u202E\uDB40");

    // Published chat templates: ChatML, Llama 2 and 3, Gemma, Mistral, Phi.
    private static readonly string[] RoleTags =
        ["<|im_start|>", "<|im_end|>", "<|system|>", "<|assistant|>", "<|user|>", "<|endoftext|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|begin_of_text|>",
            "<<sys>>", "<</sys>>", "[inst]", "[/inst]", "<start_of_turn>", "<end_of_turn>", "<system>", "</system>", "<system_prompt>", "[system]", "### system:", "### instruction:"];

    private static readonly string[] ToolTags =
        ["<tool_call>", "<tool_calls>", "<function_call>", "<function_calls>", "<function=", "<invoke name=", "<tool_use>", "<|python_tag|>", "[tool_calls]", "<|tool_call|>",
            "\"tool_calls\":", "\"function_call\":", "\"type\":\"tool_use\"", "\"type\": \"tool_use\""];

    private static readonly string[] RoleLines = ["system:", "assistant:", "developer:"];

    public static List<PhraseMatch> Find(string text, out long steps)
    {
        var found = new List<PhraseMatch>();
        Span<int> seen = stackalloc int[4];
        seen.Clear();
        steps = 0;
        var zeroWidth = 0;
        var span = text.AsSpan();
        if (Line(span, 0) is var first and > 0) Add(found, seen, Role, 0, first);
        for (var at = 0; at < span.Length; at++)
        {
            var next = span[at..].IndexOfAny(Interesting);
            if (next < 0) break;
            at += next;
            steps++;
            switch (span[at])
            {
                case '\n':
                    if (Line(span, at + 1) is var line and > 0) Add(found, seen, Role, at + 1, at + 1 + line);
                    break;
                case '!' or '<' when ImageEnd(span, at, ref steps) is var end and > 0:
                    Add(found, seen, Image, at, end);
                    break;
                case '<' or '[' or '#' or '{' or '"':
                    if (Tag(span, at, ToolTags) is var tool and > 0) Add(found, seen, ToolCall, at, at + tool);
                    else if (Tag(span, at, RoleTags) is var role and > 0) Add(found, seen, Role, at, at + role);
                    break;
                case '\u202D' or '\u202E':
                    Add(found, seen, Invisible, at, at + 1);
                    break;
                case '\uDB40':
                    var run = at;
                    while (run + 1 < span.Length && span[run] == '\uDB40' && char.IsLowSurrogate(span[run + 1])) run += 2;
                    steps += run - at;
                    if (run > at && !IsFlag(span, at)) Add(found, seen, Invisible, at, run);
                    at = Math.Max(at, run - 1);
                    break;
                default:
                    if (char.GetUnicodeCategory(span[at]) == UnicodeCategory.Format && ++zeroWidth == ZeroWidthMin) Add(found, seen, Invisible, at, at + 1);
                    break;
            }
        }
        return found;
    }

    private static void Add(List<PhraseMatch> found, Span<int> seen, int kind, int start, int end)
    {
        if (seen[kind]++ < PerKindMax) found.Add(new PhraseMatch(kind, start, end));
    }

    /// <summary>A line that opens like a role's turn in a transcript.</summary>
    private static int Line(ReadOnlySpan<char> text, int at)
    {
        foreach (var line in RoleLines)
            if (text[at..].StartsWith(line, StringComparison.OrdinalIgnoreCase)) return line.Length;
        return 0;
    }

    private static int Tag(ReadOnlySpan<char> text, int at, string[] tags)
    {
        var rest = text.Slice(at, Math.Min(TagMax, text.Length - at));
        foreach (var tag in tags)
            if (rest.StartsWith(tag, StringComparison.OrdinalIgnoreCase)) return tag.Length;
        return 0;
    }

    /// <summary>The end of an image, in Markdown or HTML, whose address has a query; 0 when there is none. A plain picture is none.</summary>
    private static int ImageEnd(ReadOnlySpan<char> text, int at, ref long steps)
    {
        var rest = text.Slice(at, Math.Min(AddressMax, text.Length - at));
        if (rest.StartsWith("!["))
        {
            // Alternative texts end soon; a text of nothing but "![" must not be searched through again and again.
            var alternative = rest[..Math.Min(rest.Length, 256)];
            var middle = alternative.IndexOf("](");
            steps += middle < 0 ? alternative.Length : middle;
            if (middle < 0) return 0;
            var end = rest[(middle + 2)..].IndexOfAny(')', '\n');
            steps += end < 0 ? rest.Length : end;
            return end > 0 && Carries(rest.Slice(middle + 2, end)) ? at + middle + 2 + end + 1 : 0;
        }
        if (!rest.StartsWith("<img", StringComparison.OrdinalIgnoreCase)) return 0;
        var close = rest.IndexOfAny('>', '\n');
        steps += close < 0 ? rest.Length : close;
        return close > 0 && Carries(rest[..close]) ? at + close + 1 : 0;
    }

    private static bool Carries(ReadOnlySpan<char> address)
    {
        var host = address.IndexOf("//");
        return host >= 0 && address[host..].IndexOf('?') is var query and > 2 && address[(host + query)..].Contains('=');
    }

    /// <summary>The flags of England, Scotland and Wales are a black flag and tags.</summary>
    private static bool IsFlag(ReadOnlySpan<char> text, int at) => at >= 2 && text[at - 2] == '\uD83C' && text[at - 1] == '\uDFF4';
}
