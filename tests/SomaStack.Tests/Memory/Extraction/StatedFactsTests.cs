using System.Text.Json;
using CsCheck;
using SomaStack.Intelligence.Memory;

namespace SomaStack.Tests.Memory;

public sealed class StatedFactsTests
{
    private const string Text = "Anna told me that her café in Oslo opens soon; I bake for it.";

    [Theory]
    [InlineData("Anna", "owns", "café in Oslo", 1)]
    [InlineData("anna", "owns", "CAFÉ in oslo", 1)]
    [InlineData("author", "works_at", "café", 1)]
    [InlineData("Anna", "lives_in", "Bergen", 0)]
    [InlineData("Bob", "owns", "café", 0)]
    [InlineData("Ann", "owns", "café", 0)]
    [InlineData("Anna", "Owns It!", "café", 0)]
    [InlineData("Anna", "owns", "", 0)]
    [InlineData("Anna", "owns", "!?", 0)]
    [InlineData("", "owns", "café", 0)]
    public void Only_what_stands_in_the_text_is_taken(string subject, string predicate, string value, int taken)
    {
        var answer = JsonSerializer.Serialize(new { facts = new[] { new { subject, predicate, @object = value, confidence = 1.0 } } });
        var (facts, refused) = StatedFacts.Read(answer, Text)!.Value;
        Assert.Equal((taken, 1 - taken), (facts.Count, refused));
        Assert.All(facts, fact => Assert.Equal(0.7, fact.Confidence));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Here you are: {\"facts\":[]}")]
    [InlineData("[]")]
    [InlineData("{\"facts\":{}}")]
    [InlineData("{\"facts\":[")]
    public void What_is_not_the_json_asked_for_is_unusable(string answer) => Assert.Null(StatedFacts.Read(answer, Text));

    [Fact]
    public void Strange_items_are_refused_one_by_one()
    {
        var (facts, refused) = StatedFacts.Read("""{"facts":[1,null,"x",{"subject":1},{"subject":"Anna","predicate":"owns","object":"café"},{"subject":"Anna","predicate":"owns","object":"café"}]}""", Text)!.Value;
        Assert.Equal((1, 5), (facts.Count, refused));
    }

    [Fact]
    public void A_long_list_is_cut_and_an_endless_answer_unusable()
    {
        var words = string.Join(' ', Enumerable.Range(0, 100).Select(i => "w" + i));
        var answer = JsonSerializer.Serialize(new { facts = Enumerable.Range(0, 100).Select(i => new { subject = "author", predicate = "likes", @object = "w" + i }) });
        Assert.Equal(StatedFacts.FactsMax, StatedFacts.Read(answer, words)!.Value.Facts.Count);
        Assert.Null(StatedFacts.Read(answer + new string(' ', 20_000), words));
    }

    [Fact]
    public void Any_answer_is_read_without_failing() => Gen.String.Sample(answer => StatedFacts.Read(answer, answer));
}
