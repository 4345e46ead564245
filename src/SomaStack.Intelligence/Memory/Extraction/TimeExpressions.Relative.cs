namespace SomaStack.Intelligence.Memory;

internal static partial class TimeExpressions
{
    private sealed partial class Reader
    {
        /// <summary>Two hundred years: what is farther is no memory.</summary>
        private const int FarthestYears = 200;

        private Match? Relative(int i) => text[i].Text switch
        {
            "today" or "tonight" => new Match(Period.Day(today), i + 1),
            "yesterday" => new Match(Period.Day(today.AddDays(-1)), PartOfDay(i + 1) ? i + 2 : i + 1),
            "tomorrow" => new Match(Period.Day(today.AddDays(1)), PartOfDay(i + 1) ? i + 2 : i + 1),
            "last" or "previous" => Beside(i, i + 1, -1),
            "next" or "coming" => Beside(i, i + 1, 1),
            "this" => text[i + 1].Text is "past" or "last" ? Beside(i, i + 2, -1) : text[i + 1].Text is "coming" or "upcoming" ? Beside(i, i + 2, 1) : Beside(i, i + 1, 0),
            "in" => Ahead(i),
            "over" or "during" or "past" or "the" => Rolling(i),
            _ => Weekday(i) ?? Ago(i),
        };

        private bool PartOfDay(int i) => text[i].Text is "morning" or "afternoon" or "evening" or "night";

        /// <summary>last, this or next (−1, 0, 1): a weekday, month, season, week, weekend, month or year.</summary>
        private Match? Beside(int i, int at, int step)
        {
            var word = text[at];
            if (step == -1 && Rolling(i) is { } rolling) return rolling;
            if (TimeWords.Weekday(word) is { } weekday)
                return new Match(Period.Day(step < 0 ? Before(today, weekday) : step > 0 ? After(today, weekday) : After(today.AddDays(-1), weekday)), PartOfDay(at + 1) ? at + 2 : at + 1);
            if (word.Text is "night" or "evening" && step == -1) return new Match(Period.Day(today.AddDays(-1)), at + 1);
            if (PartOfDay(at) && step == 0) return new Match(Period.Day(today), at + 1);
            if (TimeWords.Month(word, orShort: false) is { } month && !(text[at + 1].IsNumber && text[at + 1].Value <= 31)) return new Match(MonthBeside(month, step), at + 1);
            if (TimeWords.Season(word) is { } season) return new Match(SeasonBeside(season, step), at + 1);
            Period? period = TimeWords.Unit(word) switch
            {
                TimeUnit.Week => Period.Week(today.AddDays(7 * step)),
                TimeUnit.Weekend => Period.Weekend(today.AddDays(7 * step)),
                TimeUnit.Month => MonthOf(new DateOnly(today.Year, today.Month, 1).AddMonths(step)),
                TimeUnit.Year => Period.Year(today.Year + step),
                TimeUnit.Day when step == 1 && i > 0 && text.Is(i - 1, "the") => null,
                _ => null,
            };
            return period is { } known && !word.Text.EndsWith('s') ? new Match(known, at + 1) : null;
        }

        private static Period MonthOf(DateOnly day) => Period.Month(day.Year, day.Month);

        private Period MonthBeside(int month, int step)
        {
            var period = Period.Month(today.Year, month);
            if (step < 0 && period.To > today) return Period.Month(today.Year - 1, month);
            return step > 0 && period.From <= today ? Period.Month(today.Year + 1, month) : period;
        }

        /// <summary>last: the latest that was over; next: the first yet to begin; this: that of this year.</summary>
        private Period SeasonBeside(int season, int step)
        {
            if (step == 0) return season == 3 && today.Month < 3 ? Period.Season(today.Year - 1, 3) : Period.Season(today.Year, season);
            var year = today.Year + 1;
            if (step < 0) while (Period.Season(year, season).To > today) year--;
            else for (year = today.Year - 1; Period.Season(year, season).From <= today;) year++;
            return Period.Season(year, season);
        }

        /// <summary>on Monday, Monday morning; every Monday and Mondays are habits, not times.</summary>
        private Match? Weekday(int i)
        {
            if (TimeWords.Weekday(text[i]) is not { } weekday || !text[i].Capital || text[i - 1].Text is "every" or "each" or "most" or "any") return null;
            Tone(i);
            return new Match(Period.Day(_future ? After(today, weekday) : Before(today, weekday)), PartOfDay(i + 1) ? i + 2 : i + 1);
        }

        /// <summary>two weeks ago, a few days ago, three days from now.</summary>
        private Match? Ago(int i)
        {
            if (Amount(i) is not { } amount) return null;
            if (text.Is(amount.Next, "ago") || text.Is(amount.Next, "back") && !text[amount.Next + 1].IsWord || text.Is(amount.Next, "earlier")) return Point(amount, -1, amount.Next + 1);
            return text.Is(amount.Next, "from") && text[amount.Next + 1].Text is "now" or "today" ? Point(amount, 1, amount.Next + 2) : null;
        }

        /// <summary>in three days; with a denial it is how long it has not been: I have not been there in three years.</summary>
        private Match? Ahead(int i)
        {
            var at = text[i + 1].Text is "about" or "around" ? i + 2 : i + 1;
            if (Amount(at) is not { } amount || text.Is(amount.Next, "'s")) return null;
            Tone(i);
            if (_negated && _perfect) return Lasted(amount);
            // Past tense makes it a duration; only what may lie ahead is a time.
            return _perfect ? null : Point(amount, 1, amount.Next);
        }

