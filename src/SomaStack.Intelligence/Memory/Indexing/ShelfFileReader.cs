using System.Security.Cryptography;
using Has = SomaStack.Intelligence.Memory.ShelfFile.Has;

namespace SomaStack.Intelligence.Memory;

/// <summary>Reads a shelf file; several cores read its pieces.</summary>
internal sealed class ShelfFileReader
{
    private readonly byte[] _file;
    private readonly int _length;
    private readonly string[] _texts;
    private readonly List<(int At, int Length, int Vectors)> _pieces = [];
    private readonly int _vectorBytes;
    private readonly int _vectorsAt;

    private ShelfFileReader(byte[] file, int length)
    {
        (_file, _length) = (file, length);
        var bytes = new ByteReader(file.AsSpan(0, length));
        Header = ShelfFileHeader.Read(ref bytes);
        Count = bytes.Count();
        _vectorBytes = bytes.Count();
        _texts = new string[bytes.Count()];
        for (var i = 0; i < _texts.Length; i++) _texts[i] = bytes.Text();
        for (var from = 0; from < Count; from += ShelfFile.Piece)
        {
            var (piece, vectors) = (bytes.Count(), bytes.Count());
            _pieces.Add((bytes.Position, piece, vectors));
            bytes.Raw(piece);
        }
        _vectorsAt = bytes.Position;
    }

    public ShelfHeader Header { get; }

    public int Count { get; }

    /// <exception cref="InvalidDataException">It is damaged, or of another format.</exception>
    public static ShelfFileReader Open(byte[] file)
    {
        var length = file.Length - ShelfFile.ChecksumBytes;
        if (length < 0 || !SHA256.HashData(file.AsSpan(0, length)).AsSpan().SequenceEqual(file.AsSpan(length))) throw new InvalidDataException("It is damaged.");
        return new ShelfFileReader(file, length);
    }

    public Change[] Entries()
    {
        var entries = new Change[Count];
        Parallel.For(0, _pieces.Count, piece => Read(piece, entries));
        return entries;
    }

    private void Read(int piece, Change[] entries)
    {
        var (at, length, vectors) = _pieces[piece];
        var bytes = new ByteReader(_file.AsSpan(at, length));
        for (var i = piece * ShelfFile.Piece; !bytes.AtEnd; i++)
        {
            var entry = Read(ref bytes, ref vectors);
            entries[i] = new Change(entry.Id, entry);
        }
    }

    private Entry Read(ref ByteReader bytes, ref int vectors)
    {
        var has = (Has)bytes.Count();
        var id = bytes.Text();
        var version = bytes.Int64();
        var kind = _texts[bytes.Count()];
        var universe = _texts[bytes.Count()];
        var tags = Texts(ref bytes);
        var eventTime = bytes.Int64();
        var recordedAt = bytes.Int64();
        var importance = bytes.Double();
        var terms = Terms(ref bytes);
        var group = has.HasFlag(Has.Group) ? _texts[bytes.Count()] : null;
        var line = has.HasFlag(Has.Line) ? bytes.Int64() : 0;
        var vector = has.HasFlag(Has.Vector) ? _file.AsSpan(_vectorsAt, _length - _vectorsAt).Slice(vectors++ * _vectorBytes, _vectorBytes).ToArray() : null;
        return new Entry(id, version, kind, tags, group, eventTime, line, importance, terms, vector)
        {
            Universe = universe, RecordedAt = recordedAt, Pending = has.HasFlag(Has.Pending), Asks = has.HasFlag(Has.Asks), NamesTime = has.HasFlag(Has.NamesTime),
            Key = has.HasFlag(Has.Key) ? bytes.Text() : null,
            ValidFrom = has.HasFlag(Has.Validity) ? bytes.Int64() : long.MinValue, ValidTo = has.HasFlag(Has.Validity) ? bytes.Int64() : long.MaxValue,
            SupersededAt = has.HasFlag(Has.Superseded) ? bytes.Int64() : long.MaxValue, SupersededFrom = has.HasFlag(Has.Superseded) ? bytes.Int64() : long.MaxValue,
            ExpiresAt = has.HasFlag(Has.Expiry) ? bytes.Int64() : long.MaxValue,
            DuplicateOf = has.HasFlag(Has.Duplicate) ? bytes.Text() : null,
            Speaker = has.HasFlag(Has.Speaker) ? _texts[bytes.Count()] : null,
        };
    }

    private string[] Texts(ref ByteReader bytes)
    {
        var count = bytes.Count();
        if (count == 0) return [];
        var texts = new string[count];
        for (var i = 0; i < count; i++) texts[i] = _texts[bytes.Count()];
        return texts;
    }

    private DocumentTerms Terms(ref ByteReader bytes)
    {
        var length = bytes.Count();
        var count = bytes.Count();
        var (terms, counts) = (new string[count], new int[count]);
        for (var i = 0; i < count; i++) (terms[i], counts[i]) = (_texts[bytes.Count()], bytes.Count());
        return new DocumentTerms(terms, counts, length);
    }
}
