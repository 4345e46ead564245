using System.Globalization;
using SomaStack.Intelligence.Benchmarks;

namespace SomaStack.Tests.Benchmarks;

public sealed class ScheduleTests
{
    [Theory]
    [InlineData("2026-11-23T02:59:59Z", "2026-11-23T03:00:00Z")]
    [InlineData("2026-11-23T03:00:00Z", "2026-11-24T03:00:00Z")]
    [InlineData("2026-12-31T23:00:00Z", "2027-01-01T03:00:00Z")]
    [InlineData("2026-11-23T04:30:00+02:00", "2026-11-23T03:00:00Z")]
    public void The_next_run_is_the_first_such_time_of_day_in_utc(string now, string next) =>
        Assert.Equal(Instant(next), Schedule.Of("03:00").Next(Instant(now)));

    [Fact]
    public void Without_a_time_there_is_no_next_run() => Assert.Null(Schedule.Of(null).Next(Instant("2026-11-23T02:59:59Z")));

    [Theory]
    [InlineData("3 am")]
    [InlineData("24:00")]
    [InlineData("3:00")]
    public void What_is_no_time_of_day_is_refused_at_start(string text) => Assert.Throws<InvalidOperationException>(() => Schedule.Of(text));

    private static DateTimeOffset Instant(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
