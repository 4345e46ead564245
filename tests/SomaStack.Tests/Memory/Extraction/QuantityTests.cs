using System.Globalization;
using CsCheck;
using SomaStack.Intelligence.Memory;

namespace SomaStack.Tests.Memory;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("It cost $1,200.50.", "1200.5 USD Money")]
    [InlineData("a loan of $1.5 million", "1500000 USD Money")]
    [InlineData("twenty euros", "20 EUR Money")]
    [InlineData("20k dollars", "20000 USD Money")]
    [InlineData("He weighs 80 kg", "80 kg Mass")]
    [InlineData("two pounds of flour", "0.907185 kg Mass")]
    [InlineData("a 5 km run", "5000 m Length")]
    [InlineData("3 feet tall", "0.9144 m Length")]
    [InlineData("for 90 minutes", "5400 s Duration")]
    [InlineData("two and a half years", "30 month Duration")]
    [InlineData("12.5%", "12.5 % Percent")]
    [InlineData("two dozen eggs", "24 egg Count")]
    [InlineData("half a dozen cookies", "6 cookie Count")]
    [InlineData("three small children", "3 child Count")]
    [InlineData("I have two cats and one dog.", "2 cat Count, 1 dog Count")]
    [InlineData("one hundred and fifty people", "150 person Count")]
    [InlineData("twenty-five books", "25 book Count")]
    [InlineData("86 °F outside", "30 °C Temperature")]
    [InlineData("on 5/7/2023 at 10:30, room 12, the 7th of May 2023", "")]
    [InlineData("version 1.2.3 is here", "")]
    [InlineData("We are three now.", "")]
    public void Amounts_are_found_in_one_unit_each(string text, string expected) => Assert.Equal(expected, string.Join(", ", Quantities.Find(text).Select(Show)));

    [Fact]
    public void Any_text_is_read_without_failing()
    {
        var words = "a half dozen of two hundred and twenty - five $ kg 1,000 7.5 miles % . / million cats k ° c".Split(' ');
        Gen.Int[0, words.Length - 1].Select(i => words[i]).Array[0, 40].Sample(parts =>
        {
            foreach (var mention in Quantities.Find(string.Join(' ', parts)).Concat(Quantities.Find(string.Concat(parts)))) Assert.True(double.IsFinite(mention.Value));
        });
    }

    private static string Show(QuantityMention mention) => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(mention.Value, 6)} {mention.Unit} {mention.Dimension}");
}
