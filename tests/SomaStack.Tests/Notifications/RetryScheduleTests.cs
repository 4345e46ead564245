using CsCheck;
using SomaStack.Operations.Notifications;

namespace SomaStack.Tests.Notifications;

/// <summary>When a delivery is tried again, and when no more.</summary>
public sealed class RetryScheduleTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 300)]
    [InlineData(3, 1800)]
    [InlineData(4, 7200)]
    [InlineData(9, 86_400)]
    [InlineData(50, 86_400)]
    public void The_middle_of_the_spread_is_the_schedule_of_standard_webhooks(long attempt, int seconds) =>
        Assert.Equal(Noon.AddSeconds(seconds), RetrySchedule.Next(attempt, Noon, Noon.AddYears(1), null, 0.5));

    [Fact]
    public void Every_wait_is_spread_by_a_fifth_and_never_shorter_than_asked() =>
        Gen.Select(Gen.Long[1, 40], Gen.Double[0, 0.999], Gen.Int[0, 200_000]).Sample((attempt, random, asked) =>
        {
            var middle = RetrySchedule.Next(attempt, Noon, Noon.AddYears(1), null, 0.5)!.Value - Noon;
            var wait = RetrySchedule.Next(attempt, Noon, Noon.AddYears(1), null, random)!.Value - Noon;
            Assert.InRange(wait / middle, 0.8 - 1e-9, 1.2 + 1e-9);
            var patient = RetrySchedule.Next(attempt, Noon, Noon.AddYears(1), TimeSpan.FromSeconds(asked), random)!.Value - Noon;
            var least = asked < 86_400 ? asked : 86_400;
            Assert.Equal(Math.Max(wait.TotalSeconds, least), patient.TotalSeconds, 6);
        });

    [Fact]
    public void A_delivery_that_always_fails_is_tried_about_nine_times_in_three_days_and_then_given_up() =>
        Gen.Double[0, 0.999].Array[40].Sample(randoms =>
        {
            var (now, giveUp, attempts) = (Noon, Noon + DeliveryStore.GiveUpAfter, 1);
            for (; RetrySchedule.Next(attempts, now, giveUp, null, randoms[attempts]) is { } next; attempts++)
            {
                Assert.True(next > now && next <= giveUp);
                now = next;
            }
            Assert.InRange(attempts, 8, 11);
        });

    [Fact]
    public void Whoever_asks_for_longer_than_there_is_ends_it() => Assert.Null(RetrySchedule.Next(1, Noon, Noon.AddHours(1), TimeSpan.FromHours(2), 0.5));
}
