using SomaStack.Agents.Voice;

namespace SomaStack.Tests.Voice;

public sealed class SpeechTextTests
{
    [Fact]
    public void An_answer_is_cut_into_the_same_sentences_however_it_comes()
    {
        const string Answer = "The crane is old. Dr. Osei checks it at 7.30 every day! Does A. Smith? Yes:\n- brakes\n- cables, e.g. the long one.\nThat is all";
        string[] expected = ["The crane is old.", "Dr. Osei checks it at 7.30 every day!", "Does A. Smith?", "Yes:", "- brakes", "- cables, e.g. the long one.", "That is all"];
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var run = 0; run < 100; run++)
        {
            var (cutter, found) = (new SentenceCutter(), new List<string>());
            for (var at = 0; at < Answer.Length;)
            {
                var length = Math.Min(random.Next(1, 20), Answer.Length - at);
                found.AddRange(cutter.Add(Answer.Substring(at, length)));
                at += length;
            }
            found.AddRange(cutter.Finish());
            Assert.True(expected.SequenceEqual(found), $"seed {seed}: {string.Join(" | ", found)}");
        }
    }

    [Fact]
    public void The_first_sentence_is_there_before_the_second_ends()
    {
        var cutter = new SentenceCutter();
        Assert.Empty(cutter.Add("It is open"));
        Assert.Equal(["It is open."], cutter.Add(". It clo"));
        Assert.Equal(["It closes"], [.. cutter.Add("ses"), .. cutter.Finish()]);
    }

    [Theory]
    [InlineData(' ')]
    [InlineData(',')]
    [InlineData('x')]
    [InlineData('\uD83D')]
    public void No_sentence_is_longer_than_a_breath_and_nothing_is_lost(char between)
    {
        var text = between == '\uD83D' ? string.Concat(Enumerable.Repeat("\uD83D\uDE00", 1000)) : string.Join(between, Enumerable.Repeat("word", 400));
        var cutter = new SentenceCutter();
        string[] found = [.. cutter.Add(text), .. cutter.Finish()];
        Assert.True(found.Length > 5);
        Assert.All(found, static sentence => Assert.InRange(sentence.Length, 1, VoiceLimits.SentenceLengthMax));
        Assert.All(found, static sentence => Assert.False(char.IsLowSurrogate(sentence[0]) || char.IsHighSurrogate(sentence[^1])));
        Assert.Equal(text.Replace(" ", "", StringComparison.Ordinal), string.Concat(found).Replace(" ", "", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Its brakes are checked by Mira Osei [1], [2, 3].", "Its brakes are checked by Mira Osei,.")]
    [InlineData("## **Bold** and `code` and __more__", "Bold and code and more")]
    [InlineData("- see [the page](https://a.example/x?y=1)", "see the page")]
    [InlineData("Look at https://docs.example.org/a/b#c.", "Look at docs.example.org")]
    [InlineData("| a | b |", "a b")]
    [InlineData("> quoted", "quoted")]
    [InlineData("2 * 3 is six", "2 3 is six")]
    [InlineData("snake_case stays", "snake_case stays")]
    [InlineData("[1]", null)]
    [InlineData("---", null)]
    public void What_is_for_the_eye_is_not_read(string sentence, string? read) => Assert.Equal(read, new Readable().Of(sentence));

    [Fact]
    public void Code_is_left_to_the_screen()
    {
        var readable = new Readable();
        Assert.Equal(["Do this:", null, null, null, "Then stop."], new[] { "Do this:", "```sh", "rm -rf x", "```", "Then stop." }.Select(readable.Of));
        Assert.Equal([null, "Go on."], new[] { "```ls```", "Go on." }.Select(readable.Of));
    }
}
