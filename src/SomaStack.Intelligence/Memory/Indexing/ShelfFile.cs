using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>What a shelf file must say of itself to be used.</summary>
/// <param name="Model">The embedder's.</param>
/// <param name="Analysis">See <see cref="ShelfFile.Analysis"/>.</param>
/// <param name="Horizon">Every change of the namespace up to this number is in it.</param>
internal sealed record ShelfHeader(string Tenant, string Namespace, string Model, string Analysis, long Horizon);

/// <summary>
/// A shelf as a file: header, texts that repeat (terms, kinds, tags, groups), entries in pieces of <see cref="Piece"/> so that several
/// cores can read them, vectors in one block, SHA-256 of all of it.
/// </summary>
internal static class ShelfFile
{
    /// <summary>Goes up when the layout changes.</summary>
    public const int Format = 1;

    public const int Piece = 2048;
    public const int ChecksumBytes = SHA256.HashSizeInBytes;

    /// <summary>What texts are compared by their analysis: one of each kind that the analyser tells apart.</summary>
    private static readonly string[] Probes =
    [
        "Running foxes' relational hopping was nationally adjustable; she'd traditionally denied conditioning.", "Where did Zoë-Ann’s naïve café move last May?", "Ada Lovelace: I saw it on 7 May 2023.",
        "v1.2.3 a_b x@example.org C:\\temp #42 +1-555-0134 http://example.org/a?b=c", "日本の天気は晴れです。東京タワー？", "สวัสดีครับ 안녕하세요", "ﬁne ½ Ⅷ １２３ ÀÉÎ Straße", "e\u0301 🙂🙃 مرحبا؟ don't can't it's",
    ];

    /// <summary>
    /// A digest of what the analysis makes of the probes: a file of another analysis (new rules, new Unicode tables) is not used, and nobody
    /// has to remember to count a version up.
    /// </summary>
    public static string Analysis { get; } = Digest();

    private static string Digest()
    {
        var text = new StringBuilder();
        foreach (var probe in Probes)
        {
            var terms = Analyser.Document(probe);
            for (var i = 0; i < terms.Terms.Length; i++) text.Append(CultureInfo.InvariantCulture, $"{terms.Terms[i]}\t{terms.Counts[i]}\n");
            text.Append(CultureInfo.InvariantCulture, $"{terms.Length} {Speech.Speaker(probe)} {Speech.Asks(probe)} {Speech.NamesTime(terms)}\n");
        }
        return TextDigest.Of(text.ToString())[..16];
    }

    [Flags]
    internal enum Has : ushort
    {
        None = 0,
        Vector = 1,
        Pending = 2,
        Asks = 4,
        NamesTime = 8,
        Group = 16,
        Line = 32,
        Key = 64,
        Validity = 128,
        Superseded = 256,
        Expiry = 512,
        Duplicate = 1024,
        Speaker = 2048,
    }
}
