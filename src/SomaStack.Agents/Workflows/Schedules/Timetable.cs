using Cronos;

namespace SomaStack.Agents.Workflows;

/// <summary>What becomes of the times that nobody could begin: the program was down, or stopped.</summary>
internal enum CatchUp
{
    /// <summary>They are counted and left out.</summary>
    Skip,

    /// <summary>One run for all of them, for the newest.</summary>
    Latest,

    /// <summary>A run for each, the newest <see cref="Timetable.CaughtUpMost"/>.</summary>
    All,
}

/// <param name="Times">To be begun, oldest first.</param>
/// <param name="Missed">Times that are left out.</param>
/// <param name="Next">Null when it is never due again.</param>
internal sealed record Dues(IReadOnlyList<DateTimeOffset> Times, long Missed, DateTimeOffset? Next);

/// <summary>
/// When a schedule is due: five cron fields on the clock of a zone. A time that a change of the clock leaves out is due at the change; one
/// that comes twice is due once, unless it is a repetition (<c>*/10</c>), which goes on through both. Pure.
/// </summary>
internal sealed class Timetable
{
    public const int CaughtUpMost = 100;

    /// <summary>What is begun this late counts as begun in time.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    /// <summary>How far back missed times are looked for: a schedule of every minute has half a million of them.</summary>
    private static readonly TimeSpan LookBack = TimeSpan.FromDays(366);

    private readonly CronExpression _expression;
    private readonly TimeZoneInfo _zone;

    private Timetable(CronExpression expression, TimeZoneInfo zone) => (_expression, _zone) = (expression, zone);

    /// <param name="fault">The field and what is wrong with it.</param>
    public static Timetable? TryCreate(string cron, string zone, out (string Field, string Message)? fault)
    {
        fault = null;
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found) || !(found.HasIanaId || found == TimeZoneInfo.Utc)) fault = ("time_zone", "must be an IANA name, e.g. Europe/Zurich");
        else if (!CronExpression.TryParse(cron, CronFormat.Standard, out var expression)) fault = ("cron", "must be five fields: minute, hour, day of month, month, day of week; e.g. 0 4 * * 1");
        else return new Timetable(expression, found);
        return null;
    }

    public DateTimeOffset? Next(DateTimeOffset after) => _expression.GetNextOccurrence(after, _zone);

    /// <summary>The first time at or after <paramref name="from"/>; asked for inclusively, a time that a change of the clock has moved is not found.</summary>
    private DateTimeOffset? From(DateTimeOffset from) => Next(from.AddTicks(-1));

    public IReadOnlyList<DateTimeOffset> Next(DateTimeOffset after, int count)
    {
        var times = new List<DateTimeOffset>(count);
        for (var at = Next(after); at is { } time && times.Count < count; at = Next(time)) times.Add(time);
        return times;
    }

    /// <summary>Both ends included.</summary>
    /// <returns>Null when there are more than <paramref name="most"/>.</returns>
    public IReadOnlyList<DateTimeOffset>? Between(DateTimeOffset from, DateTimeOffset to, int most)
    {
        var times = new List<DateTimeOffset>();
        for (var at = From(from); at is { } time && time <= to; at = Next(time))
        {
            if (times.Count == most) return null;
            times.Add(time);
        }
        return times;
    }

    /// <param name="since">The first time that was not begun yet.</param>
    public Dues Due(DateTimeOffset since, DateTimeOffset now, CatchUp catchUp)
    {
        var from = since < now - LookBack ? now - LookBack : since;
        var kept = catchUp == CatchUp.All ? CaughtUpMost : 1;
        var newest = new Queue<DateTimeOffset>(kept);
        long all = 0;
        for (var at = From(from); at is { } time && time <= now; at = Next(time))
        {
            all++;
            if (newest.Count == kept) newest.Dequeue();
            newest.Enqueue(time);
        }
        if (catchUp == CatchUp.Skip && newest.Count > 0 && now - newest.Peek() > Grace) newest.Clear();
        return new Dues([.. newest], all - newest.Count, Next(now));
    }
}
