using System.Text.Json.Nodes;
using CsCheck;
using SomaStack.Governance.Identity;
using SomaStack.Platform;

namespace SomaStack.Tests.Identity.OpenId;

/// <summary>The parser against filters made at random, and against texts that are none.</summary>
public sealed class ScimFilterTests
{
    private static readonly Gen<ScimAttribute> Path = Gen.Select(Gen.OneOf("username", "title", "active", "name", "emails", "not-a", "pr", "and", "or", "eq"), Gen.OneOf<string?>((string?)null, "value", "type", "familyname"))
        .Select((name, sub) => new ScimAttribute(name, sub));

    private static readonly Gen<ScimFilter> Leaf = Gen.OneOf<ScimFilter>(
        Path.Select(path => (ScimFilter)new ScimPresent(path)),
        Gen.Select(Path, Gen.OneOf("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"), Gen.String[Gen.Char[' ', '~'], 0, 12]).Select((path, how, text) => (ScimFilter)new ScimComparison(path, how, text)),
        Gen.Select(Path, Gen.OneOf("eq", "ne"), Gen.Bool).Select((path, how, flag) => (ScimFilter)new ScimComparison(path, how, flag)),
        Gen.Select(Path, Gen.OneOf("eq", "gt", "le"), Gen.Double[-1e9, 1e9]).Select((path, how, number) => (ScimFilter)new ScimComparison(path, how, number)),
        Path.Select(path => (ScimFilter)new ScimComparison(path, "eq", null)));

    private static readonly Gen<ScimFilter> Filter = Gen.Recursive<ScimFilter>((depth, inner) => depth > 4 ? Leaf : Gen.Frequency<ScimFilter>(
        (3, Leaf),
        (1, Gen.Select(inner, inner).Select((left, right) => (ScimFilter)new ScimAnd(left, right))),
        (1, Gen.Select(inner, inner).Select((left, right) => (ScimFilter)new ScimOr(left, right))),
        (1, inner.Select(one => (ScimFilter)new ScimNot(one))),
        (1, Gen.Select(Path, inner).Select((path, one) => (ScimFilter)new ScimElement(path with { Sub = null }, one)))));

    [Fact]
    public void What_a_filter_prints_is_read_back_as_the_same_filter() => Filter.Sample(filter =>
    {
        var text = filter.ToString()!;
        if (text.Length > ScimFilterParser.LengthMax) return;
        Assert.Equal(text, ScimFilterParser.Parse(text).ToString());
    });

    [Fact]
    public void Any_text_is_read_or_refused_by_its_code_and_never_breaks_anything() =>
        Gen.OneOf<string>(Gen.String, Gen.OneOf("a", " ", "(", ")", "[", "]", "\"", "eq", "and ", "or ", "not (", "pr", ".", "\\", "1", "true", "urn:ietf:params:scim:schemas:core:2.0:User:").Array[0, 30].Select(parts => string.Concat(parts))).Sample(text =>
        {
            try
            {
                ScimFilterParser.Parse(text).Matches(new JsonObject { ["a"] = "x" });
            }
            catch (Problem problem)
            {
                Assert.Equal("scim_invalid_filter", problem.Code.Code);
            }
        });

    [Fact]
    public void Not_turns_and_or_round_as_De_Morgan_says() => Gen.Select(Filter, Filter).Sample((one, other) =>
    {
        foreach (var resource in Resources)
            Assert.Equal(new ScimNot(new ScimAnd(one, other)).Matches(resource), new ScimOr(new ScimNot(one), new ScimNot(other)).Matches(resource));
    });

    [Fact]
    public void And_binds_closer_than_or() =>
        Assert.Equal("(a pr or (b pr and c pr))", ScimFilterParser.Parse("a pr or b pr and c pr").ToString());

    [Fact]
    public void Depth_length_and_number_are_bounded()
    {
        static string Nested(int depth) => new string('(', depth) + "a pr" + new string(')', depth);
        static string Long(int count) => string.Join(" or ", Enumerable.Repeat("a pr", count));
        ScimFilterParser.Parse(Nested(ScimFilterParser.DepthMax));
        ScimFilterParser.Parse(Long(ScimFilterParser.ComparisonsMax));
        Assert.Throws<Problem>(() => ScimFilterParser.Parse(Nested(ScimFilterParser.DepthMax + 1)));
        Assert.Throws<Problem>(() => ScimFilterParser.Parse(Long(ScimFilterParser.ComparisonsMax + 1)));
        Assert.Throws<Problem>(() => ScimFilterParser.Parse("a eq \"" + new string('x', ScimFilterParser.LengthMax) + "\""));
    }

    private static readonly JsonObject[] Resources =
    [
        [],
        new JsonObject { ["userName"] = "ada", ["active"] = true, ["title"] = 7, ["name"] = new JsonObject { ["familyName"] = "L" } },
        new JsonObject { ["emails"] = new JsonArray(new JsonObject { ["value"] = "a@b", ["type"] = "work" }, new JsonObject { ["value"] = "c@d" }), ["active"] = false },
    ];
}
