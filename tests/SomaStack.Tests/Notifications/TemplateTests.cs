using System.Net;
using CsCheck;
using SomaStack.Operations.Notifications;

namespace SomaStack.Tests.Notifications;

/// <summary>Templates: what is not known is refused, what is shown is encoded, and nothing runs away.</summary>
public sealed class TemplateTests
{
    private static readonly Dictionary<string, object> Values = new()
    {
        ["title"] = "<b onclick=\"x('y')\">&", ["count"] = 3L, ["yes"] = true, ["item"] = new Dictionary<string, object> { ["name"] = "<i>" }, ["items"] = Enumerable.Range(0, 200).Select(static i => (object)("n" + i)).ToList(),
    };

    [Theory]
    [InlineData("{{ title }}")]
    [InlineData("{{ title | upcase }}")]
    [InlineData("{{ title | downcase | capitalize }}")]
    [InlineData("{{ title | strip | strip_newlines }}")]
    [InlineData("{{ title | truncate: 12 }}")]
    [InlineData("{{ title | truncatewords: 1, '<b>' }}")]
    [InlineData("{{ title | default: '<b>' }}")]
    [InlineData("{{ '<b>' }}")]
    [InlineData("{{ item.name }}")]
    [InlineData("{% assign x = title %}{{ x }}")]
    [InlineData("{{ '2026-11-28' | date: '<b>%Y' }}")]
    public async Task In_html_every_value_is_encoded_whatever_the_template_says(string source)
    {
        var html = await RenderAsync(source, html: true);
        Assert.DoesNotContain('<', html);
        Assert.DoesNotContain('"', html);
        Assert.NotEqual("", html);
    }

    [Fact]
    public async Task In_plain_text_nothing_is_encoded() => Assert.Equal("<b onclick=\"x('y')\">& 3", await RenderAsync("{{ title }} {{ count }}", html: false));

    [Theory]
    [InlineData("{{ nobody }}")]
    [InlineData("{{ item.nobody }}")]
    [InlineData("{% if nobody == 1 %}x{% endif %}")]
    [InlineData("{{ title | raw }}")]
    [InlineData("{{ title | append: title }}")]
    [InlineData("{{ title | nothing }}")]
    public async Task What_is_not_known_is_a_fault(string source) => await Assert.ThrowsAsync<TemplateFault>(() => RenderAsync(source, html: true));

    [Theory]
    [InlineData("{{ title ")]
    [InlineData("{% if title %}")]
    [InlineData("{% capture x %}a{% endcapture %}")]
    [InlineData("{% include 'x' %}")]
    [InlineData("{% render 'x' %}")]
    [InlineData("{% liquid\n assign x = 1 %}")]
    [InlineData("{% for i in (1..2000000000) %}x{% endfor %}")]
    [InlineData("{% assign r = (1..2000000000) %}")]
    public void What_cannot_be_parsed_is_refused(string source)
    {
        Assert.Null(TemplateEngine.Parse(source, out var fault));
        Assert.NotEqual("", fault);
    }

    [Fact]
    public void A_fault_names_its_line_and_column()
    {
        Assert.Null(TemplateEngine.Parse("one\ntwo {% if %}", out var fault));
        Assert.Contains("(2:", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{% for a in items %}{% for b in items %}x{% endfor %}{% endfor %}")]
    [InlineData("{% for a in items %}{% for b in items %}{{ title }}{{ title }}{{ title }}{{ title }}{% endfor %}{% endfor %}")]
    public async Task What_runs_too_long_or_makes_too_much_is_ended(string source) => await Assert.ThrowsAsync<TemplateFault>(() => RenderAsync(source, html: true));

    [Fact]
    public async Task Random_templates_end_in_a_text_or_a_fault()
    {
        var pieces = Gen.OneOf("{{", "}}", "{%", "%}", "title", "for x in items", "endfor", "if yes", "endif", " | ", "upcase", "assign a = ", "'", "\"", "..", "(", ")", "1", ".", "\n", "raw", "endraw", "x", "else", "-", ":");
        await pieces.Array[0, 12].Select(static parts => string.Join(' ', parts)).SampleAsync(async source =>
        {
            if (TemplateEngine.Parse(source, out _) is not { } template) return;
            var fault = await Record.ExceptionAsync(() => TemplateEngine.RenderAsync(template, Values, html: true));
            Assert.True(fault is null or TemplateFault, fault?.ToString());
        }, iter: 2000);
    }

    [Fact]
    public async Task The_built_in_templates_render_with_everything_and_with_nothing()
    {
        var one = WebhookRuleTests.Some("A body\nof two lines with <b>", title: "A <title>");
        foreach (var decision in new[] { null, new DecisionAddresses("https://s.example/yes", "https://s.example/no", one.CreatedAt) })
        {
            var content = await EmailTemplates.RenderAsync(DefaultTemplates.All[EmailTemplates.NotificationName], TemplateValues.Of(one, decision, static link => "https://s.example" + link, "https://s.example/u"));
            Assert.Equal("A <title>", content.Subject);
            Assert.Contains("https://s.example/u", content.Text, StringComparison.Ordinal);
            Assert.Contains("A &lt;title&gt;", content.Html, StringComparison.Ordinal);
            Assert.Equal(decision is not null, content.Text.Contains("https://s.example/yes", StringComparison.Ordinal));
            Assert.DoesNotContain("<b>", content.Html, StringComparison.Ordinal);
        }
        var digest = await EmailTemplates.RenderAsync(
            DefaultTemplates.All[EmailTemplates.DigestName], TemplateValues.Of(new Digest("demo", "d", "ada", new DateOnly(2026, 11, 28), [one, one], 5), static link => "https://s.example" + link, "https://s.example/u"));
        Assert.Equal("7 notifications of 2026-11-28", digest.Subject);
        Assert.Equal(2, digest.Html.Split("A &lt;title&gt;").Length - 1);
        Assert.Contains("and 5 more", digest.Text, StringComparison.Ordinal);
        var code = await EmailTemplates.RenderAsync(DefaultTemplates.All[EmailTemplates.VerifyName], TemplateValues.OfCode("demo", "12345678", 10));
        Assert.Contains("12345678", WebUtility.HtmlDecode(code.Html), StringComparison.Ordinal);
    }

    private static Task<string> RenderAsync(string source, bool html)
    {
        var template = TemplateEngine.Parse(source, out var fault);
        Assert.True(template is not null, fault);
        return TemplateEngine.RenderAsync(template, Values, html);
    }
}
