namespace SomaStack.Intelligence.Memory;

/// <summary>How exactly a time is known.</summary>
internal enum TimePrecision { Day, Week, Month, Season, Year }

/// <summary>Whole days, half open.</summary>
internal readonly record struct Period(DateOnly From, DateOnly To, TimePrecision Precision)
{
    public static Period Day(DateOnly day) => new(day, day.AddDays(1), TimePrecision.Day);

    /// <summary>Monday to Sunday (ISO 8601).</summary>
    public static Period Week(DateOnly day) => new(Monday(day), Monday(day).AddDays(7), TimePrecision.Week);

    /// <summary>Saturday and Sunday of the week.</summary>
    public static Period Weekend(DateOnly day) => new(Monday(day).AddDays(5), Monday(day).AddDays(7), TimePrecision.Day);

    public static Period Month(int year, int month) => new(new DateOnly(year, month, 1), new DateOnly(year, month, 1).AddMonths(1), TimePrecision.Month);

    public static Period Year(int year) => new(new DateOnly(year, 1, 1), new DateOnly(year + 1, 1, 1), TimePrecision.Year);

    /// <summary>The northern seasons of meteorology: three whole months; a winter bears the year of its December.</summary>
    /// <param name="season">0 spring (March to May), 1 summer, 2 autumn, 3 winter.</param>
    public static Period Season(int year, int season)
    {
        var from = new DateOnly(year, 3 + 3 * season, 1);
        return new(from, from.AddMonths(3), TimePrecision.Season);
    }

    public static DateOnly Monday(DateOnly day) => day.AddDays(-Weekday(day));

    /// <summary>0 Monday to 6 Sunday.</summary>
    public static int Weekday(DateOnly day) => ((int)day.DayOfWeek + 6) % 7;

    /// <summary>Null when there is no such day or the year is not of four digits.</summary>
    public static Period? Date(int year, int month, int day) =>
        year is >= 1000 and <= 2999 && month is >= 1 and <= 12 && day >= 1 && day <= DateTime.DaysInMonth(year, month) ? Day(new DateOnly(year, month, day)) : null;

    /// <summary>The day of a year not named that lies nearest: within half a year either way.</summary>
    public static Period? Nearest(DateOnly to, int month, int day)
    {
        Period? best = null;
        for (var year = to.Year - 1; year <= to.Year + 1; year++)
            if (Date(year, month, day) is { } found && (best is null || Math.Abs(found.From.DayNumber - to.DayNumber) < Math.Abs(best.Value.From.DayNumber - to.DayNumber))) best = found;
        return best;
    }
}
