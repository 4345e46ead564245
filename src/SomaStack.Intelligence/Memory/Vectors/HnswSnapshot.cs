using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// The index as bytes: a header with its own SHA-256, then the arrays, then the SHA-256 of these. Little-endian. What does not check out is refused,
/// and the caller builds anew from the rows.
/// </summary>
internal sealed partial class Hnsw
{
    private const int HeaderInts = 10;
    private const int IdMost = 2048;

    private static ReadOnlySpan<byte> Magic => "SOMAHNS1"u8;

    /// <param name="idOf">The name of a key, at most 2048 bytes of UTF-8: keys of another run may differ, names do not.</param>
    public void Write(Stream stream, Func<int, string>? idOf = null)
    {
        RequireLittleEndian();
        var header = new byte[Magic.Length + HeaderInts * sizeof(int)];
        Magic.CopyTo(header);
        ReadOnlySpan<int> numbers = [Dimensions, _options.Links, _options.BuildWidth, _end, _entry, _linked, _dead, _waiting.Count, _free.Count, idOf is null ? 0 : 1];
        MemoryMarshal.AsBytes(numbers).CopyTo(header.AsSpan(Magic.Length));
        stream.Write(header);
        stream.Write(SHA256.HashData(header));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Put(_nodes.AsSpan(0, _end));
        Put(_slab.Scales(_end));
        Put(_slab.Rows(_end));
        Put(_near.AsSpan(0, _end * _nearStride));
        for (var node = 0; node < _end; node++)
            if (_far[node] is { } far) Put(far.AsSpan());
        Put(CollectionsMarshal.AsSpan(_waiting));
        Put(_free.ToArray().AsSpan());
        if (idOf is not null) PutIds(idOf);
        stream.Write(hash.GetHashAndReset());

        void Put<T>(Span<T> values) where T : unmanaged
        {
            var bytes = MemoryMarshal.AsBytes(values);
            hash.AppendData(bytes);
            stream.Write(bytes);
        }

        void PutIds(Func<int, string> nameOf)
        {
            var text = new ArrayBufferWriter<byte>();
            for (var node = 0; node < _end; node++)
            {
                if (_nodes[node].Key == None) continue;
                var bytes = Encoding.UTF8.GetBytes(nameOf(_nodes[node].Key));
                if (bytes.Length > IdMost) throw new ArgumentException($"A name has {bytes.Length} bytes; at most {IdMost} are kept.", nameof(nameOf));
                BinaryPrimitives.WriteUInt16LittleEndian(text.GetSpan(sizeof(ushort)), (ushort)bytes.Length);
                text.Advance(sizeof(ushort));
                text.Write(bytes);
            }
            var length = text.WrittenCount;
            Put(MemoryMarshal.CreateSpan(ref length, 1));
            var all = text.WrittenSpan.ToArray();
            Put(all.AsSpan());
        }
    }

    /// <param name="keyOf">The key of a name in this run, or −1 for what is to be removed; null keeps the keys of the snapshot.</param>
    /// <exception cref="InvalidDataException">The bytes are not a whole snapshot, or one made with other constants.</exception>
    /// <exception cref="EndOfStreamException">They end early.</exception>
    public static Hnsw Read(Stream stream, HnswOptions? options = null, Func<string, int>? keyOf = null)
    {
        RequireLittleEndian();
        var header = new byte[Magic.Length + HeaderInts * sizeof(int)];
        var check = new byte[SHA256.HashSizeInBytes];
        stream.ReadExactly(header);
        stream.ReadExactly(check);
        if (!header.AsSpan(0, Magic.Length).SequenceEqual(Magic) || !SHA256.HashData(header).AsSpan().SequenceEqual(check)) throw new InvalidDataException("This is no snapshot of a vector index.");
        var numbers = MemoryMarshal.Cast<byte, int>(header.AsSpan(Magic.Length)).ToArray();
        var index = new Hnsw(numbers[0], options);
        if (index._options.Links != numbers[1] || index._options.BuildWidth != numbers[2]) throw new InvalidDataException("The snapshot was made with other constants.");
        if (keyOf is not null && numbers[9] == 0) throw new InvalidDataException("The snapshot holds no names.");
        var names = index.Fill(stream, numbers);
        index.RequireSound();
        index.Name(names, keyOf);
        return index;
    }

