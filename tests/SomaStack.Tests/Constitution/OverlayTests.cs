using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using SomaStack.Governance.Constitution;

namespace SomaStack.Tests.Constitution;

/// <summary>An overlay never lets through what the constitution refuses, over random documents, overlays and actions.</summary>
public sealed class OverlayTests
{
    private static readonly string[] Kinds = ["tool.call", "session.start", "capsule.install"];
    private static readonly string[] Quantities = ["output_tokens", "cost"];

    private static readonly Gen<string> RulesText = Gen.Select(
        Gen.Shuffle(Kinds, 0, 3), Map(Quantities, Gen.Double[0, 10]), Map(Kinds, Gen.Int[1, 5].Select(static count => (double)count)),
        static (prohibitions, ceilings, approvals) => Members(prohibitions, ceilings, approvals).ToJsonString());

    private static readonly Gen<string> OverlayText = Gen.Select(RulesText, Gen.Int[0, 3], static (rules, principle) =>
    {
        var overlay = JsonNode.Parse(rules)!.AsObject();
        if (principle > 0) overlay["principles"] = new JsonArray(new JsonObject { ["id"] = "p" + principle, ["title"] = "T", ["body"] = "B" + principle });
        return overlay.ToJsonString();
    });

    private static readonly Gen<string> DocumentText = RulesText.Select(static rules => new JsonObject
    {
        ["title"] = "T", ["preamble"] = "P", ["principles"] = new JsonArray(new JsonObject { ["id"] = "p1", ["title"] = "T", ["body"] = "B" }), ["enforcement"] = JsonNode.Parse(rules),
    }.ToJsonString());

    private static readonly Gen<(string Kind, Dictionary<string, double> Quantities, int Approvals)> Action = Gen.Select(
        OneOf(Kinds), Map(Quantities, Gen.Double[0, 10]), Gen.Int[0, 5], static (kind, quantities, approvals) => (kind, quantities, approvals));

    [Fact]
    public void What_the_effective_constitution_permits_the_signed_one_permits() =>
        Gen.Select(DocumentText, OverlayText, Action).Sample((document, overlay, action) =>
        {
            using var signed = JsonDocument.Parse(document);
            using var added = JsonDocument.Parse(overlay);
            var before = Rules.OfDocument(signed.RootElement);
            var after = Rules.OfDocument(Overlay.Apply(signed.RootElement, added.RootElement));
            // Even of an overlay that would be refused, since a document may become stricter after it.
            return !after.Permits(action.Kind, action.Quantities, action.Approvals) || before.Permits(action.Kind, action.Quantities, action.Approvals);
        }, iter: 20_000);

    [Fact]
    public void One_that_tightens_holds_in_full_and_no_principle_is_lost()
    {
        var (tightening, loosening) = (0, 0);
        Gen.Select(DocumentText, OverlayText, Action).Sample((document, overlay, action) =>
        {
            using var signed = JsonDocument.Parse(document);
            using var added = JsonDocument.Parse(overlay);
            if (!Overlay.Tightens(signed.RootElement, added.RootElement))
            {
                Interlocked.Increment(ref loosening);
                return true;
            }
            Interlocked.Increment(ref tightening);
            var effective = Overlay.Apply(signed.RootElement, added.RootElement);
            var (own, after) = (Rules.Of(added.RootElement), Rules.OfDocument(effective));
            var principles = effective.GetProperty("principles").EnumerateArray().Select(static item => item.GetRawText()).ToList();
            return (!after.Permits(action.Kind, action.Quantities, action.Approvals) || own.Permits(action.Kind, action.Quantities, action.Approvals))
                && own.Ceilings.All(ceiling => after.Ceilings[ceiling.Key] == ceiling.Value)
                && principles.Count == 1 + (added.RootElement.TryGetProperty("principles", out var more) ? more.GetArrayLength() : 0)
                && ConstitutionDocument.Issues(effective).Count == 0;
        }, iter: 20_000);
        // The generators give both, or the test would say nothing.
        Assert.True(tightening > 1000 && loosening > 1000, $"{tightening} tighten, {loosening} loosen");
    }

    [Fact]
    public void A_stricter_overlay_permits_no_more_than_the_one_before()
    {
        var stricter = 0;
        Gen.Select(DocumentText, OverlayText, OverlayText, Action).Sample((document, one, two, action) =>
        {
            using var signed = JsonDocument.Parse(document);
            using var before = JsonDocument.Parse(one);
            using var next = JsonDocument.Parse(two);
            if (!Overlay.IsStricter(before.RootElement, next.RootElement)) return true;
            Interlocked.Increment(ref stricter);
            return !Rules.OfDocument(Overlay.Apply(signed.RootElement, next.RootElement)).Permits(action.Kind, action.Quantities, action.Approvals)
                || Rules.OfDocument(Overlay.Apply(signed.RootElement, before.RootElement)).Permits(action.Kind, action.Quantities, action.Approvals);
        }, iter: 50_000);
        Assert.True(stricter > 100, $"Only {stricter} pairs were ordered.");
    }

    [Fact]
    public void An_overlay_is_stricter_than_itself_and_than_none() => OverlayText.Sample(static text =>
    {
        using var overlay = JsonDocument.Parse(text);
        using var none = JsonDocument.Parse(Overlay.Empty);
        return Overlay.IsStricter(overlay.RootElement, overlay.RootElement) && Overlay.IsStricter(none.RootElement, overlay.RootElement);
    });

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(place => values[place]);

    private static Gen<Dictionary<string, double>> Map(string[] names, Gen<double> values) => Gen.Select(Gen.Shuffle(names, 0, names.Length), values.Array[names.Length], static (chosen, numbers) =>
        chosen.Select((name, place) => (name, number: Math.Round(numbers[place], 2))).ToDictionary(static pair => pair.name, static pair => pair.number));

    private static JsonObject Members(string[] prohibitions, Dictionary<string, double> ceilings, Dictionary<string, double> approvals) => new()
    {
        ["prohibitions"] = new JsonArray([.. prohibitions.Select(static kind => JsonValue.Create(kind))]),
        ["ceilings"] = new JsonObject(ceilings.Select(static pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value)))),
        ["required_approvals"] = new JsonObject(approvals.Select(static pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create((int)pair.Value)))),
    };
}
