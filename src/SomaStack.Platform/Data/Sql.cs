using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace SomaStack.Platform;

/// <summary>
/// SQL whose every hole is a parameter: <c>$"SELECT … WHERE tenant = {tenant}"</c> cannot be injected into.
/// <c>{text:raw}</c> inserts a constant of the program (the tidy test refuses anything else) and <c>{list:in}</c> a parenthesised list.
/// Both databases read <c>$1</c>, <c>$2</c>, …. The text is put together only when a statement is prepared; until then it is the list
/// of its pieces, in which null stands for the next parameter.
/// </summary>
[InterpolatedStringHandler]
public readonly struct Sql
{
    private readonly List<string?> _pieces;
    private readonly List<object?> _values;

    public Sql(int literalLength, int formattedCount)
    {
        _pieces = new List<string?>(formattedCount * 2 + 1);
        _values = new List<object?>(formattedCount);
    }

    private Sql(List<string?> pieces) => (_pieces, _values) = (pieces, []);

    public string Text
    {
        get
        {
            var text = new StringBuilder();
            var number = 0;
            foreach (var piece in _pieces)
            {
                if (piece is not null) text.Append(piece);
                else text.Append('$').Append((++number).ToString(CultureInfo.InvariantCulture));
            }
            return text.ToString();
        }
    }

    public IReadOnlyList<object?> Values => _values;

    internal List<string?> Pieces => _pieces;

    /// <summary>To be kept as the key of a prepared statement.</summary>
    internal Sql WithoutValues() => new(_pieces);

    public void AppendLiteral(string text) => _pieces.Add(text);

    public void AppendFormatted(string? value) => Add(CheckText(value));

    public void AppendFormatted(long value) => Add(value);

    public void AppendFormatted(long? value) => Add(value);

    public void AppendFormatted(double value) => Add(value);

    public void AppendFormatted(double? value) => Add(value);

    public void AppendFormatted(bool value) => Add(value);

    public void AppendFormatted(byte[]? value) => Add(value);

    public void AppendFormatted(string text, string format)
    {
        if (format != "raw") throw new ArgumentException($"Unknown format '{format}'.", nameof(format));
        _pieces.Add(text);
    }

    public void AppendFormatted(IReadOnlyCollection<string> values, string format)
    {
        if (format != "in") throw new ArgumentException($"Unknown format '{format}'.", nameof(format));
        _pieces.Add("(");
        var first = true;
        foreach (var value in values)
        {
            if (!first) _pieces.Add(", ");
            Add(CheckText(value));
            first = false;
        }
        // An empty IN list is no SQL on PostgreSQL; NULL matches nothing on both.
        _pieces.Add(first ? "NULL)" : ")");
    }

    /// <summary>One row of a VALUES list that is put together when it runs; the first has the number 0.</summary>
    public void AppendRow(int row, params ReadOnlySpan<object?> values)
    {
        _pieces.Add(row == 0 ? "(" : ", (");
        for (var i = 0; i < values.Length; i++)
        {
            if (i > 0) _pieces.Add(", ");
            Add(values[i] is string text ? CheckText(text) : values[i]);
        }
        _pieces.Add(")");
    }

    private void Add(object? value)
    {
        _values.Add(value);
        _pieces.Add(null);
    }

    /// <summary>PostgreSQL stores neither NUL nor half a surrogate pair; refusing both here makes the databases agree.</summary>
    private static string? CheckText(string? value)
    {
        if (value is null) return null;
        // Almost every text holds neither, and this looks at many characters at once.
        if (!value.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') && !value.Contains('\0')) return value;
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            if (c == '\0') throw Problem.Invalid("text", "must not contain the NUL character");
            if (!char.IsSurrogate(c)) continue;
            if (char.IsHighSurrogate(c) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1])) i++;
            else throw Problem.Invalid("text", "must be well-formed Unicode");
        }
        return value;
    }
}

/// <summary>Compares SQL by its text alone. Literals of one place in the program are one object, so that no character is compared.</summary>
internal sealed class SqlText : IEqualityComparer<Sql>
{
    public static readonly SqlText Comparer = new();

    public bool Equals(Sql x, Sql y)
    {
        var (one, other) = (x.Pieces, y.Pieces);
        if (one.Count != other.Count) return false;
        for (var i = 0; i < one.Count; i++)
            if (!ReferenceEquals(one[i], other[i]) && !string.Equals(one[i], other[i], StringComparison.Ordinal)) return false;
        return true;
    }

    public int GetHashCode(Sql sql)
    {
        var hash = sql.Pieces.Count;
        foreach (var piece in sql.Pieces)
            if (piece is { Length: > 0 }) hash = hash * 31 + piece.Length * 127 + piece[0] * 7 + piece[^1];
        return hash;
    }
}
