using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Memory;

/// <summary>Keys, versions, holds, forgetting, links and the way out and in again, over HTTP against the built server.</summary>
public sealed class RecordRoutesTests(MemoryRoutesTests.Server server) : IClassFixture<MemoryRoutesTests.Server>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_is_superseded_changed_and_restored_and_its_history_says_so()
    {
        var space = Space();
        var first = await SendAsync("POST", "/remember", new { text = "The office is in Oslo.", kind = "fact", key = "office", @namespace = space }, HttpStatusCode.Created);
        Assert.Equal("none", first.GetProperty("extraction_status").GetString());
        var known = await SendAsync("POST", "/v1/remember", new { text = "The office is in Oslo.", kind = "fact", coord = "office", @namespace = space }, HttpStatusCode.OK);
        Assert.True(known.GetProperty("deduplicated").GetBoolean() && !known.GetProperty("created").GetBoolean());
        var second = await SendAsync("POST", "/v1/remember", new { text = "The office is in Bergen.", kind = "fact", key = "office", @namespace = space }, HttpStatusCode.Created);
        Assert.Equal(Id(first), second.GetProperty("superseded")[0].GetString());
        Assert.Equal(Id(second), (await SendAsync("GET", "/v1/memory/" + Id(first), null, HttpStatusCode.OK)).GetProperty("superseded_by").GetString());

        var address = "/v1/memory/" + Id(second);
        Assert.Equal("precondition_required", Code(await SendAsync("PATCH", address, new { text = "x" }, HttpStatusCode.PreconditionRequired)));
        Assert.Equal("version_mismatch", Code(await SendAsync("PATCH", address, new { text = "x" }, HttpStatusCode.PreconditionFailed, "\"7\"")));
        var changed = await SendAsync("PATCH", address, new { text = "The office is in Bergen, third floor.", tags = new[] { "place" } }, HttpStatusCode.OK, "\"1\"");
        Assert.Equal(2, changed.GetProperty("version").GetInt64());
        Assert.Equal("memory_version_unknown", Code(await SendAsync("POST", address + "/restore", new { version = 9 }, HttpStatusCode.NotFound)));
        var restored = await SendAsync("POST", address + "/restore", new { version = 1 }, HttpStatusCode.OK);
        Assert.Equal(("The office is in Bergen.", 3L), (restored.GetProperty("text").GetString(), restored.GetProperty("version").GetInt64()));
        var history = await SendAsync("GET", address + "/history?limit=2", null, HttpStatusCode.OK);
        Assert.Equal(["restored", "changed"], history.GetProperty("data").EnumerateArray().Select(version => version.GetProperty("change").GetString()));
        var rest = await SendAsync("GET", $"{address}/history?limit=2&cursor={history.GetProperty("next_cursor").GetString()}", null, HttpStatusCode.OK);
        Assert.Equal(["remembered"], rest.GetProperty("data").EnumerateArray().Select(version => version.GetProperty("change").GetString()));
    }

    [Fact]
    public async Task What_is_held_stays_what_is_forgotten_leaves_nothing()
    {
        var space = Space();
        var held = Id(await SendAsync("POST", "/v1/remember", new { text = "Evidence number one.", @namespace = space }, HttpStatusCode.Created));
        var free = Id(await SendAsync("POST", "/v1/remember", new { text = "Evidence number two.", @namespace = space, links = new[] { new { type = "related", target = held } } }, HttpStatusCode.Created));
        using var writer = await server.Soma.ClientAsync("--capability", "memory:write");
        using (var refused = await writer.PostAsJsonAsync($"/v1/memory/{held}/hold", new { reason = "case 7" }, Stop)) Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        await SendAsync("POST", $"/v1/memory/{held}/hold", new { reason = "case 7" }, HttpStatusCode.OK);
        Assert.Equal("memory_held", Code(await SendAsync("DELETE", "/v1/memory/" + held, null, HttpStatusCode.Conflict)));
        var filter = new { @namespace = space };
        var dry = await SendAsync("POST", "/v1/memory/forget", new { filter, reason = "cleaning" }, HttpStatusCode.OK);
        Assert.Equal((true, 2, 0, 1), (dry.GetProperty("dry_run").GetBoolean(), dry.GetProperty("matched").GetInt32(), dry.GetProperty("forgotten").GetInt32(), dry.GetProperty("held").GetInt32()));
        Assert.Equal(1, (await SendAsync("POST", "/v1/memory/forget", new { filter, reason = "cleaning", dry_run = false }, HttpStatusCode.OK)).GetProperty("forgotten").GetInt32());
        var proof = await SendAsync("GET", $"/v1/memory/{free}/erasure", null, HttpStatusCode.OK);
        Assert.True(proof.GetProperty("clear").GetBoolean(), proof.ToString());
        Assert.False((await SendAsync("GET", $"/v1/memory/{held}/erasure", null, HttpStatusCode.OK)).GetProperty("clear").GetBoolean());
        await SendAsync("DELETE", $"/v1/memory/{held}/hold?reason=closed", null, HttpStatusCode.OK);
        await SendAsync("DELETE", "/v1/memory/" + held, null, HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task Links_make_a_graph_that_is_walked_in_hops()
    {
        var space = Space();
        var ids = new List<string>();
        for (var i = 0; i < 4; i++) ids.Add(Id(await SendAsync("POST", "/v1/remember", new { text = "step " + i, key = "step" + i, @namespace = space }, HttpStatusCode.Created)));
        await SendAsync("POST", "/link", new { from = ids[0], to = ids[1], type = "causes", weight = 0.5 }, HttpStatusCode.Created);
        var link = await SendAsync("POST", "/v1/link", new { from_key = "step1", to_key = "step2", type = "causes", @namespace = space }, HttpStatusCode.Created);
        await SendAsync("POST", "/v1/link", new { from_coord = "step1", to_coord = "step2", type = "causes", @namespace = space }, HttpStatusCode.OK);
        await SendAsync("POST", "/v1/link", new { from = ids[2], to = ids[3], type = "part_of" }, HttpStatusCode.Created);
        Assert.Equal("link_cycle", Code(await SendAsync("POST", "/v1/link", new { from = ids[3], to = ids[2], type = "part_of" }, HttpStatusCode.Conflict)));
        Assert.Equal("link_self", Code(await SendAsync("POST", "/v1/link", new { from = ids[3], to = ids[3] }, HttpStatusCode.UnprocessableEntity)));
        var near = await SendAsync("GET", $"/v1/graph/neighbors?id={ids[1]}&k_hop=2", null, HttpStatusCode.OK);
        Assert.Equal([(ids[2], 1), (ids[0], 1), (ids[3], 2)], near.GetProperty("data").EnumerateArray().Select(one => (one.GetProperty("id").GetString()!, one.GetProperty("hops").GetInt32())));
        var outward = await SendAsync("GET", $"/v1/graph/neighbors?id={ids[1]}&type=causes&direction=out&k_hop=3", null, HttpStatusCode.OK);
        Assert.Equal("step 2", Assert.Single(outward.GetProperty("data").EnumerateArray()).GetProperty("text").GetString());
        var path = await SendAsync("GET", $"/v1/graph/path?from={ids[0]}&to={ids[3]}", null, HttpStatusCode.OK);
        Assert.Equal(ids, path.GetProperty("path").EnumerateArray().Select(id => id.GetString()!));
        var back = await SendAsync("GET", $"/v1/graph/path?from={ids[3]}&to={ids[0]}&direction=in", null, HttpStatusCode.OK);
        Assert.Equal(Enumerable.Reverse(ids), back.GetProperty("path").EnumerateArray().Select(id => id.GetString()!));
        await SendAsync("DELETE", "/v1/link/" + Id(link), null, HttpStatusCode.NoContent);
        Assert.False((await SendAsync("GET", $"/v1/graph/path?from={ids[0]}&to={ids[3]}", null, HttpStatusCode.OK)).GetProperty("found").GetBoolean());
        Assert.Equal("link_unknown", Code(await SendAsync("DELETE", "/v1/link/" + Id(link), null, HttpStatusCode.NotFound)));
    }

    [Fact]
    public async Task What_is_exported_is_known_when_it_is_imported_again()
    {
        var space = Space();
        for (var i = 0; i < 5; i++) await SendAsync("POST", "/v1/remember", new { text = "line " + i, @namespace = space }, HttpStatusCode.Created);
        using var exported = await server.Client.GetAsync("/v1/memory/export?namespace=" + space, Stop);
        Assert.Equal("application/x-ndjson", exported.Content.Headers.ContentType!.MediaType);
        var text = await exported.Content.ReadAsStringAsync(Stop) + """{"type":"memory","id":"new-""" + space + "\",\"text\":\"one more\",\"namespace\":\"" + space + "\"}\n{";
        using var content = new StringContent(text, Encoding.UTF8, "application/x-ndjson");
        using var response = await server.Client.PostAsync("/v1/memory/import", content, Stop);
        var outcome = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Stop)).RootElement;
        Assert.Equal((1, 5), (outcome.GetProperty("imported").GetInt32(), outcome.GetProperty("skipped").GetInt32()));
        Assert.Equal((7, "malformed_request"), (outcome.GetProperty("failed")[0].GetProperty("line").GetInt32(), outcome.GetProperty("failed")[0].GetProperty("code").GetString()));
    }

    private static string Space() => "n" + Guid.CreateVersion7().ToString("N");

    private static string Id(JsonElement answer) => answer.GetProperty("id").GetString()!;

    private static string? Code(JsonElement problem) => problem.GetProperty("code").GetString();

    private async Task<JsonElement> SendAsync(string method, string address, object? body, HttpStatusCode expected, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), address);
        if (body is not null) request.Content = JsonContent.Create(body);
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        using var response = await server.Client.SendAsync(request, Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(expected == response.StatusCode, $"{method} {address}: {response.StatusCode} {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }
}
