using System.Diagnostics;
using System.Globalization;
using CsCheck;
using SomaStack.Intelligence.Memory;

namespace SomaStack.Tests.Memory;

public sealed class RelationTests
{
    private static readonly DateTimeOffset Said = new(2023, 5, 10, 15, 30, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("Caroline: I live in Oslo.", "Caroline lives_in Oslo")]
    [InlineData("I live in Oslo.", "author lives_in Oslo")]
    [InlineData("Anna lives in Oslo, Norway.", "Anna lives_in Oslo; Oslo located_in Norway")]
    [InlineData("I'm currently living in Berlin and I work at Siemens.", "author lives_in Berlin; author works_at Siemens")]
    [InlineData("I live in Oslo and work as a nurse.", "author lives_in Oslo; author works_as nurse")]
    [InlineData("Bob moved from Paris to London.", "Bob moved_from Paris; Bob lives_in London")]
    [InlineData("She moved to London.", "")]
    [InlineData("Anna works as a nurse at Blorptec.", "Anna works_as nurse; Anna works_at Blorptec")]
    [InlineData("Maria joined Blorptec.", "Maria works_at Blorptec")]
    [InlineData("I got a new job at Google.", "author works_at Google")]
    [InlineData("My name is Tom Miller.", "author named Tom Miller")]
    [InlineData("I was born in Bergen on 7 May 1990.", "author born_in Bergen; author born_on 1990-05-07")]
    [InlineData("Anna was born in 1990.", "Anna born_on 1990")]
    [InlineData("My birthday is June 3.", "author born_on --06-03")]
    [InlineData("Peter is married to Laura.", "Peter married_to Laura")]
    [InlineData("My sister Anna lives in Bergen.", "author sibling_of Anna; Anna lives_in Bergen")]
    [InlineData("My sister lives in Bergen.", "author's sister lives_in Bergen")]
    [InlineData("Caroline's mother is called Ruth.", "Caroline child_of Ruth")]
    [InlineData("Tom is my son.", "author parent_of Tom")]
    [InlineData("My dog's name is Luna.", "author has_pet Luna; Luna is_a dog")]
    [InlineData("I have a cat named Oscar.", "Oscar is_a cat; author has_pet Oscar")]
    [InlineData("We have two dogs.", "author has_pet two dogs")]
    [InlineData("I own a small boat.", "author owns small boat")]
    [InlineData("Anna bought a car.", "Anna owns car")]
    [InlineData("I like apples, pears and hiking.", "author likes apples; author likes pears; author likes hiking")]
    [InlineData("Anna loves Italian food and Bob likes chess.", "Anna likes Italian food; Bob likes chess")]
    [InlineData("I hate loud music.", "author dislikes loud music")]
    [InlineData("I'm a big fan of jazz.", "author likes jazz")]
    [InlineData("I love to swim in the sea.", "author likes swim in the sea")]
    [InlineData("I'm a teacher.", "author works_as teacher")]
    [InlineData("Anna's a vegetarian.", "Anna is_a vegetarian")]
    [InlineData("Bergen is in Norway.", "Bergen located_in Norway")]
    [InlineData("I visited Rome, Paris and Berlin.", "author visited Rome; author visited Paris; author visited Berlin")]
    [InlineData("We went to Japan.", "author visited Japan")]
    [InlineData("I'm planning to write a book.", "author plans_to write a book")]
    [InlineData("I'm 34 years old.", "author age 34")]
    [InlineData("My son Max turned 5.", "author parent_of Max; Max age 5")]
    [InlineData("My favorite color is blue.", "author favourite_colour blue")]
    [InlineData("Caroline's favourite ice cream is vanilla.", "Caroline favourite_ice_cream vanilla")]
    [InlineData("My email address is tom@example.com.", "author email tom@example.com")]
    [InlineData("My phone number is +47 555 01 34.", "author phone +47 555 01 34")]
    [InlineData("I'm allergic to peanuts.", "author allergic_to peanuts")]
    [InlineData("I'm from Sweden.", "author comes_from Sweden")]
    [InlineData("Tom speaks French and German.", "Tom speaks French; Tom speaks German")]
    [InlineData("Caroline: I play guitar.\nMelanie: I play violin.", "Caroline plays guitar; Melanie plays violin")]
    public void What_is_stated_becomes_facts(string text, string expected) => Assert.Equal(expected, Show(text));

