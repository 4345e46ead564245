using System.Text.Json;
using SomaStack.Intelligence.Benchmarks;

namespace SomaStack.Tests.Benchmarks;

public sealed class JsonShapeTests
{
    private const string Weather = """{"type":"object","properties":{"city":{"enum":["Oslo","oslo"]},"days":{"type":"integer","minimum":0,"maximum":3},"tags":{"type":"array","items":{"type":"string"},"minItems":1}},"required":["city"],"additionalProperties":false}""";

    [Theory]
    [InlineData("""{"city":"Oslo"}""", true)]
    [InlineData("""{"city":"Oslo","days":2.0,"tags":["a"]}""", true)]
    [InlineData("""{"city":"Oslo","days":2.5}""", false)]
    [InlineData("""{"city":"Oslo","days":4}""", false)]
    [InlineData("""{"city":"Oslo","days":"2"}""", false)]
    [InlineData("""{"city":"Bergen"}""", false)]
    [InlineData("""{"days":1}""", false)]
    [InlineData("""{"city":"Oslo","wind":true}""", false)]
    [InlineData("""{"city":"Oslo","tags":[]}""", false)]
    [InlineData("""{"city":"Oslo","tags":[1]}""", false)]
    [InlineData("[]", false)]
    public void A_value_fits_or_does_not(string value, bool fits) => Assert.Equal(fits, JsonShape.Holds(Parse(Weather), Parse(value)));

    [Theory]
    [InlineData("""{"const":250}""", "250.0", true)]
    [InlineData("""{"const":250}""", "\"250\"", false)]
    [InlineData("""{"type":"string","minLength":2}""", "\"\ud83d\ude00\"", false)]
    public void Numbers_are_compared_by_value_and_lengths_by_characters(string schema, string value, bool fits) => Assert.Equal(fits, JsonShape.Holds(Parse(schema), Parse(value)));

    [Theory]
    [InlineData("""{"pattern":"a+"}""")]
    [InlineData("""{"properties":{"x":{"oneOf":[]}}}""")]
    [InlineData("""{"type":"text"}""")]
    [InlineData("[]")]
    public void A_keyword_that_is_not_understood_is_refused(string schema) => Assert.NotNull(JsonShape.Fault(Parse(schema)));

    [Fact]
    public void A_schema_that_is_understood_has_no_fault() => Assert.Null(JsonShape.Fault(Parse(Weather)));

    [Theory]
    [InlineData("get", """{"city":"Oslo"}""", "get", 1.0)]
    [InlineData("get", """{"city":"Rome"}""", "get", 0.5)]
    [InlineData("get", null, "get", 0.5)]
    [InlineData("set", """{"city":"Oslo"}""", "get", 0.0)]
    [InlineData("get", """{"city":"Oslo"}""", null, 0.0)]
    public void A_call_is_graded_by_tool_and_arguments(string called, string? arguments, string? wanted, double quality) =>
        Assert.Equal(quality, Grader.Calls([new AskedCall(called, arguments is null ? default : Parse(arguments))], wanted, Parse(Weather)));

    [Fact]
    public void No_call_and_two_calls_are_right_only_where_none_is_wanted()
    {
        var call = new AskedCall("get", Parse("""{"city":"Oslo"}"""));
        Assert.Equal(1, Grader.Calls([], null, null));
        Assert.Equal(0, Grader.Calls([], "get", Parse(Weather)));
        Assert.Equal(0, Grader.Calls([call, call], "get", Parse(Weather)));
    }

    [Theory]
    [InlineData("""{"city":"Oslo"}""", 1)]
    [InlineData("```json\n{\"city\":\"Oslo\"}\n```", 1)]
    [InlineData("Here: {\"city\":\"Oslo\"}", 0)]
    [InlineData("""{"city":""", 0)]
    public void A_whole_answer_must_be_json(string answer, double quality) => Assert.Equal(quality, Grader.Json(answer, Parse(Weather)));

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}
