using System.Globalization;
using CsCheck;
using SomaStack.Intelligence.Memory;

namespace SomaStack.Tests.Memory;

public sealed class TimeExpressionTests
{
    /// <summary>Wednesday 10 May 2023, 15:30 UTC.</summary>
    private static readonly DateTimeOffset Said = new(2023, 5, 10, 15, 30, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("on 2023-05-07 we met", "2023-05-07", "2023-05-07/2023-05-08 day")]
    [InlineData("report of 2023-04.", "2023-04", "2023-04-01/2023-05-01 month")]
    [InlineData("We met on 7 May 2023.", "7 May 2023", "2023-05-07/2023-05-08 day")]
    [InlineData("on May 7th, 2023, we met", "May 7th, 2023", "2023-05-07/2023-05-08 day")]
    [InlineData("on the 7th of May 2023", "7th of May 2023", "2023-05-07/2023-05-08 day")]
    [InlineData("Friday, 5 May 2023", "Friday, 5 May 2023", "2023-05-05/2023-05-06 day")]
    [InlineData("on 5/7/2023", "5/7/2023", "2023-01-01/2024-01-01 year")]
    [InlineData("on 25/7/2023", "25/7/2023", "2023-07-25/2023-07-26 day")]
    [InlineData("on 7/25/23", "7/25/23", "2023-07-25/2023-07-26 day")]
    [InlineData("on 4/4/2023", "4/4/2023", "2023-04-04/2023-04-05 day")]
    [InlineData("am 7.5.2023", "7.5.2023", "2023-05-07/2023-05-08 day")]
    [InlineData("my party is on June 3", "June 3", "2023-06-03/2023-06-04 day")]
    [InlineData("on 28 December", "28 December", "2022-12-28/2022-12-29 day")]
    [InlineData("on Dec. 28 it snowed", "Dec. 28", "2022-12-28/2022-12-29 day")]
    [InlineData("I saw her yesterday.", "yesterday", "2023-05-09/2023-05-10 day")]
    [InlineData("yesterday evening", "yesterday evening", "2023-05-09/2023-05-10 day")]
    [InlineData("tonight we dance", "tonight", "2023-05-10/2023-05-11 day")]
    [InlineData("this morning", "this morning", "2023-05-10/2023-05-11 day")]
    [InlineData("last night", "last night", "2023-05-09/2023-05-10 day")]
    [InlineData("see you tomorrow", "tomorrow", "2023-05-11/2023-05-12 day")]
    [InlineData("the day before yesterday", "the day before yesterday", "2023-05-08/2023-05-09 day")]
    [InlineData("the day after tomorrow", "the day after tomorrow", "2023-05-12/2023-05-13 day")]
    [InlineData("It was last Friday.", "last Friday", "2023-05-05/2023-05-06 day")]
    [InlineData("last Wednesday", "last Wednesday", "2023-05-03/2023-05-04 day")]
    [InlineData("next Friday", "next Friday", "2023-05-12/2023-05-13 day")]
    [InlineData("this past Sunday", "this past Sunday", "2023-05-07/2023-05-08 day")]
    [InlineData("I met him on Monday.", "Monday", "2023-05-08/2023-05-09 day")]
    [InlineData("I will meet him on Monday.", "Monday", "2023-05-15/2023-05-16 day")]
    [InlineData("two weeks ago", "two weeks ago", "2023-04-24/2023-05-01 week")]
    [InlineData("3 days ago", "3 days ago", "2023-05-07/2023-05-08 day")]
    [InlineData("a few days ago", "a few days ago", "2023-05-05/2023-05-09 day")]
    [InlineData("a couple of months ago", "a couple of months ago", "2023-03-01/2023-04-01 month")]
    [InlineData("twenty-five years ago", "twenty-five years ago", "1998-01-01/1999-01-01 year")]
    [InlineData("16 hours ago", "16 hours ago", "2023-05-09/2023-05-10 day")]
    [InlineData("last week", "last week", "2023-05-01/2023-05-08 week")]
    [InlineData("this week", "this week", "2023-05-08/2023-05-15 week")]
    [InlineData("next month", "next month", "2023-06-01/2023-07-01 month")]
    [InlineData("last year", "last year", "2022-01-01/2023-01-01 year")]
    [InlineData("this weekend", "this weekend", "2023-05-13/2023-05-15 day")]
    [InlineData("last weekend", "last weekend", "2023-05-06/2023-05-08 day")]
    [InlineData("in 2022 I moved", "2022", "2022-01-01/2023-01-01 year")]
    [InlineData("in May 2022", "May 2022", "2022-05-01/2022-06-01 month")]
    [InlineData("It was in March.", "March", "2023-03-01/2023-04-01 month")]
    [InlineData("It was in August.", "August", "2022-08-01/2022-09-01 month")]
    [InlineData("It will be in August.", "August", "2023-08-01/2023-09-01 month")]
    [InlineData("last August", "last August", "2022-08-01/2022-09-01 month")]
    [InlineData("last summer", "last summer", "2022-06-01/2022-09-01 season")]
    [InlineData("next summer", "next summer", "2023-06-01/2023-09-01 season")]
    [InlineData("last winter", "last winter", "2022-12-01/2023-03-01 season")]
    [InlineData("in the summer of 2021", "summer of 2021", "2021-06-01/2021-09-01 season")]
    [InlineData("in three days", "in three days", "2023-05-13/2023-05-14 day")]
    [InlineData("in 2 weeks", "in 2 weeks", "2023-05-22/2023-05-29 week")]
    [InlineData("the week before 9 June 2023", "the week before 9 June 2023", "2023-06-02/2023-06-09 week")]
    [InlineData("the day after 9 June 2023", "the day after 9 June 2023", "2023-06-10/2023-06-11 day")]
    [InlineData("the Friday before 9 June 2023", "the Friday before 9 June 2023", "2023-06-02/2023-06-03 day")]
    [InlineData("the weekend before 9 June 2023", "the weekend before 9 June 2023", "2023-06-03/2023-06-05 day")]
    [InlineData("the week of 9 June 2023", "the week of 9 June 2023", "2023-06-05/2023-06-12 week")]
    [InlineData("over the last two weeks", "over the last two weeks", "2023-04-26/2023-05-11 week")]
    [InlineData("the past month", "the past month", "2023-04-10/2023-05-11 month")]
    [InlineData("I have lived here for 4 years.", "for 4 years", "2019-05-10/2023-05-11 year since")]
    [InlineData("I've known them since 2019.", "since 2019", "2019-01-01/2023-05-11 year since")]
    [InlineData("I haven't seen her in three years", "in three years", "2020-05-10/2023-05-11 year since")]
    public void Times_are_resolved_against_the_moment_of_speaking(string text, string words, string expected)
    {
        var time = Assert.Single(TimeExpressions.Find(text, Said));
        Assert.Equal(expected, Show(time));
        Assert.Equal(words, text.Substring(time.Extent.Start, time.Extent.Length));
    }

