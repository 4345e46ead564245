using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.EndToEndTests.Inference;
using static SomaStack.EndToEndTests.Sessions.SessionsTests;

namespace SomaStack.EndToEndTests.Sessions;

/// <summary>Agents that ask agents, in the built program: bounded, on one budget, and through a killed server.</summary>
public sealed class DelegationTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static Interaction Asks => Recordings.Chat("openai-chat/openai_instructions_with_tool_calls_keep_instructions")[0];

    private static Interaction Answers => Recordings.Chat("openai-chat/openai_instructions_with_tool_calls_keep_instructions")[1];

    [Fact]
    public async Task An_agent_asks_another_and_a_cycle_is_refused_where_the_model_can_read_it()
    {
        await using var provider = await RecordedProvider.StartAsync();
        await using var soma = await StartAsync(provider, null);
        using var owner = await soma.ClientAsync();
        await PersonasAsync(owner);
        using var bob = await SecondPerson.AddAsync(soma, owner);
        await bob.NarrowAfterUntrustedAsync(owner, "outside:*");

        provider.Next(StreamedRecording.Asking(Asks, "sessions", "ask", new JsonObject { ["prompt"] = "How warm is it?", ["persona"] = "second" }));
        // The second one asks the first: refused, and it answers without.
        provider.Next(StreamedRecording.Asking(Asks, "sessions", "ask", new JsonObject { ["prompt"] = "And you?", ["persona"] = "first" }));
        provider.Next(StreamedRecording.OfOpenAi(Answers, ""));
        provider.Next(StreamedRecording.OfOpenAi(Answers, ""));
        var turn = await StartTurnAsync(owner);
        Assert.Equal("completed", Text(turn, "status"));
        var asked = turn.GetProperty("tool_calls")[0];
        Assert.Equal(("sessions.ask", "succeeded", "The temperature in Tokyo is currently 20.0 degrees Celsius."), (Text(asked, "name"), Text(asked, "status"), Text(asked, "result")));

        var sessions = (await owner.GetFromJsonAsync<JsonElement>("/v1/sessions", Stop)).GetProperty("data").EnumerateArray().ToList();
        Assert.Equal(["second", "first"], sessions.Select(static session => Text(session, "persona")));
        var second = (await owner.GetFromJsonAsync<JsonElement>($"/v1/sessions/{Text(sessions[0], "id")}", Stop)).GetProperty("turns")[0];
        var refused = second.GetProperty("tool_calls")[0];
        Assert.Equal(("failed", "delegation_cycle"), (Text(refused, "status"), Text(refused, "code")));

        // What the other used is in the sum: four calls of the model in all.
        var all = (await Task.WhenAll(sessions.Select(session => owner.GetFromJsonAsync<JsonElement>($"/v1/sessions/{Text(session, "id")}", Stop)))).Select(static one => one.GetProperty("turns")[0].GetProperty("proof")).ToList();
        Assert.Equal([2, 2], all.Select(static proof => proof.GetProperty("model_calls").GetArrayLength()));
        var expected = 2 * (Asks.Usage!["completion_tokens"]!.GetValue<long>() + Answers.Usage!["completion_tokens"]!.GetValue<long>());
        Assert.Equal(expected, turn.GetProperty("proof").GetProperty("usage").GetProperty("output_tokens").GetInt64());
    }

    [Fact]
    public async Task A_server_that_is_killed_while_a_tool_is_used_goes_on_with_the_turn_and_uses_it_once()
    {
        await using var provider = await RecordedProvider.StartAsync();
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        provider.Next(StreamedRecording.Asking(Asks, "sessions", "ask", new JsonObject { ["prompt"] = "How warm is it?", ["persona"] = "second" }));
        provider.Next(async http =>
        {
            reached.TrySetResult();
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
        });
        var killed = await StartAsync(provider, null);
        string session;
        using (var owner = await killed.ClientAsync())
        {
            await PersonasAsync(owner);
            var answering = StartTurnAsync(owner);
            await reached.Task.WaitAsync(Stop);
            session = (await owner.GetFromJsonAsync<JsonElement>("/v1/sessions", Stop)).GetProperty("data").EnumerateArray().Where(static one => Text(one, "persona") == "first").Select(static one => Text(one, "id")).Single();
            await killed.KillAsync();
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => answering);
        }

        for (var i = 0; i < 2; i++) provider.Next(StreamedRecording.OfOpenAi(Answers, ""));
        await using var soma = await StartAsync(provider, killed.Data);
        using var again = await soma.ClientAsync();
        var stream = await again.GetStringAsync($"/v1/sessions/{session}/events?until=idle", Stop);
        var turn = (await again.GetFromJsonAsync<JsonElement>($"/v1/sessions/{session}", Stop)).GetProperty("turns")[0];
        Assert.True(Text(turn, "status") == "completed", turn.GetRawText());
        Assert.Equal("The temperature in Tokyo is currently 20.0 degrees Celsius.", Text(turn, "answer"));
        // The agent that was asked had been cut off: whichever of the two found that first says so, and it was not asked again.
        var call = turn.GetProperty("tool_calls")[0];
        Assert.True(
            Text(call, "status") == "unknown" || Text(call, "result").Contains("no answer: failed", StringComparison.Ordinal), call.GetRawText());
        Assert.Equal(2, (await again.GetFromJsonAsync<JsonElement>("/v1/sessions", Stop)).GetProperty("data").GetArrayLength());
        Assert.Equal(2, stream.Split("event: tool.started").Length);
        Assert.Equal(2, stream.Split("event: tool.completed").Length);
        // The tool was used once. The agent that was asked goes on with its own turn, and may ask its model again for what nobody had kept (decision 0063).
        Assert.InRange(provider.Received.Count, 3, 4);
    }

    private static Task<SomaProcess> StartAsync(RecordedProvider provider, string? data) =>
        SomaProcess.StartAsync(data, new Dictionary<string, string> { ["SOMA_OPENAI_URL"] = provider.Url, ["SOMA_OPENAI_KEY"] = RecordedProvider.Key, ["SOMA_MODEL"] = "gpt-4o" });

    private static async Task PersonasAsync(HttpClient owner)
    {
        foreach (var id in new[] { "first", "second" })
        {
            using var created = await owner.PostAsJsonAsync("/v1/personas", new { id, name = id, instructions = "Ask the other.", tools = new[] { "sessions" } }, Stop);
            Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        }
    }

    private static async Task<JsonElement> StartTurnAsync(HttpClient owner)
    {
        using var response = await owner.PostAsJsonAsync("/v1/sessions/start", new { prompt = "What is the temperature in Tokyo?", persona = "first", model = "gpt-4o", recall_limit = 0 }, Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.StatusCode == HttpStatusCode.Created, text);
        return JsonDocument.Parse(text).RootElement;
    }
}
