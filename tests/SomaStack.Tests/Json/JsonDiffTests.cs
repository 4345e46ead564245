using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Tests.Json;

public sealed class JsonDiffTests
{
    [Theory]
    [InlineData("{}", "{}", "")]
    [InlineData("""{"a":1}""", """{"a":1.0}""", "")]
    [InlineData("""{"a":1,"b":2}""", """{"b":3,"c":4}""", "/a removed, /b changed, /c added")]
    [InlineData("""{"a":{"b":[1,2]}}""", """{"a":{"b":[1,3,4]}}""", "/a/b/1 changed, /a/b/2 added")]
    [InlineData("""{"p":[{"id":"x","t":1},{"id":"y","t":2}]}""", """{"p":[{"id":"y","t":2},{"id":"x","t":5},{"id":"z"}]}""", "/p[id=x]/t changed, /p[id=z] added")]
    [InlineData("""{"p":[{"id":"x"},{"id":"x"}]}""", """{"p":[{"id":"x"}]}""", "/p/1 removed")]
    [InlineData("""{"a":null}""", """{"a":[]}""", "/a changed")]
    [InlineData("1", "2", " changed")]
    public void It_says_what_changed(string from, string to, string expected)
    {
        using var before = JsonDocument.Parse(from);
        using var after = JsonDocument.Parse(to);
        Assert.Equal(expected, string.Join(", ", JsonDiff.Between(before.RootElement, after.RootElement).Select(static change => $"{change.Path} {change.Op}")));
    }
}
