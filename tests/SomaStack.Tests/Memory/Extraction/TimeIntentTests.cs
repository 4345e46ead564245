using System.Globalization;
using CsCheck;
using SomaStack.Intelligence.Memory;

namespace SomaStack.Tests.Memory;

public sealed class TimeIntentTests
{
    private static readonly DateTimeOffset Now = new(2023, 5, 10, 15, 30, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("When did Caroline go to the museum?", true, "", "None", "")]
    [InlineData("Which year did they marry?", true, "", "None", "")]
    [InlineData("How long ago did Anna move?", true, "", "None", "")]
    [InlineData("What did Anna do last week?", false, "2023-05-01/2023-05-08", "None", "")]
    [InlineData("What did we decide before 9 June 2022?", false, "/2022-06-09", "None", "")]
    [InlineData("What happened after the 9th of June 2022?", false, "2022-06-10/", "None", "")]
    [InlineData("What has she read since 2021?", false, "2021-01-01/", "None", "")]
    [InlineData("Where was he between March 2022 and May 2022?", false, "2022-03-01/2022-06-01", "None", "")]
    [InlineData("Which book did she read first?", false, "", "First", "")]
    [InlineData("What is her latest job?", false, "", "Last", "")]
    [InlineData("Where does he currently live?", false, "", "Last", "")]
    [InlineData("What is his last name?", false, "", "None", "")]
    [InlineData("What did she do after moving to Oslo?", false, "", "After", "moving to Oslo")]
    [InlineData("Who called before the party started?", false, "", "Before", "the party started")]
    [InlineData("What colour is the door?", false, "", "None", "")]
    [InlineData("", false, "", "None", "")]
    public void A_question_tells_what_it_asks_of_time(string question, bool when, string window, string order, string anchor)
    {
        var intent = TimeIntent.Of(question, Now);
        Assert.Equal(when, intent.AsksWhen);
        Assert.Equal(window, intent.HasWindow ? $"{Day(intent.From)}/{Day(intent.To)}" : "");
        Assert.Equal(order, intent.Order.ToString());
        Assert.Equal(anchor, intent.Anchor);
    }

    [Fact]
    public void Any_question_is_read_without_failing() => Gen.String.Sample(question => TimeIntent.Of(question, Now));

    private static string Day(DateTimeOffset? at) => at?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "";
}
