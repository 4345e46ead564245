using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.EndToEndTests.Identity;

/// <summary>Two processes over one database, and one in production.</summary>
public sealed class ReplicaHttpTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(2);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_one_process_revokes_or_locks_another_refuses_within_two_seconds()
    {
        await using var here = await SomaProcess.StartAsync();
        await using var there = await SomaProcess.StartAsync(here.Data);
        using var owner = await here.ClientAsync();
        var token = await TokenAsync(owner);
        using var client = new HttpClient { BaseAddress = there.Url };
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        using (var first = await client.GetAsync("/v1/status", Stop)) Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        await owner.PostAsJsonAsync("/v1/tokens/revoke", new { token }, Stop);
        await UntilAsync(HttpStatusCode.Unauthorized, () => client.GetAsync("/v1/status", Stop));

        await owner.PutAsJsonAsync("/v1/users/ada", new { display_name = "Ada", capabilities = new[] { "memory:write" } }, Stop);
        using var ada = new HttpClient { BaseAddress = there.Url };
        ada.DefaultRequestHeaders.Authorization = new("Bearer", await TokenAsync(owner, "ada"));
        var memory = new { text = "Twice two is four.", kind = "fact" };
        using (var first = await ada.PostAsJsonAsync("/v1/remember", memory, Stop)) Assert.True(first.IsSuccessStatusCode);
        await owner.PostAsJsonAsync("/v1/training/start", new { reason = "tuning" }, Stop);
        await UntilAsync(HttpStatusCode.Locked, () => ada.PostAsJsonAsync("/v1/remember", memory, Stop));
    }

    [Fact]
    public async Task In_production_dangerous_steps_need_a_second_factor_and_the_others_do_not()
    {
        await using var before = await SomaProcess.StartAsync();
        await before.KillAsync();
        await using (var db = Db.Open($"sqlite:{before.Data}/soma.db"))
            await db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"UPDATE deployments SET mode = {"production"} WHERE tenant = {Db.AllTenants}"), Stop);
        await using var soma = await SomaProcess.StartAsync(before.Data);
        using var owner = await soma.ClientAsync();
        Assert.Equal("production", (await owner.GetFromJsonAsync<JsonElement>("/v1/status", Stop)).GetProperty("mode").GetString());
        await RefusedAsync(await owner.PostAsync("/v1/auth/keys/rotate", null, Stop));
        await RefusedAsync(await owner.PostAsJsonAsync("/v1/tenants", new { id = "acme", display_name = "Acme" }, Stop));
        await RefusedAsync(await owner.PostAsJsonAsync("/v1/constitution/load", new { }, Stop));
        using (var engaged = await owner.PostAsJsonAsync("/v1/killswitch", new { engaged = true, scope = "tenant", reason = "drill" }, Stop)) Assert.Equal(HttpStatusCode.OK, engaged.StatusCode);
        await RefusedAsync(await owner.PostAsJsonAsync("/v1/killswitch", new { engaged = false, scope = "tenant", reason = "drill" }, Stop));
        using var read = await owner.GetAsync("/v1/tenants", Stop);
        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
    }

    /// <summary>Asks without pause; nothing that is asked after the bound may still be answered.</summary>
    private static async Task UntilAsync(HttpStatusCode refused, Func<Task<HttpResponseMessage>> ask)
    {
        var since = Stopwatch.StartNew();
        while (true)
        {
            var began = since.Elapsed;
            using var response = await ask();
            if (response.StatusCode == refused) return;
            Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}");
            Assert.True(began < Bound, $"Still answered {began.TotalMilliseconds:0} ms after it was ended.");
        }
    }

    private static async Task<string> TokenAsync(HttpClient owner, string? principal = null)
    {
        using var issued = await owner.PostAsJsonAsync("/v1/tokens/issue", new { principal = principal ?? "owner" }, Stop);
        return (await issued.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("token").GetString()!;
    }

    private static async Task RefusedAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync(Stop);
            Assert.Equal((HttpStatusCode.Forbidden, "step_up_required"), (response.StatusCode, JsonDocument.Parse(text).RootElement.GetProperty("code").GetString()));
        }
    }
}
