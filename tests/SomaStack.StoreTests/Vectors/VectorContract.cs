using System.Numerics.Tensors;
using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Vectors;

/// <summary>
/// What every engine for vectors promises. Qdrant takes part when <c>SOMA_TEST_QDRANT</c> names one (<c>http://127.0.0.1:6333/</c>, its key in
/// <c>SOMA_TEST_QDRANT_KEY</c>); each test has a collection of its own there, which goes at its end.
/// </summary>
public sealed class VectorContract
{
    private const int Dimensions = 32;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => new TheoryData<string>("exact", "graph", "qdrant").Marked();

    [Theory, MemberData(nameof(Names))]
    public async Task The_best_come_first_and_equals_by_id(string name)
    {
        await using var engine = new Engine(name);
        await engine.PutAsync("a", ("far", Along(0, 3, 1)), ("near", Along(0, 1, 3)), ("same-b", Along(0, 0, 1)), ("same-a", Along(0, 0, 2)), ("away", Along(0, -1, 0)));
        var hits = await engine.SearchAsync("a", Along(0, 0, 1), 4);
        Assert.Equal(["same-a", "same-b", "near", "far"], hits.Select(hit => hit.Id));
        Assert.Equal(1, hits[0].Cosine, 0.005);
        Assert.Equal(3 / Math.Sqrt(10), hits[2].Cosine, 0.005);
        Assert.Equal(["same-a", "same-b", "near", "far", "away"], (await engine.SearchAsync("a", Along(0, 0, 1), 9)).Select(hit => hit.Id));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Nothing_is_found_from_another_tenant_or_namespace(string name)
    {
        await using var engine = new Engine(name);
        await engine.PutAsync("a", ("x", Along(0, 1, 0)));
        await engine.PutAsync("b", ("x", Along(0, 0, 1)), ("y", Along(0, 0, 1)));
        Assert.Equal("x", Assert.Single(await engine.SearchAsync("a", Along(0, 0, 1), 10)).Id);
        foreach (var empty in new[] { new VectorSpace(engine.Tenant + "2", "a"), new VectorSpace(engine.Tenant, "c"), new VectorSpace(engine.Tenant + "|a", "a") })
        {
            Assert.Empty(await engine.Index.SearchAsync(empty, new VectorQuestion(Along(0, 0, 1), 10), Stop));
            Assert.Equal(0, await engine.Index.CountAsync(empty, Stop));
            await engine.Index.RemoveAsync(empty, ["x", "y"], Stop);
        }
        await engine.Index.RemoveAsync(engine.Space("a"), ["x", "y"], Stop);
        Assert.Equal((0, 2), (await engine.CountAsync("a"), await engine.CountAsync("b")));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_same_id_again_replaces_and_a_removed_one_is_gone(string name)
    {
        await using var engine = new Engine(name);
        await engine.PutAsync("a", ("x", Along(0, 1, 0)), ("y", Along(0, 1, 1)));
        await engine.PutAsync("a", ("x", Along(0, 0, 1)));
        Assert.Equal(2, await engine.CountAsync("a"));
        Assert.Equal(["x", "y"], (await engine.SearchAsync("a", Along(0, 0, 1), 5)).Select(hit => hit.Id));
        await engine.Index.RemoveAsync(engine.Space("a"), ["x", "never there"], Stop);
        Assert.Equal(["y"], (await engine.SearchAsync("a", Along(0, 0, 1), 5)).Select(hit => hit.Id));
        await engine.PutAsync("a", ("x", Along(0, 0, 1)));
        Assert.Equal(["x", "y"], (await engine.SearchAsync("a", Along(0, 0, 1), 5)).Select(hit => hit.Id));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_filter_costs_no_hits(string name)
    {
        await using var engine = new Engine(name);
        var random = new Random(5);
        await engine.PutAsync("a", [.. Enumerable.Range(0, 600).Select(i => ($"m{i:D3}", Random(random)))]);
        for (var asked = 0; asked < 20; asked++)
        {
            var hits = await engine.Index.SearchAsync(engine.Space("a"), new VectorQuestion(Random(random), 7, 64, static id => id.EndsWith('7')), Stop);
            Assert.Equal(7, hits.Count);
            Assert.All(hits, hit => Assert.EndsWith("7", hit.Id, StringComparison.Ordinal));
        }
        Assert.Equal("m123", Assert.Single(await engine.Index.SearchAsync(engine.Space("a"), new VectorQuestion(Random(random), 7, 64, static id => id == "m123"), Stop)).Id);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Recall_at_ten_is_at_least_95_percent_before_and_after_changes(string name)
    {
        await using var engine = new Engine(name);
        var random = new Random(20261122);
        var centres = Enumerable.Range(0, 20).Select(_ => Random(random)).ToArray();
        var held = new Dictionary<string, float[]>(StringComparer.Ordinal);
        for (var i = 0; i < 2000; i++) held[$"m{i}"] = Near(centres[i % 20], random);
        await engine.PutAsync("a", [.. held.Select(pair => (pair.Key, pair.Value))]);
        Assert.InRange(await RecallAsync(), 0.95, 1);
        var gone = Enumerable.Range(0, 600).Select(_ => $"m{random.Next(2000)}").Distinct().ToList();
        foreach (var id in gone) held.Remove(id);
        await engine.Index.RemoveAsync(engine.Space("a"), gone, Stop);
        var changed = held.Keys.Where((_, i) => i % 5 == 0).ToList();
        foreach (var id in changed) held[id] = Near(centres[random.Next(20)], random);
        await engine.PutAsync("a", [.. changed.Select(id => (id, held[id]))]);
        Assert.Equal(held.Count, await engine.CountAsync("a"));
        Assert.InRange(await RecallAsync(), 0.95, 1);

        async Task<double> RecallAsync()
        {
            var found = 0;
            for (var asked = 0; asked < 50; asked++)
            {
                var query = Near(centres[random.Next(20)], random);
                var truth = held.OrderByDescending(pair => TensorPrimitives.CosineSimilarity<float>(pair.Value, query)).Take(10).Select(pair => pair.Key).ToHashSet();
                found += (await engine.SearchAsync("a", query, 10)).Count(hit => truth.Contains(hit.Id));
            }
            return found / 500.0;
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_vector_of_another_model_or_without_direction_is_refused_whole(string name)
    {
        await using var engine = new Engine(name);
        var put = await Assert.ThrowsAsync<Problem>(() => engine.PutAsync("a", ("fine", Along(0, 0, 1)), ("short", new float[Dimensions - 1])));
        Assert.Equal("vector_dimension", put.Code.Code);
        var asked = await Assert.ThrowsAsync<Problem>(() => engine.SearchAsync("a", new float[Dimensions + 1], 3));
        Assert.Equal("vector_dimension", asked.Code.Code);
        Assert.Equal("vector_unusable", (await Assert.ThrowsAsync<Problem>(() => engine.PutAsync("a", ("zero", new float[Dimensions])))).Code.Code);
        Assert.Equal(0, await engine.CountAsync("a"));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Who_no_longer_waits_is_let_go(string name)
    {
        await using var engine = new Engine(name);
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => engine.Index.SearchAsync(engine.Space("a"), new VectorQuestion(Along(0, 0, 1), 3), gone.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => engine.Index.PutAsync(engine.Space("a"), [new VectorItem("x", Along(0, 0, 1))], gone.Token));
        Assert.Equal(0, await engine.CountAsync("a"));
    }

    private static float[] Along(int at, float x, float y)
    {
        var vector = new float[Dimensions];
        (vector[at], vector[at + 1]) = (x, y);
        return vector;
    }

    private static float[] Random(Random random) => [.. Enumerable.Range(0, Dimensions).Select(_ => (float)(random.NextDouble() - 0.5))];

    private static float[] Near(float[] centre, Random random) => [.. centre.Zip(Random(random), static (a, b) => a + b)];

    private sealed class Engine : IAsyncDisposable
    {
        private readonly string _model = "selftest-" + Ids.New();

        public Engine(string name)
        {
            Index = name switch
            {
                "exact" => new LocalVectors(Dimensions),
                "graph" => new LocalVectors(Dimensions, new HnswOptions(ExactBelow: 0)),
                _ => Qdrant(),
            };
        }

        public IVectorIndex Index { get; }

        /// <summary>Of its own in every test, so that a database that lives on is no other test's.</summary>
        public string Tenant { get; } = "t" + Ids.New();

        public VectorSpace Space(string @namespace) => new(Tenant, @namespace);

        public Task PutAsync(string @namespace, params (string Id, float[] Vector)[] items) =>
            Index.PutAsync(Space(@namespace), [.. items.Select(item => new VectorItem(item.Id, item.Vector))], Stop);

        public Task<IReadOnlyList<VectorHit>> SearchAsync(string @namespace, float[] query, int limit) => Index.SearchAsync(Space(@namespace), new VectorQuestion(query, limit), Stop);

        public Task<long> CountAsync(string @namespace) => Index.CountAsync(Space(@namespace), Stop);

        public async ValueTask DisposeAsync()
        {
            ((IDisposable)Index).Dispose();
            if (Index is not QdrantVectorIndex) return;
            using var http = new HttpClient();
            if (Key is { } key) http.DefaultRequestHeaders.Add("api-key", key);
            (await http.DeleteAsync(new Uri(new Uri(Named!), "collections/soma-" + _model), CancellationToken.None)).EnsureSuccessStatusCode();
        }

        private static string? Named => Environment.GetEnvironmentVariable("SOMA_TEST_QDRANT");

        private static string? Key => Environment.GetEnvironmentVariable("SOMA_TEST_QDRANT_KEY");

        private QdrantVectorIndex Qdrant()
        {
            Assert.SkipWhen(string.IsNullOrEmpty(Named), "SOMA_TEST_QDRANT names no Qdrant.");
            var address = new Uri(Named!);
            return new QdrantVectorIndex(address, Key, _model, Dimensions, QdrantVectorIndex.Client(address));
        }
    }
}
