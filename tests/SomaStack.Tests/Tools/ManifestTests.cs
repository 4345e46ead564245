using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Agents.Tools;
using SomaStack.Platform;

namespace SomaStack.Tests.Tools;

public sealed class ManifestTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    [Fact]
    public void It_is_read_with_its_defaults_and_has_one_digest_however_it_is_written()
    {
        var read = ManifestReader.Read(Manifests.Weather);
        Assert.Equal(("weather", "1.2.0", "http"), (read.Manifest.Id, read.Manifest.Version, read.Manifest.Kind));
        Assert.Equal(new ManifestLimits(10, 5), read.Manifest.Limits);
        Assert.Equal([(true, true), (false, false)], read.Manifest.Actions.Select(action => (action.ReadOnly, action.Idempotent)));
        var again = ManifestReader.Read(JsonSerializer.Serialize(JsonDocument.Parse(Manifests.Weather).RootElement, Indented));
        Assert.Equal(read.Digest, again.Digest);
        Assert.Equal(64, read.Digest.Length);
        Assert.NotEqual(read.Digest, ManifestReader.Read(Manifests.Changed(one => one["summary"] = "Weather of a town.").ToJsonString()).Digest);
    }

    public static TheoryData<string, string, string> Faults => new()
    {
        { "/surprise", "surprise", "1" },
        { "/id", "id", "\"Weather\"" },
        { "/id", "id", "\"a.b\"" },
        { "/version", "version", "\"1\"" },
        { "/kind", "kind", "null" },
        { "/actions", "actions", "[]" },
        { "/egress/0", "egress", """["https://api.weather.example/path"]""" },
        { "/egress/0", "egress", """["ftp://api.weather.example"]""" },
        { "/egress/0", "egress", """["https://user@api.weather.example"]""" },
        { "/permissions/1", "permissions", """["a","a"]""" },
        { "/limits/per_minute", "limits", """{"per_minute":0}""" },
        { "/limits/forever", "limits", """{"forever":true}""" },
        { "/billing/currency", "billing", """{"service":"s","cost_per_call":"1","currency":"EUR"}""" },
        { "/billing/cost_per_call", "billing", """{"service":"s","cost_per_call":"1.0000000001","currency":"USD"}""" },
        { "/billing/cost_per_call", "billing", """{"service":"s","cost_per_call":"-1","currency":"USD"}""" },
    };

    [Theory, MemberData(nameof(Faults))]
    public void What_is_wrong_is_named_by_its_pointer(string pointer, string member, string value)
    {
        var text = Manifests.Changed(one => one[member] = JsonNode.Parse(value)).ToJsonString();
        var refused = Assert.Throws<Problem>(() => ManifestReader.Read(text));
        Assert.Equal("manifest_invalid", refused.Code.Code);
        Assert.Contains(refused.Errors, error => error.Field == pointer);
    }

    [Fact]
    public void Actions_are_read_as_strictly()
    {
        Assert.Contains("/actions/0/parameters", Of(action => action["parameters"] = 1));
        Assert.Contains("/actions/0/risk", Of(action => action["risk"] = "none"));
        Assert.Contains("/actions/0/input", Of(action => action["input"] = JsonNode.Parse("""{"type":"string"}""")));
        Assert.Contains("/actions/0/input/properties/city/type", Of(action => action["input"]!["properties"]!["city"]!["type"] = "text"));
        Assert.Contains("/actions", Fields(Manifests.Changed(one => one["actions"]!.AsArray().Add(one["actions"]![0]!.DeepClone())).ToJsonString()));

        static List<string> Of(Action<JsonNode> change) => Fields(Manifests.Changed(one => change(one["actions"]![0]!)).ToJsonString());
    }

    [Fact]
    public void What_is_no_manifest_at_all_is_refused_as_one()
    {
        foreach (var text in new[] { "", "nothing", "[]", "null", "{\"id\":1,\"id\":2}", new string('[', 200) + new string(']', 200), "{\"summary\":\"" + new string('x', 600_000) + "\"}" })
            Assert.Equal("manifest_invalid", Assert.Throws<Problem>(() => ManifestReader.Read(text)).Code.Code);
    }

    [Theory]
    [InlineData("0.002", 2_000_000L)]
    [InlineData("1", 1_000_000_000L)]
    [InlineData("0.000000001", 1L)]
    [InlineData("999999999.999999999", 999_999_999_999_999_999L)]
    [InlineData("1e3", null)]
    [InlineData(".5", null)]
    [InlineData("", null)]
    public void A_price_is_exact(string text, long? nanos) => Assert.Equal(nanos, ManifestReader.Nanos(text));

    [Fact]
    public void A_signature_fits_its_key_and_its_manifest_alone()
    {
        var folder = Directory.CreateTempSubdirectory("soma-publisher");
        try
        {
            using var key = Ed25519Key.LoadOrCreate(Path.Combine(folder.FullName, "a.pem"));
            using var other = Ed25519Key.LoadOrCreate(Path.Combine(folder.FullName, "b.pem"));
            var digest = ManifestReader.Read(Manifests.Weather).Digest;
            var signature = ManifestSignature.Sign(key, digest);
            Assert.True(signature.Fits(key.Public, digest));
            Assert.False(signature.Fits(other.Public, digest));
            Assert.False((signature with { KeyId = other.KeyId }).Fits(other.Public, digest));
            Assert.False(signature.Fits(key.Public, ManifestReader.Read(Manifests.Changed(one => one["version"] = "1.2.1").ToJsonString()).Digest));
            Assert.False((signature with { Value = "not base64!" }).Fits(key.Public, digest));
            Assert.False((signature with { Algorithm = "none" }).Fits(key.Public, digest));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The ancestor's vectors (hub.md 7.3).</summary>
    [Theory]
    [InlineData("plane", "1.0.0", """{"actions":[{"name":"create_project","params":["name","workspace_id"]},{"name":"add_member","params":["project_id","user"]}],"permissions":["projects:write","memberships:write"]}""",
        "741533774573a98f2f58a6da1ae8fee2cb65703157e0bd852113e3a34e260e47", "sha256:c18ee4329e4a4ffaba92cf6d9446e45b346e735ec5ae43f8afba3a2cbb2002ce")]
    [InlineData("github", "2.3.1", """{"actions":[{"name":"create_issue","params":["repository","title","body"]},{"name":"merge_pull_request","params":["repository","number"]}],"permissions":["issues:write","pulls:write"]}""",
        "0a18433ff418af63941ab4bdfd6f8087940d534982741576318d27f92f7565d2", "sha256:376e4fbaf38bcd2760bb3adcea139daba3932305a5c4f4ac0b507437e5b1a4ea")]
    public void The_ancestors_records_verify_with_the_secret_that_the_operator_named(string id, string version, string manifest, string digest, string signature)
    {
        const string secret = "development-secret";
        var document = JsonDocument.Parse(manifest).RootElement;
        Assert.Null(LegacyRelease.Fault(secret, id, version, document, digest, signature));
        Assert.NotNull(LegacyRelease.Fault(null, id, version, document, digest, signature));
        Assert.NotNull(LegacyRelease.Fault("another", id, version, document, digest, signature));
        Assert.NotNull(LegacyRelease.Fault(secret, id, version, null, digest, signature));
        Assert.NotNull(LegacyRelease.Fault(secret, id, version + ".1", document, digest, signature));
        Assert.NotNull(LegacyRelease.Fault(secret, id, version, JsonDocument.Parse(manifest.Replace("name", "nome", StringComparison.Ordinal)).RootElement, digest, signature));
        Assert.NotNull(LegacyRelease.Fault(secret, id, version, document, digest, ""));
    }

    private static List<string> Fields(string text) => [.. Assert.Throws<Problem>(() => ManifestReader.Read(text)).Errors.Select(error => error.Field)];
}
