using System.Globalization;
using System.Text;

namespace SomaStack.Platform.Cel;

internal enum TokenKind : byte
{
    End,
    Name,
    Literal,

    /// <summary>An operator or bracket; its text says which.</summary>
    Sign,
}

internal readonly record struct Token(TokenKind Kind, int Start, string Text, Value Literal = default)
{
    public bool Is(string sign) => Kind == TokenKind.Sign && Text == sign;
}

/// <summary>Text into tokens (cel-spec, langdef: "Syntax").</summary>
internal sealed class Lexer(string source)
{
    private static readonly string[] Signs = ["==", "!=", "<=", ">=", "&&", "||", "+", "-", "*", "/", "%", "<", ">", "!", "?", ":", ".", ",", "(", ")", "[", "]", "{", "}"];

    private int _at;

    public Token Next()
    {
        SkipSpace();
        var start = _at;
        if (_at == source.Length) return new Token(TokenKind.End, start, "");
        var c = source[_at];
        if (char.IsAsciiDigit(c) || (c == '.' && _at + 1 < source.Length && char.IsAsciiDigit(source[_at + 1]))) return Number();
        if (c is '"' or '\'') return Quoted(raw: false, bytes: false);
        if (char.IsAsciiLetter(c) || c == '_')
        {
            if (Prefix() is var length and > 0)
            {
                var prefix = source.AsSpan(_at, length);
                _at += length;
                return Quoted(prefix.ContainsAny('r', 'R'), prefix.ContainsAny('b', 'B'));
            }
            while (_at < source.Length && (char.IsAsciiLetterOrDigit(source[_at]) || source[_at] == '_')) _at++;
            return new Token(TokenKind.Name, start, source[start.._at]);
        }
        foreach (var sign in Signs)
        {
            if (string.CompareOrdinal(source, _at, sign, 0, sign.Length) != 0) continue;
            _at += sign.Length;
            return new Token(TokenKind.Sign, start, sign);
        }
        throw Wrong(start, "This character has no meaning here");
    }

    private void SkipSpace()
    {
        while (_at < source.Length)
        {
            if (source[_at] is ' ' or '\t' or '\n' or '\f' or '\r') _at++;
            else if (source[_at] == '/' && _at + 1 < source.Length && source[_at + 1] == '/')
                while (_at < source.Length && source[_at] != '\n') _at++;
            else return;
        }
    }

    /// <summary>How many letters before a quote say that the literal is raw, bytes or both; 0 when no quote follows.</summary>
    private int Prefix()
    {
        var length = 0;
        if (source[_at] is 'b' or 'B') length++;
        if (_at + length < source.Length && source[_at + length] is 'r' or 'R') length++;
        return length > 0 && _at + length < source.Length && source[_at + length] is '"' or '\'' ? length : 0;
    }

    private Token Number()
    {
        var start = _at;
        if (source[_at] == '0' && _at + 1 < source.Length && source[_at + 1] is 'x' or 'X')
        {
            _at += 2;
            var digits = Take(char.IsAsciiHexDigit);
            if (digits.Length == 0) throw Wrong(start, "The number has no digits");
            return Whole(start, ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex) ? hex : null);
        }
        var whole = Take(char.IsAsciiDigit);
        var isDouble = false;
        if (_at + 1 < source.Length && source[_at] == '.' && char.IsAsciiDigit(source[_at + 1]))
        {
            isDouble = true;
            _at++;
            Take(char.IsAsciiDigit);
        }
        if (_at < source.Length && source[_at] is 'e' or 'E')
        {
            isDouble = true;
            _at++;
            if (_at < source.Length && source[_at] is '+' or '-') _at++;
            if (Take(char.IsAsciiDigit).Length == 0) throw Wrong(start, "The exponent has no digits");
        }
        if (!isDouble) return Whole(start, ulong.TryParse(whole, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null);
        AfterNumber(start);
        return new Token(TokenKind.Literal, start, source[start.._at], Value.Of(double.Parse(source.AsSpan(start, _at - start), NumberStyles.Float, CultureInfo.InvariantCulture)));
    }

