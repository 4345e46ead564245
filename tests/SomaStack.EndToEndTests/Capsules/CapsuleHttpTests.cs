using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Capsules;

/// <summary>A capsule's life over the built server's own HTTP and commands: written, checked, submitted, reviewed by somebody else, revoked.</summary>
public sealed class CapsuleHttpTests
{
    private const string Yaml = "id: hello\nversion: 1.0.0\nsummary: Says what matters about a topic.\ninputs:\n  - {name: topic, type: string, required: true}\nworkflow:\n  steps:\n    - {name: Say, action: agent.ask, params: {prompt: \"About {{ topic }}\"}}\n";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_capsule_runs_only_after_somebody_else_has_approved_it()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        await Expect(HttpStatusCode.Created, owner.PutAsJsonAsync("/v1/users/bob", new { display_name = "Bob", capabilities = new[] { "session:read", "capsule:review", "capsule:submit" } }, Stop));
        await Expect(HttpStatusCode.Created, owner.PutAsJsonAsync("/v1/users/eve", new { display_name = "Eve", capabilities = new[] { "session:read", "capsule:submit" } }, Stop));
        using var bob = await soma.ClientAsync("--principal", "bob");
        using var eve = await soma.ClientAsync("--principal", "eve");

        var broken = await Expect(HttpStatusCode.OK, owner.PostAsJsonAsync("/v1/capsules/validate", new { definition = Yaml.Replace("topic }}", "subject }}", StringComparison.Ordinal) }, Stop));
        var fault = broken.GetProperty("faults").EnumerateArray().Single();
        Assert.Equal(("template_invalid", 8), (fault.GetProperty("code").GetString(), fault.GetProperty("line").GetInt32()));
        var refused = await Expect(HttpStatusCode.UnprocessableEntity, owner.PostAsJsonAsync("/v1/submissions", new { definition = "id: [" }, Stop), "capsule_invalid");
        Assert.StartsWith("definition:", refused.GetProperty("errors")[0].GetProperty("field").GetString(), StringComparison.Ordinal);

        var sound = await Expect(HttpStatusCode.OK, owner.PostAsJsonAsync("/v1/capsules/validate", new { definition = Yaml }, Stop));
        var hash = sound.GetProperty("attestation_hash").GetString()!;
        await Expect(HttpStatusCode.BadRequest, owner.PostAsJsonAsync("/v1/submissions", new { definition = Yaml, attestation_hash = new string('0', 64) }, Stop), "attestation_mismatch");
        var submitted = await Expect(HttpStatusCode.Created, owner.PostAsJsonAsync("/v1/submissions", new { definition = Yaml, attestation_hash = hash }, Stop));
        var (id, digest) = (submitted.GetProperty("id").GetString()!, submitted.GetProperty("digest").GetString()!);
        Assert.Equal(("pending", sound.GetProperty("digest").GetString()), (submitted.GetProperty("status").GetString(), digest));
        await Expect(HttpStatusCode.Conflict, owner.PostAsJsonAsync("/v1/submissions", new { definition = Yaml }, Stop), "capsule_version_taken");

        // What waits is the author's and the reviewers'.
        await Expect(HttpStatusCode.NotFound, eve.GetAsync($"/v1/submissions/{id}", Stop), "submission_unknown");
        await Expect(HttpStatusCode.NotFound, eve.GetAsync("/v1/capsules/hello", Stop), "capsule_unknown");
        Assert.Equal(0, (await Expect(HttpStatusCode.OK, eve.GetAsync("/v1/submissions", Stop))).GetProperty("data").GetArrayLength());
        Assert.Equal(id, (await Expect(HttpStatusCode.OK, bob.GetAsync("/v1/submissions?status=pending", Stop))).GetProperty("data")[0].GetProperty("id").GetString());

