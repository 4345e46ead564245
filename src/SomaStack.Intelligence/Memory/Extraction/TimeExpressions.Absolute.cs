namespace SomaStack.Intelligence.Memory;

internal static partial class TimeExpressions
{
    private sealed partial class Reader
    {
        /// <summary>A date, month, season or year of the calendar, perhaps with its weekday before it.</summary>
        private Match? Absolute(int i)
        {
            if (TimeWords.Weekday(text[i]) is not null)
            {
                var at = text.Is(i + 1, ",") ? i + 2 : i + 1;
                if (text.Is(at, "the")) at++;
                return Date(at) is { Period.Precision: TimePrecision.Day } dated ? dated : null;
            }
            return Date(i) ?? SeasonOfYear(i) ?? MonthOfYear(i) ?? Year(i);
        }

        private Match? Date(int i) => text[i].IsNumber ? Iso(i) ?? Figures(i) ?? DayMonth(i) : MonthDay(i);

        /// <summary>2023-05-07 and 2023-05.</summary>
        private Match? Iso(int i)
        {
            if (!IsYear(text[i]) || !Mark(i + 1, "-") || text[i + 2] is not { IsWhole: true, Joined: true } month || month.End - month.Start != 2) return null;
            if (Mark(i + 3, "-") && text[i + 4] is { IsWhole: true, Joined: true } day && day.End - day.Start == 2)
                return Period.Date((int)text[i].Value, (int)month.Value, (int)day.Value) is { } date ? new Match(date, i + 5) : null;
            return month.Value is >= 1 and <= 12 ? new Match(Period.Month((int)text[i].Value, (int)month.Value), i + 3) : null;
        }

        /// <summary>Three numbers with strokes, day or month first as far as they tell; with dots the day is first.</summary>
        private Match? Figures(int i)
        {
            var mark = text[i + 1].Text;
            if (mark is not ("/" or ".") || !Mark(i + 1, mark) || !Mark(i + 3, mark) || !text[i].IsWhole) return null;
            if (text[i + 2] is not { IsWhole: true, Joined: true } second || text[i + 4] is not { IsWhole: true, Joined: true } last) return null;
            var digits = last.End - last.Start;
            if (digits is not (2 or 4) || text[i].Value > 31 || second.Value > 31) return null;
            // Two digits are of this century (POSIX would turn at 69; memories are of now).
            var year = (int)last.Value + (digits == 2 ? 2000 : 0);
            var (a, b) = ((int)text[i].Value, (int)second.Value);
            if (mark == ".") return Period.Date(year, b, a) is { } dotted ? new Match(dotted, i + 5) : null;
            var dayFirst = Period.Date(year, b, a);
            var monthFirst = Period.Date(year, a, b);
            if (dayFirst is null && monthFirst is null) return null;
            return new Match(dayFirst is not null && monthFirst is not null && a != b ? Period.Year(year) : (dayFirst ?? monthFirst)!.Value, i + 5);
        }

        /// <summary>7 May 2023, the 7th of May, 7 May.</summary>
        private Match? DayMonth(int i)
        {
            if (!text[i].IsWhole || text[i].Value is < 1 or > 31) return null;
            var at = text[i].Ordinal && text.Is(i + 1, "of") ? i + 2 : i + 1;
            if (TimeWords.Month(text[at], orShort: true) is not { } month) return null;
            var day = (int)text[i].Value;
            if (YearAfter(at + 1) is { } year) return Period.Date(year.Value, month, day) is { } exact ? new Match(exact, year.Next) : null;
            return Period.Nearest(today, month, day) is { } near ? new Match(near, at + 1) : null;
        }

        /// <summary>May 7th, 2023; May 7; Dec. 7.</summary>
        private Match? MonthDay(int i)
        {
            if (TimeWords.Month(text[i], orShort: true) is not { } month) return null;
            var at = text.Is(i + 1, "the") ? i + 2 : i + 1;
            if (!text[at].IsWhole || text[at].Value is < 1 or > 31 || text[at].End - text[at].Start > 4) return null;
            var day = (int)text[at].Value;
            if (YearAfter(at + 1) is { } year) return Period.Date(year.Value, month, day) is { } exact ? new Match(exact, year.Next) : null;
            return Period.Nearest(today, month, day) is { } near ? new Match(near, at + 1) : null;
        }

        /// <summary>May 2023; a month alone only behind a word that makes it a time: in May, by June.</summary>
        private Match? MonthOfYear(int i)
        {
            // A number before it that made no date makes no month either: 30 February 2023.
            if (TimeWords.Month(text[i], orShort: true) is not { } month || text[i - 1] is { IsNumber: true }) return null;
            if (YearAfter(text.Is(i + 1, "of") ? i + 2 : i + 1) is { } year) return new Match(Period.Month(year.Value, month), year.Next);
            if (TimeWords.Month(text[i], orShort: false) is null || text[i - 1].Text is not ("in" or "since" or "by" or "until" or "till" or "before" or "after" or "during" or "early" or "late" or "mid" or "-" or "of")) return null;
            Tone(i);
            var period = Period.Month(today.Year, month);
            if (!_future && period.From > today) period = Period.Month(today.Year - 1, month);
            else if (_future && period.To <= today) period = Period.Month(today.Year + 1, month);
            return new Match(period, i + 1);
        }

        /// <summary>summer 2022, the winter of 2021.</summary>
        private Match? SeasonOfYear(int i)
        {
            if (TimeWords.Season(text[i]) is not { } season) return null;
            return YearAfter(text.Is(i + 1, "of") ? i + 2 : i + 1) is { } year ? new Match(Period.Season(year.Value, season), year.Next) : null;
        }

        /// <summary>A year behind a word that makes it one, and nothing behind it that makes it an amount.</summary>
        private Match? Year(int i)
        {
            if (!IsYear(text[i]) || text[i].Value is < 1500 or > 2199) return null;
            if (text[i - 1].Text is not ("in" or "since" or "during" or "by" or "until" or "till" or "before" or "after" or "from" or "year" or "around" or "early" or "late" or "mid" or "of" or "for" or "to")) return null;
            // Of a thing: 1999 of them. An amount: in 2000 steps.
            var strict = text[i - 1].Text is "of" or "for" or "to" or "around" or "from";
            var behind = text[i + 1];
            var counted = strict || TimeWords.Unit(behind) is not null || behind.Text.EndsWith('s') && behind.Text.Length > 3;
            if (behind.IsWord && counted && !IsFunction(behind.Text) || Mark(i + 1, "%")) return null;
            return new Match(Period.Year((int)text[i].Value), i + 1);
        }

        private static bool IsFunction(string word) => word is "and" or "to" or "when" or "i" or "we" or "he" or "she" or "they" or "it" or "the" or "but" or "as" or "at" or "in" or "on" or "with"
            or "for" or "my" or "was" or "is" or "or" or "because" or "after" or "before" or "until" or "from" or "by" or "that" or "this" or "does" or "'s" or "so" or "while";

        private (int Value, int Next)? YearAfter(int i)
        {
            if (text.Is(i, ",")) i++;
            return IsYear(text[i]) ? ((int)text[i].Value, i + 1) : null;
        }

        private static bool IsYear(Lexeme lexeme) => lexeme.IsWhole && !lexeme.Ordinal && lexeme.End - lexeme.Start == 4 && lexeme.Text.Length == 4 && lexeme.Value is >= 1000 and <= 2999;

        /// <summary>A mark that touches what stands before it.</summary>
        private bool Mark(int i, string mark) => text[i] is { Kind: LexemeKind.Mark, Joined: true } found && found.Text == mark;
    }
}