    /// <summary>An int has no sign yet: it is kept as uint until the parser has seen whether a minus stands before it.</summary>
    private Token Whole(int start, ulong? value)
    {
        if (value is not { } number) throw Wrong(start, "The number is too large");
        var isUint = _at < source.Length && source[_at] is 'u' or 'U';
        if (isUint) _at++;
        AfterNumber(start);
        return new Token(TokenKind.Literal, start, isUint ? "u" : "", Value.Of(number));
    }

    private void AfterNumber(int start)
    {
        if (_at < source.Length && (char.IsAsciiLetterOrDigit(source[_at]) || source[_at] == '_')) throw Wrong(start, "A number ends in letters");
    }

    private ReadOnlySpan<char> Take(Func<char, bool> belongs)
    {
        var start = _at;
        while (_at < source.Length && belongs(source[_at])) _at++;
        return source.AsSpan(start, _at - start);
    }

    private Token Quoted(bool raw, bool bytes)
    {
        var start = _at;
        var quote = source[_at];
        var triple = _at + 2 < source.Length && source[_at + 1] == quote && source[_at + 2] == quote;
        _at += triple ? 3 : 1;
        var text = new StringBuilder();
        var octets = bytes ? new List<byte>() : null;
        while (true)
        {
            if (_at >= source.Length) throw Wrong(start, "The text has no closing quote");
            var c = source[_at];
            if (c == quote && (!triple || (_at + 2 < source.Length && source[_at + 1] == quote && source[_at + 2] == quote))) break;
            if (!triple && c is '\n' or '\r') throw Wrong(start, "The text has no closing quote on its line");
            if (c == '\\')
            {
                if (!raw)
                {
                    Escape(text, octets);
                    continue;
                }
                // A quote after a backslash does not end raw text, and both stay.
                if (_at + 1 >= source.Length) throw Wrong(start, "The text has no closing quote");
                Append(text, octets, new Rune('\\'));
                _at++;
            }
            if (Rune.DecodeFromUtf16(source.AsSpan(_at), out var rune, out var used) != System.Buffers.OperationStatus.Done) throw Wrong(_at, "Half a surrogate pair is no character");
            Append(text, octets, rune);
            _at += used;
        }
        _at += triple ? 3 : 1;
        return new Token(TokenKind.Literal, start, "text", octets is null ? Value.Of(text.ToString()) : Value.Of(octets.ToArray()));
    }

    private static void Append(StringBuilder text, List<byte>? octets, Rune rune)
    {
        Span<byte> utf8 = stackalloc byte[4];
        if (octets is null) text.Append(rune.ToString());
        else octets.AddRange(utf8[..rune.EncodeToUtf8(utf8)]);
    }

    private void Escape(StringBuilder text, List<byte>? octets)
    {
        var start = _at++;
        if (_at >= source.Length) throw Wrong(start, "The text ends within an escape");
        var c = source[_at++];
        var plain = c switch { 'a' => 7, 'b' => 8, 'f' => 12, 'n' => 10, 'r' => 13, 't' => 9, 'v' => 11, '\\' or '?' or '"' or '\'' or '`' => c, _ => -1 };
        if (plain >= 0)
        {
            Append(text, octets, new Rune(plain));
            return;
        }
        if (c is >= '0' and <= '3') _at--;
        var (digits, radix) = c switch { >= '0' and <= '3' => (3, 8), 'x' or 'X' => (2, 16), 'u' => (4, 16), 'U' => (8, 16), _ => throw Wrong(start, "There is no such escape") };
        var number = 0L;
        for (var i = 0; i < digits; i++)
        {
            var digit = _at < source.Length && char.IsAsciiHexDigit(source[_at]) ? Convert.ToInt32(source[_at].ToString(), 16) : radix;
            if (digit >= radix) throw Wrong(start, "The escape has too few digits");
            number = number * radix + digit;
            _at++;
        }
        if (octets is not null)
        {
            if (digits > 3) throw Wrong(start, "Bytes are written as \\x and two digits, or as three octal digits");
            octets.Add((byte)number);
        }
        else if (number <= 0x10FFFF && Rune.IsValid((int)number)) text.Append(new Rune((int)number).ToString());
        else throw Wrong(start, "The escape names no character");
    }

    private CelException Wrong(int position, string problem) => CelException.At(source, position, problem);
}
