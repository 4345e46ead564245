using System.Text;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>SHA-256 of a text as it is compared: NFKC, runs of white space as one space, none at the ends. Lower-case hex.</summary>
internal static class ContentHash
{
    public static string Of(string text)
    {
        var folded = Nfkc.Normalize(text);
        var kept = new StringBuilder(folded.Length);
        foreach (var c in folded)
        {
            if (!char.IsWhiteSpace(c)) kept.Append(c);
            else if (kept.Length > 0 && kept[^1] != ' ') kept.Append(' ');
        }
        if (kept.Length > 0 && kept[^1] == ' ') kept.Length--;
        return TextDigest.Of(kept.ToString());
    }
}
