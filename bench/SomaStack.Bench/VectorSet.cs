using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace SomaStack.Bench;

/// <summary>
/// Seeded vectors of unit length in clusters, questions from the same clusters, and the exact nearest ten of each question. The recipe:
/// one centre for every hundred vectors, its numbers standard normal, scaled to unit length; a vector is a centre drawn evenly plus normal noise of
/// length <see cref="Noise"/>, scaled to unit length. Two of one cluster have a cosine of about one half.
/// </summary>
internal sealed class VectorSet
{
    public const int Dimensions = 512;
    public const int Nearest = 10;

    private const int PerCluster = 100;
    private const double Noise = 1;

    public VectorSet(int vectors, int questions, int seed)
    {
        var random = new Random(seed);
        var centres = new float[Math.Max(1, vectors / PerCluster)][];
        for (var i = 0; i < centres.Length; i++) Unit(centres[i] = Normal(random, 1));
        Vectors = Draw(random, centres, vectors);
        Questions = Draw(random, centres, questions);
        Truth = new int[questions * Nearest];
        Parallel.For(0, questions, FindTruth);
    }

    public float[] Vectors { get; }

    public float[] Questions { get; }

    /// <summary>Ten places a question, nearest first.</summary>
    public int[] Truth { get; }

    public int Count => Vectors.Length / Dimensions;

    public int QuestionCount => Questions.Length / Dimensions;

    public ReadOnlySpan<float> Vector(int i) => Vectors.AsSpan(i * Dimensions, Dimensions);

    public ReadOnlySpan<float> Question(int i) => Questions.AsSpan(i * Dimensions, Dimensions);

    public void Write(string folder)
    {
        File.WriteAllBytes(Path.Combine(folder, "vectors.bin"), MemoryMarshal.AsBytes(Vectors.AsSpan()).ToArray());
        File.WriteAllBytes(Path.Combine(folder, "queries.bin"), MemoryMarshal.AsBytes(Questions.AsSpan()).ToArray());
        File.WriteAllBytes(Path.Combine(folder, "truth.bin"), MemoryMarshal.AsBytes(Truth.AsSpan()).ToArray());
    }

    private void FindTruth(int question)
    {
        var distances = new float[Count];
        var places = new int[Count];
        for (var i = 0; i < places.Length; i++) (distances[i], places[i]) = (-TensorPrimitives.Dot(Question(question), Vector(i)), i);
        Array.Sort(distances, places);
        places.AsSpan(0, Nearest).CopyTo(Truth.AsSpan(question * Nearest));
    }

    private static float[] Draw(Random random, float[][] centres, int count)
    {
        var all = new float[count * Dimensions];
        for (var i = 0; i < count; i++)
        {
            var row = all.AsSpan(i * Dimensions, Dimensions);
            TensorPrimitives.Add(Normal(random, Noise / Math.Sqrt(Dimensions)), centres[random.Next(centres.Length)], row);
            Unit(row);
        }
        return all;
    }

    private static float[] Normal(Random random, double deviation)
    {
        var vector = new float[Dimensions];
        for (var i = 0; i < vector.Length; i++) vector[i] = (float)(deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return vector;
    }

    private static void Unit(Span<float> vector) => TensorPrimitives.Divide(vector, TensorPrimitives.Norm<float>(vector), vector);
}
