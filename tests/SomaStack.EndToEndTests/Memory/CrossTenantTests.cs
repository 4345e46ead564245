using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;
using SomaStack.Server;

namespace SomaStack.EndToEndTests.Memory;

/// <summary>
/// A hundred thousand random attempts of one tenant to read, overwrite, link, erase or take in what is another's, over HTTP against the built
/// server. None succeeds: no answer holds a word of another tenant, and every tenant's memories are afterwards byte for byte what they were.
/// </summary>
public sealed class CrossTenantTests
{
    private const int Tenants = 5;
    private const int Each = 40;
    private const int Probes = 100_000;
    private const int Workers = 32;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_a_hundred_thousand_probes_across_tenants_none_succeeds()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        await using var soma = await SomaProcess.StartAsync();
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Workers, UseCookies = false }) { BaseAddress = soma.Url, Timeout = TimeSpan.FromSeconds(60) };
        var houses = await SettleAsync(soma, client, new Random(seed));
        var before = new List<string>();
        foreach (var house in houses) before.Add(await ExportAsync(client, house));
        Assert.All(before, (export, t) => Assert.Equal(Each, export.Split('\n').Count(line => line.Contains("\"type\":\"memory\"", StringComparison.Ordinal) && line.Contains($"zq{t}x", StringComparison.Ordinal))));

        var answered = new int[600];
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => AttackAsync(client, houses, new Random(seed + 1 + worker), Probes / Workers, answered)));
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", answered.Select((count, status) => (count, status)).Where(pair => pair.count > 0).Select(pair => $"{pair.status}: {pair.count}")));
        Assert.Equal(Probes, answered.Sum());
        Assert.True(answered[404] > Probes / 3, "The probes did not reach what is another's.");
        Assert.Equal(0, answered.Skip(500).Where((_, i) => i != 1).Sum());
        for (var t = 0; t < Tenants; t++) Assert.Equal(before[t], await ExportAsync(client, houses[t]));
    }

    private static async Task AttackAsync(HttpClient client, List<House> houses, Random random, int probes, int[] answered)
    {
        for (var probe = 0; probe < probes; probe++)
        {
            var a = random.Next(Tenants);
            var v = (a + 1 + random.Next(Tenants - 1)) % Tenants;
            var attempt = Attempt(houses[a], houses[v], random);
            using var request = new HttpRequestMessage(new HttpMethod(attempt.Method), attempt.Path);
            request.Headers.Authorization = houses[a].Authorization;
            // Who asks is in the token; whatever else claims to be a tenant is no more than text.
            if (random.Next(2) == 0) request.Headers.TryAddWithoutValidation("X-Tenant-ID", houses[v].Name);
            if (attempt.Body is not null) request.Content = new StringContent(attempt.Body, Encoding.UTF8, attempt.Path.EndsWith("import", StringComparison.Ordinal) ? "application/x-ndjson" : "application/json");
            if (attempt.IfMatch) request.Headers.TryAddWithoutValidation("If-Match", "\"1\"");
            if (attempt.Key is not null) request.Headers.Add("Idempotency-Key", attempt.Key);
            using var response = await client.SendAsync(request, Stop);
            var body = await response.Content.ReadAsStringAsync(Stop);
            Interlocked.Increment(ref answered[(int)response.StatusCode]);
            // What the caller himself asked for may come back in the answer.
            if (attempt.Echo is not null) body = body.Replace(attempt.Echo, "", StringComparison.Ordinal);
            for (var other = 0; other < Tenants; other++)
                if (other != a && body.Contains($"zq{other}x", StringComparison.Ordinal)) Assert.Fail($"{attempt.Method} {attempt.Path} {attempt.Body} by {houses[a].Name} showed something of {houses[other].Name}: {body}");
            if (attempt.Expected is not null && Array.IndexOf(attempt.Expected, response.StatusCode) < 0) Assert.Fail($"{attempt.Method} {attempt.Path} {attempt.Body} by {houses[a].Name}: {(int)response.StatusCode} {body}");
        }
    }

    private static Probe Attempt(House own, House other, Random random)
    {
        // Every fourth memory has an id that its tenant chose: those are what imports take aim at.
        var i = random.Next(Each / 4) * 4 + random.Next(3);
        var (id, mine, space) = (other.Ids[i], own.Ids[random.Next(Each)], "vault-" + other.Name);
        return random.Next(24) switch
        {
            0 or 1 => new("GET", $"/v1/memory/{id}") { Expected = Unknown },
            2 => new("GET", $"/memory/{id}/history") { Expected = Unknown },
            3 => new("GET", $"/v1/memory/{id}/erasure") { Expected = Unknown },
            4 or 5 => new("POST", "/recall", $$"""{"query":"the shared words about topic {{i}}","namespace":"{{space}}","include_superseded":true}""") { Expected = Fine },
            6 => new("POST", "/v1/recall", $$"""{"query":"{{other.Codes[i]}}","namespace":"{{space}}"}""") { Expected = Fine, Echo = other.Codes[i] },
            7 => new("GET", $"/v1/memory?namespace={space}&limit=50&cursor={other.Cursor}") { Expected = Fine },
            8 => random.Next(20) == 0 ? new("GET", "/v1/memory/export?namespace=" + space) { Expected = Fine } : new("GET", $"/graph/neighbors?id={id}&k_hop=3") { Expected = Unknown },
            9 => new("GET", $"/v1/graph/neighbors?id={id}") { Expected = Unknown },
            10 => new("GET", $"/v1/graph/path?from={mine}&to={id}&direction=both") { Expected = Unknown },
            11 => new("GET", $"/v1/graph/path?from={id}&to={mine}") { Expected = Unknown },
            12 or 13 => new("PATCH", $"/v1/memory/{id}", """{"text":"overwritten"}""") { IfMatch = true, Expected = Unknown },
            14 or 15 => new("DELETE", $"/v1/memory/{id}") { Expected = Unknown },
            16 => new("POST", $"/v1/memory/{id}/restore", """{"version":1}""") { Expected = Unknown },
            17 => new("POST", $"/v1/memory/{id}/hold", """{"reason":"mine now"}""") { Expected = Unknown },
            18 => new("POST", "/link", $$"""{"from":"{{(i % 2 == 0 ? mine : id)}}","to":"{{(i % 2 == 0 ? id : mine)}}","weight":1}""") { Expected = Unknown },
            19 => new("DELETE", "/v1/link/" + other.Links[i % other.Links.Count]) { Expected = Unknown },
            20 => new("POST", "/v1/memory/forget", $$"""{"filter":{"ids":["{{id}}"],"namespace":"{{space}}"},"reason":"mine now","dry_run":false}""") { Expected = Fine },
            21 => new("GET", $"/v1/wm?session=session-{other.Name}"),
            22 => new("POST", "/v1/wm/recall", $$"""{"session_id":"session-{{other.Name}}","query":"shared words about topic {{i}}"}"""),
            _ => Write(other, i, space, random),
        };
    }

    /// <summary>These succeed, in the attacker's own tenant: under the other's key, key of retry or id they make something of his own.</summary>
    private static Probe Write(House other, int i, string space, Random random) => random.Next(4) switch
    {
        0 => new("POST", "/remember", $$"""{"text":"overwritten {{random.Next(50)}}","kind":"fact","key":"k{{i}}","namespace":"{{space}}"}"""),
        1 => new("POST", "/v1/remember", $$"""{"payload":{"task":"overwritten {{random.Next(50)}}"},"coord":"k{{i}}","namespace":"{{space}}"}"""),
        // The retry key of another tenant meets nothing of its answers.
        2 => new("POST", "/v1/remember", $$"""{"text":"the shared words about topic {{i}}","namespace":"{{space}}"}""") { Key = "retry-" + i },
        _ => new("POST", "/v1/memory/import", $$"""{"type":"memory","id":"{{other.Ids[i / 4 * 4 + 3]}}","text":"overwritten","namespace":"{{space}}","superseded_by":"{{other.Ids[i]}}"}"""),
    };

    private static readonly HttpStatusCode[] Unknown = [HttpStatusCode.NotFound];
    private static readonly HttpStatusCode[] Fine = [HttpStatusCode.OK];

    /// <summary>Five tenants with the same keys, the same retry keys and the same chosen ids; each text has a code of its own.</summary>
    private static async Task<List<House>> SettleAsync(SomaProcess soma, HttpClient client, Random random)
    {
        await using var local = await SomaServer.BuildAsync(new SomaOptions { DataDirectory = soma.Data }, Stop);
        var identity = local.Services.GetRequiredService<IIdentity>();
        var (demo, principal) = await identity.DemoOwnerAsync(Stop);
        async Task<AuthenticationHeaderValue> TokenAsync(string tenant) => new("Bearer", (await identity.IssueTokenAsync(tenant, principal, null, TimeSpan.FromMinutes(30), Stop)).Token);
        var platform = await TokenAsync(demo);
        var houses = new List<House>();
        for (var t = 0; t < Tenants; t++)
        {
            var name = "house" + t.ToString(CultureInfo.InvariantCulture);
            await SendAsync(client, platform, "/v1/tenants", $$"""{"id":"{{name}}","display_name":"{{name}}","owner":"{{principal}}"}""");
            var house = new House(name, await TokenAsync(name));
            var space = "vault-" + name;
            for (var i = 0; i < Each; i++)
            {
                var code = $"zq{t}x{random.NextInt64():x16}";
                var text = $"the shared words about topic {i} with {code}";
                if (i % 4 == 3) await SendAsync(client, house.Authorization, "/v1/memory/import", $$"""{"type":"memory","id":"chosen-{{t}}-{{i}}","text":"{{text}}","key":"k{{i}}","namespace":"{{space}}"}""");
                house.Ids.Add(i % 4 == 3 ? $"chosen-{t}-{i}"
                    : (await SendAsync(client, house.Authorization, "/v1/remember", $$"""{"text":"{{text}}","key":"k{{i}}","namespace":"{{space}}"}""", "retry-" + i)).GetProperty("id").GetString()!);
                house.Codes.Add(code);
                if (i > 0) house.Links.Add((await SendAsync(client, house.Authorization, "/v1/link", $$"""{"from":"{{house.Ids[i - 1]}}","to":"{{house.Ids[i]}}","type":"part_of"}""")).GetProperty("id").GetString()!);
                await SendAsync(client, house.Authorization, "/v1/wm/admit", $$"""{"session_id":"session-{{name}}","text":"{{text}}"}""", null, mayBeMissing: true);
            }
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/memory?namespace={space}&limit=1") { Headers = { Authorization = house.Authorization } };
            using var page = await client.SendAsync(request, Stop);
            house.Cursor = JsonDocument.Parse(await page.Content.ReadAsStringAsync(Stop)).RootElement.GetProperty("next_cursor").GetString()!;
            houses.Add(house);
        }
        return houses;
    }

    private static async Task<JsonElement> SendAsync(HttpClient client, AuthenticationHeaderValue authorization, string path, string json, string? key = null, bool mayBeMissing = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json"), Headers = { Authorization = authorization } };
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        using var response = await client.SendAsync(request, Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.IsSuccessStatusCode || mayBeMissing && response.StatusCode == HttpStatusCode.NotImplemented, $"{path} {json}: {(int)response.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    private static async Task<string> ExportAsync(HttpClient client, House house)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/memory/export?namespace=vault-" + house.Name) { Headers = { Authorization = house.Authorization } };
        using var response = await client.SendAsync(request, Stop);
        return await response.Content.ReadAsStringAsync(Stop);
    }

    private sealed record Probe(string Method, string Path, string? Body = null)
    {
        public bool IfMatch { get; init; }

        public string? Key { get; init; }

        public string? Echo { get; init; }

        /// <summary>Null when several answers are right.</summary>
        public HttpStatusCode[]? Expected { get; init; }
    }

    private sealed record House(string Name, AuthenticationHeaderValue Authorization)
    {
        public List<string> Ids { get; } = [];

        public List<string> Codes { get; } = [];

        public List<string> Links { get; } = [];

        public string Cursor { get; set; } = "";
    }
}
