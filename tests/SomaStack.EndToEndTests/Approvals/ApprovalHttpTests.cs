using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Approvals;

/// <summary>Two keys over the built server's own HTTP, by way of releasing the kill switch, a model call and a memory.</summary>
public sealed class ApprovalHttpTests
{
    private const string Engage = """{"engaged":true,"scope":"tenant","reason":"drill"}""";
    private const string Release = """{"engaged":false,"scope":"tenant","reason":"over"}""";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_release_needs_somebody_else_and_neither_a_key_nor_a_second_token_is_somebody_else()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var again = await soma.ClientAsync();
        using var bob = await SecondPerson.AddAsync(soma, owner);
        using var key = await owner.PostAsJsonAsync("/v1/api-keys", new { name = "mine", scopes = new[] { "approval:decide", "killswitch:engage" } }, Stop);
        using var byKey = new HttpClient { BaseAddress = soma.Url };
        byKey.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await JsonAsync(key)).GetProperty("key").GetString());

        await StatusAsync(HttpStatusCode.OK, null, SecondPerson.PostAsync(owner, "/v1/killswitch", Engage, null));
        using var asked = await SecondPerson.PostAsync(owner, "/v1/killswitch", Release, null);
        Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        var wanted = (await JsonAsync(asked)).GetProperty("approval");
        var (id, digest) = (wanted.GetProperty("id").GetString()!, wanted.GetProperty("digest").GetString()!);
        var shown = await bob.ReadAsync(id);
        Assert.Equal("over", shown.GetProperty("arguments").GetProperty("reason").GetString());

        foreach (var self in new[] { owner, again, byKey })
            await StatusAsync(HttpStatusCode.Forbidden, "approval_own", self.PostAsJsonAsync($"/v1/approvals/{id}/decision", new { decision = "approve", digest }, Stop));
        await StatusAsync(HttpStatusCode.Conflict, "approval_digest_mismatch", bob.DecideAsync(id, digest: new string('0', 64)));
        await StatusAsync(HttpStatusCode.Conflict, "approval_pending", SecondPerson.PostAsync(owner, "/v1/killswitch", Release, id));
        await StatusAsync(HttpStatusCode.OK, null, bob.DecideAsync(id));
        await StatusAsync(HttpStatusCode.Conflict, "approval_decided", bob.DecideAsync(id));
        await StatusAsync(HttpStatusCode.NotFound, "approval_unknown", SecondPerson.PostAsync(bob.Client, "/v1/killswitch", Release, id));
        await StatusAsync(HttpStatusCode.OK, null, SecondPerson.PostAsync(byKey, "/v1/killswitch", Release, id));
        await StatusAsync(HttpStatusCode.OK, null, SecondPerson.PostAsync(owner, "/v1/killswitch", Engage, null));
        await StatusAsync(HttpStatusCode.Conflict, "approval_spent", SecondPerson.PostAsync(owner, "/v1/killswitch", Release, id));

        var listed = (await owner.GetFromJsonAsync<JsonElement>("/v1/approvals?state=claimed&kind=killswitch.release", Stop)).GetProperty("data").EnumerateArray().Single();
        Assert.Equal((id, "bob"), (listed.GetProperty("id").GetString(), listed.GetProperty("decider").GetString()));
        Assert.False(listed.TryGetProperty("arguments", out _));
    }

    [Fact]
    public async Task A_key_of_idempotence_repeats_the_question_and_not_in_place_of_the_action()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var bob = await SecondPerson.AddAsync(soma, owner);
        await StatusAsync(HttpStatusCode.OK, null, SecondPerson.PostAsync(owner, "/v1/killswitch", Engage, null));
        var first = await JsonAsync(await SecondPerson.PostAsync(owner, "/v1/killswitch", Release, null, "k1"));
        var repeated = await JsonAsync(await SecondPerson.PostAsync(owner, "/v1/killswitch", Release, null, "k1"));
        var id = first.GetProperty("approval").GetProperty("id").GetString()!;
        Assert.Equal(id, repeated.GetProperty("approval").GetProperty("id").GetString());
        await bob.ApproveAsync(id);
        using var released = await SecondPerson.PostAsync(owner, "/v1/killswitch", Release, id, "k1");
        Assert.False((await JsonAsync(released)).GetProperty("engaged").GetBoolean());
        using var replayed = await SecondPerson.PostAsync(owner, "/v1/killswitch", Release, id, "k1");
        Assert.Equal((HttpStatusCode.OK, "true"), (replayed.StatusCode, replayed.Headers.GetValues("Idempotency-Replayed").Single()));
    }

    [Fact]
    public async Task A_model_call_is_repeated_with_its_approval_once_and_exactly_as_it_was()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var bob = await SecondPerson.AddAsync(soma, owner);
        await bob.WantApprovalAsync(owner, "model.call");
        const string call = """{"model":"soma-extract","messages":[{"role":"user","content":"How often is the journal sealed?"}]}""";
        using var asked = await SecondPerson.PostAsync(owner, "/v1/chat/completions", call, null);
        Assert.Equal(HttpStatusCode.Forbidden, asked.StatusCode);
        Assert.Equal("model_call_needs_approval", (await JsonAsync(asked)).GetProperty("error").GetProperty("code").GetString());
        var id = asked.Headers.GetValues("Soma-Approval").Single();
        await StatusAsync(HttpStatusCode.Conflict, "approval_pending", SecondPerson.PostAsync(owner, "/v1/chat/completions", call, id));
        await bob.ApproveAsync(id);
        await StatusAsync(HttpStatusCode.OK, null, SecondPerson.PostAsync(owner, "/v1/chat/completions", call, id));
        await StatusAsync(HttpStatusCode.Conflict, "approval_spent", SecondPerson.PostAsync(owner, "/v1/chat/completions", call, id));

        using var other = await SecondPerson.PostAsync(owner, "/v1/chat/completions", call, null);
        var next = other.Headers.GetValues("Soma-Approval").Single();
        await bob.ApproveAsync(next);
        await StatusAsync(HttpStatusCode.Forbidden, "approval_void", SecondPerson.PostAsync(owner, "/v1/chat/completions", call.Replace("often", "seldom", StringComparison.Ordinal), next));
    }

    [Fact]
    public async Task A_memory_is_written_with_its_approval_and_evaluate_never_asks_for_one()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var bob = await SecondPerson.AddAsync(soma, owner);
        await bob.WantApprovalAsync(owner, "memory.write", "external.action");
        const string memory = """{"text":"The harbour crane is serviced every second Tuesday.","tags":["crane"]}""";
        using var asked = await SecondPerson.PostAsync(owner, "/v1/remember", memory, null);
        var problem = await JsonAsync(asked);
        Assert.Equal((HttpStatusCode.Forbidden, "memory_needs_approval"), (asked.StatusCode, problem.GetProperty("code").GetString()));
        var id = problem.GetProperty("approval_id").GetString()!;
        Assert.DoesNotContain("crane", (await bob.ReadAsync(id)).GetRawText(), StringComparison.Ordinal);
        await bob.ApproveAsync(id);
        await StatusAsync(HttpStatusCode.Created, null, SecondPerson.PostAsync(owner, "/v1/remember", memory, id));
        using var again = await SecondPerson.PostAsync(owner, "/v1/remember", memory, null);
        var second = again.Headers.GetValues("Soma-Approval").Single();
        await bob.ApproveAsync(second);
        await StatusAsync(HttpStatusCode.Forbidden, "approval_void", SecondPerson.PostAsync(owner, "/v1/remember", memory.Replace("[\"crane\"]", "[\"other\"]", StringComparison.Ordinal), second));

        var evaluated = await JsonAsync(await SecondPerson.PostAsync(owner, "/v1/evaluate", """{"action_id":"deploy","confidence":0.9,"risk_score":0.1}""", null));
        Assert.Equal("needs_approval", evaluated.GetProperty("decision").GetString());
        Assert.Equal(2, (await owner.GetFromJsonAsync<JsonElement>("/v1/approvals?kind=memory.write", Stop)).GetProperty("data").GetArrayLength());
        Assert.Equal(0, (await owner.GetFromJsonAsync<JsonElement>("/v1/approvals?kind=external.action", Stop)).GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task What_is_withdrawn_is_no_yes_any_more_and_a_bare_principal_sees_only_its_own()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var bob = await SecondPerson.AddAsync(soma, owner);
        await StatusAsync(HttpStatusCode.OK, null, SecondPerson.PostAsync(owner, "/v1/killswitch", Engage, null));
        var id = (await JsonAsync(await SecondPerson.PostAsync(owner, "/v1/killswitch", Release, null))).GetProperty("approval").GetProperty("id").GetString()!;
        await bob.ApproveAsync(id);
        await StatusAsync(HttpStatusCode.NotFound, "approval_unknown", bob.Client.PostAsync($"/v1/approvals/{id}/cancel", null, Stop));
        await StatusAsync(HttpStatusCode.OK, null, owner.PostAsync($"/v1/approvals/{id}/cancel", null, Stop));
        await StatusAsync(HttpStatusCode.Forbidden, "approval_void", SecondPerson.PostAsync(owner, "/v1/killswitch", Release, id));
        using var bare = await soma.ClientAsync("--capability", "session:start");
        Assert.Equal(1, (await bare.GetFromJsonAsync<JsonElement>("/v1/approvals", Stop)).GetProperty("data").GetArrayLength());
        await StatusAsync(HttpStatusCode.Forbidden, "capability_missing", bare.PostAsJsonAsync($"/v1/approvals/{id}/decision", new { decision = "approve", digest = new string('0', 64) }, Stop));
        await bob.ReleaseAsync(owner);
    }

    internal static async Task StatusAsync(HttpStatusCode status, string? code, Task<HttpResponseMessage> answering)
    {
        using var answer = await answering;
        var body = await answer.Content.ReadAsStringAsync(Stop);
        Assert.True(answer.StatusCode == status, $"{(int)answer.StatusCode} instead of {(int)status}: {body}");
        if (code is not null) Assert.Contains($"\"{code}\"", body, StringComparison.Ordinal);
    }

    internal static async Task<JsonElement> JsonAsync(HttpResponseMessage answer) => JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync(Stop));
}
