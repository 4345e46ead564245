using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SomaStack.EndToEndTests;

/// <summary>
/// Somebody else of the demo tenant, who decides what its owner asks for. His token comes from <c>soma token</c> on the host: one that the owner
/// issued for him would not decide anything.
/// </summary>
internal sealed class SecondPerson : IDisposable
{
    private static readonly string[] Capabilities =
    [
        "approval:decide", "constitution:load", "constitution:read", "killswitch:engage", "platform:admin", "policy:read", "policy:write", "session:read", "session:start", "tenant:admin", "tool:manage",
    ];

    private SecondPerson(HttpClient client) => Client = client;

    public HttpClient Client { get; }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<SecondPerson> AddAsync(SomaProcess soma, HttpClient owner, string id = "bob")
    {
        using var added = await owner.PutAsJsonAsync($"/v1/users/{id}", new { display_name = id, capabilities = Capabilities }, Stop);
        Assert.True(added.StatusCode == HttpStatusCode.Created, await added.Content.ReadAsStringAsync(Stop));
        return await OfAsync(soma, id);
    }

    /// <summary>One who is there already.</summary>
    public static async Task<SecondPerson> OfAsync(SomaProcess soma, string id = "bob") => new(await soma.ClientAsync("--principal", id));

    public async Task<JsonElement> ReadAsync(string approval) => await Client.GetFromJsonAsync<JsonElement>($"/v1/approvals/{approval}", Stop);

    public Task<HttpResponseMessage> DecideAsync(string approval, string decision = "approve", string? digest = null) => DecideAsync(Client, approval, decision, digest);

    /// <summary>Decides as anybody; the digest is the approval's own unless another is named.</summary>
    public static async Task<HttpResponseMessage> DecideAsync(HttpClient decider, string approval, string decision = "approve", string? digest = null)
    {
        digest ??= (await decider.GetFromJsonAsync<JsonElement>($"/v1/approvals/{approval}", Stop)).GetProperty("approval").GetProperty("digest").GetString();
        return await decider.PostAsJsonAsync($"/v1/approvals/{approval}/decision", new { decision, digest, comment = "Seen." }, Stop);
    }

    public async Task ApproveAsync(string approval)
    {
        using var decided = await DecideAsync(approval);
        Assert.True(decided.IsSuccessStatusCode, await decided.Content.ReadAsStringAsync(Stop));
    }

    /// <summary>The owner asks, this one says yes, and the owner comes again with it. A refusal of the first request is returned as it came.</summary>
    /// <param name="send">Sends the request, naming an approval when there is one.</param>
    public async Task<HttpResponseMessage> TwiceAsync(Func<string?, Task<HttpResponseMessage>> send)
    {
        var asked = await send(null);
        if (asked.StatusCode != HttpStatusCode.Accepted) return asked;
        using (asked)
        {
            var id = (await asked.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("approval").GetProperty("id").GetString()!;
            Assert.Equal("/v1/approvals/" + id, asked.Headers.Location?.ToString());
            await ApproveAsync(id);
            return await send(id);
        }
    }

    /// <summary>What a POST that takes two keys answers when it acts.</summary>
    public async Task<JsonElement> ApprovedAsync(HttpClient owner, string path, object body)
    {
        using var done = await TwiceAsync(approval => PostAsync(owner, path, JsonSerializer.Serialize(body), approval));
        Assert.True(done.StatusCode == HttpStatusCode.OK, await done.Content.ReadAsStringAsync(Stop));
        return await done.Content.ReadFromJsonAsync<JsonElement>(Stop);
    }

    /// <summary>Releases a kill switch with both keys.</summary>
    public Task ReleaseAsync(HttpClient owner, string scope = "tenant", string? target = null) => ApprovedAsync(owner, "/v1/killswitch", new { engaged = false, scope, target, reason = "over" });

    /// <summary>Puts a policy in force with both keys.</summary>
    public Task<HttpResponseMessage> PutPolicyAsync(HttpClient owner, string document, string? ifMatch) => TwiceAsync(approval => PutPolicyAsync(owner, document, ifMatch, approval));

    /// <summary>Asks for a policy, or puts it in force with an approval.</summary>
    public static Task<HttpResponseMessage> PutPolicyAsync(HttpClient owner, string document, string? ifMatch, string? approval)
    {
        var request = new HttpRequestMessage(HttpMethod.Put, "/v1/policies") { Content = new StringContent(document, Encoding.UTF8, "application/json") };
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        if (approval is not null) request.Headers.Add("Soma-Approval", approval);
        return owner.SendAsync(request, Stop);
    }

    /// <summary>From now on the tenant's policy wants a second person for these kinds of action.</summary>
    public async Task WantApprovalAsync(HttpClient owner, params string[] kinds)
    {
        using var read = await owner.GetAsync("/v1/policies", Stop);
        var document = JsonNode.Parse(await read.Content.ReadAsStringAsync(Stop))!["document"]!;
        document["rules"]!.AsArray().Add(JsonSerializer.SerializeToNode(new
        {
            id = "ask-first-" + kinds[0].Replace('.', '-'), kinds, effect = "needs_approval", code = "ask_first", message = "Somebody else looks at this first.", remedy = "Wait for the decision.",
        }));
        using var written = await PutPolicyAsync(owner, document.ToJsonString(), read.Headers.ETag!.Tag);
        Assert.True(written.IsSuccessStatusCode, await written.Content.ReadAsStringAsync(Stop));
    }

    /// <summary>Waits until the approval is in a state.</summary>
    public async Task UntilAsync(string approval, string state)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while ((await ReadAsync(approval)).GetProperty("approval").GetProperty("state").GetString() != state) await timer.WaitForNextTickAsync(Stop);
    }

    /// <summary>Posts JSON, naming an approval when there is one.</summary>
    public static Task<HttpResponseMessage> PostAsync(HttpClient client, string path, string json, string? approval, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        if (approval is not null) request.Headers.Add("Soma-Approval", approval);
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        return client.SendAsync(request, Stop);
    }

    public void Dispose() => Client.Dispose();
}
