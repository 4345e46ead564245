using System.Net;
using System.Text;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Policy;

/// <summary>A policy's way into force: tried on what was recorded, proposed by one, approved by another, restored by two.</summary>
public sealed class PolicyLifecycleTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_policy_is_tried_on_recorded_actions_and_put_in_force_by_two()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var second = await SecondPerson.AddAsync(soma, owner);
        await RecordAsync(owner);
        var document = (await ReadAsync(await owner.GetAsync("/v1/policies", Stop), 200)).GetProperty("document").GetRawText();
        var stricter = document.Replace("\"session.start\":{\"confidence\":0.95,\"risk\":0.1}", "\"session.start\":{\"confidence\":0.1,\"risk\":0.9}", StringComparison.Ordinal);
        Assert.NotEqual(document, stricter);

        var trial = await ReadAsync(await owner.PostAsync("/v1/policies/simulate", Json($$"""{"document":{{stricter}}}"""), Stop), 200);
        Assert.True(trial.GetProperty("actions").GetInt64() > 0);
        Assert.Contains(trial.GetProperty("changes").EnumerateArray(), change =>
            (change.GetProperty("kind").GetString(), change.GetProperty("before").GetString(), change.GetProperty("after").GetString()) == ("session.start", "allow", "deny"));
        var same = await ReadAsync(await owner.PostAsync("/v1/policies/simulate", Json($$"""{"document":{{document}}}"""), Stop), 200);
        Assert.Equal(0, same.GetProperty("changed").GetInt64());

        var wanted = (await ReadAsync(await PutAsync(owner, stricter, "\"1\""), 202)).GetProperty("approval");
        var id = wanted.GetProperty("id").GetString()!;
        Assert.Equal(1, (await ReadAsync(await owner.GetAsync("/v1/policies", Stop), 200)).GetProperty("version").GetInt64());
        Assert.Equal("approval_pending", await RefusedAsync(await PutAsync(owner, stricter, "\"1\"", id)));
        Assert.Equal("approval_own", await RefusedAsync(await SecondPerson.DecideAsync(owner, id)));
        await second.ApproveAsync(id);
        Assert.Equal("approval_void", await RefusedAsync(await PutAsync(owner, document.Replace("\"default\":0.7", "\"default\":0.71", StringComparison.Ordinal), "\"1\"", id)));
        // The other document voided it, right after its refusal: nobody gets a second try under the same yes.
        await second.UntilAsync(id, "voided");
        Assert.NotEqual(HttpStatusCode.OK, (await PutAsync(owner, stricter, "\"1\"", id)).StatusCode);

        id = (await ReadAsync(await PutAsync(owner, stricter, "\"1\""), 202)).GetProperty("approval").GetProperty("id").GetString()!;
        await second.ApproveAsync(id);
        Assert.Equal(2, (await ReadAsync(await PutAsync(owner, stricter, "\"1\"", id), 200)).GetProperty("version").GetInt64());
        Assert.Equal(HttpStatusCode.Forbidden, (await owner.PostAsync("/v1/sessions/start", Json("""{"prompt":"Hello"}"""), Stop)).StatusCode);
        Assert.NotEqual(HttpStatusCode.OK, (await PutAsync(owner, stricter, "\"2\"", id)).StatusCode);

        var versions = await ReadAsync(await owner.GetAsync("/v1/policies/versions", Stop), 200);
        Assert.Equal([2L], versions.GetProperty("data").EnumerateArray().Select(version => version.GetProperty("version").GetInt64()));
        Assert.Equal("policy_version_unknown", await RefusedAsync(await owner.GetAsync("/v1/policies/versions/7", Stop)));
    }

    [Fact]
    public async Task An_older_version_comes_back_as_a_new_one()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var second = await SecondPerson.AddAsync(soma, owner);
        var document = (await ReadAsync(await owner.GetAsync("/v1/policies", Stop), 200)).GetProperty("document").GetRawText();
        await TwiceAsync(second, approval => PutAsync(owner, document, "\"1\"", approval));
        await TwiceAsync(second, approval => PutAsync(owner, document.Replace("\"default\":0.7", "\"default\":0.75", StringComparison.Ordinal), "\"2\"", approval));
        var restored = await TwiceAsync(second, approval => SendAsync(owner, HttpMethod.Post, "/v1/policies/versions/2/restore", "{}", "\"3\"", approval));
        Assert.Equal(4, restored.GetProperty("version").GetInt64());
        Assert.Equal(0.7, restored.GetProperty("document").GetProperty("thresholds").GetProperty("default").GetDouble());
    }

    [Fact]
    public async Task The_commands_wait_for_the_second_person_and_say_how()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var second = await SecondPerson.AddAsync(soma, owner);
        var file = Path.Combine(soma.Data, "policy.json");
        string[] where = ["--data", soma.Data, "--url", soma.Url.ToString()];
        var shown = await SomaProcess.RunAsync(null, ["policy", "show", "--json", .. where]);
        await File.WriteAllTextAsync(file, JsonDocument.Parse(shown.Output).RootElement.GetProperty("document").GetRawText(), Stop);
        var waiting = await SomaProcess.RunAsync(null, ["policy", "set", file, "--json", .. where]);
        Assert.True(waiting.ExitCode == 5, waiting.Error);
        var id = JsonDocument.Parse(waiting.Output).RootElement.GetProperty("approval").GetProperty("id").GetString()!;
        Assert.Contains($"soma approval approve {id}", waiting.Error, StringComparison.Ordinal);
        var own = await SomaProcess.RunAsync(null, ["approval", "approve", id, .. where]);
        Assert.Equal(4, own.ExitCode);
        var token = new Dictionary<string, string> { ["SOMA_TOKEN"] = second.Client.DefaultRequestHeaders.Authorization!.Parameter! };
        var list = await SomaProcess.RunAsync(token, ["approval", "list", "--state", "pending", .. where]);
        Assert.Contains(id, list.Output, StringComparison.Ordinal);
        var approved = await SomaProcess.RunAsync(token, ["approval", "approve", id, "--comment", "agreed", .. where]);
        Assert.True(approved.ExitCode == 0, approved.Error);
        var set = await SomaProcess.RunAsync(null, ["policy", "set", file, "--approval", id, "--json", .. where]);
        Assert.True(set.ExitCode == 0, set.Error);
        Assert.Equal(2, JsonDocument.Parse(set.Output).RootElement.GetProperty("version").GetInt64());
        var broken = await SomaProcess.RunAsync(null, ["policy", "set", Path.Combine(soma.Data, "absent.json"), .. where]);
        Assert.Equal(2, broken.ExitCode);
        Assert.Empty(broken.Output);
    }

    /// <summary>The sample is written about once a second.</summary>
    private static async Task RecordAsync(HttpClient client)
    {
        (await client.PostAsync("/v1/sessions/start", Json("""{"prompt":"What is checked before an agent acts?"}"""), Stop)).EnsureSuccessStatusCode();
        var document = (await ReadAsync(await client.GetAsync("/v1/policies", Stop), 200)).GetProperty("document").GetRawText();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (await timer.WaitForNextTickAsync(Stop))
        {
            var trial = await ReadAsync(await client.PostAsync("/v1/policies/simulate", Json($$"""{"document":{{document}}}"""), Stop), 200);
            if (trial.GetProperty("actions").GetInt64() > 0) return;
        }
    }

    private static async Task<JsonElement> TwiceAsync(SecondPerson second, Func<string?, Task<HttpResponseMessage>> send) => await ReadAsync(await second.TwiceAsync(send), 200);

    private static Task<HttpResponseMessage> PutAsync(HttpClient client, string document, string ifMatch, string? approval = null) => SendAsync(client, HttpMethod.Put, "/v1/policies", document, ifMatch, approval);

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string path, string body, string ifMatch, string? approval)
    {
        var request = new HttpRequestMessage(method, path) { Content = Json(body) };
        request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        if (approval is not null) request.Headers.TryAddWithoutValidation("Soma-Approval", approval);
        return client.SendAsync(request, Stop);
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response, int expected)
    {
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True((int)response.StatusCode == expected, $"{(int)response.StatusCode} {text}");
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private static async Task<string?> RefusedAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True((int)response.StatusCode >= 400, $"{(int)response.StatusCode} {text}");
        using var document = JsonDocument.Parse(text);
        return document.RootElement.GetProperty("code").GetString();
    }
}
