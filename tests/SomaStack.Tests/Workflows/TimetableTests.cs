using System.Globalization;
using System.Text.Json;
using CsCheck;
using SomaStack.Agents.Workflows;

namespace SomaStack.Tests.Workflows;

public sealed class TimetableTests
{
    private static readonly string[] Crons = ["*/7 * * * *", "5 3 * * *", "0 0 1 * *", "30 2 * * 0"];

    private static readonly string[] Zones = ["UTC", "Europe/Zurich", "America/New_York"];

    private static Timetable Of(string cron, string zone = "UTC") => Timetable.TryCreate(cron, zone, out var fault) ?? throw new ArgumentException(fault!.Value.Message);

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    [Fact]
    public void The_next_five_times_are_on_the_clock_of_the_zone()
    {
        var next = Of("0 4 * * 1", "Europe/Zurich").Next(At("2026-11-22T12:00:00Z"), 5);
        Assert.Equal(["2026-11-23T04:00:00+01:00", "2026-11-30T04:00:00+01:00", "2026-12-07T04:00:00+01:00", "2026-12-14T04:00:00+01:00", "2026-12-21T04:00:00+01:00"], next.Select(static at => at.ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void A_time_that_the_clock_leaves_out_comes_at_the_change_and_one_that_comes_twice_comes_once()
    {
        var daily = Of("30 2 * * *", "Europe/Zurich");
        // 29 March 2026: 02:00 becomes 03:00.
        Assert.Equal(At("2026-03-29T01:00:00Z"), daily.Next(At("2026-03-28T12:00:00Z")));
        // 25 October 2026: 03:00 becomes 02:00, so 02:30 comes twice.
        Assert.Equal([At("2026-10-25T00:30:00Z"), At("2026-10-26T01:30:00Z")], daily.Next(At("2026-10-24T12:00:00Z"), 2).Select(static at => at.ToUniversalTime()));
        // A repetition goes on through both hours.
        Assert.Equal(6, Of("*/20 2 * * *", "Europe/Zurich").Between(At("2026-10-25T00:00:00Z"), At("2026-10-25T01:59:00Z"), 100)!.Count);
    }

    [Theory]
    [InlineData("61 * * * *", "UTC", "cron")]
    [InlineData("* * * * * *", "UTC", "cron")]
    [InlineData("", "UTC", "cron")]
    [InlineData("0 4 * * 1", "Mars/Olympus", "time_zone")]
    public void What_is_no_timetable_says_which_field(string cron, string zone, string field)
    {
        Assert.Null(Timetable.TryCreate(cron, zone, out var fault));
        Assert.Equal(field, fault!.Value.Field);
    }

    [Theory]
    [InlineData("skip", 0, 73)]
    [InlineData("latest", 1, 72)]
    [InlineData("all", 73, 0)]
    public void After_three_days_away_the_policy_says_what_is_made_up_for(string catchUp, int begun, int missed)
    {
        var due = Of("0 * * * *").Due(At("2026-11-19T12:00:00Z"), At("2026-11-22T12:30:00Z"), Enum.Parse<CatchUp>(catchUp, ignoreCase: true));
        Assert.Equal((begun, missed), (due.Times.Count, (int)due.Missed));
        Assert.Equal(At("2026-11-22T13:00:00Z"), due.Next);
        if (begun > 0) Assert.Equal(At("2026-11-22T12:00:00Z"), due.Times[^1]);
    }

    [Fact]
    public void What_is_a_little_late_is_not_missed_even_when_nothing_is_made_up_for()
    {
        var due = Of("0 * * * *").Due(At("2026-11-22T12:00:00Z"), At("2026-11-22T12:00:59Z"), CatchUp.Skip);
        Assert.Equal(At("2026-11-22T12:00:00Z"), Assert.Single(due.Times));
        Assert.Equal(0, due.Missed);
    }

    [Fact]
    public void A_year_of_minutes_is_counted_and_bounded()
    {
        var due = Of("* * * * *").Due(At("2020-01-01T00:00:00Z"), At("2026-11-22T12:00:30Z"), CatchUp.All);
        Assert.Equal((Timetable.CaughtUpMost, 366L * 24 * 60 - Timetable.CaughtUpMost), (due.Times.Count, due.Missed));
    }

    [Fact]
    public void No_time_is_begun_twice_and_none_is_lost_whenever_somebody_looks() =>
        Gen.Select(Gen.Int[0, Crons.Length - 1].Select(static i => Crons[i]), Gen.Int[0, Zones.Length - 1].Select(static i => Zones[i]), Gen.Int[1, 20_000].Array[1, 12]).Sample((cron, zone, minutes) =>
        {
            var table = Of(cron, zone);
            var start = At("2026-03-01T00:00:00Z");
            var (now, since) = (start, table.Next(start)!.Value);
            var (seen, missed) = (new List<DateTimeOffset>(), 0L);
            foreach (var step in minutes)
            {
                now += TimeSpan.FromMinutes(step);
                if (since > now) continue;
                var due = table.Due(since, now, CatchUp.All);
                seen.AddRange(due.Times);
                missed += due.Missed;
                since = due.Next!.Value;
            }
            var all = table.Between(start, now, int.MaxValue)!.Where(at => at > start).ToList();
            Assert.Equal(all.Count, seen.Count + missed);
            Assert.Equal(seen.Count, seen.Distinct().Count());
            Assert.True(seen.SequenceEqual(seen.Order()));
        });

    [Theory]
    [InlineData("""{"a":1,"b":2}""", """{"b":3,"c":4}""", """{"a":1,"b":3,"c":4}""")]
    [InlineData("{}", "{}", "{}")]
    [InlineData("""{"a":{"x":1}}""", """{"a":{"y":2}}""", """{"a":{"y":2}}""")]
    public void What_is_given_wins_over_a_template_s_defaults_member_by_member(string defaults, string given, string laid)
    {
        using var below = JsonDocument.Parse(defaults);
        using var over = JsonDocument.Parse(given);
        Assert.Equal(laid, TemplateRuns.Laid(below.RootElement, over.RootElement));
        Assert.Equal(defaults, TemplateRuns.Laid(below.RootElement, null));
    }
}
