using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Platform;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>The built program with a recorded Anthropic and a recorded OpenAI-compatible server as its providers.</summary>
public sealed class AnthropicGateway : IAsyncLifetime
{
    /// <summary>Every recording there is of Anthropic's Messages.</summary>
    internal static readonly ImmutableArray<string> Recorded =
    [
        "anthropic/anthropic_cache_real_api", "anthropic/anthropic_model_instructions", "anthropic/anthropic_model_thinking_part_redacted_stream", "anthropic/anthropic_model_thinking_part_stream",
        "anthropic/anthropic_tool_output", "anthropic/anthropic_tool_with_thinking", "anthropic/extra_headers", "anthropic/image_url_input_invalid_mime_type", "anthropic/multiple_parallel_tool_calls",
        "anthropic/tool_choice_matrix-auto-anthropic", "anthropic/tool_choice_matrix-required-anthropic",
    ];

    internal static readonly ImmutableArray<string> Counted = ["anthropic/anthropic_model_usage_limit_exceeded", "anthropic/anthropic_count_tokens_error"];

    internal RecordedProvider Anthropic { get; private set; } = null!;

    internal RecordedProvider Other { get; private set; } = null!;

    internal SomaProcess Soma { get; private set; } = null!;

    internal HttpClient Client { get; private set; } = null!;

    internal string Token => Client.DefaultRequestHeaders.Authorization!.Parameter!;

    public async ValueTask InitializeAsync()
    {
        Anthropic = await RecordedProvider.StartAsync();
        Other = await RecordedProvider.StartAsync();
        Anthropic.Models.Clear();
        Anthropic.Models.Add("claude-test");
        if (Recordings.AreThere)
            Anthropic.Models.AddRange(Recorded.AddRange(Counted).SelectMany(Recordings.Read).Select(interaction => interaction.Model).Distinct());
        Soma = await SomaProcess.StartAsync(environment: new Dictionary<string, string>
        {
            ["SOMA_ANTHROPIC_URL"] = Anthropic.Root, ["SOMA_ANTHROPIC_KEY"] = RecordedProvider.Key, ["SOMA_OPENAI_URL"] = Other.Url, ["SOMA_OPENAI_KEY"] = RecordedProvider.Key,
        });
        Client = await Soma.ClientAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Soma.DisposeAsync();
        await Anthropic.DisposeAsync();
        await Other.DisposeAsync();
    }

    /// <summary>All input together: what was read from the cache and written to it is counted apart by Anthropic.</summary>
    internal static long InputOf(JsonObject usage) =>
        new[] { "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens" }.Sum(name => usage[name]?.GetValue<long>() ?? 0);

    /// <summary>The second line of the call's journal; it is written when the last byte has already left.</summary>
    internal async Task<(string Type, JsonElement Data)> ClosedAsync(string id, CancellationToken cancellationToken)
    {
        await using var db = Db.Open("sqlite:" + Path.Combine(Soma.Data, "soma.db"));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var attempt = 0; attempt < 500; attempt++)
        {
            var rows = await db.QueryAsync(
                "demo", reader => (reader.GetString(0), reader.GetString(1)), $"SELECT type, data FROM journal WHERE tenant = {"demo"} AND subject = {"call/" + id} AND version = 2", cancellationToken);
            if (rows.Count > 0) return (rows[0].Item1, JsonDocument.Parse(rows[0].Item2).RootElement);
            await timer.WaitForNextTickAsync(cancellationToken);
        }
        throw new TimeoutException($"The call {id} was not closed.");
    }
}
