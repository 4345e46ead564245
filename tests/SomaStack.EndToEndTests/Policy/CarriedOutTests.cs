using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using SomaStack.EndToEndTests.Inference;
using SomaStack.Platform;

namespace SomaStack.EndToEndTests.Policy;

/// <summary>What rules oblige to happens on the way to a real server of models; what the constitution limits does not get there.</summary>
public sealed class CarriedOutTests
{
    private const string Stream = BadUpstream.Piece + BadUpstream.Finish + BadUpstream.Last + "data: [DONE]\n\n";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sessions_and_model_calls_carry_out_what_rules_oblige_to_and_ceilings_refuse_them()
    {
        await using var provider = await RecordedProvider.StartAsync();
        await using var soma = await SomaProcess.StartAsync(environment: new Dictionary<string, string> { ["SOMA_OPENAI_URL"] = provider.Url, ["SOMA_OPENAI_KEY"] = RecordedProvider.Key });
        using (var owner = await soma.ClientAsync())
        {
            await GovernAsync(soma, owner);
            await CallAsync(owner, provider);
            await TurnAsync(owner, provider);
            // Nobody redacts what is written into memory by its route, so that is still a denial.
            var (status, text) = await SendAsync(owner, HttpMethod.Post, "/v1/remember", """{"text":"The blue heron flies."}""");
            Assert.True(status == HttpStatusCode.Forbidden && text.Contains("obligation_unmet", StringComparison.Ordinal), text);
            Assert.Equal(["ops", "treasury", "treasury"], await NoticesAsync(soma));
            (status, text) = await SendAsync(owner, HttpMethod.Put, "/v1/constitution/overlay", """{"ceilings":{"output_tokens":5,"input_tokens":400}}""", "\"0\"");
            Assert.True(status == HttpStatusCode.OK, text);
        }
        using var governed = await soma.ClientAsync();
        await CeilingsAsync(governed, provider);
    }

    private static async Task CallAsync(HttpClient owner, RecordedProvider provider)
    {
        provider.Next(Answer(BadUpstream.Whole, "application/json"));
        var (status, text) = await SendAsync(owner, HttpMethod.Post, "/v1/chat/completions", """{"model":"gpt-4o","max_tokens":500,"messages":[{"role":"user","content":"Where is the Blue Heron?"}]}""");
        Assert.True(status == HttpStatusCode.OK, text);
        Assert.True(provider.Received.TryDequeue(out var received));
        Assert.Equal((12, "Where is the [redacted]?"), (received.Body["max_tokens"]!.GetValue<int>(), received.Body["messages"]![0]!["content"]!.GetValue<string>()));
    }