        /// <summary>over the last two weeks, in the past year, the last few days: up to today, today included.</summary>
        private Match? Rolling(int i)
        {
            var at = i;
            if (text[at].Text is "over" or "during") at++;
            if (text.Is(at, "the")) at++;
            if (text[at].Text is not ("last" or "past")) return null;
            if (Amount(at + 1) is { } amount) return Back(amount.Most, amount.Unit) is { } start ? new Match(new Period(start, today.AddDays(1), PrecisionOf(amount.Unit)), amount.Next) : null;
            // the past week, but last week is the one of the calendar
            return text.Is(at, "past") && TimeWords.Unit(text[at + 1]) is { } unit and not TimeUnit.Weekend && Back(1, unit) is { } from
                ? new Match(new Period(from, today.AddDays(1), PrecisionOf(unit)), at + 2)
                : null;
        }

        /// <summary>for four years, where the sentence says that it still lasts: have, has, been.</summary>
        private Match? Lasting(int i)
        {
            if (!text.Is(i, "for")) return null;
            var at = text[i + 1].Text is "about" or "over" or "almost" or "nearly" or "around" ? i + 2 : text.Is(i + 1, "more") && text.Is(i + 2, "than") ? i + 3 : text.Is(i + 1, "the") && text[i + 2].Text is "past" or "last" ? i + 3 : i + 1;
            if (Amount(at) is not { } amount) return null;
            Tone(i);
            return _perfect ? Lasted(amount) : null;
        }

        private Match? Lasted(Span amount) => Back(amount.Count, amount.Unit) is { } from ? new Match(new Period(from, today.AddDays(1), PrecisionOf(amount.Unit)), amount.Next, Since: true) : null;

        /// <summary>So many units from today: the calendar unit that the day falls into; for "a few" all from two to five.</summary>
        private Match? Point(Span amount, int direction, int next)
        {
            if (amount.Most != amount.Least)
                return Shift(direction * amount.Most, amount.Unit) is { } far && Shift(direction * amount.Least, amount.Unit) is { } near
                    ? new Match(direction < 0 ? new Period(far, near.AddDays(1), PrecisionOf(amount.Unit)) : new Period(near, far.AddDays(1), PrecisionOf(amount.Unit)), next)
                    : null;
            if (Shift(direction * amount.Count, amount.Unit) is not { } day) return null;
            return new Match(amount.Unit switch
            {
                TimeUnit.Week => Period.Week(day),
                TimeUnit.Weekend => Period.Weekend(day),
                TimeUnit.Month => MonthOf(day),
                TimeUnit.Year => Period.Year(day.Year),
                _ => Period.Day(day),
            }, next);
        }

        private DateOnly? Back(double count, TimeUnit unit) => Shift(-count, unit);

        private DateOnly? Shift(double count, TimeUnit unit)
        {
            var days = unit switch
            {
                TimeUnit.Hour => Math.Floor((hour + count) / 24),
                TimeUnit.Week or TimeUnit.Weekend => count * 7,
                TimeUnit.Month => count * 31,
                TimeUnit.Year => count * 366,
                _ => count,
            };
            if (Math.Abs(days) > FarthestYears * 366) return null;
            return unit switch
            {
                TimeUnit.Month => today.AddMonths((int)Math.Round(count)),
                TimeUnit.Year => count == Math.Floor(count) ? today.AddYears((int)count) : today.AddMonths((int)Math.Round(count * 12)),
                _ => today.AddDays((int)Math.Round(days)),
            };
        }

        private readonly record struct Span(double Count, double Least, double Most, TimeUnit Unit, int Next);

        /// <summary>A number and a unit of time; a few and several are two to five.</summary>
        private Span? Amount(int i)
        {
            if (text[i].Text is "few" or "several" || text.Is(i, "a") && text.Is(i + 1, "few"))
            {
                var behind = text.Is(i, "a") ? i + 2 : i + 1;
                return TimeWords.Unit(text[behind]) is { } vague ? new Span(3, 2, 5, vague, behind + 1) : null;
            }
            if (text[i].Text is "a" or "an" or "one" && TimeWords.Unit(text[i + 1]) is { } single) return new Span(1, 1, 1, single, i + 2);
            if (text.Is(i, "half") && text[i + 1].Text is "a" or "an" && text.Is(i + 2, "year")) return new Span(6, 6, 6, TimeUnit.Month, i + 3);
            if ((text.Is(i, "couple") ? (2.0, text.Is(i + 1, "of") ? i + 2 : i + 1) : NumberWords.At(text, i)) is not (double value, int next)) return null;
            if (text.Is(next, "-") && text[next].Joined) next++;
            if (text[next].Text is "more" or "whole" or "full") next++;
            return value > 0 && value < 1e5 && TimeWords.Unit(text[next]) is { } unit ? new Span(value, value, value, unit, next + 1) : null;
        }

        private static TimePrecision PrecisionOf(TimeUnit unit) => unit switch
        {
            TimeUnit.Week or TimeUnit.Weekend => TimePrecision.Week,
            TimeUnit.Month => TimePrecision.Month,
            TimeUnit.Year => TimePrecision.Year,
            _ => TimePrecision.Day,
        };
    }
}
