using SomaStack.Agents.Workflows;

namespace SomaStack.Tests.Workflows.Deciding;

public sealed class RunFormTests
{
    private const string Form = """
        {"properties":{"t":{"type":"string","minLength":2,"maxLength":3,"pattern":"^[a-zé]+$"},"i":{"type":"integer","minimum":1,"maximum":9},"b":{"type":"boolean"},
         "l":{"type":"array","minItems":1,"maxItems":2,"items":{"type":"string","enum":["x","y"]}},"c":{"const":5}},"required":["t"]}
        """;

    [Theory]
    [InlineData("""{"t":"ab"}""", null)]
    [InlineData("""{"t":"éé","i":9.0,"b":false,"l":["x","y"],"c":5}""", null)]
    [InlineData("""{}""", "'t' is missing.")]
    [InlineData("""{"t":5}""", "'t' must be of the type string.")]
    [InlineData("""{"t":"a"}""", "'t' needs at least 2 characters.")]
    [InlineData("""{"t":"abcd"}""", "'t' takes at most 3 characters.")]
    [InlineData("""{"t":"AB"}""", "'t' does not have the form that is asked for.")]
    [InlineData("""{"t":"ab","i":1.5}""", "'i' must be of the type integer.")]
    [InlineData("""{"t":"ab","i":0}""", "'i' must be at least 1.")]
    [InlineData("""{"t":"ab","i":10}""", "'i' must be at most 9.")]
    [InlineData("""{"t":"ab","b":"true"}""", "'b' must be of the type boolean.")]
    [InlineData("""{"t":"ab","l":[]}""", "'l' needs at least 1 items.")]
    [InlineData("""{"t":"ab","l":["x","x","y"]}""", "'l' takes at most 2 items.")]
    [InlineData("""{"t":"ab","l":["z"]}""", "'l' is none of the choices.")]
    [InlineData("""{"t":"ab","c":6}""", "'c' must be 5.")]
    [InlineData("""{"t":"ab","z":1}""", "The form has no field 'z'.")]
    [InlineData("""[]""", "The answer must be an object.")]
    [InlineData("""{""", "The answer is no JSON.")]
    public void An_answer_fits_its_form_or_says_where_not(string answer, string? fault)
    {
        var faults = RunForms.Faults(Form, answer);
        if (fault is null) Assert.Empty(faults);
        else Assert.Equal([fault], faults);
    }
}
