using System.Globalization;
using System.Text.Json;
using SomaStack.Client;

namespace SomaStack.EndToEndTests.Clients;

/// <summary>The cases that all clients share (clients/scenario/retry.json), and that the clock of the options is the one that waits.</summary>
public sealed class RetryRuleTests
{
    [Fact]
    public void Every_shared_case_gives_its_wait()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(ClientFiles.Scenario("retry.json")));
        var defaults = file.RootElement.GetProperty("defaults");
        var cases = file.RootElement.GetProperty("cases").EnumerateArray().ToList();
        Assert.True(cases.Count > 20);
        foreach (var item in cases)
        {
            JsonElement At(string name) => item.TryGetProperty(name, out var given) ? given : defaults.GetProperty(name);
            var options = new SomaClientOptions
            {
                MaxAttempts = At("max_attempts").GetInt32(),
                BaseDelay = TimeSpan.FromSeconds(At("base").GetDouble()),
                MaxDelay = TimeSpan.FromSeconds(At("max").GetDouble()),
                Deadline = TimeSpan.FromSeconds(At("deadline").GetDouble()),
                Random = () => At("random").GetDouble(),
            };
            var outcome = new RetryRule.Outcome(
                At("status").ValueKind == JsonValueKind.Null ? null : At("status").GetInt32(), At("code").GetString(),
                At("retry_after").ValueKind == JsonValueKind.Null ? null : TimeSpan.FromSeconds(At("retry_after").GetDouble()));
            var wait = RetryRule.Next(options, At("attempt").GetInt32(), outcome, TimeSpan.FromSeconds(At("elapsed").GetDouble()));
            double? expected = At("wait").ValueKind == JsonValueKind.Null ? null : At("wait").GetDouble();
            Assert.True(expected == wait?.TotalSeconds, $"{item.GetProperty("name")}: expected {expected}, actual {wait?.TotalSeconds}");
        }
    }

    [Fact]
    public void Retry_After_is_read_as_seconds_or_as_a_date()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(ClientFiles.Scenario("retry.json")));
        foreach (var item in file.RootElement.GetProperty("retry_after").EnumerateArray())
        {
            var now = DateTimeOffset.Parse(item.GetProperty("now").GetString()!, CultureInfo.InvariantCulture);
            double? expected = item.GetProperty("seconds").ValueKind == JsonValueKind.Null ? null : item.GetProperty("seconds").GetDouble();
            Assert.Equal(expected, RetryRule.RetryAfter(item.GetProperty("header").GetString(), now)?.TotalSeconds);
        }
    }
}
