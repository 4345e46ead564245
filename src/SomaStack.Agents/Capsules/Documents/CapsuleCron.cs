using System.Globalization;

namespace SomaStack.Agents.Capsules;

/// <summary>Whether a text is a cron expression of five fields. When it is due is reckoned by the room of schedules.</summary>
internal static class CapsuleCron
{
    private static readonly string[] Months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    private static readonly string[] Days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
    private static readonly (string Name, int Min, int Max)[] Fields = [("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7)];

    /// <summary>Null when all is well.</summary>
    public static string? Fault(string cron)
    {
        var fields = cron.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != Fields.Length) return $"must have five fields (minute, hour, day of month, month, day of week), and has {fields.Length}";
        for (var i = 0; i < fields.Length; i++)
            foreach (var part in fields[i].Split(','))
                if (!IsPart(part, i)) return $"has '{part}' as {Fields[i].Name}, which is from {Fields[i].Min} to {Fields[i].Max}";
        return null;
    }

    private static bool IsPart(string part, int field)
    {
        var step = part.Split('/');
        if (step.Length > 2 || (step.Length == 2 && !(int.TryParse(step[1], NumberStyles.None, CultureInfo.InvariantCulture, out var every) && every >= 1 && every <= Fields[field].Max))) return false;
        if (step[0] is "*" or "?") return step[0] == "*" || field is 2 or 4;
        if (field == 2 && step[0] is "L" or "LW") return true;
        var range = step[0].Split('-');
        if (range.Length > 2) return false;
        if (Number(range[0], field) is not { } low) return false;
        return range.Length == 1 || Number(range[1], field) is { } high && high >= low;
    }

    private static int? Number(string text, int field)
    {
        var names = field == 3 ? Months : field == 4 ? Days : [];
        var named = Array.IndexOf(names, text.ToUpperInvariant());
        if (named >= 0) return field == 3 ? named + 1 : named;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= Fields[field].Min && number <= Fields[field].Max ? number : null;
    }
}
