using System.Text.Json;
using SomaStack.Platform.Cel;

namespace SomaStack.Tests.Cel;

public sealed class TemplateTests
{
    [Theory]
    [InlineData("plain", "\"plain\"")]
    [InlineData("{{ a }}", "1")]
    [InlineData("{{ a + 1 }}", "2")]
    [InlineData("{{ d * 2.0 }}", "3")]
    [InlineData(" {{ a }}", "\" 1\"")]
    [InlineData("{{ a }}{{ s }}", "\"1x'y\"")]
    [InlineData("{{ m }}", "{\"k\":[1,null]}")]
    [InlineData("is {{ m }}", "\"is {\\\"k\\\":[1,null]}\"")]
    [InlineData("{{ missing }}", null)]
    [InlineData("{{ missing | default(7) }}", "7")]
    [InlineData("{{ m.no | default('none') }}", "\"none\"")]
    [InlineData("{{ nothing | default([1]) | json }}", "\"[1]\"")]
    [InlineData("{{ nothing }}", "null")]
    [InlineData("<{{ nothing }}>", "\"<>\"")]
    [InlineData("{{ m.k | length }}", "2")]
    [InlineData("{{ ['a', 'b', 3] | join('|') | upper }}", "\"A|B|3\"")]
    [InlineData("{{ '  Ab ' | trim | lower }}", "\"ab\"")]
    [InlineData("{{ a == 1 || a == 2 }}", "true")]
    [InlineData("{{ {'a}}': 1} }}", "{\"a}}\":1}")]
    [InlineData("{{ '}}' + \"|\" + r'\\d' }}", "\"}}|\\\\d\"")]
    [InlineData("{{ 1 / 0 }}", null)]
    [InlineData("{{ a | upper }}", null)]
    [InlineData("{{ timestamp('2026-01-02T03:04:05Z') }}", "\"2026-01-02T03:04:05Z\"")]
    [InlineData("{{ {1: 'a', 'b': true} }}", "{\"1\":\"a\",\"b\":true}")]
    [InlineData("{{ 1.0 / 0.0 }}", null)]
    public void A_hole_gives_its_value_and_text_around_it_makes_text(string template, string? json)
    {
        var (environment, slots) = Environment();
        var parsed = Template.Parse(template, environment);
        var frame = new Frame(parsed.Slots);
        frame.Refill(100_000);
        using var document = JsonDocument.Parse("""{"a":1,"d":1.5,"s":"x'y","m":{"k":[1,null]},"nothing":null}""");
        foreach (var (name, slot) in slots)
            if (slot < parsed.Slots && document.RootElement.TryGetProperty(name, out var value)) frame.Slots[slot] = JsonMap.From(value, frame, whole: true);
        Assert.Equal(json, CelJson.Text(parsed.Evaluate(frame), frame));
    }

    [Theory]
    [InlineData("{{ }}", 1, 3)]
    [InlineData("x {{ a", 1, 3)]
    [InlineData("x\n  {{ b }}", 2, 6)]
    [InlineData("{{ a | nope }}", 1, 8)]
    [InlineData("{{ a | default }}", 1, 8)]
    [InlineData("{{ a | upper(1) }}", 1, 13)]
    [InlineData("{{ a | join(1) }}", 1, 13)]
    [InlineData("{{ a +\n  }}", 2, 3)]
    [InlineData("{{ a | default(b) }}", 1, 16)]
    public void A_template_that_is_none_is_refused_with_its_place(string template, int line, int column)
    {
        var refused = Assert.Throws<CelException>(() => Template.Parse(template, Environment().Environment));
        Assert.Equal((line, column), (refused.Line, refused.Column));
    }

    [Fact]
    public void What_grows_without_end_is_stopped()
    {
        var parsed = Template.Parse("{{ [1,2,3,4,5,6,7,8,9].map(a1, [1,2,3,4,5,6,7,8,9].map(b1, [1,2,3,4,5,6,7,8,9].map(c1, [1,2,3,4,5,6,7,8,9].map(d1, 'aaaaaaaa')))) | json }}", Environment().Environment);
        var frame = new Frame(parsed.Slots);
        frame.Refill(5_000);
        Assert.Throws<CelCostException>(() => parsed.Evaluate(frame));
    }

    private static (CelEnvironment Environment, Dictionary<string, int> Slots) Environment()
    {
        var environment = new CelEnvironment();
        var slots = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var name in new[] { "a", "d", "s", "m", "nothing", "missing" }) slots.Add(name, environment.Declare(name, CelType.Dyn));
        return (environment, slots);
    }
}
