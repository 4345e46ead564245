using System.Globalization;
using CsCheck;
using SomaStack.Governance.Settings.Contracts;

namespace SomaStack.Tests.Notifications;

/// <summary>Quiet hours by the clock on the wall, in zones whose clocks change by an hour and by half an hour.</summary>
public sealed class QuietHoursTests
{
    private static readonly string[] Zones = ["Europe/Zurich", "America/New_York", "Australia/Lord_Howe"];

    [Theory]
    // Spring: the clock jumps over the end, so the night ends with the jump.
    [InlineData("Europe/Zurich", "01:00", "02:30", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z")]
    [InlineData("America/New_York", "22:00", "02:30", "2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z")]
    [InlineData("Australia/Lord_Howe", "22:00", "02:15", "2026-10-03T15:00:00Z", "2026-10-03T15:30:00Z")]
    // Autumn: an end that comes twice ends the night twice, and a night over the change is longer by it.
    [InlineData("Europe/Zurich", "01:00", "02:30", "2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z")]
    [InlineData("Europe/Zurich", "01:00", "02:30", "2026-10-25T01:10:00Z", "2026-10-25T01:30:00Z")]
    [InlineData("America/New_York", "22:00", "07:00", "2026-11-01T04:00:00Z", "2026-11-01T12:00:00Z")]
    [InlineData("Australia/Lord_Howe", "22:00", "01:45", "2026-04-04T14:40:00Z", "2026-04-04T14:45:00Z")]
    [InlineData("Australia/Lord_Howe", "22:00", "01:45", "2026-04-04T15:05:00Z", "2026-04-04T15:15:00Z")]
    // What is not quiet is now, and the end itself is not quiet.
    [InlineData("Europe/Zurich", "22:00", "07:00", "2026-07-01T05:00:00Z", "2026-07-01T05:00:00Z")]
    [InlineData("Europe/Zurich", "22:00", "07:00", "2026-07-01T04:59:59.999999Z", "2026-07-01T05:00:00Z")]
    public void The_night_ends_on_the_wall_clock(string zone, string start, string end, string at, string expected) =>
        Assert.Equal(At(expected), new QuietHours(start, end, zone).FirstOutside(At(at)));

    [Fact]
    public void The_first_instant_outside_is_the_first_one()
    {
        // Every change of the three zones from 2024 to 2030, two days around it; the oracle looks at each minute.
        var changes = Zones.SelectMany(static zone => ChangesOf(zone).Select(change => (zone, change))).ToArray();
        Assert.Equal(42, changes.Length);
        Gen.Select(OneOf(changes), Gen.Int[-2880, 2880], Gen.Int[0, 59], Gen.Int[0, 1439], Gen.Int[0, 1439]).Where(static one => one.Item4 != one.Item5).Sample((where, minutes, seconds, start, end) =>
        {
            var quiet = new QuietHours(Clock(start), Clock(end), where.zone);
            var at = where.change.AddMinutes(minutes).AddSeconds(seconds);
            var found = quiet.FirstOutside(at);
            Assert.True(found >= at);
            Assert.False(quiet.Contains(found), $"{found:O} is quiet");
            if (found == at) return;
            // Spans begin and end at whole minutes, so nothing hides between two of them.
            for (var before = at; before < found; before = before.AddMinutes(1)) Assert.True(quiet.Contains(before), $"{before:O} is not quiet, and {found:O} was answered");
            Assert.True(quiet.Contains(found.AddTicks(-1)));
        }, iter: 500);
    }

    [Theory]
    [InlineData("Europe/Zurich", "08:00", "2026-03-28T07:00:00Z", "2026-03-29T06:00:00Z")]
    [InlineData("Europe/Zurich", "02:30", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z")]
    [InlineData("Europe/Zurich", "02:30", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z")]
    [InlineData("Europe/Zurich", "02:30", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    [InlineData("Australia/Lord_Howe", "02:15", "2026-10-03T12:00:00Z", "2026-10-03T15:45:00Z")]
    public void The_digest_comes_once_a_day_on_the_wall_clock(string zone, string time, string after, string expected) =>
        Assert.Equal(At(expected), new DigestPreference(time, zone).Next(At(after)));

    [Fact]
    public void Digests_of_a_year_are_one_for_each_day()
    {
        Gen.Select(OneOf(Zones), Gen.Int[0, 1439]).Sample((zone, time) =>
        {
            var digest = new DigestPreference(Clock(time), zone);
            var at = At("2026-01-01T12:00:00Z");
            var days = new HashSet<DateOnly>();
            for (var i = 0; i < 365; i++)
            {
                var next = digest.Next(at);
                Assert.True(next > at && next - at < TimeSpan.FromHours(49));
                Assert.True(days.Add(digest.DayOf(next)), $"a second digest on {digest.DayOf(next)}");
                at = next;
            }
        }, iter: 30);
    }

    private static IEnumerable<DateTimeOffset> ChangesOf(string id)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(id);
        for (var hour = At("2024-01-01T00:00:00Z"); hour < At("2031-01-01T00:00:00Z"); hour = hour.AddMinutes(30))
            if (zone.GetUtcOffset(hour) != zone.GetUtcOffset(hour.AddMinutes(-30))) yield return hour;
    }

    private static string Clock(int minute) => new TimeOnly(minute / 60, minute % 60).ToString("HH:mm", CultureInfo.InvariantCulture);

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    private static Gen<T> OneOf<T>(params T[] all) => Gen.Int[0, all.Length - 1].Select(i => all[i]);
}
