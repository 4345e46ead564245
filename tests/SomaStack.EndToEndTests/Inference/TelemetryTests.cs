using System.Text;
using System.Text.Json.Nodes;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>What a call leaves behind for those who watch: the daily counts, the GenAI metrics, and the count of tokens before it.</summary>
public sealed class TelemetryTests(Gateway gateway) : IClassFixture<Gateway>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Recorded_answers_are_counted_into_the_models_telemetry_and_the_genai_metrics()
    {
        var recorded = Recordings.Chat("openai-chat/valid_response").Single();
        for (var i = 0; i < 3; i++)
        {
            gateway.Provider.Next(recorded);
            using var response = await gateway.Client.PostAsync("/v1/chat/completions", new StringContent(recorded.Request!.ToJsonString(), Encoding.UTF8, "application/json"), Stop);
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Stop));
        }
        var usage = recorded.Usage!;
        JsonNode? item = null;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var attempt = 0; attempt < 400 && item?["completed"]?.GetValue<long>() != 3; attempt++)
        {
            await timer.WaitForNextTickAsync(Stop);
            var answer = JsonNode.Parse(await gateway.Client.GetStringAsync("/v1/models/telemetry?window=1d", Stop))!;
            item = answer["data"]!.AsArray().FirstOrDefault(one => one!["model"]!.GetValue<string>() == recorded.Model);
        }
        Assert.Equal((3, 3, 3), (item!["calls"]!.GetValue<long>(), item["completed"]!.GetValue<long>(), item["calls_counted"]!.GetValue<long>()));
        Assert.Equal(3 * usage["prompt_tokens"]!.GetValue<long>(), item["input_tokens"]!.GetValue<long>());
        Assert.Equal((0.0, 3), (item["refusal_rate"]!["value"]!.GetValue<double>(), item["refusal_rate"]!["of"]!.GetValue<long>()));
        Assert.Equal(0.0, item["error_rate"]!["value"]!.GetValue<double>());
        Assert.True(item["latency_ms"]!["p95"]!.GetValue<double>() >= item["time_to_first_token_ms"]!["p50"]!.GetValue<double>());

        var metrics = await gateway.Client.GetStringAsync("/metrics", Stop);
        foreach (var (name, last) in new[] { ("gen_ai_client_operation_duration_seconds", "81.92"), ("gen_ai_client_token_usage", "67108864"), ("gen_ai_server_time_to_first_token_seconds", "10") })
        {
            var lines = metrics.Split('\n').Where(line => line.StartsWith(name + "_bucket{", StringComparison.Ordinal) && line.Contains($"gen_ai_request_model=\"{recorded.Model}\"", StringComparison.Ordinal)).ToList();
            Assert.Contains(lines, line => line.Contains($"le=\"{last}\"", StringComparison.Ordinal));
            Assert.All(lines, static line => Assert.Contains("gen_ai_operation_name=\"chat\"", line, StringComparison.Ordinal));
        }
        Assert.Contains("gen_ai_token_type=\"input\"", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_count_before_the_call_is_what_the_provider_counted()
    {
        var recorded = Recordings.Chat("openai-chat/valid_response").Single();
        var body = new JsonObject { ["model"] = "gpt-4o", ["messages"] = recorded.Request!["messages"]!.DeepClone() };
        var count = await CountAsync(body);
        Assert.Equal(recorded.Usage!["prompt_tokens"]!.GetValue<long>(), count["tokens"]!.GetValue<long>());
        Assert.Equal(("exact", "o200k_base"), (count["method"]!.GetValue<string>(), count["tokenizer"]!.GetValue<string>()));
        var other = await CountAsync(new JsonObject { ["model"] = "claude-sonnet-4-5", ["text"] = "How many are these?" });
        Assert.Equal(("estimate", 5), (other["method"]!.GetValue<string>(), other["tokens"]!.GetValue<long>()));
        foreach (var bad in new[] { """{"model":"x"}""", """{"model":"x","text":"a","messages":[]}""", """{"model":"","text":"a"}""", """{"model":"x","messages":[1]}""", """{"model":"x","messages":"hi"}""" })
        {
            using var refused = await gateway.Client.PostAsync("/v1/tokens/count", new StringContent(bad, Encoding.UTF8, "application/json"), Stop);
            Assert.Equal(422, (int)refused.StatusCode);
        }
        using var window = await gateway.Client.GetAsync("/v1/models/telemetry?window=0d", Stop);
        Assert.Equal(422, (int)window.StatusCode);
    }

    private async Task<JsonNode> CountAsync(JsonObject body)
    {
        using var response = await gateway.Client.PostAsync("/v1/tokens/count", new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"), Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }
}
