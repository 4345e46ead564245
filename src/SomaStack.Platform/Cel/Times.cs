using System.Buffers;
using System.Globalization;

namespace SomaStack.Platform.Cel;

internal enum TimePartKind
{
    Date,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    FullYear,
    Hours,
    Milliseconds,
    Minutes,
    Month,
    Seconds,
}

/// <param name="OfDuration">True when a duration has it too.</param>
internal sealed record TimePart(string Name, TimePartKind Kind, bool OfDuration = false);

/// <summary>Timestamps from year 1 to 9999 with nanoseconds (RFC 3339), and durations of 64-bit nanoseconds.</summary>
internal static class Times
{
    private const long First = -62_135_596_800;
    private const long Last = 253_402_300_799;
    private const long Second = 1_000_000_000;

    /// <summary>Steps for a time zone: one that is not known is looked up in the file system each time.</summary>
    private const int ZoneCost = 50;

    public static readonly TimePart[] Parts =
    [
        new("getDate", TimePartKind.Date), new("getDayOfMonth", TimePartKind.DayOfMonth), new("getDayOfWeek", TimePartKind.DayOfWeek),
        new("getDayOfYear", TimePartKind.DayOfYear), new("getFullYear", TimePartKind.FullYear), new("getHours", TimePartKind.Hours, true),
        new("getMilliseconds", TimePartKind.Milliseconds, true), new("getMinutes", TimePartKind.Minutes, true), new("getMonth", TimePartKind.Month),
        new("getSeconds", TimePartKind.Seconds, true),
    ];

    private static readonly SearchValues<char> NumberLetters = SearchValues.Create("0123456789.");

    private static readonly (string Unit, long Nanoseconds)[] Units = [("ns", 1), ("us", 1000), ("µs", 1000), ("ms", 1_000_000), ("s", Second), ("m", 60 * Second), ("h", 3600 * Second)];

    public static Value At(long seconds, int nanos) => seconds is < First or > Last ? Fault.Range : Value.Timestamp(seconds, nanos);

    public static Value Shift(in Value timestamp, long nanoseconds)
    {
        var nanos = timestamp.Nanos + nanoseconds % Second;
        var seconds = timestamp.Seconds + nanoseconds / Second;
        if (nanos < 0) (nanos, seconds) = (nanos + Second, seconds - 1);
        else if (nanos >= Second) (nanos, seconds) = (nanos - Second, seconds + 1);
        return At(seconds, (int)nanos);
    }

    public static Value Between(in Value from, in Value to)
    {
        var nanoseconds = (Int128)(to.Seconds - from.Seconds) * Second + (to.Nanos - from.Nanos);
        return nanoseconds < long.MinValue || nanoseconds > long.MaxValue ? Fault.Range : Value.Duration((long)nanoseconds);
    }

