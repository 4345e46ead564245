using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace SomaStack.Platform.Cel;

/// <summary>
/// Regular expressions of RE2 as ones of the runtime that need linear time: classes are of code points and ASCII alone, <c>$</c> is the
/// end of the text, nothing captures. What cannot be said exactly is refused: looking around, back references, \p, \C, \Q.
/// </summary>
internal sealed class Patterns
{
    private static readonly List<(int From, int To)> Digit = [('0', '9')], Space = [('\t', '\n'), ('\f', '\r'), (' ', ' ')], Word = [('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

    private readonly string _text;
    private readonly StringBuilder _out = new();
    private readonly Stack<(bool AnyLine, bool Lines, int Size)> _groups = new();
    private bool _dotAll;
    private bool _multiline;
    private int _at;
    private int _size;
    private int _atom;

    private Patterns(string text) => _text = text;

    /// <summary>Null with the reason when it is not understood.</summary>
    public static Regex? Compile(string pattern, out string? problem)
    {
        problem = null;
        try
        {
            if (pattern.Length > CelLimits.Pattern) throw new FormatException($"has more than {CelLimits.Pattern} characters");
            return new Regex(new Patterns(pattern).Translate(), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException or FormatException)
        {
            problem = exception is FormatException ? exception.Message : "is no regular expression";
            return null;
        }
    }

    private string Translate()
    {
        while (_at < _text.Length)
        {
            var c = _text[_at];
            switch (c)
            {
                case '(': Open(); break;
                case ')': Close(); break;
                case '|': _at++; _out.Append('|'); _atom = 0; break;
                case '[': Emit(Class()); break;
                case '.': _at++; Emit(_dotAll ? [(0, 0x10FFFF)] : [(0, 9), (11, 0x10FFFF)]); break;
                case '^': _at++; Assert(_multiline ? "(?m:^)" : @"\A"); break;
                case '$': _at++; Assert(_multiline ? "(?m:$)" : @"\z"); break;
                case '*' or '+' or '?': _at++; Repeat(c.ToString(), 2); break;
                case '{': Count(); break;
                case '\\': Escape(); break;
                default: Literal(); break;
            }
            if (_size > CelLimits.PatternUnrolled) throw new FormatException("repeats too much");
        }
        return _groups.Count == 0 ? _out.ToString() : throw new FormatException("lacks a ')'");
    }

    private void Open()
    {
        _groups.Push((_dotAll, _multiline, _size));
        if (_groups.Count > 100) throw new FormatException("is nested more than 100 deep");
        _at++;
        _size = _atom = 0;
        if (_at >= _text.Length || _text[_at] != '?')
        {
            _out.Append("(?:");
            return;
        }
        _at++;
        var rest = _text.AsSpan(_at);
        if (rest.StartsWith("P<") || (rest.StartsWith("<") && !rest.StartsWith("<=") && !rest.StartsWith("<!")))
        {
            var end = rest.IndexOf('>');
            if (end < 0) throw new FormatException("has a group without a name");
            _at += end + 1;
            _out.Append("(?:");
            return;
        }
        var on = true;
        var ignore = "";
        for (; _at < _text.Length; _at++)
        {
            switch (_text[_at])
            {
                case '-': on = false; break;
                case 's': _dotAll = on; break;
                case 'm': _multiline = on; break;
                case 'i': ignore = on ? "i" : "-i"; break;
                case ':':
                    _at++;
                    _out.Append("(?").Append(ignore).Append(':');
                    return;
                case ')':
                    // Flags for what follows: the group that was opened is none.
                    _at++;
                    _size = _groups.Pop().Size;
                    if (ignore.Length > 0) _out.Append("(?").Append(ignore).Append(')');
                    return;
                default: throw new FormatException("has a group that is not understood here");
            }
        }
        throw new FormatException("lacks a ')'");
    }

    private void Close()
    {
        if (_groups.Count == 0) throw new FormatException("has a ')' too many");
        _at++;
        var inner = _size;
        (_dotAll, _multiline, _size) = _groups.Pop();
        _out.Append(')');
        Grow(Math.Max(1, inner));
    }

    private void Repeat(string sign, int times)
    {
        if (_atom == 0) throw new FormatException("repeats nothing");
        _out.Append(sign);
        _size += _atom * (times - 1);
        _atom = 0;
        if (_at >= _text.Length || _text[_at] != '?') return;
        _at++;
        _out.Append('?');
    }

    /// <summary>{n}, {n,} and {n,m}; any other brace stands for itself.</summary>
    private void Count()
    {
        var end = _text.IndexOf('}', _at);
        var parts = end < 0 ? [] : _text[(_at + 1)..end].Split(',');
        if (parts.Length is not (1 or 2) || !TryCount(parts[0], out var from) || (parts is [_, { Length: > 0 } last] && !TryCount(last, out _)))
        {
            Literal();
            return;
        }
        var to = parts.Length == 1 ? from : parts[1].Length == 0 ? from + 1 : int.Parse(parts[1], CultureInfo.InvariantCulture);
        if (from > 1000 || to > 1001 || to < from) throw new FormatException("repeats something more than 1000 times");
        _at = end + 1;
        Repeat(parts.Length == 1 ? $"{{{from}}}" : parts[1].Length == 0 ? $"{{{from},}}" : $"{{{from},{to}}}", Math.Max(1, to));
    }

    private static bool TryCount(string text, out int count) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count);

    private void Escape()
    {
        if (_at + 1 >= _text.Length) throw new FormatException("ends in a backslash");
        switch (_text[_at + 1])
        {
            case 'A' or 'z' or 'b' or 'B': _at += 2; Assert(_text.Substring(_at - 2, 2)); break;
            case 'd' or 'D' or 's' or 'S' or 'w' or 'W': _at += 2; Emit(Named(_text[_at - 1])); break;
            default:
                var point = EscapedPoint();
                Emit([(point, point)]);
                break;
        }
    }

    private static List<(int From, int To)> Named(char name)
    {
        var set = char.ToLowerInvariant(name) switch { 'd' => Digit, 's' => Space, _ => Word };
        return char.IsAsciiLetterUpper(name) ? Negate(set) : set;
    }

    private int EscapedPoint()
    {
        var c = _text[_at + 1];
        _at += 2;
        var plain = c switch { 'n' => '\n', 'r' => '\r', 't' => '\t', 'f' => '\f', 'v' => '\v', 'a' => '\a', _ => char.IsAscii(c) && !char.IsAsciiLetterOrDigit(c) ? c : '\0' };
        if (plain != '\0') return plain;
        if (c != 'x') throw new FormatException($"has the escape '\\{c}', which is not understood here");
        var braced = _at < _text.Length && _text[_at] == '{';
        var end = braced ? _text.IndexOf('}', _at) : _at + 2;
        if (end < 0 || end > _text.Length) throw new FormatException("has an escape without digits");
        if (!int.TryParse(_text.AsSpan(braced ? _at + 1 : _at, end - (braced ? _at + 1 : _at)), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var point) || !Rune.IsValid(point))
            throw new FormatException("has an escape that names no character");
        _at = braced ? end + 1 : end;
        return point;
    }

    private List<(int From, int To)> Class()
    {
        _at++;
        var negated = _at < _text.Length && _text[_at] == '^';
        if (negated) _at++;
        var set = new List<(int From, int To)>();
        for (var first = true; ; first = false)
        {
            if (_at >= _text.Length) throw new FormatException("lacks a ']'");
            if (_text[_at] == ']' && !first) break;
            if (Several() is { } several)
            {
                set.AddRange(several);
                continue;
            }
            var from = Point();
            var to = from;
            if (_at + 1 < _text.Length && _text[_at] == '-' && _text[_at + 1] != ']')
            {
                _at++;
                to = Point();
                if (to < from) throw new FormatException("has a range from high to low");
            }
            set.Add((from, to));
        }
        _at++;
        return negated ? Negate(set) : set;
    }

    /// <summary>\d and its like, or [:alpha:], inside a class.</summary>
    private List<(int From, int To)>? Several()
    {
        if (_text[_at] == '\\' && _at + 1 < _text.Length && _text[_at + 1] is 'd' or 'D' or 's' or 'S' or 'w' or 'W')
        {
            _at += 2;
            return Named(_text[_at - 1]);
        }
        if (_text[_at] != '[' || _at + 1 >= _text.Length || _text[_at + 1] != ':') return null;
        var end = _text.IndexOf(":]", _at + 2, StringComparison.Ordinal);
        if (end < 0) return null;
        var name = _text[(_at + 2)..end];
        var negated = name.StartsWith('^');
        List<(int, int)> set = (negated ? name[1..] : name) switch
        {
            "alnum" => [('0', '9'), ('A', 'Z'), ('a', 'z')],
            "alpha" => [('A', 'Z'), ('a', 'z')],
            "ascii" => [(0, 127)],
            "blank" => [('\t', '\t'), (' ', ' ')],
            "cntrl" => [(0, 31), (127, 127)],
            "digit" => Digit,
            "graph" => [('!', '~')],
            "lower" => [('a', 'z')],
            "print" => [(' ', '~')],
            "punct" => [('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
            "space" => [('\t', '\r'), (' ', ' ')],
            "upper" => [('A', 'Z')],
            "word" => Word,
            "xdigit" => [('0', '9'), ('A', 'F'), ('a', 'f')],
            _ => throw new FormatException($"has the class [:{name}:], which does not exist"),
        };
        _at = end + 2;
        return negated ? Negate(set) : set;
    }

    private int Point()
    {
        if (_at >= _text.Length) throw new FormatException("lacks a ']'");
        if (_text[_at] == '\\')
        {
            if (_at + 1 >= _text.Length) throw new FormatException("ends in a backslash");
            return EscapedPoint();
        }
        if (Rune.DecodeFromUtf16(_text.AsSpan(_at), out var rune, out var used) != System.Buffers.OperationStatus.Done) throw new FormatException("holds half a surrogate pair");
        _at += used;
        return rune.Value;
    }

    private void Literal()
    {
        var point = Point();
        Emit([(point, point)]);
    }

    private static List<(int From, int To)> Negate(List<(int From, int To)> set)
    {
        var rest = new List<(int, int)>();
        var from = 0;
        foreach (var range in set.OrderBy(static range => range.From))
        {
            if (range.From > from) rest.Add((from, range.From - 1));
            from = Math.Max(from, range.To + 1);
        }
        if (from <= 0x10FFFF) rest.Add((from, 0x10FFFF));
        return rest;
    }

    private void Assert(string text)
    {
        _out.Append(text);
        _size++;
        _atom = 0;
    }

    private void Grow(int size)
    {
        _size += size;
        _atom = size;
    }

    /// <summary>A set of code points over UTF-16: those beyond U+FFFF are pairs of a high and a low surrogate.</summary>
    private void Emit(List<(int From, int To)> set)
    {
        var single = new StringBuilder();
        var pairs = new StringBuilder();
        foreach (var (from, to) in set)
        {
            Units(single, from, Math.Min(to, 0xD7FF));
            Units(single, Math.Max(from, 0xE000), Math.Min(to, 0xFFFF));
            if (to >= 0x10000) Pairs(pairs, Math.Max(from, 0x10000) - 0x10000, to - 0x10000);
        }
        if (single.Length == 0 && pairs.Length == 0) _out.Append(@"(?:[^\u0000-\uFFFF])");
        else if (pairs.Length == 0) _out.Append('[').Append(single).Append(']');
        else _out.Append("(?:").Append(single.Length > 0 ? $"[{single}]" : pairs.ToString(1, pairs.Length - 1)).Append(single.Length > 0 ? pairs.ToString() : "").Append(')');
        Grow(pairs.Length == 0 ? 1 : 4);
    }

    private static void Units(StringBuilder text, int from, int to)
    {
        if (from > to) return;
        text.Append(CultureInfo.InvariantCulture, $"\\u{from:X4}");
        if (to > from) text.Append(CultureInfo.InvariantCulture, $"-\\u{to:X4}");
    }

    private static void Pairs(StringBuilder text, int from, int to)
    {
        while (from <= to)
        {
            // Whole blocks of one high surrogate go together; what is left at either end stands alone.
            var high = from >> 10;
            var last = (from & 0x3FF) == 0 && to >> 10 > high ? (to + 1 >> 10) - 1 : high;
            var end = last > high ? (last << 10) + 0x3FF : Math.Min(to, (high << 10) + 0x3FF);
            text.Append("|[");
            Units(text, 0xD800 + high, 0xD800 + last);
            text.Append("][");
            Units(text, 0xDC00 + (last > high ? 0 : from & 0x3FF), 0xDC00 + (end & 0x3FF));
            text.Append(']');
            from = end + 1;
        }
    }
}
