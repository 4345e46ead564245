using System.Collections.Frozen;

namespace SomaStack.Intelligence.Memory;

internal enum TimeUnit { Hour, Day, Week, Month, Year, Weekend }

/// <summary>The English words of calendars.</summary>
internal static class TimeWords
{
    private static readonly FrozenDictionary<string, int> Months = Numbered(
        "january february march april may june july august september october november december");

    private static readonly FrozenDictionary<string, int> ShortMonths = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["jan"] = 1, ["feb"] = 2, ["mar"] = 3, ["apr"] = 4, ["jun"] = 6, ["jul"] = 7, ["aug"] = 8, ["sep"] = 9, ["sept"] = 9, ["oct"] = 10, ["nov"] = 11, ["dec"] = 12,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, int> Weekdays = Numbered("monday tuesday wednesday thursday friday saturday sunday");

    private static readonly FrozenDictionary<string, int> Seasons = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["spring"] = 0, ["summer"] = 1, ["autumn"] = 2, ["fall"] = 2, ["winter"] = 3,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, TimeUnit> Units = new Dictionary<string, TimeUnit>(StringComparer.Ordinal)
    {
        ["hour"] = TimeUnit.Hour, ["hours"] = TimeUnit.Hour, ["day"] = TimeUnit.Day, ["days"] = TimeUnit.Day, ["week"] = TimeUnit.Week, ["weeks"] = TimeUnit.Week,
        ["month"] = TimeUnit.Month, ["months"] = TimeUnit.Month, ["year"] = TimeUnit.Year, ["years"] = TimeUnit.Year, ["weekend"] = TimeUnit.Weekend, ["weekends"] = TimeUnit.Weekend,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>1 to 12 for a month written with a capital, in full or (when asked) short.</summary>
    public static int? Month(Lexeme word, bool orShort)
    {
        if (!word.Capital) return null;
        if (Months.TryGetValue(word.Text, out var month)) return month + 1;
        return orShort && ShortMonths.TryGetValue(word.Text, out var brief) ? brief : null;
    }

    /// <summary>0 Monday to 6 Sunday.</summary>
    public static int? Weekday(Lexeme word) => word.IsWord && Weekdays.TryGetValue(word.Text, out var day) ? day : null;

    public static int? Season(Lexeme word) => word.IsWord && Seasons.TryGetValue(word.Text, out var season) ? season : null;

    public static TimeUnit? Unit(Lexeme word) => word.IsWord && Units.TryGetValue(word.Text, out var unit) ? unit : null;

    /// <summary>Part of a date, never a name by itself.</summary>
    public static bool IsCalendar(Lexeme word) => Months.ContainsKey(word.Text) && word.Text is not ("may" or "april" or "june" or "august") || Weekdays.ContainsKey(word.Text) || Seasons.ContainsKey(word.Text);

    private static FrozenDictionary<string, int> Numbered(string words) =>
        words.Split(' ').Select((word, i) => (word, i)).ToFrozenDictionary(pair => pair.word, pair => pair.i, StringComparer.Ordinal);
}
