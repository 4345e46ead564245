using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace SomaStack.EndToEndTests;

/// <summary>A second person of the demo tenant, as everything that takes two keys needs one.</summary>
internal static class People
{
    public const string Second = "second";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Creates it with all that the owner holds but the platform's rights.</summary>
    public static async Task<HttpClient> SecondAsync(SomaProcess soma, HttpClient owner)
    {
        string[] capabilities = ["approval:decide", "policy:read", "policy:write", "constitution:read", "constitution:load", "killswitch:engage", "tenant:admin", "session:read", "session:start"];
        var created = await owner.PutAsJsonAsync("/v1/users/" + Second, new { display_name = "Second", capabilities }, Stop);
        Assert.True(created.IsSuccessStatusCode, await created.Content.ReadAsStringAsync(Stop));
        return await soma.ClientAsync("--principal", Second);
    }

    /// <summary>Puts a policy in force over HTTP, as its owner and a keeper of policies who says yes; a refusal is returned as it came.</summary>
    public static async Task<HttpResponseMessage> PutPolicyAsync(HttpClient owner, string document, string? ifMatch)
    {
        var asked = await PutAsync(owner, document, ifMatch, null);
        if (asked.StatusCode != HttpStatusCode.Accepted) return asked;
        var approval = (await asked.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("approval");
        // Without If-Match a second creation is refused, and then the keeper is there already.
        (await owner.PutAsJsonAsync("/v1/users/keeper", new { display_name = "Keeper", capabilities = new[] { "approval:decide", "policy:write" } }, Stop)).Dispose();
        using var issued = await owner.PostAsJsonAsync("/v1/tokens/issue", new { principal = "keeper" }, Stop);
        var token = (await issued.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("token").GetString();
        var id = approval.GetProperty("id").GetString()!;
        using var decision = new HttpRequestMessage(HttpMethod.Post, $"/v1/approvals/{id}/decision") { Content = JsonContent.Create(new { decision = "approve", digest = approval.GetProperty("digest").GetString() }) };
        decision.Headers.Authorization = new("Bearer", token);
        using var decided = await owner.SendAsync(decision, Stop);
        Assert.True(decided.IsSuccessStatusCode, await decided.Content.ReadAsStringAsync(Stop));
        return await PutAsync(owner, document, ifMatch, id);
    }

    private static Task<HttpResponseMessage> PutAsync(HttpClient owner, string document, string? ifMatch, string? approval)
    {
        var request = new HttpRequestMessage(HttpMethod.Put, "/v1/policies") { Content = new StringContent(document, Encoding.UTF8, "application/json") };
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        if (approval is not null) request.Headers.TryAddWithoutValidation("Soma-Approval", approval);
        return owner.SendAsync(request, Stop);
    }

    /// <summary>Waits until the approval is in a state.</summary>
    public static async Task UntilAsync(HttpClient client, string id, string state)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while ((await client.GetFromJsonAsync<JsonElement>("/v1/approvals/" + id, Stop)).GetProperty("approval").GetProperty("state").GetString() != state) await timer.WaitForNextTickAsync(Stop);
    }

    public static async Task DecideAsync(HttpClient decider, string id, string decision, int expected = 200)
    {
        var approval = await decider.GetFromJsonAsync<JsonElement>("/v1/approvals/" + id, Stop);
        var answer = await decider.PostAsJsonAsync($"/v1/approvals/{id}/decision", new { decision, digest = approval.GetProperty("approval").GetProperty("digest").GetString() }, Stop);
        Assert.True((int)answer.StatusCode == expected, $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(Stop)}");
    }
}