    [Theory]
    [InlineData("I don't live in Oslo.")]
    [InlineData("I do not think Anna lives in Oslo.")]
    [InlineData("I never liked jazz.")]
    [InlineData("I no longer work at Google.")]
    [InlineData("Do I live in Oslo?")]
    [InlineData("Where does Anna live? Anna lives in Oslo, right?")]
    [InlineData("If I live in Oslo, I win.")]
    [InlineData("I would like a cat named Bob.")]
    [InlineData("I might move to Oslo. I used to live in Rome.")]
    [InlineData("I wish I lived in Oslo.")]
    [InlineData("I lived in Oslo.")]
    [InlineData("I have a question. I have a great day.")]
    [InlineData("I like it. I love you. I love this!")]
    [InlineData("It looks like Anna.")]
    [InlineData("I'm a bit tired and I'm in a hurry.")]
    [InlineData("私はオスロに住んでいます。")]
    [InlineData("")]
    public void What_is_asked_denied_supposed_or_past_is_no_fact(string text) => Assert.Equal("", Show(text));

    [Fact]
    public void First_person_is_the_speaker_given_unless_the_text_names_one()
    {
        Assert.Equal("Mia", Assert.Single(Relations.Find("I live in Oslo.", Said, "Mia")).Subject);
        Assert.Equal("Ada", Assert.Single(Relations.Find("Ada: I live in Oslo.", Said, "Mia")).Subject);
    }

    [Fact]
    public void Facts_know_when_they_began_how_sure_they_are_and_where_they_stand()
    {
        const string text = "Well, I have lived in Oslo since 2019.";
        var lives = Assert.Single(Relations.Find(text, Said, null));
        Assert.Equal(new DateTimeOffset(2019, 1, 1, 0, 0, 0, TimeSpan.Zero), lives.ValidFrom);
        Assert.Equal((Relations.Stated, true), (lives.Confidence, lives.Functional));
        Assert.Equal("I have lived in Oslo", text.Substring(lives.Extent.Start, lives.Extent.Length));
        var visit = Assert.Single(Relations.Find("I visited Rome last week.", Said, null));
        Assert.Equal(("2023-05-01", "2023-05-08"), (Day(visit.ValidFrom), Day(visit.ValidTo)));
        var unsure = Assert.Single(Relations.Find("I think Anna lives in Oslo.", Said, null));
        Assert.Equal(Math.Round(Relations.Stated * Relations.Hedge, 4), unsure.Confidence);
    }

    [Fact]
    public void Any_text_is_read_without_failing_and_facts_lie_inside_it()
    {
        var words = "I we my Anna Caroline : 's live lives in Oslo Paris , . ? and but work works at as a nurse not n't favourite color is are blue dog named Luna moved from to born on 7 May 1990 since 2019 have two cats like apples sister name email a@b.co + 555 1234567 34 years old plan if maybe \n".Split(' ');
        Gen.Select(Gen.Int[0, words.Length - 1].Array[0, 40], Gen.Bool).Sample((picks, tight) =>
        {
            var text = string.Join(tight ? "" : " ", picks.Select(i => words[i]));
            foreach (var fact in Extractor.Run(text, Said, null).Relations)
            {
                Assert.True(fact.Extent is { Start: >= 0, Length: > 0 } && fact.Extent.End <= text.Length, text);
                Assert.True(fact.Subject.Length is > 0 and <= 200 && fact.Object.Length is > 0 and <= 200 && fact.Confidence is > 0 and <= 1, text);
            }
            Assert.Equal(Extractor.Run(text, Said, null).Relations, Extractor.Run(text, Said, null).Relations);
        });
        Gen.String.Sample(text => Extractor.Run(text, Said, "X"));
    }

    /// <summary>Eight times the text takes about eight times as long, not sixty-four: the worst that we know of, each in one sentence.</summary>
    [Theory]
    [InlineData("I live in Oslo since May 2019 and ")]
    [InlineData("two hundred thousand ")]
    [InlineData("Anna's ")]
    [InlineData("a.b@c ")]
    [InlineData("I like a, ")]
    public void A_hostile_text_takes_bounded_time(string piece)
    {
        foreach (var length in new[] { 32_000, 2_000_000 })
        {
            var text = string.Concat(Enumerable.Repeat(piece, length / piece.Length));
            var started = Stopwatch.GetTimestamp();
            Extractor.Run(text, Said, null);
            // What grows faster than the text would take minutes; how fast it is otherwise is no test's business.
            Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(10));
        }
    }

    private static string Show(string text) => string.Join("; ", Relations.Find(text, Said, null).Select(fact => $"{fact.Subject} {fact.Predicate} {fact.Object}"));

    private static string? Day(DateTimeOffset? at) => at?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
