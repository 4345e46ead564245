using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SomaStack.EndToEndTests.Approvals;

/// <summary>Somebody else of the demo tenant, who decides what its owner asks for.</summary>
internal sealed class SecondPerson : IDisposable
{
    private static readonly string[] Capabilities = ["approval:decide", "killswitch:engage", "platform:admin", "session:start", "session:read"];

    private SecondPerson(HttpClient client) => Client = client;

    public HttpClient Client { get; }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<SecondPerson> AddAsync(SomaProcess soma, HttpClient owner, string id = "bob")
    {
        using var added = await owner.PutAsJsonAsync($"/v1/users/{id}", new { display_name = id, capabilities = Capabilities }, Stop);
        Assert.Equal(HttpStatusCode.Created, added.StatusCode);
        return new SecondPerson(await ClientAsync(soma, owner, id));
    }

    /// <summary>A client with a token of its own.</summary>
    public static async Task<HttpClient> ClientAsync(SomaProcess soma, HttpClient owner, string id)
    {
        using var issued = await owner.PostAsJsonAsync("/v1/tokens/issue", new { principal = id }, Stop);
        var token = (await issued.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("token").GetString();
        return new HttpClient { BaseAddress = soma.Url, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
    }

    public async Task<JsonElement> ReadAsync(string approval) => await Client.GetFromJsonAsync<JsonElement>($"/v1/approvals/{approval}", Stop);

    public async Task<HttpResponseMessage> DecideAsync(string approval, string decision = "approve", string? digest = null) => await Client.PostAsJsonAsync(
        $"/v1/approvals/{approval}/decision",
        new { decision, digest = digest ?? (await ReadAsync(approval)).GetProperty("approval").GetProperty("digest").GetString(), comment = "Seen." }, Stop);

    public async Task ApproveAsync(string approval)
    {
        using var decided = await DecideAsync(approval);
        Assert.True(decided.IsSuccessStatusCode, await decided.Content.ReadAsStringAsync(Stop));
    }

    /// <summary>Releases a kill switch with both keys.</summary>
    public async Task ReleaseAsync(HttpClient owner, string scope = "tenant", string? target = null)
    {
        using var asked = await PostAsync(owner, "/v1/killswitch", Body(), null);
        Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        var id = (await asked.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("approval").GetProperty("id").GetString()!;
        Assert.Equal("/v1/approvals/" + id, asked.Headers.Location?.ToString());
        await ApproveAsync(id);
        using var released = await PostAsync(owner, "/v1/killswitch", Body(), id);
        Assert.Equal(HttpStatusCode.OK, released.StatusCode);

        string Body() => JsonSerializer.Serialize(new { engaged = false, scope, target, reason = "over" });
    }

    /// <summary>Posts JSON, naming an approval when there is one.</summary>
    public static Task<HttpResponseMessage> PostAsync(HttpClient client, string path, string json, string? approval, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        if (approval is not null) request.Headers.Add("Soma-Approval", approval);
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        return client.SendAsync(request, Stop);
    }

    /// <summary>From now on the tenant's policy wants a second person for these kinds of action.</summary>
    public static async Task WantApprovalAsync(HttpClient owner, params string[] kinds)
    {
        using var read = await owner.GetAsync("/v1/policies", Stop);
        var document = JsonNode.Parse(await read.Content.ReadAsStringAsync(Stop))!["document"]!;
        document["rules"]!.AsArray().Add(JsonSerializer.SerializeToNode(new
        {
            id = "ask-first-" + kinds[0].Replace('.', '-'), kinds, effect = "needs_approval", code = "ask_first", message = "Somebody else looks at this first.", remedy = "Wait for the decision.",
        }));
        using var written = await People.PutPolicyAsync(owner, document.ToJsonString(), read.Headers.ETag!.Tag);
        Assert.True(written.IsSuccessStatusCode, await written.Content.ReadAsStringAsync(Stop));
    }

    public void Dispose() => Client.Dispose();
}
