using System.Numerics.Tensors;
using SomaStack.Intelligence.Memory;

namespace SomaStack.Tests.Memory.Vectors;

/// <summary>Seeded vectors in clusters, and the truth about them by comparing all in double precision over the stored form.</summary>
internal sealed class VectorWorld
{
    public const int Dimensions = 64;

    private readonly Random _random;
    private readonly float[][] _centres;

    public VectorWorld(int seed, int clusters)
    {
        _random = new Random(seed);
        _centres = [.. Enumerable.Range(0, clusters).Select(_ => Unit(Gaussian(1)))];
    }

    public SortedDictionary<int, float[]> Held { get; } = [];

    public Random Random => _random;

    /// <summary>A centre and noise of the same length: cosines within a cluster are about one half.</summary>
    public float[] Draw()
    {
        var vector = Gaussian(0.9f / MathF.Sqrt(Dimensions));
        TensorPrimitives.Add(vector, _centres[_random.Next(_centres.Length)], vector);
        return Unit(vector);
    }

    /// <summary>The best keys by the arithmetic of the index, compared one by one.</summary>
    public List<VectorMatch> Exact(float[] query, int count, Func<int, bool>? filter = null)
    {
        var asked = Quantised.Query(query, out var scale);
        return Held.Where(pair => filter is null || filter(pair.Key)).Select(pair =>
        {
            var stored = Quantised.Encode(pair.Value);
            var dot = 0;
            for (var i = 0; i < asked.Length; i++) dot += asked[i] * Quantised.Values(stored)[i];
            return new VectorMatch(pair.Key, dot * scale * Quantised.Scale(stored));
        }).OrderByDescending(match => match.Cosine).ThenBy(match => match.Key).Take(count).ToList();
    }

    /// <summary>The best keys by the vectors as they were given, in full precision.</summary>
    public HashSet<int> Truth(float[] query, int count, Func<int, bool>? filter = null) =>
        Held.Where(pair => filter is null || filter(pair.Key)).OrderByDescending(pair => TensorPrimitives.Dot<float>(query, pair.Value)).ThenBy(pair => pair.Key).Take(count).Select(pair => pair.Key).ToHashSet();

    public void Put(Hnsw index, int key)
    {
        Held[key] = Draw();
        index.Add(key, Held[key]);
    }

    public void Remove(Hnsw index, int key)
    {
        Held.Remove(key);
        Assert.True(index.Remove(key));
    }

    public static List<VectorMatch> Search(Hnsw index, float[] query, int count, int width, Func<int, bool>? filter = null)
    {
        var matches = new VectorMatch[count];
        return [.. matches.Take(index.Search(query, width, matches, filter, TestContext.Current.CancellationToken))];
    }

    /// <summary>Recall@10 over 240 questions; every answer must be in order, free of repetition, alive and let through by the filter.</summary>
    public double Recall(Hnsw index, int width, Func<int, bool>? filter = null)
    {
        var (found, wanted) = (0, 0);
        for (var i = 0; i < 240; i++)
        {
            var query = Draw();
            var truth = Truth(query, 10, filter);
            var matches = Search(index, query, 10, width, filter);
            Assert.Equal(truth.Count, matches.Count);
            Assert.All(matches, match => Assert.True(Held.ContainsKey(match.Key) && (filter is null || filter(match.Key))));
            Assert.Equal(matches.OrderByDescending(match => match.Cosine).ThenBy(match => match.Key), matches);
            Assert.Equal(matches.Count, matches.DistinctBy(match => match.Key).Count());
            found += matches.Count(match => truth.Contains(match.Key));
            wanted += truth.Count;
        }
        return wanted == 0 ? 1 : (double)found / wanted;
    }

    private float[] Gaussian(float deviation)
    {
        var vector = new float[Dimensions];
        for (var i = 0; i < vector.Length; i++)
            vector[i] = deviation * (float)(Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()));
        return vector;
    }

    private static float[] Unit(float[] vector)
    {
        TensorPrimitives.Divide(vector, TensorPrimitives.Norm<float>(vector), vector);
        return vector;
    }
}
