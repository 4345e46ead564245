using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SomaStack.EndToEndTests.Clients;

/// <summary>Compares what came with what a scenario expects; clients/scenario/README.md tells the matchers.</summary>
internal static class Matching
{
    /// <returns>Null when it matches, else where it does not.</returns>
    public static string? Fault(JsonNode? expected, JsonNode? actual, string at = "$")
    {
        if (expected is JsonObject { Count: 1 } one && one.Single() is { Key: ['$', ..] name } matcher) return Matcher(name, matcher.Value, actual, at);
        return expected switch
        {
            null => actual is null ? null : Say(at, "null", actual),
            JsonObject fields when actual is JsonObject given => fields.Select(field => Fault(field.Value, given[field.Key], $"{at}.{field.Key}")).FirstOrDefault(fault => fault is not null),
            JsonArray items when actual is JsonArray given => given.Count != items.Count
                ? Say(at, $"{items.Count} items", actual)
                : items.Select((item, i) => Fault(item, given[i], $"{at}[{i}]")).FirstOrDefault(fault => fault is not null),
            JsonObject or JsonArray => Say(at, expected.ToJsonString(), actual),
            _ => Same(expected, actual) ? null : Say(at, expected.ToJsonString(), actual),
        };
    }

    private static string? Matcher(string name, JsonNode? value, JsonNode? actual, string at)
    {
        var holds = name switch
        {
            "$anything" => true,
            "$any" => actual is not null,
            "$absent" => actual is null,
            "$id" => actual is not null && Guid.TryParse(actual.GetValue<string>(), out _),
            "$gte" => Number(actual) >= Number(value),
            "$lte" => Number(actual) <= Number(value),
            "$time" => actual is not null && Time(actual) == Time(value!),
            "$length" => actual is JsonArray list && (value is JsonObject ? Fault(value, list.Count) is null : list.Count == (int)Number(value)!),
            "$contains" => actual is JsonArray list ? list.Any(item => Fault(value, item) is null) : actual?.GetValue<string>().Contains(value!.GetValue<string>(), StringComparison.Ordinal) == true,
            "$none" => actual is JsonArray list && list.All(item => Fault(value, item) is not null),
            "$each" => actual is JsonArray list && list.All(item => Fault(value, item) is null),
            _ => throw new InvalidDataException("The scenario uses an unknown matcher: " + name),
        };
        return holds ? null : Say(at, $"{{\"{name}\":{value?.ToJsonString()}}}", actual);
    }

    private static bool Same(JsonNode expected, JsonNode? actual) =>
        expected.GetValueKind() == JsonValueKind.Number ? Number(expected) == Number(actual) : JsonNode.DeepEquals(expected, actual);

    private static double? Number(JsonNode? node) => node?.GetValueKind() == JsonValueKind.Number ? double.Parse(node.ToJsonString(), CultureInfo.InvariantCulture) : null;

    private static DateTimeOffset Time(JsonNode node) => DateTimeOffset.Parse(node.GetValue<string>(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static string Say(string at, string expected, JsonNode? actual) => $"at {at}\n  expected {expected}\n  actual   {actual?.ToJsonString() ?? "null"}";
}
