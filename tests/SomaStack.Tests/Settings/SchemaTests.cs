using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CsCheck;
using SomaStack.Governance.Settings;
using SomaStack.Platform;

namespace SomaStack.Tests.Settings;

/// <summary>The published schema and what PUT refuses are one thing: the same random bodies go through both.</summary>
public sealed class SchemaTests
{
    private static readonly JsonObject Schema = SettingsFields.Schema();

    private static readonly Gen<JsonNode?> Name = Gen.OneOf(
        Gen.String[0, 4], Gen.Int[198, 202].Select(static length => new string('a', length)), Gen.Int[198, 202].Select(static length => string.Concat(Enumerable.Repeat("\U0001F600", length))),
        OneOf("", " ", "\t", "a\u0000b", "\u0085", "\u00a0", "\u3000x", "a\u009f", "Demo", "  x  ", "\ufeff", "x\n"))
        .Select(static text => (JsonNode?)JsonValue.Create(Whole(text)));

    private static readonly Gen<JsonNode?> Regions = Gen.OneOf(
        OneOf("eu", "us-1", "", "EU", "a_b", new string('r', 32), new string('r', 33), "eu\n").List[0, 34].Select(static names => (JsonNode?)new JsonArray([.. names.Select(static name => JsonValue.Create(name))])),
        Gen.Const((JsonNode?)null));

    private static readonly Gen<JsonNode?> Requests = Gen.OneOf(OneOf(-1L, 0, 1, 600, 10_000_000, 10_000_001, long.MaxValue).Select(static number => (JsonNode?)JsonValue.Create(number)), Gen.Const((JsonNode?)null));

    private static readonly Gen<JsonNode?> Budget = Gen.OneOf(
        OneOf(-0.01m, 0m, 0.000000001m, 0.0000000001m, 12.5m, 9_000_000_000m, 9_000_000_000.000000001m, 9_000_000_001m, 1.000000000500m, 3.10m).Select(static number => (JsonNode?)JsonValue.Create(number)),
        Gen.Const((JsonNode?)null));

    [Fact]
    public void It_allows_what_put_takes_and_nothing_else()
    {
        var (taken, refused) = (0, 0);
        Gen.Select(Name, Regions, Requests, Budget).Sample((name, regions, requests, budget) =>
        {
            var body = new JsonObject { ["display_name"] = name, ["residency_regions"] = regions?.DeepClone(), ["requests_per_minute"] = requests?.DeepClone(), ["daily_budget"] = budget?.DeepClone() };
            var allowed = Allows(Schema, body);
            var accepted = Accepts(body.Deserialize(SettingsJson.Default.ChangeSettingsRequest)!);
            if (accepted) Interlocked.Increment(ref taken);
            else Interlocked.Increment(ref refused);
            return allowed == accepted;
        }, iter: 20_000);
        Assert.True(taken > 100 && refused > 1000, $"{taken} taken, {refused} refused");
    }

    [Fact]
    public void It_names_every_field_of_the_request_and_its_own_dialect()
    {
        Assert.Equal("https://json-schema.org/draft/2020-12/schema", Schema["$schema"]!.GetValue<string>());
        var fields = SettingsJson.Default.ChangeSettingsRequest.Properties.Select(static property => property.Name).Order(StringComparer.Ordinal);
        Assert.Equal(fields, Schema["properties"]!.AsObject().Select(static property => property.Key).Order(StringComparer.Ordinal));
    }

    private static bool Accepts(ChangeSettingsRequest request)
    {
        try
        {
            SettingsFields.Check(request, 0);
            return true;
        }
        catch (Problem)
        {
            return false;
        }
    }

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(place => values[place]);

    /// <summary>Generated strings may hold half a pair, which no JSON text can.</summary>
    private static string Whole(string text) => string.Concat(text.EnumerateRunes().Where(static rune => rune.Value != 0xFFFD).Select(static rune => rune.ToString()));

    /// <summary>The keywords of draft 2020-12 that the schema uses, read as the specification has them.</summary>
    private static bool Allows(JsonObject schema, JsonNode? value)
    {
        foreach (var (keyword, rule) in schema)
        {
            var holds = keyword switch
            {
                "$schema" or "title" or "description" => true,
                "type" => (rule is JsonArray types ? types.Select(static type => type!.GetValue<string>()) : [rule!.GetValue<string>()]).Any(type => IsOf(type, value)),
                "required" => value is not JsonObject fields || rule!.AsArray().All(name => fields[name!.GetValue<string>()] is not null),
                "properties" => value is not JsonObject members || rule!.AsObject().All(property => !members.ContainsKey(property.Key) || Allows(property.Value!.AsObject(), members[property.Key])),
                "items" => value is not JsonArray items || items.All(item => Allows(rule!.AsObject(), item)),
                "maxItems" => value is not JsonArray list || list.Count <= rule!.GetValue<int>(),
                "minLength" => Text(value) is not { } shortest || shortest.EnumerateRunes().Count() >= rule!.GetValue<int>(),
                "maxLength" => Text(value) is not { } longest || longest.EnumerateRunes().Count() <= rule!.GetValue<int>(),
                // ECMA-262: $ is the end and nothing before it.
                "pattern" => Text(value) is not { } text || Regex.IsMatch(text, Regex.Replace(rule!.GetValue<string>(), @"\$\z", @"\z")),
                "minimum" => Number(value) is not { } low || low >= Number(rule),
                "maximum" => Number(value) is not { } high || high <= Number(rule),
                "multipleOf" => Number(value) is not { } number || number % Number(rule) == 0,
                _ => throw new InvalidOperationException($"The schema uses '{keyword}', which this test does not know."),
            };
            if (!holds) return false;
        }
        return true;
    }

    private static bool IsOf(string type, JsonNode? value) => type switch
    {
        "null" => value is null,
        "object" => value is JsonObject,
        "array" => value is JsonArray,
        "string" => Text(value) is not null,
        "number" => Number(value) is not null,
        "integer" => Number(value) is { } number && number == decimal.Truncate(number),
        _ => throw new InvalidOperationException(type),
    };

    private static string? Text(JsonNode? value) => value?.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    private static decimal? Number(JsonNode? value) => value?.GetValueKind() == JsonValueKind.Number
        ? decimal.Parse(value.ToJsonString(), System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture)
        : null;
}
