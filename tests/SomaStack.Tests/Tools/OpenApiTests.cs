using System.Text.Json;
using SomaStack.Agents.Tools;
using SomaStack.Platform;

namespace SomaStack.Tests.Tools;

public sealed class OpenApiTests
{
    public const string Petstore = "/work/shared/data/openapi/petstore.yaml";

    private static readonly ImportOpenApi Import = new(new HttpKind(new SomaOptions()));

    [Fact]
    public void The_petstore_becomes_a_manifest_whose_risks_follow_from_its_methods()
    {
        Assert.SkipUnless(File.Exists(Petstore), $"{Petstore} is not on this machine.");
        var answer = Import.Run(new ImportRequest(File.ReadAllText(Petstore), "petstore")).Value!;
        var manifest = ManifestReader.Read(answer.Manifest.GetRawText());
        Assert.Equal(answer.ManifestDigest, manifest.Digest);
        Assert.Equal("https://petstore3.swagger.io", Assert.Single(manifest.Manifest.Egress));
        var actions = manifest.Manifest.Actions.ToDictionary(action => action.Name, StringComparer.Ordinal);
        Assert.Equal(18, actions.Count);
        Assert.Equal(("low", true, true), (actions["getPetById"].Risk, actions["getPetById"].ReadOnly, actions["getPetById"].Idempotent));
        Assert.Equal(("medium", false, false), (actions["addPet"].Risk, actions["addPet"].ReadOnly, actions["addPet"].Idempotent));
        Assert.Equal(("high", false, true), (actions["deletePet"].Risk, actions["deletePet"].ReadOnly, actions["deletePet"].Idempotent));
        Assert.Contains(answer.Skipped, one => one.Field == "/paths/~1pet~1{petId}~1uploadImage/post/requestBody");
        var pet = ActionSchema.Compile(actions["addPet"].Input);
        Assert.Empty(pet.Check(Parse("""{"body":{"name":"Rex","photoUrls":[],"category":{"id":1},"status":"sold"}}""")));
        Assert.Equal(["/body/photoUrls"], pet.Check(Parse("""{"body":{"name":"Rex"}}""")).Select(error => error.Field));
        Assert.Equal(["/body/status"], pet.Check(Parse("""{"body":{"name":"Rex","photoUrls":[],"status":"eaten"}}""")).Select(error => error.Field));
        Assert.NotEmpty(ActionSchema.Compile(actions["getPetById"].Input).Check(Parse("""{"petId":"one"}""")));
    }

    [Theory]
    [InlineData("paths: {/a: {get: {parameters: [{$ref: 'other.yaml#/p'}]}}}", "openapi_invalid")]
    [InlineData("paths: {/a: {post: {requestBody: {content: {application/json: {schema: {$ref: 'https://evil.example/s'}}}}}}}", "openapi_invalid")]
    [InlineData("paths: {/a: {get: {parameters: [{$ref: '#/components/parameters/p'}]}}}\ncomponents: {parameters: {p: {$ref: '#/components/parameters/p'}}}", "openapi_invalid")]
    [InlineData("paths: {/a: {post: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/none'}}}}}}}", "openapi_invalid")]
    [InlineData("paths: {}", "openapi_invalid")]
    [InlineData("paths: &a {/a: {get: {}}}\nx: *a", "openapi_invalid")]
    [InlineData("paths: {/a: {get: {}}}\npaths: {}", "openapi_invalid")]
    [InlineData("paths: !!binary abc", "openapi_invalid")]
    [InlineData("paths: {/a/../b: {get: {}}}", "manifest_invalid")]
    public void What_leads_out_or_round_in_circles_is_refused(string rest, string code) =>
        Assert.Equal(code, Assert.Throws<Problem>(() => Import.Run(new ImportRequest("openapi: 3.1.0\ninfo: {title: T, version: '1'}\nservers: [{url: https://a.example}]\n" + rest))).Code.Code);

    [Fact]
    public void Other_versions_and_bombs_are_refused()
    {
        foreach (var text in new[] { "swagger: '2.0'\npaths: {/a: {get: {}}}", "", "- a", "a: [", new string('[', 100_000), "openapi: 3.1.0\nx: " + new string('y', 3 << 20) })
            Assert.Equal("openapi_invalid", Assert.Throws<Problem>(() => Import.Run(new ImportRequest(text, BaseUrl: "https://a.example"))).Code.Code);
    }

    [Fact]
    public void A_schema_that_refers_to_itself_stays_small()
    {
        var answer = Import.Run(new ImportRequest("""
            {"openapi":"3.1.0","info":{"title":"9 Trees!","version":"1"},"servers":[{"url":"https://a.example/v1"}],
             "paths":{"/trees":{"post":{"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Tree"}}}}}}},
             "components":{"schemas":{"Tree":{"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#/components/schemas/Tree"}}},"additionalProperties":false}}}}
            """)).Value!;
        var manifest = ManifestReader.Read(answer.Manifest.GetRawText()).Manifest;
        Assert.Equal(("trees", "post_trees"), (manifest.Id, manifest.Actions[0].Name));
        var schema = ActionSchema.Compile(manifest.Actions[0].Input);
        Assert.Empty(schema.Check(Parse("""{"body":{"children":[{"children":[]}]}}""")));
        Assert.Equal(["/body/children/0/x"], schema.Check(Parse("""{"body":{"children":[{"x":1}]}}""")).Select(error => error.Field));
    }

    [Fact]
    public void What_3_0_says_in_its_own_way_is_said_in_the_standards()
    {
        var answer = Import.Run(new ImportRequest("""
            openapi: 3.0.3
            info: {title: T, version: '1'}
            servers: [{url: https://a.example}]
            security: [{key: []}]
            paths:
              /a:
                get:
                  parameters:
                    - {name: n, in: query, schema: {type: integer, nullable: true, minimum: 3, exclusiveMinimum: true, example: 7}}
                    - {name: c, in: cookie, schema: {type: string}}
            components: {securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}}
            """)).Value!;
        var manifest = ManifestReader.Read(answer.Manifest.GetRawText()).Manifest;
        Assert.Equal("""{"exclusiveMinimum":3,"type":["integer","null"]}""", manifest.Actions[0].Input.GetProperty("properties").GetProperty("n").GetRawText());
        Assert.Equal("{secret:KEY}", manifest.Settings.GetProperty("headers").GetProperty("X-Key").GetString());
        Assert.Contains(answer.Skipped, one => one.Message.Contains("'c' in cookie", StringComparison.Ordinal));
    }

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}
