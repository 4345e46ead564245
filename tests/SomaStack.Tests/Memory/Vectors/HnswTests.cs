using CsCheck;
using SomaStack.Intelligence.Memory;
using SomaStack.Platform;

namespace SomaStack.Tests.Memory.Vectors;

public sealed class HnswTests
{
    /// <summary>The graph is used from the first vector on, so that small worlds test it.</summary>
    private static readonly HnswOptions Graph = new(Links: 12, BuildWidth: 64, ExactBelow: 0);

    private const int Width = 64;

    [Fact]
    public void Below_the_threshold_the_answer_is_the_exact_one_in_total_order() =>
        Gen.Select(Gen.Int[0, 100_000], Gen.Int[1, 300], Gen.Int[1, 40]).Sample((seed, size, count) =>
        {
            var world = new VectorWorld(seed, 5);
            var index = new Hnsw(VectorWorld.Dimensions);
            for (var i = 0; i < size; i++) world.Put(index, world.Random.Next(2 * size));
            foreach (var gone in world.Held.Keys.Where(key => key % 5 == 0).ToList()) world.Remove(index, gone);
            index.Link(size / 2);
            var query = world.Draw();
            Assert.Equal(world.Held.Count, index.Count);
            Assert.Equal(world.Exact(query, count), VectorWorld.Search(index, query, count, Width));
            Assert.Equal(world.Exact(query, count, key => key % 3 == 0), VectorWorld.Search(index, query, count, Width, key => key % 3 == 0));
        }, iter: 40);

    /// <summary>Vectors of texts lie in clusters; of a single cloud, where all are about as far from each other, a graph of this width finds less: see below.</summary>
    [Fact]
    public void The_graph_finds_what_comparing_all_finds_after_removals_and_replacements_too() =>
        Gen.Select(Gen.Int[0, 100_000], Gen.Int[2, 200]).Sample((seed, clusters) =>
        {
            const int size = 2500;
            var world = new VectorWorld(seed, clusters);
            var index = new Hnsw(VectorWorld.Dimensions, Graph);
            for (var key = 0; key < size; key++) world.Put(index, key);
            Assert.Equal(100, index.Link(size - 100, 2));
            Assert.InRange(world.Recall(index, Width), 0.95, 1);
            Assert.Equal(0, index.Link(size));
            Assert.InRange(world.Recall(index, Width), 0.95, 1);
            for (var i = 0; i < size / 2; i++)
            {
                var key = world.Random.Next(size);
                if (world.Random.Next(3) == 0) world.Put(index, key);
                else if (world.Held.ContainsKey(key)) world.Remove(index, key);
                index.Link(2);
            }
            Assert.Equal(world.Held.Count, index.Count);
            Assert.InRange(world.Recall(index, Width), 0.95, 1);
            Assert.InRange(world.Recall(index, Width, key => key % 2 == 0), 0.95, 1);
            Assert.InRange(world.Recall(index, Width, key => key % 97 == 0), 0.95, 1);
        }, iter: 4, threads: 1);

    [Theory]
    [InlineData(8636)]
    [InlineData(1)]
    public void In_a_single_cloud_it_finds_nine_of_ten(int seed)
    {
        var world = new VectorWorld(seed, 1);
        var index = new Hnsw(VectorWorld.Dimensions, Graph);
        for (var key = 0; key < 2500; key++) world.Put(index, key);
        Assert.Equal(0, index.Link(2500));
        Assert.InRange(world.Recall(index, Width), 0.9, 1);
    }

