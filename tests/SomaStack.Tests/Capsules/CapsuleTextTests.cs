using SomaStack.Agents.Capsules;
using SomaStack.Agents.Capsules.Contracts;

namespace SomaStack.Tests.Capsules;

public sealed class CapsuleTextTests
{
    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("90s", 90)]
    [InlineData("1.5m", 90)]
    [InlineData("2h30m", 9000)]
    [InlineData("7d", 604800)]
    [InlineData(" 1s ", 1)]
    public void Lengths_of_time_are_read_as_people_write_them(string text, double seconds)
    {
        Assert.True(CapsuleTimes.TryParse(text, out var span));
        Assert.Equal(TimeSpan.FromSeconds(seconds), span);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1w")]
    [InlineData("1s2")]
    [InlineData("1..5s")]
    [InlineData("400d")]
    [InlineData("99999999999999999999d")]
    public void What_is_no_length_of_time_is_none(string text) => Assert.False(CapsuleTimes.TryParse(text, out _));

    [Theory]
    [InlineData("* * * * *")]
    [InlineData("0 9 * * MON-FRI")]
    [InlineData("*/15 0-6,22-23 1,15 JAN-MAR 0")]
    [InlineData("0 0 L * ?")]
    public void Cron_of_five_fields_passes(string cron) => Assert.Null(CapsuleCron.Fault(cron));

    [Theory]
    [InlineData("* * * *")]
    [InlineData("0 0 9 * * *")]
    [InlineData("60 * * * *")]
    [InlineData("* 24 * * *")]
    [InlineData("* * 0 * *")]
    [InlineData("* * * 13 *")]
    [InlineData("* * * * 8")]
    [InlineData("5-1 * * * *")]
    [InlineData("*/0 * * * *")]
    [InlineData("a * * * *")]
    [InlineData("1-2-3 * * * *")]
    public void Anything_else_is_refused(string cron) => Assert.NotNull(CapsuleCron.Fault(cron));
}
