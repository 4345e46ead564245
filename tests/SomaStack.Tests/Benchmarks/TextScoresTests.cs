using CsCheck;
using SomaStack.Intelligence.Benchmarks;

namespace SomaStack.Tests.Benchmarks;

public sealed class TextScoresTests
{
    private static readonly string[] Some = ["the", "cat", "sat", "on", "mat", "A", "dog", "über", "1977", "e\u0301t\u00e9"];

    private static readonly Gen<string> Sentence = Gen.Int[0, 9].Array[1, 12].Select(static places => string.Join(' ', places.Select(static i => Some[i])));

    [Theory]
    [InlineData("The  Red Sea!", "red sea", 1)]
    [InlineData("It is the Red Sea.", "red sea", 0)]
    [InlineData("", "", 1)]
    public void Exact_forgives_case_articles_and_punctuation(string answer, string expected, double quality) => Assert.Equal(quality, TextScores.Exact(answer, expected));

    [Theory]
    [InlineData("It passed Saturn in 1980.", "1980", 1)]
    [InlineData("It passed Saturn in 19801.", "1980", 0)]
    [InlineData("Into the Black, wide Sea", "Black Sea", 0)]
    [InlineData("anything", "the", 0)]
    public void Contains_takes_whole_words_next_to_each_other(string answer, string expected, double quality) => Assert.Equal(quality, TextScores.Contains(answer, expected));

    /// <summary>By hand: "cat sat on mat" against "cat on the mat": 3 common, precision 3/4, recall 3/3.</summary>
    [Fact]
    public void Token_f1_is_squads() => Assert.Equal(2 * 0.75 / 1.75, TextScores.TokenF1("The cat sat on a mat", "cat on the mat"), 12);

    /// <summary>Lin 2004, section 3.1: the longest common subsequence of S2 with S1 has 3 of 4 words, of S3 with S1 2 of 4.</summary>
    [Fact]
    public void Rouge_l_gives_the_values_of_its_papers_example()
    {
        Assert.Equal(0.75, TextScores.RougeL("police kill the gunman", "police killed the gunman"), 12);
        Assert.Equal(0.5, TextScores.RougeL("the gunman kill police", "police killed the gunman"), 12);
    }

    /// <summary>By hand, "abc" against "abd": one letter of three and none of higher orders differ: P = R = (2/3 + 1/2 + 0) / 3.</summary>
    [Fact]
    public void Chrf_averages_the_orders_that_both_texts_are_long_enough_for() => Assert.Equal((2 / 3.0 + 1 / 2.0) / 3, TextScores.ChrF("abc", "abd"), 12);

    /// <summary>By hand: precision 1, recall (1/2 + 0...): "ab" in "abab": orders 1 and 2 have P = 1, R = 2/4 and 1/3; F2 of 1 and 5/12.</summary>
    [Fact]
    public void Chrf_weighs_recall_twice()
    {
        const double recall = (2 / 4.0 + 1 / 3.0) / 2;
        Assert.Equal(5 * recall / (4 + recall), TextScores.ChrF("ab", "abab"), 12);
    }

    [Theory]
    [InlineData("the cat sat", "the cat sat", 0)]
    [InlineData("cat sat", "the cat sat", 1 / 3.0)]
    [InlineData("the the cat sat down", "the cat sat", 2 / 3.0)]
    [InlineData("a b c d", "x", 4)]
    [InlineData("", "two words", 1)]
    public void Word_error_rate_counts_the_fewest_changes_over_the_reference(string heard, string reference, double rate) => Assert.Equal(rate, TextScores.WordErrorRate(heard, reference), 12);

    [Fact]
    public void A_reference_without_words_has_no_error_rate() => Assert.Throws<ArgumentException>(() => TextScores.WordErrorRate("x", " ... "));

    [Fact]
    public void Every_grade_lies_between_0_and_1_and_a_text_is_like_itself() => Gen.Select(Sentence, Sentence).Sample((answer, expected) =>
    {
        foreach (var grader in Grader.Names.Where(name => name is not ("json_schema" or "tool_call" or "rank")))
        {
            Assert.InRange(Grader.Text(grader, answer, expected), 0, 1);
            if (TextScores.Normalise(answer).Length > 0) Assert.Equal(1, Grader.Text(grader, answer, answer), 12);
        }
    });

    [Fact]
    public void Edits_are_symmetric_obey_the_triangle_and_are_bounded_by_the_longer_text() => Gen.Select(Sentence, Sentence, Sentence).Sample((first, second, third) =>
    {
        var (a, b, c) = (TextScores.LettersAndDigits(first), TextScores.LettersAndDigits(second), TextScores.LettersAndDigits(third));
        Assert.Equal(TextScores.Levenshtein(a, b), TextScores.Levenshtein(b, a));
        Assert.True(TextScores.Levenshtein(a, c) <= TextScores.Levenshtein(a, b) + TextScores.Levenshtein(b, c));
        Assert.InRange(TextScores.Levenshtein(a, b), Math.Abs(a.Count - b.Count), Math.Max(a.Count, b.Count));
    });

    [Fact]
    public void More_expected_answers_never_lower_a_grade() => Gen.Select(Sentence, Sentence, Sentence).Sample((answer, one, other) =>
        Assert.True(Grader.Text("token_f1", answer, [one, other]) >= Grader.Text("token_f1", answer, one)));

    [Theory]
    [InlineData(new[] { 0.1, 0.9, 0.3 }, 1, 1.0)]
    [InlineData(new[] { 0.95, 0.9, 0.3 }, 1, 0.5)]
    [InlineData(new[] { 0.9, 0.9, 0.9 }, 1, 1 / 3.0)]
    public void A_rank_counts_equals_before_the_right_one(double[] likeness, int right, double quality) => Assert.Equal(quality, Grader.ReciprocalRank(likeness, right), 12);
}
