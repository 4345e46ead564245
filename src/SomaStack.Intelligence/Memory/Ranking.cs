namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Every constant of recall, and its share before all are divided by <see cref="Full"/>. Chosen on three LoCoMo conversations and
/// reported on two others; what each one adds is in <c>docs/memory.md</c>.
/// </summary>
internal sealed record Ranking
{
    public static readonly Ranking Default = new();

    /// <summary>BM25 alone, and the cosine alone: what everything else is compared with.</summary>
    public static readonly Ranking OnlyWords = new()
    {
        Semantic = 0, Neighbour = 0, Second = 0, Context = 0, Speaker = 0, NamedTime = 0, AsksWhen = 0, Length = 0, Asks = 0, Recency = 0, Importance = 0,
    };

    public static readonly Ranking OnlyMeaning = OnlyWords with { Lexical = 0, Semantic = 1, Unrelated = 0, MinMeaning = 0 };

    /// <summary>Words by which a memory is as long as it need be.</summary>
    public const int LongEnough = 64;

    /// <summary>BM25 saturation and length normalisation (Robertson and Zaragoza 2009; these values are Anserini's defaults for short texts).</summary>
    public double K1 { get; init; } = 0.9;

    public double B { get; init; } = 0.4;

    /// <summary>Weight of a memory's own words and own meaning.</summary>
    public double Lexical { get; init; } = 0.7;

    public double Semantic { get; init; } = 0.3;

    /// <summary>Share of what the memory before and the one after it reach by words and meaning, and of those one further.</summary>
    public double Neighbour { get; init; } = 0.5;

    public double Second { get; init; } = 0.25;

    /// <summary>The most that the words of the whole conversation or document may add.</summary>
    public double Context { get; init; } = 0.2;

    /// <summary>Added when the question names one speaker and this is said by that one.</summary>
    public double Speaker { get; init; } = 0.1;

    /// <summary>Added within the time that the question names and, since people tell of things afterwards, within <see cref="ToldAfter"/>.</summary>
    public double NamedTime { get; init; } = 0.1;

    public TimeSpan ToldAfter { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Added to what names a time when the question asks when.</summary>
    public double AsksWhen { get; init; } = 0.05;

    /// <summary>The most that length may add; taken from what is itself a question.</summary>
    public double Length { get; init; } = 0.12;

    public double Asks { get; init; } = 0.04;

    /// <summary>
    /// The cosine that unrelated English sentences have in this embedder; meaning is counted from there:
    /// (cos − this) / (1 − this), and nothing below.
    /// </summary>
    public double Unrelated { get; init; } = 0.3;

    /// <summary>Meaning alone makes a memory relevant from here on (a cosine of .44); a matching word always does.</summary>
    public double MinMeaning { get; init; } = 0.2;

    /// <summary>The most that recency may add, and the age at which it adds half.</summary>
    public double Recency { get; init; } = 0.01;

    public TimeSpan RecencyHalfLife { get; init; } = TimeSpan.FromDays(14);

    /// <summary>The most that importance may add or take: importance 0 and 1 differ by this much.</summary>
    public double Importance { get; init; } = 0.04;

    /// <summary>Up to so many memories all are scored, which takes about a millisecond; beyond, candidates only.</summary>
    public int ScoredWhole { get; init; } = 4096;

    /// <summary>What a perfect memory would reach, so that scores lie between 0 and 1.</summary>
    public double Full(bool meaning) =>
        (Lexical + (meaning ? Semantic : 0)) * (1 + 2 * Neighbour + 2 * Second) + Context + Speaker + NamedTime + AsksWhen + Length + Recency + Importance / 2;
}
