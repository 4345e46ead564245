using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace SomaStack.EndToEndTests.Constitution;

/// <summary>The constitution over HTTP, and what happens when a byte of it changes on the disk.</summary>
public sealed class TamperTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_flipped_byte_on_the_disk_refuses_every_session()
    {
        var soma = await SomaProcess.StartAsync();
        await soma.KillAsync();
        var file = Path.Combine(soma.Data, "soma.db");
        // Moves everything into the main file; a byte flipped in the log would only drop that commit.
        await using (var connection = new SqliteConnection($"Data Source={file};Pooling=False"))
        {
            await connection.OpenAsync(Stop);
            await using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
            await command.ExecuteNonQueryAsync(Stop);
        }
        var bytes = await File.ReadAllBytesAsync(file, Stop);
        var at = bytes.AsSpan().IndexOf("People decide"u8);
        Assert.True(at > 0);
        bytes[at] ^= 0x20;
        await File.WriteAllBytesAsync(file, bytes, Stop);

        await using var again = await SomaProcess.StartAsync(soma.Data);
        using var client = await again.ClientAsync();
        foreach (var response in new[]
        {
            await client.PostAsJsonAsync("/v1/sessions/start", new { prompt = "Hello" }, Stop), await client.GetAsync("/v1/constitution", Stop),
            await client.PostAsJsonAsync("/v1/evaluate", new { }, Stop),
        })
        {
            using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Stop));
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "constitution_unverified"), (response.StatusCode, problem.RootElement.GetProperty("code").GetString()));
        }
    }

    [Fact]
    public async Task The_checksum_is_that_of_the_document_and_an_operator_can_sign_the_next_version()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var client = await soma.ClientAsync();
        using var constitution = JsonDocument.Parse(await client.GetStringAsync("/v1/constitution", Stop));
        var hash = constitution.RootElement.GetProperty("hash").GetString()!;
        foreach (var path in new[] { "/constitution/version", "/v1/constitution/version" })
        {
            using var version = JsonDocument.Parse(await client.GetStringAsync(path, Stop));
            Assert.Equal((1L, hash, "loaded"), (version.RootElement.GetProperty("version").GetInt64(), version.RootElement.GetProperty("hash").GetString(), version.RootElement.GetProperty("constitution_status").GetString()));
        }
        using var checksum = JsonDocument.Parse(await client.GetStringAsync("/constitution/checksum", Stop));
        Assert.Equal(hash, checksum.RootElement.GetProperty("checksum").GetString());

        var document = constitution.RootElement.GetProperty("document");
        var issuedAt = "2026-11-22T18:00:00Z";
        using var computed = JsonDocument.Parse(await (await client.PostAsJsonAsync("/constitution/checksum", new { document, version = 2, issued_at = issuedAt }, Stop)).Content.ReadAsStringAsync(Stop));
        Assert.Equal(hash, computed.RootElement.GetProperty("checksum").GetString());
        using var valid = JsonDocument.Parse(await (await client.PostAsJsonAsync("/constitution/validate", new { document, hash }, Stop)).Content.ReadAsStringAsync(Stop));
        Assert.True(valid.RootElement.GetProperty("valid").GetBoolean());
        using var invalid = JsonDocument.Parse(await (await client.PostAsJsonAsync("/constitution/validate", new { document = new { title = "x" } }, Stop)).Content.ReadAsStringAsync(Stop));
        Assert.False(invalid.RootElement.GetProperty("valid").GetBoolean());
        Assert.NotEmpty(invalid.RootElement.GetProperty("issues").EnumerateArray());

        var unsigned = new { document, version = 2, issued_at = issuedAt, signatures = new[] { new { key_id = "x", algorithm = "ed25519", value = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64)) } } };
        var refused = await client.PostAsJsonAsync("/v1/constitution/load", unsigned, Stop);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);

        using var key = Platform.Ed25519Key.Load(Path.Combine(soma.Data, "keys", "constitution.pem"));
        var value = Convert.ToBase64String(key.Sign(Encoding.UTF8.GetBytes(computed.RootElement.GetProperty("statement").GetString()!)));
        var signed = new { document, version = 2, issued_at = issuedAt, signatures = new[] { new { key_id = key.KeyId, algorithm = "ed25519", value } } };
        var loaded = await client.PostAsJsonAsync("/v1/constitution/load", signed, Stop);
        Assert.True(loaded.StatusCode == HttpStatusCode.OK, await loaded.Content.ReadAsStringAsync(Stop));
        Assert.Equal("candidate", JsonDocument.Parse(await loaded.Content.ReadAsStringAsync(Stop)).RootElement.GetProperty("state").GetString());
        using (var before = JsonDocument.Parse(await client.GetStringAsync("/v1/constitution", Stop))) Assert.Equal(1L, before.RootElement.GetProperty("version").GetInt64());
        using var second = await SecondPerson.AddAsync(soma, client);
        var activated = await second.ApprovedAsync(client, "/v1/constitution/activate", new { version = 2 });
        Assert.Equal((2L, "active"), (activated.GetProperty("version").GetInt64(), activated.GetProperty("state").GetString()));
        using var after = JsonDocument.Parse(await client.GetStringAsync("/v1/constitution", Stop));
        Assert.Equal((2L, false), (after.RootElement.GetProperty("version").GetInt64(), after.RootElement.GetProperty("inherited").GetBoolean()));
        Assert.Equal(HttpStatusCode.Conflict, (await client.PostAsJsonAsync("/v1/constitution/load", signed, Stop)).StatusCode);
    }

    [Fact]
    public async Task What_is_no_honest_document_is_refused_with_a_code()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var client = await soma.ClientAsync();
        const string Whole = """{"title":"T","preamble":"P","principles":[{"id":"a","title":"A","body":"B"}]""";
        var signature = $$""","issued_at":"2026-11-22T18:00:00Z","signatures":[{"key_id":"x","algorithm":"ed25519","value":"{{Convert.ToBase64String(new byte[64])}}"}]}""";
        string Load(string document, string version = "2") => $$"""{"document":{{document}},"version":{{version}}{{signature}}""";
        foreach (var (body, status, code) in new (string, int, string)[]
        {
            (Load(Whole + ""","title":"Again"}"""), 400, "malformed_request"),
            (Load(Whole + ""","note":"\ud800"}"""), 422, "invalid_request"),
            (Load(Whole + $$""","deep":{{new string('[', 80)}}{{new string(']', 80)}}}"""), 400, "malformed_request"),
            (Load(Whole + $$""","long":"{{new string('x', 300_000)}}"}"""), 422, "invalid_request"),
            (Load(Whole + $$""","long":"{{new string('x', 1_100_000)}}"}"""), 413, "too_large"),
            (Load(Whole + ""","huge":1e999}"""), 422, "invalid_request"),
            (Load(Whole + "}", "2.0"), 422, "invalid_request"),
            (Load(Whole + "}", "9007199254740993"), 422, "invalid_request"),
            (Load(Whole + "}").Replace("2026-11-22", "2999-01-01", StringComparison.Ordinal), 422, "invalid_request"),
            (Load(Whole + "}"), 422, "constitution_signature_invalid"),
            (Load("""{"title":"T"}"""), 422, "invalid_request"),
        })
        {
            using var response = await client.PostAsync("/v1/constitution/load", new StringContent(body, Encoding.UTF8, "application/json"), Stop);
            using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Stop));
            Assert.Equal((status, code, body[..Math.Min(body.Length, 160)]), ((int)response.StatusCode, problem.RootElement.GetProperty("code").GetString(), body[..Math.Min(body.Length, 160)]));
        }
        // 1.0 and 1 are one number in RFC 8785, so they are one document with one checksum, and a hash of the other spelling is none.
        var checksums = new HashSet<string>();
        foreach (var number in new[] { "1", "1.0", "10e-1" })
        {
            using var response = await client.PostAsync("/v1/constitution/validate", new StringContent("{\"document\":" + Whole + ",\"number\":" + number + "}}", Encoding.UTF8, "application/json"), Stop);
            using var valid = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Stop));
            checksums.Add(valid.RootElement.GetProperty("checksum").GetString()!);
        }
        var hash = Assert.Single(checksums);
        Assert.Equal(hash, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("""{"number":1,"preamble":"P","principles":[{"body":"B","id":"a","title":"A"}],"title":"T"}"""))));
        Assert.NotEqual(hash, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("""{"number":1.0,"preamble":"P","principles":[{"body":"B","id":"a","title":"A"}],"title":"T"}"""))));
        // What reached the room was written down.
        Assert.Contains("somastack.constitution.refused.v1", await client.GetStringAsync("/v1/audit/events?limit=200", Stop), StringComparison.Ordinal);
    }
}
