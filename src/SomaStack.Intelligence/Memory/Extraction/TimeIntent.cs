namespace SomaStack.Intelligence.Memory;

/// <summary>Which of several a question wants, by time.</summary>
internal enum TimeOrder { None, First, Last, Before, After }

/// <summary>What a question asks of time.</summary>
/// <param name="AsksWhen">It wants a time for an answer.</param>
/// <param name="From">UTC, inclusive; null when open or not said.</param>
/// <param name="To">UTC, exclusive; null when open or not said.</param>
/// <param name="Order">Before and After are of an event that the question names, see <paramref name="Anchor"/>; a time makes From and To instead.</param>
/// <param name="Anchor">The words behind before or after; empty otherwise.</param>
internal sealed record TimeIntent(bool AsksWhen, DateTimeOffset? From, DateTimeOffset? To, TimeOrder Order, string Anchor)
{
    public static readonly TimeIntent Nothing = new(false, null, null, TimeOrder.None, "");

    public bool HasWindow => From is not null || To is not null;

    /// <summary>Never throws; a question that is not English gives <see cref="Nothing"/>.</summary>
    /// <param name="now">What "last week" is relative to.</param>
    public static TimeIntent Of(string question, DateTimeOffset now)
    {
        var text = Lexer.Cut(question);
        var times = TimeExpressions.Find(text, now);
        var (from, to) = Window(text, times);
        var (order, anchor) = OrderOf(text, times);
        return new TimeIntent(IsAskingWhen(text), from, to, order, anchor);
    }

    private static bool IsAskingWhen(LexedText text)
    {
        for (var i = 0; i < text.Count; i++)
        {
            if (text.Is(i, "when") && (text[i].Opens || text[i - 1].Text is "," or "since" or "until" or "know" or "remember" or "exactly" or "tell" or "me" or "and" or "-")) return true;
            if (text[i].Text is "what" or "which" && (text[i + 1].Text is "date" or "day" or "month" or "year" or "time" or "week" or "season" or "weekday" or "weekend")) return true;
            if (text.Is(i, "how") && text.Is(i + 1, "long") && (text.Is(i + 2, "ago") || text.Is(i + 2, "since"))) return true;
        }
        return false;
    }

    /// <summary>The time named first decides; between two takes both; before, after, since and until open one side.</summary>
    private static (DateTimeOffset? From, DateTimeOffset? To) Window(LexedText text, IReadOnlyList<TimeMention> times)
    {
        if (times.Count == 0) return (null, null);
        var first = times[0];
        if (first.Since) return (first.Start, null);
        var lead = Lead(text, first);
        if (times.Count > 1 && lead is "between" or "from") return first.Start <= times[1].Start ? (first.Start, times[1].End) : (times[1].Start, first.End);
        return lead switch
        {
            "before" or "until" or "till" or "by" => (null, lead == "before" ? first.Start : first.End),
            "after" => (first.End, null),
            _ => (first.Start, first.End),
        };
    }

    /// <summary>The word that leads a time, articles left out.</summary>
    private static string Lead(LexedText text, TimeMention time)
    {
        var at = IndexAt(text, time.Extent.Start) - 1;
        if (text[at].Text is "the") at--;
        return text[at].Text;
    }

    private static (TimeOrder Order, string Anchor) OrderOf(LexedText text, IReadOnlyList<TimeMention> times)
    {
        for (var i = 0; i < text.Count; i++)
        {
            if (!text[i].IsWord || IsInside(times, text[i])) continue;
            switch (text[i].Text)
            {
                case "first" when text[i + 1].Text is not ("name" or "names"):
                case "earliest" or "originally" or "initially":
                    return (TimeOrder.First, "");
                case "last" when text[i + 1].Text is not ("name" or "names"):
                case "latest" or "newest" or "lately" or "currently" or "recently" or "nowadays" or "now" or "current":
                case "most" when text[i + 1].Text is "recent" or "recently":
                    return (TimeOrder.Last, "");
                case "before" or "after" when text[i + 1].IsWord && !StartsTime(times, text, i + 1):
                    var end = i + 1;
                    while (end < text.Count && text[end].Kind != LexemeKind.Mark) end++;
                    return (text.Is(i, "before") ? TimeOrder.Before : TimeOrder.After, text.Slice(i + 1, end));
            }
        }
        return (TimeOrder.None, "");
    }

    private static bool IsInside(IReadOnlyList<TimeMention> times, Lexeme word)
    {
        foreach (var time in times)
            if (word.Start >= time.Extent.Start && word.End <= time.Extent.End) return true;
        return false;
    }

    private static bool StartsTime(IReadOnlyList<TimeMention> times, LexedText text, int i) => IsInside(times, text[i]) || text.Is(i, "the") && IsInside(times, text[i + 1]);

    private static int IndexAt(LexedText text, int start)
    {
        for (var i = 0; i < text.Count; i++)
            if (text[i].Start >= start) return i;
        return text.Count;
    }
}
