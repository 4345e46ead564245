namespace SomaStack.Intelligence.Memory;

/// <summary>A time that a text speaks of.</summary>
/// <param name="Start">UTC, inclusive.</param>
/// <param name="End">UTC, exclusive.</param>
/// <param name="Since">True for what began in or at the start of this time and lasts up to the moment of speaking, which is its end.</param>
internal sealed record TimeMention(DateTimeOffset Start, DateTimeOffset End, TimePrecision Precision, Extent Extent, bool Since = false);

/// <summary>
/// Dates and relative times in English, resolved against the moment of speaking and its calendar. What is ambiguous is said less exactly
/// (<c>5/7/2023</c> is only the year, when both are days and months) or left out (<c>the other day</c>). Weeks begin on Monday, seasons are
/// northern. <c>last Friday</c> is the nearest before, <c>next Friday</c> the nearest after; a bare weekday is the past one, unless the
/// sentence speaks of the future.
/// </summary>
internal static partial class TimeExpressions
{
    private readonly record struct Match(Period Period, int Next, bool Since = false);

    public static IReadOnlyList<TimeMention> Find(string text, DateTimeOffset eventTime) => Find(Lexer.Cut(text), eventTime);

    public static IReadOnlyList<TimeMention> Find(LexedText text, DateTimeOffset eventTime)
    {
        // Outside these years calendar arithmetic could leave the calendar.
        if (eventTime.Year is < 1200 or > 2900) return [];
        var reader = new Reader(text, DateOnly.FromDateTime(eventTime.DateTime), eventTime.Hour);
        var found = new List<TimeMention>();
        for (var i = 0; i < text.Count;)
        {
            if (text[i].Kind is LexemeKind.Word or LexemeKind.Number && reader.At(i) is { } match)
            {
                found.Add(new TimeMention(
                    Instant(match.Period.From, eventTime.Offset), Instant(match.Period.To, eventTime.Offset), match.Period.Precision, text.Extent(i, match.Next), match.Since));
                i = match.Next;
            }
            else
            {
                i++;
            }
        }
        return found;
    }

    private static DateTimeOffset Instant(DateOnly day, TimeSpan offset) => new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), offset).ToUniversalTime();

    /// <summary>Knows the text and the day of speaking.</summary>
    private sealed partial class Reader(LexedText text, DateOnly today, int hour)
    {
        private int _toned = -1;
        private bool _future;
        private bool _negated;
        private bool _perfect;

        public Match? At(int i) => Since(i) ?? Framed(i) ?? Absolute(i) ?? Relative(i) ?? Lasting(i);

        /// <summary>since 2019, since last May: from the start of that time up to today.</summary>
        private Match? Since(int i)
        {
            if (!text.Is(i, "since")) return null;
            var at = text[i + 1].Text is "about" or "around" or "early" or "late" or "mid" ? i + 2 : i + 1;
            if ((Absolute(at) ?? Relative(at)) is not { } inner || inner.Period.From >= today.AddDays(1)) return null;
            return inner with { Period = new Period(inner.Period.From, today.AddDays(1), inner.Period.Precision), Since = true };
        }

        /// <summary>the week before 9 June 2023, the day after Christmas-like dates, the Friday before, the week of.</summary>
        private Match? Framed(int i)
        {
            if (!text.Is(i, "the")) return null;
            var unit = TimeWords.Unit(text[i + 1]);
            var weekday = TimeWords.Weekday(text[i + 1]);
            if (unit is null && weekday is null || text[i + 2].Text is not ("before" or "after" or "of" or "following" or "preceding")) return null;
            if (unit is TimeUnit.Day && text[i + 2].Text is "before" or "after" && text[i + 3].Text is "yesterday" or "tomorrow")
                return new Match(Period.Day(today.AddDays(text.Is(i + 3, "yesterday") ? -2 : 2)), i + 4);
            if (Absolute(text.Is(i + 3, "the") ? i + 4 : i + 3) is not { } inner) return null;
            Period? period = text[i + 2].Text switch
            {
                "of" when unit is TimeUnit.Week => Period.Week(inner.Period.From),
                "of" when unit is TimeUnit.Weekend => Period.Weekend(inner.Period.From),
                "of" => null,
                "before" or "preceding" => weekday is { } day ? Period.Day(Before(inner.Period.From, day)) : Beside(inner.Period.From, unit!.Value, -1),
                _ => weekday is { } later ? Period.Day(After(inner.Period.To.AddDays(-1), later)) : Beside(inner.Period.To, unit!.Value, 1),
            };
            return period is { } known ? new Match(known, inner.Next) : null;
        }

        /// <summary>One unit of time that ends (or begins) at a day.</summary>
        private static Period? Beside(DateOnly at, TimeUnit unit, int direction) => unit switch
        {
            TimeUnit.Day => Period.Day(direction < 0 ? at.AddDays(-1) : at),
            TimeUnit.Week => direction < 0 ? new Period(at.AddDays(-7), at, TimePrecision.Week) : new Period(at, at.AddDays(7), TimePrecision.Week),
            TimeUnit.Weekend => Period.Weekend(direction < 0 ? Period.Monday(at).AddDays(Period.Weekday(at) > 5 ? 0 : -7) : at.AddDays(Period.Weekday(at) > 5 ? 7 : 0)),
            TimeUnit.Month => direction < 0 ? new Period(at.AddMonths(-1), at, TimePrecision.Month) : new Period(at, at.AddMonths(1), TimePrecision.Month),
            TimeUnit.Year => direction < 0 ? new Period(at.AddYears(-1), at, TimePrecision.Year) : new Period(at, at.AddYears(1), TimePrecision.Year),
            _ => null,
        };

        /// <summary>The nearest such weekday strictly before.</summary>
        private static DateOnly Before(DateOnly day, int weekday) => day.AddDays(-((Period.Weekday(day) - weekday + 6) % 7 + 1));

        /// <summary>The nearest such weekday strictly after.</summary>
        private static DateOnly After(DateOnly day, int weekday) => day.AddDays((weekday - Period.Weekday(day) + 6) % 7 + 1);

        /// <summary>Whether the sentence speaks of the future, denies, or tells what has lasted; read once a sentence.</summary>
        private void Tone(int i)
        {
            var sentence = text[i].Sentence;
            if (sentence == _toned || sentence < 0 || sentence >= text.Sentences.Count) return;
            _toned = sentence;
            (_future, _negated, _perfect) = (false, false, false);
            for (var at = text.Sentences[sentence].First; at < text.Sentences[sentence].End; at++)
            {
                var word = text[at].Text;
                _future |= word is "will" or "'ll" or "wo" or "shall" or "gonna" or "upcoming" or "planning" or "plan" or "hope" or "hoping" or "tomorrow" || word == "going" && text.Is(at + 1, "to");
                _negated |= word is "n't" or "not" or "never";
                _perfect |= word is "have" or "has" or "'ve" or "been";
            }
        }
    }
}