    /// <returns>The names, as they were written; empty when there are none.</returns>
    private byte[] Fill(Stream stream, int[] numbers)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Reserve(numbers[3]);
        (_end, _entry, _linked, _dead) = (numbers[3], numbers[4], numbers[5], numbers[6]);
        Get(_nodes.AsSpan(0, _end));
        Get(_slab.Scales(_end));
        Get(_slab.Rows(_end));
        Get(_near.AsSpan(0, _end * _nearStride));
        for (var node = 0; node < _end; node++)
        {
            if (_nodes[node].State is not (State.Linked or State.Dead) || _nodes[node].Level is 0 or > LevelsMax) continue;
            var far = _far[node] = new int[_nodes[node].Level * _farStride];
            Get(far.AsSpan());
            _farBytes += 4L * far.Length;
        }
        CollectionsMarshal.SetCount(_waiting, numbers[7]);
        Get(CollectionsMarshal.AsSpan(_waiting));
        var free = new int[numbers[8]];
        Get(free.AsSpan());
        // A stack is written from its top.
        for (var i = free.Length - 1; i >= 0; i--) _free.Push(free[i]);
        byte[] names = [];
        if (numbers[9] == 1)
        {
            var length = 0;
            Get(MemoryMarshal.CreateSpan(ref length, 1));
            if (length < 0 || length > (long)_end * (IdMost + sizeof(ushort))) throw new InvalidDataException("The names of the snapshot are broken.");
            Get((names = new byte[length]).AsSpan());
        }
        var check = new byte[SHA256.HashSizeInBytes];
        stream.ReadExactly(check);
        if (!hash.GetHashAndReset().AsSpan().SequenceEqual(check)) throw new InvalidDataException("The checksum of the snapshot does not fit its content.");
        return names;

        void Get<T>(Span<T> values) where T : unmanaged
        {
            var bytes = MemoryMarshal.AsBytes(values);
            stream.ReadExactly(bytes);
            hash.AppendData(bytes);
        }
    }

    /// <summary>No place leads outside: the search does not look at that again.</summary>
    private void RequireSound()
    {
        var sound = _entry == None ? _linked == 0 : (uint)_entry < (uint)_end && _nodes[_entry].State == State.Linked;
        foreach (var node in CollectionsMarshal.AsSpan(_waiting)) sound &= (uint)node < (uint)_end;
        foreach (var node in _free) sound &= (uint)node < (uint)_end;
        for (var node = 0; node < _end && sound; node++)
        {
            if (_nodes[node].State is not (State.Linked or State.Dead)) continue;
            sound &= _nodes[node].Level <= LevelsMax;
            for (var level = 0; level <= _nodes[node].Level && sound; level++)
            {
                var block = Block(node, level);
                sound &= (uint)block[0] <= (uint)Most(level);
                foreach (var next in sound ? block.Slice(1, block[0]) : [])
                    sound &= (uint)next < (uint)_end && _nodes[next].State is State.Linked or State.Dead && _nodes[next].Level >= level;
            }
        }
        if (!sound) throw new InvalidDataException("The graph of the snapshot leads outside of it.");
    }

    private void Name(ReadOnlySpan<byte> names, Func<string, int>? keyOf)
    {
        var gone = new List<int>();
        var most = -1;
        for (var node = 0; node < _end; node++)
        {
            ref var at = ref _nodes[node];
            if (at.Key == None) continue;
            if (keyOf is not null)
            {
                var length = BinaryPrimitives.ReadUInt16LittleEndian(names);
                at.Key = keyOf(Encoding.UTF8.GetString(names.Slice(sizeof(ushort), length)));
                names = names[(sizeof(ushort) + length)..];
                if (at.Key < 0) gone.Add(node);
            }
            most = Math.Max(most, at.Key);
        }
        _nodeOf = new int[most + 1];
        _nodeOf.AsSpan().Fill(None);
        for (var node = 0; node < _end; node++)
            if (_nodes[node].Key is var key and >= 0 && (_nodeOf[key] != None || (_nodeOf[key] = node) != node)) throw new InvalidDataException("Two vectors of the snapshot have one key.");
        foreach (var node in gone) Drop(node);
    }

    private static void RequireLittleEndian()
    {
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("Snapshots are read and written on little-endian machines.");
    }
}