    [Fact]
    public void A_removed_region_hides_nothing_behind_it()
    {
        var world = new VectorWorld(7, 3);
        var index = new Hnsw(VectorWorld.Dimensions, Graph);
        for (var key = 0; key < 1500; key++) world.Put(index, key);
        index.Link(1500);
        var query = world.Draw();
        foreach (var match in world.Exact(query, 450)) world.Remove(index, match.Key);
        Assert.Equal(world.Exact(query, 5), VectorWorld.Search(index, query, 5, 200));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 1)]
    [InlineData(4, -1)]
    public void Copies_of_one_vector_are_no_island(int seed, int when)
    {
        var world = new VectorWorld(seed, 40);
        var index = new Hnsw(VectorWorld.Dimensions, Graph);
        var copy = world.Draw();
        // Among the others, before them or after them.
        foreach (var key in Enumerable.Range(0, 1200).OrderBy(key => key % 3 == 0 ? when * 10_000 + key : key))
        {
            if (key % 3 == 0) index.Add(key, world.Held[key] = copy);
            else world.Put(index, key);
        }
        index.Link(1200);
        Assert.InRange(world.Recall(index, Width, key => key % 3 != 0), 0.95, 1);
        Assert.All(VectorWorld.Search(index, copy, 50, Width), match => Assert.Equal(0, match.Key % 3));
    }

    [Fact]
    public void Emptied_it_finds_nothing_and_can_be_filled_again()
    {
        var world = new VectorWorld(3, 4);
        var index = new Hnsw(VectorWorld.Dimensions, Graph);
        for (var round = 0; round < 3; round++)
        {
            for (var key = 0; key < 700; key++) world.Put(index, key);
            index.Link(600);
            Assert.InRange(world.Recall(index, Width), 0.95, 1);
            var bytes = index.Bytes;
            foreach (var key in world.Held.Keys.ToList()) world.Remove(index, key);
            Assert.Equal(0, index.Count);
            Assert.Empty(VectorWorld.Search(index, world.Draw(), 10, Width));
            Assert.False(index.Remove(1));
            Assert.InRange(index.Bytes, 0, bytes);
        }
    }

    [Fact]
    public void A_filter_that_lets_a_single_vector_pass_finds_it()
    {
        var world = new VectorWorld(5, 30);
        var index = new Hnsw(VectorWorld.Dimensions, Graph);
        for (var key = 0; key < 2000; key++) world.Put(index, key);
        index.Link(2000);
        for (var key = 0; key < 2000; key += 191) Assert.Equal(key, Assert.Single(VectorWorld.Search(index, world.Draw(), 10, Width, one => one == key)).Key);
        Assert.Empty(VectorWorld.Search(index, world.Draw(), 10, Width, _ => false));
    }

    [Fact]
    public void The_number_of_threads_changes_nothing()
    {
        var one = Snapshot(Build(1));
        Assert.Equal(one, Snapshot(Build(2)));
        Assert.Equal(one, Snapshot(Build(8)));

        static Hnsw Build(int threads)
        {
            var world = new VectorWorld(13, 20);
            var index = new Hnsw(VectorWorld.Dimensions, Graph);
            for (var key = 0; key < 1500; key++) world.Put(index, key);
            index.Link(1400, threads);
            for (var key = 0; key < 700; key += 2) world.Remove(index, key);
            index.Link(1000, threads);
            return index;
        }
    }

    [Fact]
    public void Many_readers_get_the_answers_of_one()
    {
        var world = new VectorWorld(17, 20);
        var index = new Hnsw(VectorWorld.Dimensions, Graph);
        for (var key = 0; key < 1000; key++) world.Put(index, key);
        index.Link(900);
        var stop = TestContext.Current.CancellationToken;
        var queries = Enumerable.Range(0, 20).Select(_ => world.Draw()).ToArray();
        var alone = queries.Select(query => VectorWorld.Search(index, query, 10, Width)).ToArray();
        Parallel.For(0, 400, i =>
        {
            var matches = new VectorMatch[10];
            Assert.Equal(10, index.Search(queries[i % 20], Width, matches, null, stop));
            Assert.Equal(alone[i % 20], matches);
        });
    }

    [Fact]
    public void Keys_can_be_changed_and_cosines_asked_for()
    {
        var world = new VectorWorld(19, 3);
        var index = new Hnsw(VectorWorld.Dimensions, Graph);
        for (var key = 0; key < 300; key += 3) world.Put(index, key);
        index.Link(50);
        var query = world.Draw();
        var before = VectorWorld.Search(index, query, 100, 100);
        index.Rekey([.. Enumerable.Range(0, 300).Select(key => key % 3 == 0 ? key / 3 : -1)]);
        var after = VectorWorld.Search(index, query, 100, 100);
        Assert.Equal(before.Select(match => match with { Key = match.Key / 3 }), after);
        var cosines = new float[101];
        index.Cosines(query, [.. after.Select(match => match.Key), 100_000], cosines);
        Assert.Equal(after.Select(match => match.Cosine), cosines[..100]);
        Assert.True(float.IsNaN(cosines[100]));
    }

    [Fact]
    public void A_vector_of_another_model_or_without_direction_is_refused()
    {
        var index = new Hnsw(VectorWorld.Dimensions);
        var matches = new VectorMatch[1];
        Assert.Equal("vector_dimension", Assert.Throws<Problem>(() => index.Add(1, new float[63])).Code.Code);
        Assert.Equal("vector_dimension", Assert.Throws<Problem>(() => index.Add(1, new byte[64])).Code.Code);
        Assert.Equal("vector_dimension", Assert.Throws<Problem>(() => index.Search(new float[65], 1, matches)).Code.Code);
        Assert.Equal("vector_unusable", Assert.Throws<Problem>(() => index.Add(1, new float[64])).Code.Code);
        Assert.Equal("vector_unusable", Assert.Throws<Problem>(() => index.Search([.. Enumerable.Repeat(float.NaN, 64)], 1, matches)).Code.Code);
        Assert.Equal(0, index.Count);
    }

    [Fact]
    public void The_dot_product_is_exact_on_every_path() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[0, 100_000]).Sample((lanes, seed) =>
        {
            var random = new Random(seed);
            var query = new short[lanes * 32];
            var stored = new sbyte[lanes * 32];
            for (var i = 0; i < query.Length; i++) (query[i], stored[i]) = ((short)random.Next(-2047, 2048), (sbyte)random.Next(-127, 128));
            if (seed % 4 == 0) query.AsSpan().Fill(2047);
            if (seed % 8 == 0) stored.AsSpan().Fill(-127);
            var expected = 0;
            for (var i = 0; i < query.Length; i++) expected += query[i] * stored[i];
            Assert.Equal(expected, Quantised.Dot(query, stored));
        });

    internal static byte[] Snapshot(Hnsw index, Func<int, string>? idOf = null)
    {
        using var stream = new MemoryStream();
        index.Write(stream, idOf);
        return stream.ToArray();
    }
}
