using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Governance.Identity;
using SomaStack.Platform;

namespace SomaStack.Tests.Identity.OpenId;

/// <summary>The pure rules of the protocol half.</summary>
public sealed class OpenIdRuleTests
{
    /// <summary>RFC 7636, appendix B.</summary>
    [Fact]
    public void The_challenge_is_that_of_the_standard()
    {
        Assert.Equal("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", Pkce.ChallengeOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        Assert.True(Pkce.Proves("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        Assert.False(Pkce.Proves("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        Assert.False(Pkce.Proves(null, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        Assert.False(Pkce.Proves(new string('a', 42), Pkce.ChallengeOf(new string('a', 42))));
    }

    [Theory]
    [InlineData("http://127.0.0.1/cb", "http://127.0.0.1:65535/cb", true)]
    [InlineData("http://127.0.0.1:8080/cb", "http://127.0.0.1/cb", true)]
    [InlineData("http://[::1]/cb", "http://[::1]:5/cb", true)]
    [InlineData("http://[::1]/cb", "http://127.0.0.1/cb", false)]
    [InlineData("http://127.0.0.1/cb", "http://127.0.0.1:0/cb", false)]
    [InlineData("http://127.0.0.1/cb", "http://127.0.0.1:5/cb\n", false)]
    [InlineData("https://a.example/cb", "https://a.example:5/cb", false)]
    [InlineData("https://a.example/cb", "https://a.example/cb", true)]
    [InlineData("com.example.app:/cb", "com.example.app:/cb", true)]
    [InlineData("com.example.app:/cb", "com.example.app:/cb2", false)]
    public void Only_the_port_of_loopback_is_free(string registered, string requested, bool matches) => Assert.Equal(matches, RedirectUris.Matches([registered], requested));

    [Fact]
    public void No_text_but_the_registered_one_matches_an_https_address() => Gen.Select(Gen.Int[0, 25], Gen.Char).Sample((place, letter) =>
    {
        const string registered = "https://app.example/return";
        var changed = registered[..place] + letter + registered[(place + 1)..];
        Assert.Equal(changed == registered, RedirectUris.Matches([registered], changed));
        Assert.False(RedirectUris.Matches([registered], registered.Insert(place, letter.ToString())));
    });

    [Fact]
    public void A_grant_is_never_more_than_what_was_asked_what_the_client_may_and_what_the_person_holds()
    {
        var some = Gen.Shuffle(Capability.All.Order(StringComparer.Ordinal).ToArray()).Select(Gen.Int[0, 10]).Select((names, count) => names.Take(count).ToArray());
        Gen.Select(some, some, some, Gen.Bool, Gen.Bool).Sample((asked, allowed, held, all, builtIn) =>
        {
            string[] words = all ? [.. asked, Scopes.All, Scopes.OpenId] : [.. asked, Scopes.OpenId];
            var granted = Scopes.Grant(words, builtIn ? null : allowed, held.Contains);
            var capabilities = Scopes.CapabilitiesIn(granted);
            Assert.All(capabilities, name => Assert.True(held.Contains(name) && (builtIn || allowed.Contains(name)) && (all || asked.Contains(name))));
            Assert.Equal([Scopes.OpenId], granted.Except(capabilities));
        });
    }

    [Fact]
    public void Groups_take_back_only_what_groups_gave()
    {
        var names = Gen.OneOf("a", "b", "c", "d", "e").Array[0, 5].Select(list => list.Distinct().ToArray());
        Gen.Select(names, names, names).Sample((own, first, second) =>
        {
            var (held, granted) = ScimRights.Combine(own, [], first);
            var (later, regranted) = ScimRights.Combine(held, [.. granted], second);
            Assert.Equal(own.Union(second).Order(StringComparer.Ordinal), later);
            var (end, none) = ScimRights.Combine(later, [.. regranted], []);
            Assert.Equal(own.Order(StringComparer.Ordinal), end);
            Assert.Empty(none);
        });
    }

    [Theory]
    [InlineData("bcdf-ghjk", "BCDFGHJK")]
    [InlineData(" BCDF GHJK ", "BCDFGHJK")]
    [InlineData("BCDF-GHJ", null)]
    [InlineData("BCDF-GHJA", null)]
    [InlineData("BCDF-GHJK-L", null)]
    [InlineData(null, null)]
    public void A_typed_code_is_read_whatever_its_form(string? typed, string? code) => Assert.Equal(code, UserCode.Read(typed));

    [Fact]
    public void An_unverified_address_links_nobody_and_a_service_is_nobody()
    {
        var ada = Row("ada@corp.example", "user");
        var person = new ExternalPerson("s-1", "Ada@Corp.example", true, null);
        Assert.Equal((ExternalOutcome.SignIn, "x", "link"), ExternalMatch.Decide(person, "x", "y", ada, "kim", true));
        Assert.Equal((ExternalOutcome.LinkAndSignIn, "y", "external_id"), ExternalMatch.Decide(person, null, "y", ada, "kim", true));
        Assert.Equal((ExternalOutcome.LinkAndSignIn, ada.Id, "email"), ExternalMatch.Decide(person, null, null, ada, "kim", false));
        Assert.Equal(ExternalOutcome.Refuse, ExternalMatch.Decide(person with { EmailVerified = false }, null, null, ada, null, false).Outcome);
        Assert.Equal(ExternalOutcome.Refuse, ExternalMatch.Decide(person, null, null, Row(ada.Id, "service"), null, true).Outcome);
        Assert.Equal(ExternalOutcome.Refuse, ExternalMatch.Decide(person, null, null, null, null, false).Outcome);
        Assert.Equal((ExternalOutcome.Create, ada.Id, "created"), ExternalMatch.Decide(person, null, null, null, null, true));
        Assert.Equal((ExternalOutcome.Create, null, "created"), ExternalMatch.Decide(person with { EmailVerified = false }, null, null, null, null, true));
        Assert.Equal((ExternalOutcome.Accept, "kim", "invitation"), ExternalMatch.Decide(person, null, null, null, "kim", true));
        // Whoever has a password here is never taken over by an address, invited or not.
        var own = ada with { Person = "p-1" };
        foreach (var invited in new[] { null, "kim" }) Assert.Equal(ExternalOutcome.Refuse, ExternalMatch.Decide(person, null, null, own, invited, true).Outcome);
    }

    [Theory]
    [InlineData("Ada@Corp.Example", "ada@corp.example")]
    [InlineData("a+b@x.example", "a+b@x.example")]
    [InlineData("\u212Aim@x.example", null)]
    [InlineData("ad\u0430@x.example", null)]
    [InlineData("@x.example", null)]
    [InlineData("ada@", null)]
    [InlineData("ada", null)]
    [InlineData("a da@x.example", null)]
    public void An_address_is_compared_in_ascii_and_lower_case(string email, string? address) => Assert.Equal(address, ExternalMatch.AddressOf(email));

    [Fact]
    public void Unknown_key_ids_send_us_looking_five_times_and_then_once_in_two_seconds()
    {
        var clock = new FakeTimeProvider();
        var search = new KeySearch(clock);
        Assert.Equal(5, Enumerable.Range(0, 100).Count(_ => search.MayLook()));
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, Enumerable.Range(0, 100).Count(_ => search.MayLook()));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(5, Enumerable.Range(0, 100).Count(_ => search.MayLook()));
    }

    [Fact]
    public void Members_are_added_once_and_removed_by_value()
    {
        JsonObject group = new() { ["members"] = new JsonArray(new JsonObject { ["value"] = "a", ["$ref"] = "x" }) };
        ScimPatch.Apply(group, Message("""{"op":"add","path":"members","value":[{"value":"a"},{"value":"b"},{"value":"b"}]}"""));
        Assert.Equal(["a", "b"], group["members"]!.AsArray().Select(member => member!["value"]!.GetValue<string>()));
        ScimPatch.Apply(group, Message("""{"op":"Remove","path":"members","value":[{"value":"a"}]}"""));
        Assert.Equal(["b"], group["members"]!.AsArray().Select(member => member!["value"]!.GetValue<string>()));
        ScimPatch.Apply(group, Message("""{"op":"remove","path":"members"}"""));
        Assert.Null(group["members"]);
    }

    private static JsonObject Message(string operation) => JsonNode.Parse($$"""{"Operations":[{{operation}}]}""")!.AsObject();

    private static PrincipalRow Row(string id, string kind) => new("demo", id, kind, id, true, [], 1, 1, default, default);
}
