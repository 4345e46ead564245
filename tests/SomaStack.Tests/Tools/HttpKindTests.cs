using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Agents.Tools;
using SomaStack.Platform;

namespace SomaStack.Tests.Tools;

public sealed class HttpKindTests
{
    private static readonly HttpKind Kind = new(new SomaOptions());

    [Fact]
    public void A_whole_manifest_has_no_faults() => Assert.Empty(Kind.Check(ManifestReader.Read(Manifests.Weather).Manifest));

    public static TheoryData<string, string, string> Faults => new()
    {
        { "/settings/base_url", "settings", """{"base_url":"https://other.example"}""" },
        { "/settings/base_url", "settings", """{"base_url":"file:///etc/passwd"}""" },
        { "/settings/base_url", "settings", """{"base_url":"https://u:p@api.weather.example"}""" },
        { "/settings/headers", "settings", """{"base_url":"https://api.weather.example","headers":{"Host":"evil"}}""" },
        { "/actions/0/settings/path", "action", """{"method":"GET","path":"/../{city}"}""" },
        { "/actions/0/settings/path", "action", """{"method":"GET","path":"/%2e%2e/{city}"}""" },
        { "/actions/0/settings/path", "action", """{"method":"GET","path":"//evil.example/{city}"}""" },
        { "/actions/0/settings/path", "action", """{"method":"GET","path":"/{city}?a=1"}""" },
        { "/actions/0/settings/path", "action", """{"method":"GET","path":"/{city"}""" },
        { "/actions/0/settings/method", "action", """{"method":"CONNECT","path":"/{city}"}""" },
        { "/actions/0/settings/body", "action", """{"method":"GET","path":"/{city}","body":"days"}""" },
        { "/actions/0/settings", "action", """{"method":"GET","path":"/{town}"}""" },
        { "/actions/0/settings/headers", "action", """{"method":"GET","path":"/{city}","headers":{"Authorization":"city"}}""" },
        { "/actions/0/settings/surprise", "action", """{"method":"GET","path":"/{city}","surprise":1}""" },
    };

    [Theory, MemberData(nameof(Faults))]
    public void What_could_reach_elsewhere_is_refused(string pointer, string place, string value)
    {
        var manifest = ManifestReader.Read(Manifests.Changed(one =>
        {
            if (place == "action") one["actions"]![0]!["settings"] = JsonNode.Parse(value);
            else one["settings"] = JsonNode.Parse(value);
        }).ToJsonString()).Manifest;
        Assert.Contains(Kind.Check(manifest), fault => fault.Field == pointer);
    }

    [Theory]
    [InlineData("""{"city":"Bern","days":3}""", "https://api.weather.example/base/v1/Bern?d=3")]
    [InlineData("""{"city":"a/../../b"}""", "https://api.weather.example/base/v1/a%2F..%2F..%2Fb")]
    [InlineData("""{"city":"x?y#z&w"}""", "https://api.weather.example/base/v1/x%3Fy%23z%26w")]
    [InlineData("""{"city":"@evil.example"}""", "https://api.weather.example/base/v1/%40evil.example")]
    [InlineData("""{"city":"..\\evil"}""", "https://api.weather.example/base/v1/..%5Cevil")]
    [InlineData("""{"city":"Zürich"}""", "https://api.weather.example/base/v1/Z%C3%BCrich")]
    public void Values_are_escaped_and_stay_where_they_are(string arguments, string expected) => Assert.Equal(expected, Address(arguments).AbsoluteUri);

    [Theory]
    [InlineData("""{"city":".."}""")]
    [InlineData("""{"city":"."}""")]
    [InlineData("""{"city":""}""")]
    [InlineData("""{"city":{}}""")]
    [InlineData("""{}""")]
    public void Values_that_are_no_part_of_a_path_are_refused(string arguments) => Assert.Equal("invalid_request", Assert.Throws<Problem>(() => Address(arguments)).Code.Code);

    private static Uri Address(string arguments)
    {
        var action = HttpAction.Read(ManifestReader.Read(Manifests.Weather).Manifest.Actions[0], "", []);
        return HttpKind.Address(new Uri("https://api.weather.example/base/"), action, JsonDocument.Parse(arguments).RootElement);
    }
}