    /// <summary>RFC 3339 with up to nine digits of a second.</summary>
    public static Value Parse(string text)
    {
        var rest = text.AsSpan();
        if (!Digits(ref rest, 4, out var year) || !Sign(ref rest, '-') || !Digits(ref rest, 2, out var month) || !Sign(ref rest, '-') || !Digits(ref rest, 2, out var day)
            || !(Sign(ref rest, 'T') || Sign(ref rest, 't')) || !Digits(ref rest, 2, out var hour) || !Sign(ref rest, ':') || !Digits(ref rest, 2, out var minute)
            || !Sign(ref rest, ':') || !Digits(ref rest, 2, out var second)) return Fault.Conversion;
        var nanos = 0;
        if (Sign(ref rest, '.'))
        {
            var digits = 0;
            while (digits < rest.Length && char.IsAsciiDigit(rest[digits])) digits++;
            if (digits is 0 or > 9) return Fault.Conversion;
            nanos = int.Parse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture);
            for (var i = digits; i < 9; i++) nanos *= 10;
            rest = rest[digits..];
        }
        var offset = 0;
        if (!(rest is "Z" or "z") && !TryOffset(rest, signed: true, out offset)) return Fault.Conversion;
        if (year == 0) return Fault.Range;
        if (month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59) return Fault.Conversion;
        var days = new DateOnly(year, month, day).DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;
        return At(days * 86_400L + hour * 3600 + minute * 60 + second - offset, nanos);
    }

    public static string Text(in Value timestamp)
    {
        var time = DateTime.UnixEpoch.AddTicks(timestamp.Seconds * TimeSpan.TicksPerSecond).ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
        return time + Fraction(timestamp.Nanos) + "Z";
    }

    public static string DurationText(long nanoseconds)
    {
        var sign = nanoseconds < 0 ? "-" : "";
        var size = nanoseconds < 0 ? (ulong)-(nanoseconds + 1) + 1 : (ulong)nanoseconds;
        return sign + (size / Second).ToString(CultureInfo.InvariantCulture) + Fraction((int)(size % Second)) + "s";
    }

    /// <summary>Numbers with units, as in 1h30m or -1.5s.</summary>
    public static Value ParseDuration(string text)
    {
        var rest = text.AsSpan();
        var negative = Sign(ref rest, '-');
        if (!negative) Sign(ref rest, '+');
        if (rest is "0") return Value.Duration(0);
        if (rest.IsEmpty || rest.Length > 100) return Fault.Conversion;
        Int128 total = 0;
        while (!rest.IsEmpty)
        {
            var length = rest.IndexOfAnyExcept(NumberLetters);
            if (length <= 0 || !decimal.TryParse(rest[..length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return Fault.Conversion;
            rest = rest[length..];
            var end = rest.IndexOfAny(NumberLetters);
            var name = end < 0 ? rest : rest[..end];
            var factor = 0L;
            foreach (var (unit, nanoseconds) in Units)
                if (name.SequenceEqual(unit)) factor = nanoseconds;
            if (factor == 0) return Fault.Conversion;
            if (number > long.MaxValue / factor) return Fault.Range;
            total += (Int128)decimal.Truncate(number * factor);
            rest = rest[name.Length..];
        }
        if (negative) total = -total;
        return total < long.MinValue || total > long.MaxValue ? Fault.Range : Value.Duration((long)total);
    }

    public static Value Part(TimePart part, in Value value)
    {
        if (value.Kind == ValueKind.Timestamp) return Part(part.Kind, value.Seconds, value.Nanos);
        if (value.Kind != ValueKind.Duration || !part.OfDuration) return Fault.NoOverload;
        return Value.Of(part.Kind switch
        {
            TimePartKind.Hours => value.Ticks / (3600 * Second),
            TimePartKind.Minutes => value.Ticks / (60 * Second),
            TimePartKind.Seconds => value.Ticks / Second,
            // Of the second that is under way, as the conformance suite has it.
            _ => value.Ticks / 1_000_000 % 1000,
        });
    }

    public static Value Part(TimePart part, Frame frame, in Value value, in Value zone)
    {
        frame.Charge(ZoneCost);
        if (value.Kind != ValueKind.Timestamp || zone.Kind != ValueKind.String) return Fault.NoOverload;
        return Offset(zone.Text, value.Seconds) is { } offset ? Part(part.Kind, value.Seconds + offset, value.Nanos) : Fault.Zone;
    }

    private static Value Part(TimePartKind kind, long seconds, int nanos)
    {
        var days = Math.DivRem(seconds, 86_400, out var time);
        if (time < 0) (days, time) = (days - 1, time + 86_400);
        var (year, month, day) = Civil(days);
        return Value.Of(kind switch
        {
            TimePartKind.Date => day,
            TimePartKind.DayOfMonth => day - 1,
            // 1970-01-01 was a Thursday.
            TimePartKind.DayOfWeek => ((days + 4) % 7 + 7) % 7,
            TimePartKind.DayOfYear => days - DaysBefore(year),
            TimePartKind.FullYear => year,
            TimePartKind.Hours => time / 3600,
            TimePartKind.Minutes => time / 60 % 60,
            TimePartKind.Month => month - 1,
            TimePartKind.Seconds => time % 60,
            _ => nanos / 1_000_000,
        });
    }

    /// <summary>The proleptic Gregorian date of a day since 1970, outside years 1 to 9999 too, where an offset may lead. Years begin in March meanwhile.</summary>
    private static (long Year, long Month, long Day) Civil(long days)
    {
        days += 719_468;
        var era = (days >= 0 ? days : days - 146_096) / 146_097;
        var dayOfEra = days - era * 146_097;
        var yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        var dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        var month = (5 * dayOfYear + 2) / 153;
        var day = dayOfYear - (153 * month + 2) / 5 + 1;
        month += month < 10 ? 3 : -9;
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day);
    }

    private static long DaysBefore(long year)
    {
        var past = year - 1;
        return 365 * past + Floor(past, 4) - Floor(past, 100) + Floor(past, 400) - 719_162;
    }

    private static long Floor(long a, long b) => a >= 0 ? a / b : -((-a + b - 1) / b);

    private static long? Offset(string zone, long seconds)
    {
        if (zone is "UTC" or "Z") return 0;
        if (TryOffset(zone, signed: false, out var offset)) return offset;
        // A name of the zone database is looked up in a file: nothing but such a name may reach it.
        if (zone.Length is 0 or > 64 || !char.IsAsciiLetter(zone[0])) return null;
        foreach (var letter in zone)
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('_' or '/' or '+' or '-')) return null;
        return TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found) ? (long)found.GetUtcOffset(DateTime.UnixEpoch.AddSeconds(seconds)).TotalSeconds : null;
    }

    private static bool TryOffset(ReadOnlySpan<char> text, bool signed, out int seconds)
    {
        seconds = 0;
        var negative = Sign(ref text, '-');
        if (!negative && !Sign(ref text, '+') && signed) return false;
        if (!Digits(ref text, 2, out var hours) || !Sign(ref text, ':') || !Digits(ref text, 2, out var minutes) || !text.IsEmpty || hours > 23 || minutes > 59) return false;
        seconds = (hours * 3600 + minutes * 60) * (negative ? -1 : 1);
        return true;
    }

    private static bool Digits(ref ReadOnlySpan<char> text, int count, out int number)
    {
        number = 0;
        if (text.Length < count || !int.TryParse(text[..count], NumberStyles.None, CultureInfo.InvariantCulture, out number)) return false;
        text = text[count..];
        return true;
    }

    private static bool Sign(ref ReadOnlySpan<char> text, char sign)
    {
        if (text.IsEmpty || text[0] != sign) return false;
        text = text[1..];
        return true;
    }

    private static string Fraction(int nanos) => nanos == 0 ? "" : "." + nanos.ToString("D9", CultureInfo.InvariantCulture).TrimEnd('0');
}
