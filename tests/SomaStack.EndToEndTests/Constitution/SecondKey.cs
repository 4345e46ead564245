using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Constitution;

/// <summary>A second principal of the owner's tenant who approves what the owner asks for, over HTTP.</summary>
internal sealed class SecondKey(HttpClient owner, string token)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<SecondKey> OfAsync(HttpClient owner)
    {
        using var made = await owner.PutAsJsonAsync("/v1/users/eve", new { display_name = "Eve", capabilities = new[] { "approval:decide", "constitution:load" } }, Stop);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync(Stop));
        using var issued = await owner.PostAsJsonAsync("/v1/tokens/issue", new { principal = "eve" }, Stop);
        return new SecondKey(owner, (await issued.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("token").GetString()!);
    }

    /// <summary>Asks, lets the other approve, and asks again with the approval.</summary>
    public async Task<JsonElement> ApprovedAsync(string path, object body)
    {
        using var asked = await owner.PostAsJsonAsync(path, body, Stop);
        var text = await asked.Content.ReadAsStringAsync(Stop);
        Assert.True(asked.StatusCode == HttpStatusCode.Accepted, text);
        using var answer = JsonDocument.Parse(text);
        var approval = answer.RootElement.GetProperty("approval");
        var id = approval.GetProperty("id").GetString()!;
        using var decision = new HttpRequestMessage(HttpMethod.Post, $"/v1/approvals/{id}/decision") { Content = JsonContent.Create(new { decision = "approve", digest = approval.GetProperty("digest").GetString() }) };
        decision.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var decided = await owner.SendAsync(decision, Stop);
        Assert.True(decided.IsSuccessStatusCode, await decided.Content.ReadAsStringAsync(Stop));
        using var again = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        again.Headers.Add("Soma-Approval", id);
        using var done = await owner.SendAsync(again, Stop);
        Assert.True(done.StatusCode == HttpStatusCode.OK, await done.Content.ReadAsStringAsync(Stop));
        return await done.Content.ReadFromJsonAsync<JsonElement>(Stop);
    }
}
