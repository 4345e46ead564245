using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SomaStack.Governance.Policy;

/// <summary>
/// A linear model of how instructions to a model are worded by those who attack it: logistic regression over hashed n-grams of words and
/// letters, with weights of eight bits. The file holds weights alone, no text. Made by <c>soma bench moderation-model</c>
/// (docs/moderation.md has its data, its hash and its figures).
/// </summary>
internal sealed class InjectionModel
{
    public const int Bits = 17;

    /// <summary>Words that are judged together; the worst window is the text's score, so that a long text does not hide a short attack.</summary>
    public const int Window = 20;

    public const int HeaderBytes = 20;
    private const string Resource = "SomaStack.Governance.Policy.injection-model.bin";
    private const int Buckets = 1 << Bits;

    /// <summary>Of a longer word only so many letters are read: the work per word is bounded.</summary>
    private const int LettersMax = 24;

    private static readonly byte[] Magic = "SIM1"u8.ToArray();
    private static readonly Lazy<InjectionModel> Shared = new(static () => Read(Bytes()));

    private readonly sbyte[] _weights;
    private readonly float _bias;
    private readonly float _scale;

    private InjectionModel(sbyte[] weights, float bias, float scale, float threshold) => (_weights, _bias, _scale, Threshold) = (weights, bias, scale, threshold);

    public static InjectionModel Builtin => Shared.Value;

    /// <summary>The score from which a text is called an attack: one benign text in a hundred of the training split reaches it, by cross-validation.</summary>
    public float Threshold { get; }

    /// <summary>Of the file that the program carries.</summary>
    public static string Sha256() => Convert.ToHexStringLower(SHA256.HashData(Bytes()));

    /// <returns>Log-odds of the worst window; negative infinity when there is no word.</returns>
    public double Score(Folded text) => Score(text, out _);

    /// <param name="steps">Features that were looked up: what the time is made of.</param>
    public double Score(Folded text, out long steps)
    {
        steps = 0;
        var words = text.Words.Count;
        if (words == 0) return double.NegativeInfinity;
        // The last Window words: how many features they have, and the sum of their weights.
        Span<int> counts = stackalloc int[Window];
        Span<int> sums = stackalloc int[Window];
        var features = new List<int>(160);
        int count = 0, sum = 0;
        var worst = double.NegativeInfinity;
        for (var i = 0; i < words; i++)
        {
            features.Clear();
            Features(text, i, features);
            steps += features.Count;
            var slot = i % Window;
            (count, sum) = (count - counts[slot], sum - sums[slot]);
            var own = 0;
            foreach (var feature in features) own += _weights[feature];
            (counts[slot], sums[slot]) = (features.Count, own);
            (count, sum) = (count + features.Count, sum + own);
            if (i >= Window - 1 || i == words - 1) worst = Math.Max(worst, _bias + _scale * sum / Math.Sqrt(count));
        }
        return worst;
    }

    /// <summary>The buckets of one word: itself, with the word before and the one before that, and its runs of three to five letters.</summary>
    public static void Features(Folded text, int at, List<int> into)
    {
        var word = text.Text(text.Words[at]);
        if (word.Length > LettersMax) word = word[..LettersMax];
        var own = Hash(word, 1);
        into.Add(Bucket(own));
        var before = at > 0 ? HashAt(text, at - 1) : 2;
        into.Add(Bucket(Mix(before * 31 + own)));
        if (at > 1) into.Add(Bucket(Mix(HashAt(text, at - 2) * 37 + own)));
        Span<char> framed = stackalloc char[LettersMax + 2];
        framed[0] = framed[word.Length + 1] = ' ';
        word.CopyTo(framed[1..]);
        var letters = framed[..(word.Length + 2)];
        for (var length = 3; length <= 5; length++)
            for (var from = 0; from + length <= letters.Length; from++) into.Add(Bucket(Hash(letters.Slice(from, length), 3)));
    }

    public static byte[] Write(ReadOnlySpan<double> weights, double bias, double threshold)
    {
        var largest = 0.0;
        foreach (var weight in weights) largest = Math.Max(largest, Math.Abs(weight));
        var scale = (float)(largest / 127);
        var file = new byte[HeaderBytes + Buckets];
        Magic.CopyTo(file, 0);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), Bits);
        BinaryPrimitives.WriteSingleLittleEndian(file.AsSpan(8), (float)bias);
        BinaryPrimitives.WriteSingleLittleEndian(file.AsSpan(12), scale);
        BinaryPrimitives.WriteSingleLittleEndian(file.AsSpan(16), (float)threshold);
        for (var i = 0; i < Buckets; i++) file[HeaderBytes + i] = (byte)(sbyte)Math.Round(weights[i] / scale);
        return file;
    }

    public static InjectionModel Read(ReadOnlySpan<byte> file)
    {
        if (file.Length != HeaderBytes + Buckets || !file[..4].SequenceEqual(Magic) || BinaryPrimitives.ReadInt32LittleEndian(file[4..]) != Bits)
            throw new InvalidDataException("The injection model is not one that this program reads.");
        var weights = new sbyte[Buckets];
        for (var i = 0; i < Buckets; i++) weights[i] = (sbyte)file[HeaderBytes + i];
        return new InjectionModel(
            weights, BinaryPrimitives.ReadSingleLittleEndian(file[8..]), BinaryPrimitives.ReadSingleLittleEndian(file[12..]), BinaryPrimitives.ReadSingleLittleEndian(file[16..]));
    }

    internal static byte[] Bytes()
    {
        using var stream = typeof(InjectionModel).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException($"The resource {Resource} is missing.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static uint HashAt(Folded text, int at)
    {
        var word = text.Text(text.Words[at]);
        return Hash(word.Length > LettersMax ? word[..LettersMax] : word, 1);
    }

    /// <summary>FNV-1a over UTF-16 units (Fowler, Noll, Vo; offset 2166136261, prime 16777619).</summary>
    private static uint Hash(ReadOnlySpan<char> text, uint kind)
    {
        var hash = 2166136261u ^ kind;
        foreach (var c in text) hash = (hash ^ c) * 16777619u;
        return Mix(hash);
    }

    /// <summary>The finaliser of MurmurHash3, so that the low bits depend on all.</summary>
    private static uint Mix(uint hash)
    {
        hash = (hash ^ hash >> 16) * 0x85ebca6b;
        hash = (hash ^ hash >> 13) * 0xc2b2ae35;
        return hash ^ hash >> 16;
    }

    private static int Bucket(uint hash) => (int)(hash & (Buckets - 1));
}
