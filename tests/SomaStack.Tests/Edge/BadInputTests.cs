using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using SomaStack.Platform;
using SomaStack.Server.Edge;

namespace SomaStack.Tests.Edge;

/// <summary>The framework's words are not promised to stay: these tests notice when they change.</summary>
public sealed class BadInputTests
{
    internal sealed record Part(string Label, int Count = 0);

    internal sealed record Sample(string DisplayName, int MaxTokens, DeploymentMode Mode = DeploymentMode.Test, Part? Part = null, IReadOnlyList<Part>? Parts = null, IReadOnlyDictionary<string, string>? Labels = null);

    private static readonly JsonSerializerOptions Options = Make(strict: false);
    private static readonly JsonSerializerOptions Strict = Make(strict: true);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("nul")]
    [InlineData("{'a':1}")]
    [InlineData("{\"display_name\":\"a\",}")]
    [InlineData("{\"display_name\":\"a\",\"max_tokens\":1} x")]
    [InlineData("{\"display_name\":\"a\",\"display_name\":\"b\",\"max_tokens\":1}")]
    public void Text_that_is_no_json_is_malformed(string body)
    {
        var problem = Refused(body, Options);
        Assert.Equal(PlatformProblems.MalformedRequest, problem.Code);
        Assert.DoesNotContain("SomaStack", problem.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "display_name,max_tokens")]
    [InlineData("{\"max_tokens\":1}", "display_name")]
    [InlineData("{\"display_name\":null,\"max_tokens\":1}", "display_name")]
    [InlineData("{\"display_name\":3,\"max_tokens\":1}", "display_name")]
    [InlineData("{\"display_name\":\"a\",\"max_tokens\":\"1\"}", "max_tokens")]
    [InlineData("{\"display_name\":\"a\",\"max_tokens\":1e99}", "max_tokens")]
    [InlineData("{\"display_name\":\"\\ud800\",\"max_tokens\":1}", "display_name")]
    [InlineData("{\"display_name\":\"a\",\"max_tokens\":1,\"mode\":\"none\"}", "mode")]
    [InlineData("{\"display_name\":\"a\",\"max_tokens\":1,\"mode\":3}", "mode")]
    [InlineData("{\"display_name\":\"a\",\"max_tokens\":1,\"part\":{}}", "part.label")]
    [InlineData("{\"display_name\":\"a\",\"max_tokens\":1,\"part\":{\"label\":[]}}", "part.label")]
    [InlineData("{\"display_name\":\"a\",\"max_tokens\":1,\"parts\":[{\"label\":\"x\"},{\"label\":null}]}", "parts[1].label")]
    [InlineData("{\"display_name\":\"a\",\"max_tokens\":1,\"parts\":[{\"label\":\"x\"},null]}", "parts")]
    [InlineData("[]", "body")]
    [InlineData("7", "body")]
    public void Json_of_the_wrong_shape_names_the_field(string body, string fields)
    {
        var problem = Refused(body, Options);
        Assert.Equal(PlatformProblems.InvalidRequest, problem.Code);
        Assert.Equal(fields, string.Join(',', problem.Errors.Select(error => error.Field)));
        Assert.DoesNotContain("SomaStack", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_field_is_named_in_strict_mode_and_passes_otherwise()
    {
        const string body = "{\"display_name\":\"a\",\"max_tokens\":1,\"part\":{\"label\":\"x\",\"colour\":1}}";
        Assert.NotNull(JsonSerializer.Deserialize<Sample>(body, Options));
        var problem = Refused(body, Strict);
        Assert.Equal(PlatformProblems.UnknownField, problem.Code);
        Assert.Equal("part.colour", Assert.Single(problem.Errors).Field);
    }

    [Theory]
    [InlineData("Failed to bind parameter \"Nullable<int> limit\" from \"abc\".", "limit")]
    [InlineData("Required parameter \"string q\" was not provided from query string.", "q")]
    public void A_parameter_that_cannot_be_read_is_named(string message, string field)
    {
        var problem = BadInput.Of(new BadHttpRequestException(message, 400));
        Assert.Equal(PlatformProblems.InvalidRequest, problem.Code);
        Assert.Equal(field, Assert.Single(problem.Errors).Field);
        Assert.DoesNotContain("abc", problem.Detail, StringComparison.Ordinal);
    }

    /// <summary>What comes as a stream, as every request does, is read by another way than a text.</summary>
    [Theory]
    [InlineData("{\"display_name\":\"a\",\"max_tokens\":1,\"parts\":[null]}", "parts")]
    [InlineData("{\"display_name\":\"a\",\"max_tokens\":1,\"labels\":{\"x\":null,\"y\":\"z\"}}", "labels")]
    [InlineData("{\"display_name\":\"a\",\"max_tokens\":1,\"labels\":{\"x\":null}}", "labels")]
    public async Task Null_in_a_list_or_map_that_is_streamed_names_the_field(string body, string field)
    {
        using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(body));
        var refused = await Assert.ThrowsAnyAsync<JsonException>(async () => await JsonSerializer.DeserializeAsync<Sample>(stream, Options, TestContext.Current.CancellationToken));
        Assert.Equal(field, Assert.Single(BadInput.OfJson(refused).Errors).Field);
    }

    private static Problem Refused(string body, JsonSerializerOptions options) =>
        BadInput.OfJson(Assert.ThrowsAny<JsonException>(() => JsonSerializer.Deserialize<Sample>(body, options)));

    private static JsonSerializerOptions Make(bool strict)
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        HttpJson.Configure(options, [new Room("Sample", typeof(BadInputTests).Assembly) { Json = new DefaultJsonTypeInfoResolver() }]);
        if (strict) options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        return options;
    }
}
