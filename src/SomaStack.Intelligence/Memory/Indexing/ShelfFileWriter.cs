using System.Security.Cryptography;
using SomaStack.Intelligence.Memory.Contracts;
using Has = SomaStack.Intelligence.Memory.ShelfFile.Has;

namespace SomaStack.Intelligence.Memory;

/// <summary>Writes a shelf to a stream; holds a piece of it in memory at a time.</summary>
internal sealed class ShelfFileWriter
{
    private readonly Dictionary<string, int> _texts = new(StringComparer.Ordinal);
    private readonly List<string> _inOrder = [];
    private readonly ByteWriter _bytes = new();

    private ShelfFileWriter()
    {
    }

    /// <exception cref="InvalidDataException">The vectors differ in length.</exception>
    public static void Write(Stream stream, ShelfHeader header, IReadOnlyList<Entry> entries)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        new ShelfFileWriter().Write(bytes => { hash.AppendData(bytes); stream.Write(bytes); }, header, entries);
        stream.Write(hash.GetHashAndReset());
    }

    private void Write(Action<ReadOnlySpan<byte>> emit, ShelfHeader header, IReadOnlyList<Entry> entries)
    {
        foreach (var entry in entries) Collect(entry);
        var vectorBytes = 0;
        foreach (var entry in entries)
        {
            if (entry.Vector is not { } vector) continue;
            if (vectorBytes != 0 && vectorBytes != vector.Length) throw new InvalidDataException("Vectors of one model differ in length.");
            vectorBytes = vector.Length;
        }
        ShelfFileHeader.Write(_bytes, header);
        _bytes.Count(entries.Count);
        _bytes.Count(vectorBytes);
        _bytes.Count(_inOrder.Count);
        foreach (var text in _inOrder) _bytes.Text(text);
        Emit(emit);
        WritePieces(emit, entries);
        foreach (var entry in entries)
            if (entry.Vector is { } vector) emit(vector);
    }

    /// <summary>Each piece says how long it is and how many vectors come before its own.</summary>
    private void WritePieces(Action<ReadOnlySpan<byte>> emit, IReadOnlyList<Entry> entries)
    {
        var vectors = 0;
        var head = new ByteWriter();
        for (var from = 0; from < entries.Count; from += ShelfFile.Piece)
        {
            var before = vectors;
            for (var i = from; i < Math.Min(from + ShelfFile.Piece, entries.Count); i++)
            {
                Add(entries[i]);
                if (entries[i].Vector is not null) vectors++;
            }
            head.Count(_bytes.Length);
            head.Count(before);
            emit(head.Written);
            head.Clear();
            Emit(emit);
        }
    }

    private void Emit(Action<ReadOnlySpan<byte>> emit)
    {
        emit(_bytes.Written);
        _bytes.Clear();
    }

    private void Collect(Entry entry)
    {
        Collect(entry.Kind);
        Collect(entry.Universe);
        if (entry.Group is { } group) Collect(group);
        if (entry.Speaker is { } speaker) Collect(speaker);
        foreach (var tag in entry.Tags) Collect(tag);
        foreach (var term in entry.Terms.Terms) Collect(term);
    }

    private void Collect(string text)
    {
        if (_texts.TryAdd(text, _inOrder.Count)) _inOrder.Add(text);
    }

    private void Add(Entry entry)
    {
        var has = Of(entry);
        _bytes.Count((int)has);
        _bytes.Text(entry.Id);
        _bytes.Int64(entry.Version);
        _bytes.Count(_texts[entry.Kind]);
        _bytes.Count(_texts[entry.Universe]);
        _bytes.Count(entry.Tags.Count);
        foreach (var tag in entry.Tags) _bytes.Count(_texts[tag]);
        _bytes.Int64(entry.EventTime);
        _bytes.Int64(entry.RecordedAt);
        _bytes.Double(entry.Importance);
        _bytes.Count(entry.Terms.Length);
        _bytes.Count(entry.Terms.Terms.Length);
        for (var i = 0; i < entry.Terms.Terms.Length; i++)
        {
            _bytes.Count(_texts[entry.Terms.Terms[i]]);
            _bytes.Count(entry.Terms.Counts[i]);
        }
        if (has.HasFlag(Has.Group)) _bytes.Count(_texts[entry.Group!]);
        if (has.HasFlag(Has.Line)) _bytes.Int64(entry.Line);
        if (has.HasFlag(Has.Key)) _bytes.Text(entry.Key!);
        if (has.HasFlag(Has.Validity)) Pair(entry.ValidFrom, entry.ValidTo);
        if (has.HasFlag(Has.Superseded)) Pair(entry.SupersededAt, entry.SupersededFrom);
        if (has.HasFlag(Has.Expiry)) _bytes.Int64(entry.ExpiresAt);
        if (has.HasFlag(Has.Duplicate)) _bytes.Text(entry.DuplicateOf!);
        if (has.HasFlag(Has.Speaker)) _bytes.Count(_texts[entry.Speaker!]);
    }

    private void Pair(long first, long second)
    {
        _bytes.Int64(first);
        _bytes.Int64(second);
    }

    private static Has Of(Entry entry) =>
        (entry.Vector is null ? Has.None : Has.Vector) | (entry.Pending ? Has.Pending : Has.None) | (entry.Asks ? Has.Asks : Has.None)
        | (entry.NamesTime ? Has.NamesTime : Has.None) | (entry.Group is null ? Has.None : Has.Group) | (entry.Line == 0 ? Has.None : Has.Line)
        | (entry.Key is null ? Has.None : Has.Key) | (entry.ValidFrom == long.MinValue && entry.ValidTo == long.MaxValue ? Has.None : Has.Validity)
        | (entry.SupersededAt == long.MaxValue && entry.SupersededFrom == long.MaxValue ? Has.None : Has.Superseded)
        | (entry.ExpiresAt == long.MaxValue ? Has.None : Has.Expiry) | (entry.DuplicateOf is null ? Has.None : Has.Duplicate)
        | (entry.Speaker is null ? Has.None : Has.Speaker);
}

internal static class ShelfFileHeader
{
    private static ReadOnlySpan<byte> Magic => "SOMASHLF"u8;

    public static void Write(ByteWriter bytes, ShelfHeader header)
    {
        bytes.Raw(Magic);
        bytes.Count(ShelfFile.Format);
        bytes.Text(header.Tenant);
        bytes.Text(header.Namespace);
        bytes.Text(header.Model);
        bytes.Text(header.Analysis);
        bytes.Int64(header.Horizon);
    }

    /// <exception cref="InvalidDataException">It is no shelf file of this format.</exception>
    public static ShelfHeader Read(ref ByteReader bytes)
    {
        if (!bytes.Raw(Magic.Length).SequenceEqual(Magic)) throw new InvalidDataException("It is no shelf file.");
        if (bytes.Count() != ShelfFile.Format) throw new InvalidDataException("It has another format.");
        return new ShelfHeader(bytes.Text(), bytes.Text(), bytes.Text(), bytes.Text(), bytes.Int64());
    }
}
