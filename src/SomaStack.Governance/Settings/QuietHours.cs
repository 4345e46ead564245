using System.Globalization;

namespace SomaStack.Governance.Settings.Contracts;

/// <summary>A span of every day in which only what is critical is sent at once; the rest waits until it ends and is never dropped.</summary>
/// <param name="Start">As <c>22:00</c>, the first quiet minute.</param>
/// <param name="End">The first minute that is not quiet any more; before <paramref name="Start"/> the span passes midnight.</param>
/// <param name="TimeZone">An IANA name, e.g. <c>Europe/Zurich</c>.</param>
/// <param name="CriticalPierces">What is critical is sent at once even then; false makes it wait like everything else.</param>
public sealed record QuietHours(string Start, string End, string TimeZone, bool CriticalPierces = true)
{
    /// <summary>By the zone's own rules, so that it stays the same hour on the wall when clocks change.</summary>
    public bool Contains(DateTimeOffset instant) =>
        TimeOnly.FromDateTime(TimeZoneInfo.ConvertTime(instant, Zone()).DateTime).IsBetween(Time(Start)!.Value, Time(End)!.Value);

    /// <summary>
    /// The first instant at or after <paramref name="instant"/> that is not quiet. Where a change of the clock jumps over the end, that is
    /// the change; where the span comes twice in a night, each time ends on its own.
    /// </summary>
    public DateTimeOffset FirstOutside(DateTimeOffset instant)
    {
        var (zone, end) = (Zone(), Time(End)!.Value);
        var at = instant;
        // The offset is constant between two changes, so the span can only end at its end or at a change.
        while (Contains(at))
        {
            var offset = zone.GetUtcOffset(at);
            var wait = end.ToTimeSpan() - TimeOnly.FromDateTime(at.ToOffset(offset).DateTime).ToTimeSpan();
            var next = at + (wait > TimeSpan.Zero ? wait : wait + TimeSpan.FromDays(1));
            at = WallClock.ChangeBetween(zone, at, next) ?? next;
        }
        return at;
    }

    internal static TimeOnly? Time(string? text) =>
        TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;

    private TimeZoneInfo Zone() => TimeZoneInfo.FindSystemTimeZoneById(TimeZone);
}

/// <summary>When the daily digest comes.</summary>
/// <param name="At">As <c>08:00</c>, on the clock of the zone; an hour that a change leaves out comes as much later as the clock jumps.</param>
/// <param name="TimeZone">An IANA name.</param>
/// <param name="Below">What is less grave than this is not sent by e-mail on its own, only in the digest; null for nothing.</param>
public sealed record DigestPreference(string At, string TimeZone, string? Below = null)
{
    public static readonly DigestPreference Default = new("08:00", "UTC");

    /// <summary>The next time after <paramref name="instant"/>.</summary>
    public DateTimeOffset Next(DateTimeOffset instant)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(TimeZone);
        var time = QuietHours.Time(At)!.Value;
        for (var day = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(instant, zone).DateTime); ; day = day.AddDays(1))
            if (WallClock.InstantOf(zone, day.ToDateTime(time)) is var at && at > instant) return at;
    }

    /// <summary>The date on the zone's clock.</summary>
    public DateOnly DayOf(DateTimeOffset instant) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(instant, TimeZoneInfo.FindSystemTimeZoneById(TimeZone)).DateTime);
}

/// <summary>Clocks that change; pure.</summary>
internal static class WallClock
{
    private static readonly TimeSpan Step = TimeSpan.FromHours(1);

    /// <summary>The first instant after <paramref name="from"/>, up to and with <paramref name="to"/>, at which the offset is another; null when there is none.</summary>
    public static DateTimeOffset? ChangeBetween(TimeZoneInfo zone, DateTimeOffset from, DateTimeOffset to)
    {
        var offset = zone.GetUtcOffset(from);
        var (low, high) = (from, from);
        // By the hour, so that two changes within the span are not taken for none.
        while (zone.GetUtcOffset(high) == offset)
        {
            if (high >= to) return null;
            low = high;
            high = high + Step < to ? high + Step : to;
        }
        while (high.UtcTicks - low.UtcTicks > 1)
        {
            var middle = low + (high - low) / 2;
            if (zone.GetUtcOffset(middle) == offset) low = middle;
            else high = middle;
        }
        return high;
    }

    /// <summary>Of a time that comes twice the first; a time that is left out lies as far behind the change as it lies behind the last minute before.</summary>
    public static DateTimeOffset InstantOf(TimeZoneInfo zone, DateTime local)
    {
        if (zone.IsAmbiguousTime(local)) return new DateTimeOffset(local, zone.GetAmbiguousTimeOffsets(local).Max());
        if (!zone.IsInvalidTime(local)) return new DateTimeOffset(local, zone.GetUtcOffset(local));
        var before = local;
        while (zone.IsInvalidTime(before)) before = before.AddMinutes(-1);
        return new DateTimeOffset(local, zone.GetUtcOffset(before));
    }
}
