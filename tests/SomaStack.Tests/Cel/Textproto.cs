using System.Globalization;
using System.Text;

namespace SomaStack.Tests.Cel;

/// <summary>A message in the text format of protobuf: fields by name, each a scalar's text, bytes or a message.</summary>
internal sealed class TextMessage
{
    private readonly List<(string Name, object Value)> _fields = [];

    public void Add(string name, object value) => _fields.Add((name, value));

    public bool Has(string name) => _fields.Exists(field => field.Name == name);

    public IEnumerable<(string Name, object Value)> Fields => _fields;

    public IEnumerable<TextMessage> Messages(string name) => _fields.Where(field => field.Name == name).Select(field => (TextMessage)field.Value);

    public TextMessage? Message(string name) => Messages(name).FirstOrDefault();

    public string? Text(string name) => _fields.Where(field => field.Name == name).Select(field => field.Value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : (string)field.Value).FirstOrDefault();

    public byte[] Bytes(string name) => (byte[])_fields.First(field => field.Name == name).Value;
}

/// <summary>Reads the text format (protobuf.dev, "Text Format Language Specification") as far as the conformance files use it.</summary>
internal sealed class Textproto(string text)
{
    private int _at;

    public static TextMessage Read(string text)
    {
        var reader = new Textproto(text);
        var message = reader.Message('\0');
        return message;
    }

    private TextMessage Message(char close)
    {
        var message = new TextMessage();
        while (true)
        {
            Skip();
            if (_at == text.Length) return close == '\0' ? message : throw Wrong("a message is not closed");
            if (text[_at] == close)
            {
                _at++;
                return message;
            }
            if (text[_at] is ',' or ';')
            {
                _at++;
                continue;
            }
            var name = text[_at] == '[' ? Extension() : Word();
            Skip();
            if (_at < text.Length && text[_at] == ':') _at++;
            Skip();
            message.Add(name, Value());
        }
    }

    private object Value()
    {
        switch (text[_at])
        {
            case '{': _at++; return Message('}');
            case '<': _at++; return Message('>');
            case '"' or '\'':
                var bytes = new List<byte>();
                while (_at < text.Length && text[_at] is '"' or '\'')
                {
                    Quoted(bytes);
                    Skip();
                }
                return bytes.ToArray();
            default: return Word();
        }
    }

    private string Extension()
    {
        var end = text.IndexOf(']', _at);
        var name = text[(_at + 1)..end];
        _at = end + 1;
        return name;
    }

    private string Word()
    {
        var start = _at;
        while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] is '_' or '.' or '-' or '+')) _at++;
        return _at > start ? text[start.._at] : throw Wrong("a name or a value is missing");
    }

    private void Quoted(List<byte> bytes)
    {
        var quote = text[_at++];
        while (text[_at] != quote)
        {
            if (text[_at] != '\\')
            {
                var rune = Rune.GetRuneAt(text, _at);
                bytes.AddRange(Encoding.UTF8.GetBytes(rune.ToString()));
                _at += rune.Utf16SequenceLength;
                continue;
            }
            Escape(bytes);
        }
        _at++;
    }

    private void Escape(List<byte> bytes)
    {
        var c = text[_at + 1];
        _at += 2;
        switch (c)
        {
            case 'a': bytes.Add(7); return;
            case 'b': bytes.Add(8); return;
            case 'f': bytes.Add(12); return;
            case 'n': bytes.Add(10); return;
            case 'r': bytes.Add(13); return;
            case 't': bytes.Add(9); return;
            case 'v': bytes.Add(11); return;
            case '\\' or '\'' or '"' or '?': bytes.Add((byte)c); return;
            case 'x' or 'X': bytes.Add((byte)Digits(2, 16)); return;
            case 'u': bytes.AddRange(Encoding.UTF8.GetBytes(new Rune((int)Digits(4, 16)).ToString())); return;
            case 'U': bytes.AddRange(Encoding.UTF8.GetBytes(new Rune((int)Digits(8, 16)).ToString())); return;
            case >= '0' and <= '7':
                _at--;
                bytes.Add((byte)Digits(3, 8));
                return;
            default: throw Wrong($"the escape '\\{c}' is not known");
        }
    }

    private long Digits(int most, int radix)
    {
        var number = 0L;
        for (var i = 0; i < most && char.IsAsciiHexDigit(text[_at]) && Convert.ToInt32(text[_at].ToString(), 16) < radix; i++) number = number * radix + Convert.ToInt32(text[_at++].ToString(), 16);
        return number;
    }

    private void Skip()
    {
        while (_at < text.Length)
        {
            if (char.IsWhiteSpace(text[_at])) _at++;
            else if (text[_at] == '#')
                while (_at < text.Length && text[_at] != '\n') _at++;
            else return;
        }
    }

    private FormatException Wrong(string problem) => new(string.Create(CultureInfo.InvariantCulture, $"Line {text.AsSpan(0, _at).Count('\n') + 1}: {problem}."));
}
