using System.Security.Cryptography;
using System.Text;
using CsCheck;
using SomaStack.Governance.Approvals;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Tests.Approvals;

public sealed class ApprovalDigestTests
{
    private static readonly ApprovalRequest Plain = new("tool.call", "shell", "{}", "c0", 7, "Run it.");

    [Theory]
    [InlineData("""{"b":1,"a":[1.0,2]}""", """{"a":[1,2e0],"b":1.00}""")]
    [InlineData("""{"s":"\u0041\/"}""", """{ "s" : "A/" }""")]
    [InlineData("""{"n":-0.0,"m":100}""", """{"m":1e2,"n":0}""")]
    public void Two_texts_of_one_value_are_one_action(string one, string other) => Assert.Equal(Of(one), Of(other));

    [Theory]
    [InlineData("""{"to":"paypal"}""", """{"to":"pаypal"}""")]
    [InlineData("""{"name":"é"}""", """{"name":"e\u0301"}""")]
    [InlineData("""{"n":1}""", """{"n":"1"}""")]
    [InlineData("""{"n":1}""", """{"n":1.0000000000000002}""")]
    [InlineData("""{"a":null}""", """{}""")]
    [InlineData("""{"a":[1,2]}""", """{"a":[2,1]}""")]
    [InlineData("""{"path":"/tmp"}""", """{"path":"/tmp\u200b"}""")]
    public void What_only_looks_alike_is_another_action(string one, string other) => Assert.NotEqual(Of(one), Of(other));

    [Theory]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("""{"a":1,"\u0061":1}""")]
    [InlineData("""{"a":{"b":1,"b":1}}""")]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("""{"n":9007199254740993}""")]
    [InlineData("""{"n":0.1000000000000000055511151231257827}""")]
    [InlineData("""{"n":1e999}""")]
    [InlineData("[1]")]
    [InlineData("{} {}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("")]
    public void What_has_no_one_form_is_refused(string arguments) =>
        Assert.Equal("invalid_request", Assert.Throws<Problem>(() => Of(arguments)).Code.Code);

    [Fact]
    public void Numbers_that_a_double_holds_as_written_are_taken() =>
        Gen.Double.Where(double.IsFinite).Sample(number => Of($$"""{"n":{{CanonicalJson.Number(number)}}}""") == Of($$"""{"n":{{number.ToString("R", System.Globalization.CultureInfo.InvariantCulture)}}}"""));

    [Fact]
    public void Every_part_of_the_action_is_in_the_digest_and_anybody_can_recompute_it()
    {
        var digests = new[]
        {
            Of(Plain), Of(Plain, tenant: "other"), Of(Plain, requester: "eve"), Of(Plain with { Kind = "tool.run" }), Of(Plain with { Resource = "http" }),
            Of(Plain with { Arguments = """{"a":1}""" }), Of(Plain with { ConstitutionHash = "c1" }), Of(Plain with { PolicyVersion = 8 }), Of(Plain with { Session = "s" }),
            Of(Plain with { StepUp = true }), Of(Plain with { Capability = "tool:execute" }),
        };
        Assert.Equal(digests.Length, digests.Distinct().Count());
        Assert.Equal(Of(Plain), Of(Plain with { Summary = "Other words." }));
        var known = """{"arguments":{},"capability":null,"constitution_hash":"c0","kind":"tool.call","policy_version":7,"requester":"ada","resource":"shell","session":null,"step_up":false,"tenant":"demo"}""";
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(known))), Of(Plain));
        Assert.Equal(known, CanonicalJson.Canonicalize(known));
    }

    private static string Of(string arguments) => Of(Plain with { Arguments = arguments });

    private static string Of(ApprovalRequest request, string tenant = "demo", string requester = "ada") =>
        ApprovalDigest.Of(tenant, requester, request, ApprovalDigest.Canonical(request.Arguments));
}
