using System.Globalization;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

internal enum LimitMetric
{
    Money,
    Requests,
    Tokens,
}

internal enum LimitWindow
{
    Minute,
    Hour,
    Day,
    Month,
}

/// <summary>At most so much in a window by all calls that fit every part that is named; null fits any.</summary>
/// <param name="Principal">The user or service that acts; a key acts for its holder.</param>
/// <param name="Amount">Nanos of USD, requests or tokens.</param>
internal sealed record Limit(
    string Id, string? Principal, string? ApiKey, string? Provider, string? Model, LimitMetric Metric, LimitWindow Window, long Amount, long Version, long CreatedAt, long UpdatedAt)
{
    public bool Fits(Principal principal, string provider, string model) =>
        (Principal is null || Principal == principal.Id) && (ApiKey is null || ApiKey == principal.Key)
        && (Provider is null || Provider == provider) && (Model is null || Model == model);

    /// <summary>The window of an instant, aligned to UTC, in unix microseconds; the end is the next one's start.</summary>
    public static (long Start, long End) WindowOf(LimitWindow window, DateTimeOffset now)
    {
        var utc = now.UtcDateTime;
        var (start, end) = window switch
        {
            LimitWindow.Minute => Span(utc, TimeSpan.FromMinutes(1)),
            LimitWindow.Hour => Span(utc, TimeSpan.FromHours(1)),
            LimitWindow.Day => Span(utc, TimeSpan.FromDays(1)),
            _ => (new DateTime(utc.Year, utc.Month, 1, 0, 0, 0, DateTimeKind.Utc), new DateTime(utc.Year, utc.Month, 1, 0, 0, 0, DateTimeKind.Utc).AddMonths(1)),
        };
        return (new DateTimeOffset(start).ToMicros(), new DateTimeOffset(end).ToMicros());
    }

    public static string Name(LimitMetric metric) => metric switch { LimitMetric.Money => "money", LimitMetric.Requests => "requests", _ => "tokens" };

    public static string Name(LimitWindow window) => window switch { LimitWindow.Minute => "minute", LimitWindow.Hour => "hour", LimitWindow.Day => "day", _ => "month" };

    public static LimitMetric Metrics(string name) => name switch { "money" => LimitMetric.Money, "requests" => LimitMetric.Requests, _ => LimitMetric.Tokens };

    public static LimitWindow Windows(string name) => name switch { "minute" => LimitWindow.Minute, "hour" => LimitWindow.Hour, "day" => LimitWindow.Day, _ => LimitWindow.Month };

    /// <summary><c>60000 tokens a minute for key 0198…</c>: what a refusal calls it.</summary>
    public string Words()
    {
        var amount = Metric == LimitMetric.Money ? (Amount / 1_000_000_000m).ToString("0.#########", CultureInfo.InvariantCulture) + " USD" : $"{Amount.ToString(CultureInfo.InvariantCulture)} {Name(Metric)}";
        var (named, model) = (new List<string>(3), Model is null ? Provider : Provider is null ? Model : Provider + "/" + Model);
        if (Principal is not null) named.Add("principal " + Principal);
        if (ApiKey is not null) named.Add("key " + ApiKey);
        if (model is not null) named.Add("model " + model);
        return $"{amount} a {Name(Window)} for {(named.Count == 0 ? "the tenant" : string.Join(", ", named))}";
    }

    private static (DateTime, DateTime) Span(DateTime now, TimeSpan length)
    {
        var start = new DateTime(now.Ticks - now.Ticks % length.Ticks, DateTimeKind.Utc);
        return (start, start + length);
    }
}

/// <summary>What a call takes from the window of a limit: bound until it ends, or used at once.</summary>
internal readonly record struct Take(Limit Limit, long Start, long End, long Bound, long Used);

/// <summary>What a held reservation has in a window; kept in its row, so that its end can put the window right even when the limit is gone by then.</summary>
internal readonly record struct Bind(LimitMetric Metric, string LimitId, long Start, long End, long Amount)
{
    public static string? Write(IReadOnlyList<Take> takes)
    {
        System.Text.StringBuilder? text = null;
        foreach (var take in takes)
            if (take.Bound > 0)
                (text ??= new()).Append(text.Length == 0 ? "" : "\n").Append(CultureInfo.InvariantCulture, $"{Limit.Name(take.Limit.Metric)} {take.Limit.Id} {take.Start} {take.End} {take.Bound}");
        return text?.ToString();
    }

    public static IReadOnlyList<Bind> Read(string? text) => text is null ? [] : [.. text.Split('\n').Select(static line =>
    {
        var parts = line.Split(' ');
        return new Bind(Limit.Metrics(parts[0]), parts[1], Number(parts[2]), Number(parts[3]), Number(parts[4]));
    })];

    private static long Number(string text) => long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
}

/// <summary>How the end of a call moves a window.</summary>
internal readonly record struct WindowChange(string LimitId, long Start, long End, long Bound, long Used)
{
    /// <param name="usage">Null when the reservation is given back.</param>
    /// <param name="cost">Nanos; null when unknown, then what was bound stays bound until the window ends.</param>
    /// <param name="isHeld">False when what it held was given back before.</param>
    public static IReadOnlyList<WindowChange> Of(IReadOnlyList<Bind> binds, TokenUsage? usage, long? cost, bool isHeld)
    {
        if (binds.Count == 0) return [];
        var changes = new List<WindowChange>(binds.Count);
        var tokens = usage is { InputTokens: { } input, OutputTokens: { } output } ? input + output : (long?)null;
        foreach (var bind in binds)
        {
            var used = usage is null ? 0 : bind.Metric == LimitMetric.Money ? cost : tokens;
            if (used is { } known) changes.Add(new WindowChange(bind.LimitId, bind.Start, bind.End, isHeld ? -bind.Amount : 0, known));
        }
        return changes;
    }
}
