using System.Net.Http.Json;
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

    public static async Task DecideAsync(HttpClient decider, string id, string decision, int expected = 200)
    {
        var approval = await decider.GetFromJsonAsync<JsonElement>("/v1/approvals/" + id, Stop);
        var answer = await decider.PostAsJsonAsync($"/v1/approvals/{id}/decision", new { decision, digest = approval.GetProperty("approval").GetProperty("digest").GetString() }, Stop);
        Assert.True((int)answer.StatusCode == expected, $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(Stop)}");
    }
}