    [Theory]
    [InlineData("")]
    [InlineData("You may march in.")]
    [InlineData("the other day")]
    [InlineData("every Monday and on Mondays")]
    [InlineData("in 2000 steps, with 1999 of them")]
    [InlineData("room 2022, ratio 5/7, version 1.2.3")]
    [InlineData("30 February 2023 and 2023-13-01")]
    [InlineData("I lived there for 4 years.")]
    [InlineData("the last two chapters")]
    [InlineData("来週の金曜日に会いましょう")]
    [InlineData("Увидимся в пятницу")]
    public void What_is_no_time_stays_unresolved(string text) => Assert.Empty(TimeExpressions.Find(text, Said));

    [Fact]
    public void Days_are_those_of_the_speakers_clock()
    {
        var late = new DateTimeOffset(2023, 5, 10, 0, 30, 0, TimeSpan.FromHours(2));
        var time = Assert.Single(TimeExpressions.Find("today", late));
        Assert.Equal(new DateTimeOffset(2023, 5, 9, 22, 0, 0, TimeSpan.Zero), time.Start);
        Assert.Equal(TimeSpan.Zero, time.Start.Offset);
    }

    [Fact]
    public void Several_times_of_one_text_come_in_order() =>
        Assert.Equal(["2022-01-01/2023-01-01 year", "2023-05-05/2023-05-06 day"], TimeExpressions.Find("In 2022 I started, and last Friday I stopped.", Said).Select(Show));

    [Fact]
    public void Any_text_at_any_moment_is_read_without_failing_and_gives_ordered_disjoint_times()
    {
        var words = "in on last next this the week month year day ago for since before 7 31 2023 May june Friday , / - . 5 few two a couple of hundred years 9999999999 999 weekend summer yesterday been not will".Split(' ');
        Gen.Select(Gen.Int[0, words.Length - 1].Select(i => words[i]).Array[0, 40], Gen.Long[DateTimeOffset.MinValue.Ticks, DateTimeOffset.MaxValue.Ticks], Gen.Bool).Sample((parts, ticks, tight) =>
        {
            var text = string.Join(tight ? "" : " ", parts);
            var last = 0;
            foreach (var time in TimeExpressions.Find(text, new DateTimeOffset(ticks, TimeSpan.Zero)))
            {
                Assert.True(time.Start < time.End, text);
                Assert.True(time.Extent.Start >= last && time.Extent.End <= text.Length, text);
                last = time.Extent.End;
            }
        });
    }

    [Fact]
    public void Every_written_date_is_found_again() =>
        Gen.Select(Gen.Int[1000, 2999], Gen.Int[1, 12], Gen.Int[1, 28]).Sample((year, month, day) =>
        {
            var date = new DateOnly(year, month, day);
            foreach (var format in new[] { "yyyy-MM-dd", "d MMMM yyyy", "MMMM d, yyyy" })
            {
                var time = Assert.Single(TimeExpressions.Find("on " + date.ToString(format, CultureInfo.InvariantCulture), Said));
                Assert.Equal(date, DateOnly.FromDateTime(time.Start.UtcDateTime));
                Assert.Equal(TimePrecision.Day, time.Precision);
            }
        });

    private static string Show(TimeMention time) => string.Create(CultureInfo.InvariantCulture,
        $"{time.Start:yyyy-MM-dd}/{time.End:yyyy-MM-dd} {time.Precision.ToString().ToLowerInvariant()}{(time.Since ? " since" : "")}");
}
