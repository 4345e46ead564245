using SomaStack.Intelligence.Memory;

namespace SomaStack.Tests.Memory;

public sealed class SimHashTests
{
    private const string Text = "The quarterly report about solar panels, heat pumps and wind farms in northern Norway was sent to every member of the board before lunch";

    [Fact]
    public void The_same_words_have_the_same_fingerprint_and_other_texts_differ_in_about_half_the_bits()
    {
        Assert.Equal(Of(Text), Of("  " + Text.ToUpperInvariant() + "!"));
        var random = new Random(7);
        var texts = Enumerable.Range(0, 200).Select(_ => string.Join(' ', Enumerable.Range(0, 40).Select(_ => "w" + random.Next(5000)))).Select(Of).ToList();
        var distances = texts.Skip(1).Select(hash => SimHash.Distance(hash!.Value, texts[0]!.Value)).ToList();
        Assert.InRange(distances.Average(), 29, 35);
        Assert.All(distances, distance => Assert.True(distance > SimHash.DistanceMax));
    }

    [Theory]
    [InlineData(Text + " today", true)]
    [InlineData(Text + " 12", false)]
    [InlineData("never " + Text, false)]
    [InlineData("The quarterly report about solar panels", false)]
    public void Near_is_what_differs_in_a_word_but_in_no_number_and_no_negation(string other, bool near) =>
        Assert.Equal(near, SimHash.AreNear(Analyser.Document(Text), Analyser.Document(other)));

    [Fact]
    public void A_short_text_has_no_fingerprint() => Assert.Null(Of("one two three four"));

    [Theory]
    [InlineData("a  b\n c ", "a b c", true)]
    [InlineData("ﬁne", "fine", true)]
    [InlineData("A b", "a b", false)]
    public void The_content_hash_sees_neither_spacing_nor_presentation_forms(string a, string b, bool same) => Assert.Equal(same, ContentHash.Of(a) == ContentHash.Of(b));

    private static long? Of(string text) => SimHash.Of(Analyser.Document(text));
}