    private static async Task TurnAsync(HttpClient owner, RecordedProvider provider)
    {
        provider.Next(Answer(Stream, "text/event-stream"));
        var (status, text) = await SendAsync(owner, HttpMethod.Post, "/v1/sessions/start", """{"prompt":"Tell me of the blue heron.","model":"gpt-4o"}""");
        Assert.True(status == HttpStatusCode.Created, text);
        Assert.True(provider.Received.TryDequeue(out var received));
        var sent = received.Body.ToJsonString();
        Assert.DoesNotContain("heron", sent, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Tell me of the [redacted].", sent, StringComparison.Ordinal);
        Assert.Equal(9, (received.Body["max_completion_tokens"] ?? received.Body["max_tokens"])!.GetValue<int>());
        using var turn = JsonDocument.Parse(text);
        var met = turn.RootElement.GetProperty("proof").GetProperty("policy").GetProperty("obligations").EnumerateArray()
            .Select(static one => $"{one.GetProperty("rule").GetString()} {one.GetProperty("kind").GetString()} {Shown(one, "target")}{Shown(one, "limit")}").Order(StringComparer.Ordinal);
        Assert.Equal(["tell cap_tokens 12", "tell notify treasury", "tell redact codename", "turns cap_tokens 9", "turns notify ops"], met);

        // The next message takes a second factor that this token does not carry.
        var session = turn.RootElement.GetProperty("session_id").GetString();
        (status, text) = await SendAsync(owner, HttpMethod.Post, $"/v1/sessions/{session}/messages", """{"text":"And then?"}""");
        Assert.True(status == HttpStatusCode.Forbidden && text.Contains("mfa_required", StringComparison.Ordinal), text);
        Assert.Empty(provider.Received);
    }

    private static async Task CeilingsAsync(HttpClient owner, RecordedProvider provider)
    {
        var (status, text) = await SendAsync(owner, HttpMethod.Post, "/v1/chat/completions", """{"model":"gpt-4o","max_tokens":6,"messages":[{"role":"user","content":"Hi"}]}""");
        Assert.True(status == HttpStatusCode.Forbidden && text.Contains("The constitution allows at most 5 of", StringComparison.Ordinal), text);
        (status, text) = await SendAsync(owner, HttpMethod.Post, "/v1/sessions/start", JsonSerializer.Serialize(new { prompt = "Tell me. " + new string('x', 400), model = "gpt-4o" }));
        Assert.Equal(HttpStatusCode.Forbidden, status);
        using var refused = JsonDocument.Parse(text);
        var why = refused.RootElement.GetProperty("reasons")[0];
        Assert.Equal(("constitution_ceiling", "constitution/ceilings/input_tokens", 1L), (why.GetProperty("code").GetString(), why.GetProperty("rule").GetString(), why.GetProperty("version").GetInt64()));
        Assert.NotEmpty(why.GetProperty("remedy").GetString()!);
        Assert.Empty(provider.Received);

        // One that states no limit is capped by the ceiling, which is below the rule's cap.
        provider.Next(Answer(BadUpstream.Whole, "application/json"));
        (status, text) = await SendAsync(owner, HttpMethod.Post, "/v1/chat/completions", """{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]}""");
        Assert.True(status == HttpStatusCode.OK, text);
        Assert.True(provider.Received.TryDequeue(out var received));
        Assert.Equal(5, (received.Body["max_completion_tokens"] ?? received.Body["max_tokens"])!.GetValue<int>());
    }

    private static async Task GovernAsync(SomaProcess soma, HttpClient owner)
    {
        var (_, policy) = await SendAsync(owner, HttpMethod.Get, "/v1/policies", null);
        var document = JsonNode.Parse(policy)!["document"]!.AsObject();
        var rules = document["rules"]!.AsArray();
        rules.Add(Rule("tell", "model.call", """[{"kind":"notify","target":"treasury"},{"kind":"cap_tokens","limit":12},{"kind":"redact","target":"codename"}]"""));
        rules.Add(Rule("turns", "session.start", """[{"kind":"notify","target":"ops"},{"kind":"cap_tokens","limit":9}]"""));
        rules.Add(Rule("proven", "session.message", """[{"kind":"require_mfa"}]"""));
        rules.Add(Rule("kept", "memory.write", """[{"kind":"redact","target":"codename"}]"""));
        document["moderation"]!["rules"]!.AsArray().Add(JsonNode.Parse(
            """{"id":"heron","category":"codename","severity":"low","patterns":["blue heron"],"message":"A code name.","remedy":"Leave it out.","strike":false,"stages":["tool_result"]}"""));
        using var second = await SecondPerson.AddAsync(soma, owner);
        using var put = await second.PutPolicyAsync(owner, document.ToJsonString(), "\"1\"");
        Assert.True(put.StatusCode == HttpStatusCode.OK, await put.Content.ReadAsStringAsync(Stop));
    }

    private static JsonNode Rule(string id, string kind, string obligations) => JsonNode.Parse(
        $$"""{"id":"{{id}}","kinds":["{{kind}}"],"effect":"allow","code":"{{id}}_said","message":"Said.","remedy":"None.","obligations":{{obligations}}}""")!;

    private static async Task<List<string>> NoticesAsync(SomaProcess soma)
    {
        await using var db = Db.Open("sqlite:" + Path.Combine(soma.Data, "soma.db"));
        var lines = await db.QueryAsync("demo", static row => row.GetString(0), $"SELECT data FROM journal WHERE tenant = {"demo"} AND type = {"somastack.policy.notify.v1"}", Stop);
        return [.. lines.Select(static line => JsonNode.Parse(line)!["target"]!.GetValue<string>()).Order(StringComparer.Ordinal)];
    }

    private static Func<HttpContext, Task> Answer(string body, string type) => async http =>
    {
        http.Response.ContentType = type;
        await http.Response.WriteAsync(body);
    };

    private static string Shown(JsonElement one, string name) => one.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : "";

    private static async Task<(HttpStatusCode Status, string Text)> SendAsync(HttpClient client, HttpMethod method, string path, string? body, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        using var response = await client.SendAsync(request, Stop);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Stop));
    }
}
