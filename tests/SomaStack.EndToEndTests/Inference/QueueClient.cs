using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>An event of a request's stream as it came over the wire.</summary>
internal sealed record QueueEvent(long Seq, string Type, string Data)
{
    public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Data);
}

/// <summary>The routes of queued requests, as a caller uses them.</summary>
internal sealed class QueueClient(HttpClient http)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async Task<string> SubmitAsync(string prompt, int attemptsMax = 5, string? key = null)
    {
        var body = new { mode = "chat", model = QueueUpstream.Model, session_id = "s1", attempts_max = attemptsMax, payload = new { messages = new[] { new { role = "user", content = prompt } }, max_tokens = 200 } };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/requests") { Content = JsonContent.Create(body) };
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        using var response = await http.SendAsync(request, Stop);
        var answer = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, answer);
        var id = JsonSerializer.Deserialize<JsonElement>(answer).GetProperty("request_id").GetString()!;
        Assert.Equal($"/v1/requests/{id}", response.Headers.Location!.ToString());
        return id;
    }

    public Task<JsonElement> GetAsync(string id) => http.GetFromJsonAsync<JsonElement>($"/v1/requests/{id}", Stop);

    /// <summary>Reads on until the stream ends, or until <paramref name="enough"/>.</summary>
    public async Task<List<QueueEvent>> EventsAsync(string id, long after = 0, Func<List<QueueEvent>, bool>? enough = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/requests/{id}/events");
        if (after > 0) request.Headers.Add("Last-Event-ID", after.ToString(CultureInfo.InvariantCulture));
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await using var stream = await response.Content.ReadAsStreamAsync(Stop);
        var events = new List<QueueEvent>();
        var parser = SseParser.Create(stream);
        await foreach (var item in parser.EnumerateAsync(Stop))
        {
            events.Add(new QueueEvent(long.Parse(item.EventId ?? parser.LastEventId, CultureInfo.InvariantCulture), item.EventType, item.Data));
            if (enough?.Invoke(events) == true) break;
        }
        return events;
    }

    /// <summary>What the last attempt said.</summary>
    public static string Said(IEnumerable<QueueEvent> events)
    {
        var said = "";
        foreach (var item in events)
            if (item.Type is "request.started" or "request.restarted") said = "";
            else if (item.Type == "text.delta") said += item.Json.GetProperty("text").GetString();
        return said;
    }
}
