using SomaStack.Intelligence.Memory;

namespace SomaStack.Tests.Memory.Vectors;

public sealed class HnswSnapshotTests
{
    private static readonly HnswOptions Graph = new(Links: 12, BuildWidth: 64, ExactBelow: 0);

    [Fact]
    public void What_is_read_back_is_the_same_and_goes_on_the_same()
    {
        var (world, index) = Build();
        var bytes = HnswTests.Snapshot(index);
        var read = Hnsw.Read(new MemoryStream(bytes), Graph);
        Assert.Equal((index.Count, index.Waiting, index.Dimensions), (read.Count, read.Waiting, read.Dimensions));
        Assert.Equal(bytes, HnswTests.Snapshot(read));
        foreach (var each in new[] { index, read })
        {
            each.Remove(41);
            each.Add(2000, world.Held[43]);
            each.Link(100);
        }
        Assert.Equal(HnswTests.Snapshot(index), HnswTests.Snapshot(read));
    }

    [Fact]
    public void Names_find_their_new_keys_and_what_is_gone_is_removed()
    {
        var (world, index) = Build();
        var bytes = HnswTests.Snapshot(index, static key => "memory/" + key);
        var read = Hnsw.Read(new MemoryStream(bytes), Graph, static name => int.Parse(name.AsSpan("memory/".Length), provider: null) is var key && key % 7 == 0 ? -1 : 5000 - key);
        foreach (var key in world.Held.Keys.Where(key => key % 7 == 0).ToList()) world.Remove(index, key);
        Assert.Equal(index.Count, read.Count);
        var query = world.Draw();
        Assert.Equal(VectorWorld.Search(index, query, 10, 200), VectorWorld.Search(read, query, 10, 200).Select(match => match with { Key = 5000 - match.Key }));
        Assert.Throws<InvalidDataException>(() => Hnsw.Read(new MemoryStream(bytes), Graph, static _ => 1));
        Assert.Throws<InvalidDataException>(() => Hnsw.Read(new MemoryStream(HnswTests.Snapshot(index)), Graph, static _ => 1));
    }

    [Fact]
    public void A_changed_byte_or_a_missing_end_is_refused()
    {
        var (_, index) = Build();
        var bytes = HnswTests.Snapshot(index, static key => "memory/" + key);
        for (var at = 0; at < bytes.Length; at += at < 100 ? 1 : 4999)
        {
            var broken = bytes.ToArray();
            broken[at] ^= 0x10;
            Assert.Throws<InvalidDataException>(() => Hnsw.Read(new MemoryStream(broken), Graph));
        }
        for (var length = 0; length < bytes.Length; length += 9973)
            Assert.Throws<EndOfStreamException>(() => Hnsw.Read(new MemoryStream(bytes, 0, length), Graph));
        Assert.Throws<InvalidDataException>(() => Hnsw.Read(new MemoryStream(bytes), Graph with { Links = 8 }));
    }

    [Fact]
    public void An_empty_index_has_a_snapshot_too()
    {
        var read = Hnsw.Read(new MemoryStream(HnswTests.Snapshot(new Hnsw(VectorWorld.Dimensions))));
        Assert.Equal((0, VectorWorld.Dimensions), (read.Count, read.Dimensions));
        Assert.Empty(VectorWorld.Search(read, new VectorWorld(1, 1).Draw(), 3, 10));
    }

    private static (VectorWorld World, Hnsw Index) Build()
    {
        var world = new VectorWorld(23, 12);
        var index = new Hnsw(VectorWorld.Dimensions, Graph);
        for (var key = 0; key < 1000; key++) world.Put(index, key);
        index.Link(900);
        for (var key = 5; key < 1000; key += 10) world.Remove(index, key);
        return (world, index);
    }
}
