using System.Globalization;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// Reads filters and paths by recursive descent. Its cost is bounded by the length of the text, the depth of its parentheses and the
/// number of its comparisons; what is beyond is refused.
/// </summary>
internal sealed class ScimFilterParser
{
    public const int LengthMax = 2048;
    public const int DepthMax = 16;
    public const int ComparisonsMax = 64;

    private static readonly string[] Operators = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];
    private static readonly string[] Schemas = [ScimDocuments.UserSchema, ScimDocuments.GroupSchema, ScimDocuments.GroupExtension];

    private readonly string _text;
    private readonly ProblemCode _code;
    private int _at;
    private int _depth;
    private int _comparisons;

    private ScimFilterParser(string text, ProblemCode code) => (_text, _code) = (text, code);

    /// <exception cref="Problem">400 <c>invalidFilter</c>.</exception>
    public static ScimFilter Parse(string text)
    {
        if (text.Length > LengthMax) throw ScimProblems.InvalidFilter.Because($"A filter may have {LengthMax} characters.");
        var parser = new ScimFilterParser(text, ScimProblems.InvalidFilter);
        var filter = parser.Or();
        parser.End();
        return filter;
    }

    /// <summary>A path of PATCH: <c>attribute</c>, <c>attribute.sub</c>, <c>attribute[filter]</c> or <c>attribute[filter].sub</c>.</summary>
    /// <exception cref="Problem">400 <c>invalidPath</c>.</exception>
    public static (ScimAttribute Attribute, ScimFilter? Filter) ParsePath(string text)
    {
        if (text.Length > LengthMax) throw ScimProblems.InvalidPath.Because($"A path may have {LengthMax} characters.");
        var parser = new ScimFilterParser(text, ScimProblems.InvalidPath);
        var attribute = parser.Attribute();
        ScimFilter? filter = null;
        if (parser.Take('['))
        {
            if (attribute.Sub is not null) throw parser.Wrong("a name without a dot before '['");
            filter = parser.Or();
            parser.Expect(']');
            if (parser.Take('.')) attribute = attribute with { Sub = parser.Word() };
        }
        parser.End();
        return (attribute, filter);
    }

    private ScimFilter Or()
    {
        var left = And();
        while (Keyword("or")) left = new ScimOr(left, And());
        return left;
    }

    private ScimFilter And()
    {
        var left = Unary();
        while (Keyword("and")) left = new ScimAnd(left, Unary());
        return left;
    }

    private ScimFilter Unary()
    {
        Blanks();
        if (Keyword("not", before: '('))
        {
            Blanks();
            Expect('(');
            return new ScimNot(Group(')'));
        }
        return Take('(') ? Group(')') : Comparison();
    }

    private ScimFilter Group(char end)
    {
        if (++_depth > DepthMax) throw _code.Because($"Parentheses may be {DepthMax} deep.");
        var inner = Or();
        Blanks();
        Expect(end);
        _depth--;
        return inner;
    }

    private ScimFilter Comparison()
    {
        if (++_comparisons > ComparisonsMax) throw _code.Because($"A filter may have {ComparisonsMax} comparisons.");
        var path = Attribute();
        if (Take('['))
        {
            if (path.Sub is not null) throw Wrong("a name without a dot before '['");
            return new ScimElement(path, Group(']'));
        }
        if (Keyword("pr")) return new ScimPresent(path);
        Blanks();
        var how = Array.Find(Operators, name => Keyword(name)) ?? throw Wrong("an operator");
        Blanks();
        var value = Value();
        if (value is (null or bool) && how is not ("eq" or "ne")) throw _code.Because($"'{how}' needs a text or a number.");
        if (value is not string && how is ("co" or "sw" or "ew")) throw _code.Because($"'{how}' needs a text.");
        return new ScimComparison(path, how, value);
    }

    private ScimAttribute Attribute()
    {
        Blanks();
        foreach (var schema in Schemas)
        {
            if (!_text.AsSpan(_at).StartsWith(schema, StringComparison.OrdinalIgnoreCase) || _at + schema.Length >= _text.Length || _text[_at + schema.Length] != ':') continue;
            _at += schema.Length + 1;
            break;
        }
        var name = Word();
        return new ScimAttribute(name, Take('.') ? Word() : null);
    }

    /// <summary>A name as RFC 7643, 2.1 has it, in lower case.</summary>
    private string Word()
    {
        var start = _at;
        if (_at < _text.Length && (char.IsAsciiLetter(_text[_at]) || _text[_at] == '$')) _at++;
        while (_at > start && _at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] is '-' or '_')) _at++;
        return _at > start ? _text[start.._at].ToLowerInvariant() : throw Wrong("an attribute");
    }

    private object? Value()
    {
        if (_at < _text.Length && _text[_at] == '"') return Quoted();
        if (Keyword("true")) return true;
        if (Keyword("false")) return false;
        if (Keyword("null")) return null;
        var start = _at;
        while (_at < _text.Length && (char.IsAsciiDigit(_text[_at]) || _text[_at] is '-' or '+' or '.' or 'e' or 'E')) _at++;
        return _at > start && double.TryParse(_text.AsSpan(start, _at - start), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : throw Wrong("a value");
    }

    private string Quoted()
    {
        var start = _at++;
        while (_at < _text.Length && _text[_at] != '"') _at += _text[_at] == '\\' ? 2 : 1;
        if (_at >= _text.Length) throw Wrong("a closing quote");
        _at++;
        try
        {
            return JsonSerializer.Deserialize(_text[start.._at], IdentityJson.Default.String)!;
        }
        catch (JsonException exception)
        {
            throw _code.Because("A text is no JSON string.", exception);
        }
    }

    /// <summary>Takes a word when it stands alone; case does not matter.</summary>
    private bool Keyword(string word, char? before = null)
    {
        var start = _at;
        Blanks();
        var end = _at + word.Length;
        if (_text.AsSpan(_at).StartsWith(word, StringComparison.OrdinalIgnoreCase) && (end == _text.Length || _text[end] is ' ' or ')' or ']' or '(' || _text[end] == before))
        {
            _at = end;
            return true;
        }
        _at = start;
        return false;
    }

    private void Blanks()
    {
        while (_at < _text.Length && _text[_at] == ' ') _at++;
    }

    private bool Take(char c)
    {
        if (_at >= _text.Length || _text[_at] != c) return false;
        _at++;
        return true;
    }

    private void Expect(char c)
    {
        if (!Take(c)) throw Wrong($"'{c}'");
    }

    private void End()
    {
        Blanks();
        if (_at < _text.Length) throw Wrong("the end");
    }

    private Problem Wrong(string expected) => _code.Because($"At character {_at + 1} {expected} is expected.");
}
