using System.Collections.Frozen;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>What recall wants to know of how a text is said. Cheap enough for every text of an index that is being loaded.</summary>
internal static class Speech
{
    private const int LongestName = 40;

    private static readonly FrozenSet<string> TimeStems = (
        "yesterday today tonight tomorrow last next ago week weekend month year monday tuesday wednesday thursday friday saturday sunday january february march april may june " +
        "july august september october november december since recently just").Split(' ').Select(EnglishStem.Of).ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The search term of the first name in <c>Name:</c> or <c>First Last:</c> at the very start; null when there is none.</summary>
    public static string? Speaker(string text)
    {
        var colon = text.AsSpan(0, Math.Min(text.Length, LongestName)).IndexOf(':');
        if (colon <= 0 || colon + 1 >= text.Length || text[colon + 1] != ' ') return null;
        var name = text.AsSpan(0, colon);
        if (!char.IsUpper(name[0]) && !char.IsLetter(name[0])) return null;
        var words = 1;
        foreach (var c in name)
        {
            if (c == ' ') words++;
            else if (!char.IsLetter(c) && c is not ('\'' or '-' or '.')) return null;
        }
        if (words > 3) return null;
        var first = name.IndexOf(' ') is > 0 and var end ? name[..end] : name;
        return EnglishStem.Of(Nfkc.Normalize(first.ToString()).ToLowerInvariant());
    }

    /// <summary>It ends with a question mark of any script.</summary>
    public static bool Asks(string text) => text.AsSpan().TrimEnd() is { Length: > 0 } trimmed && trimmed[^1] is '?' or '？' or '؟';

    /// <summary>It holds a word of time or a year.</summary>
    public static bool NamesTime(DocumentTerms terms)
    {
        foreach (var term in terms.Terms)
            if (TimeStems.Contains(term) || IsYear(term)) return true;
        return false;
    }

    /// <summary>1900 to 2099.</summary>
    private static bool IsYear(string term) => term is (['1', '9', _, _] or ['2', '0', _, _]) && char.IsAsciiDigit(term[2]) && char.IsAsciiDigit(term[3]);
}
