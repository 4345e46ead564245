using CsCheck;
using SomaStack.Intelligence.Memory;

namespace SomaStack.Tests.Memory;

public sealed class EntityTests
{
    [Theory]
    [InlineData("Caroline: Hey Mel! I went to Oslo.", "caroline/Person mel/Person oslo/Place")]
    [InlineData("My sister Anna works at Equinor in Stavanger.", "anna/Person equinor/Organisation stavanger/Place")]
    [InlineData("The dog is called Luna. Luna likes Zorgon.", "luna/Person luna/Person zorgon/Other")]
    [InlineData("When Anna came, It rained. The Car was red.", "anna/Person car/Other")]
    [InlineData("He studied at the University of Oslo and met Dr. Smith.", "university of oslo/Organisation smith/Person")]
    [InlineData("We flew to New York and drove to Zermatt.", "new york/Place zermatt/Place")]
    [InlineData("New ideas are good. Great!", "")]
    [InlineData("Caroline's mother is J. K. Rowling.", "caroline/Person j. k. rowling/Other")]
    [InlineData("On Monday in May I met Ludwig van Beethoven.", "ludwig van beethoven/Other")]
    [InlineData("She works for Blorptec. Blorptec is big.", "blorptec/Organisation blorptec/Organisation")]
    [InlineData("I LOVE THIS SO MUCH", "")]
    [InlineData("We use NASA data.", "nasa/Organisation")]
    [InlineData("I swam in Lake Mjøsa near Hamar City.", "lake mjøsa/Place hamar city/Place")]
    [InlineData("Thanks! Sounds good. Take care.", "")]
    [InlineData("Anna-Lena and Jean-Luc said hello.", "anna-lena/Person jean-luc/Person")]
    [InlineData("user: where is Bob?", "bob/Person")]
    [InlineData("東京に住んでいます", "")]
    [InlineData("Меня зовут Анна. Я живу в Москве.", "")]
    public void Names_are_found_with_what_they_name(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', Entities.Find(text).Select(mention => $"{mention.Normalised}/{mention.Kind}")));

    [Fact]
    public void The_extent_is_where_the_name_stands()
    {
        const string text = "Then I saw Anna\u2019s house and José.";
        Assert.Equal(["Anna", "José"], Entities.Find(text).Select(mention => text.Substring(mention.Extent.Start, mention.Extent.Length)));
    }

    [Fact]
    public void Names_are_told_once() => Assert.Equal(["bob", "oslo"], Entities.Names("Bob lives in Oslo. In Oslo, Bob swims."));

    [Fact]
    public void Any_text_is_read_without_failing_and_extents_ascend() =>
        Gen.String[Gen.OneOf(Gen.Char, Gen.Char['A', 'Z'], Gen.Char['a', 'e'], Gen.Int[0, 8].Select(i => " '.:\n-&@\ud800"[i])), 0, 80].Sample(text =>
        {
            var last = 0;
            foreach (var mention in Entities.Find(text))
            {
                Assert.True(mention.Extent.Start >= last && mention.Extent.End <= text.Length && mention.Extent.Length > 0);
                last = mention.Extent.End;
            }
        });
}