        await Expect(HttpStatusCode.Forbidden, owner.PostAsJsonAsync($"/v1/submissions/{id}/review", new { decision = "approve", digest }, Stop), "own_submission");
        await Expect(HttpStatusCode.Forbidden, eve.PostAsJsonAsync($"/v1/submissions/{id}/review", new { decision = "approve", digest }, Stop), "capability_missing");
        await Expect(HttpStatusCode.UnprocessableEntity, bob.PostAsJsonAsync($"/v1/submissions/{id}/review", new { decision = "approve", digest = new string('0', 64) }, Stop), "invalid_request");
        await Expect(HttpStatusCode.UnprocessableEntity, bob.PostAsJsonAsync($"/v1/submissions/{id}/review", new { decision = "reject", digest }, Stop), "invalid_request");
        var approved = await Expect(HttpStatusCode.OK, bob.PostAsJsonAsync($"/v1/submissions/{id}/review", new { decision = "approve", digest }, Stop));
        Assert.Equal(("approved", "bob"), (approved.GetProperty("status").GetString(), approved.GetProperty("reviewer").GetString()));
        await Expect(HttpStatusCode.Conflict, bob.PostAsJsonAsync($"/v1/submissions/{id}/review", new { decision = "reject", digest, notes = "No." }, Stop), "submission_state");

        var read = await Expect(HttpStatusCode.OK, eve.GetAsync("/v1/capsules/hello", Stop));
        Assert.Equal(("tenant", "approved", Yaml), (read.GetProperty("source").GetString(), read.GetProperty("status").GetString(), read.GetProperty("text").GetString()));
        var listed = (await Expect(HttpStatusCode.OK, eve.GetAsync("/v1/capsules", Stop))).GetProperty("data").EnumerateArray().Select(static line => $"{line.GetProperty("id").GetString()} {line.GetProperty("source").GetString()}").ToList();
        Assert.Contains("hello tenant", listed);
        Assert.Contains("weekly_status_digest release", listed);

        await Expect(HttpStatusCode.OK, bob.PostAsJsonAsync($"/v1/submissions/{id}/revoke", new { notes = "It leaks." }, Stop));
        await Expect(HttpStatusCode.NotFound, eve.GetAsync("/v1/capsules/hello", Stop), "capsule_unknown");
        await Expect(HttpStatusCode.NotImplemented, owner.GetAsync("/v1/installations", Stop), "not_built");
    }

    [Fact]
    public async Task A_signature_counts_when_its_key_was_pinned_before()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        var hash = (await Expect(HttpStatusCode.OK, owner.PostAsJsonAsync("/v1/capsules/validate", new { definition = Yaml }, Stop))).GetProperty("attestation_hash").GetString()!;
        using var key = NSec.Cryptography.Key.Create(NSec.Cryptography.SignatureAlgorithm.Ed25519);
        var x = System.Buffers.Text.Base64Url.EncodeToString(key.PublicKey.Export(NSec.Cryptography.KeyBlobFormat.RawPublicKey));
        var signature = System.Buffers.Text.Base64Url.EncodeToString(NSec.Cryptography.SignatureAlgorithm.Ed25519.Sign(key, System.Text.Encoding.UTF8.GetBytes(hash)));
        await Expect(HttpStatusCode.NotFound, owner.PostAsJsonAsync("/v1/submissions", new { definition = Yaml, attestation_key = "unknown", attestation_signature = signature }, Stop), "capsule_key_unknown");
        await Expect(HttpStatusCode.UnprocessableEntity, owner.PostAsJsonAsync("/v1/capsule-keys", new { name = "Release", public_key = "AAAA" }, Stop), "invalid_request");
        var pinned = (await Expect(HttpStatusCode.Created, owner.PostAsJsonAsync("/v1/capsule-keys", new { name = "Release", public_key = x }, Stop))).GetProperty("id").GetString();
        var forged = System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(64));
        await Expect(HttpStatusCode.BadRequest, owner.PostAsJsonAsync("/v1/submissions", new { definition = Yaml, attestation_key = pinned, attestation_signature = forged }, Stop), "attestation_mismatch");
        var submitted = await Expect(HttpStatusCode.Created, owner.PostAsJsonAsync("/v1/submissions", new { definition = Yaml, attestation_key = pinned, attestation_signature = signature }, Stop));
        Assert.Equal(pinned, submitted.GetProperty("attestation_key").GetString());
    }

    private static async Task<JsonElement> Expect(HttpStatusCode status, Task<HttpResponseMessage> sent, string? code = null)
    {
        using var answer = await sent;
        var text = await answer.Content.ReadAsStringAsync(Stop);
        Assert.True(answer.StatusCode == status, $"{(int)answer.StatusCode} {text}");
        if (text.Length == 0) return default;
        using var json = JsonDocument.Parse(text);
        if (code is not null) Assert.Equal(code, json.RootElement.GetProperty("code").GetString());
        return json.RootElement.Clone();
    }
}
