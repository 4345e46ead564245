using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using SomaStack.Governance.Identity;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Identity;

/// <summary>The list of RFC 8725, tried one by one with the installation's own key: only what it signs as it signs it is believed.</summary>
public sealed class TokenAttackTests(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_that_is_wrong_in_one_point_is_refused_and_the_same_token_without_it_is_not()
    {
        await using var house = await Governed.StartAsync(databases, "sqlite");
        var identity = house.Get<IIdentity>();
        await house.Get<Tenants>().CreateAsync(new CreateTenantRequest("acme", "Acme", "stranger"), Databases.Context("demo", "owner"), Stop);
        var good = (await identity.IssueTokenAsync("demo", "owner", [Capability.SessionStart], TimeSpan.FromMinutes(15), Stop)).Token;
        using var key = PrivateKey(house);
        var (header, payload) = Read(good);
        // The forge is honest: unchanged parts, signed with the true key, are believed. So each refusal below has the one named reason.
        Assert.NotNull(await identity.AuthenticateAsync(Forge(header, payload, key), Stop));

        var now = house.Clock.GetUtcNow().ToUnixTimeSeconds();
        foreach (var (name, token) in OfHeader(header, payload, key, good).Concat(OfRest(header, payload, key, good, now)))
            Assert.True(await identity.AuthenticateAsync(token, Stop) is null, $"The attack '{name}' was believed.");
    }

    /// <summary>
    /// For every ECDSA signature (r, s) there is (r, n − s), and RFC 7518 allows both. Both texts are the same token: what counts is its jti, never its
    /// text, so revoking one revokes the other.
    /// </summary>
    [Fact]
    public async Task The_twin_of_a_signature_is_the_same_token_and_is_revoked_with_it()
    {
        await using var house = await Governed.StartAsync(databases, "sqlite");
        var identity = house.Get<IIdentity>();
        var good = (await identity.IssueTokenAsync("demo", "owner", null, TimeSpan.FromMinutes(15), Stop)).Token;
        var signature = Base64Url.DecodeFromChars(good.AsSpan(good.LastIndexOf('.') + 1));
        var order = System.Numerics.BigInteger.Parse("0FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture);
        var s = order - new System.Numerics.BigInteger(signature.AsSpan(32), isUnsigned: true, isBigEndian: true);
        var bytes = s.ToByteArray(isUnsigned: true, isBigEndian: true);
        signature.AsSpan(32).Clear();
        bytes.CopyTo(signature, 64 - bytes.Length);
        var twin = good[..(good.LastIndexOf('.') + 1)] + Base64Url.EncodeToString(signature);
        await house.Get<IdentityWatch>().LookAsync(Stop);
        Assert.Equal((await identity.AuthenticateAsync(good, Stop))!.Principal, (await identity.AuthenticateAsync(twin, Stop))!.Principal);
        Assert.True((await house.Get<RevokeToken>().RunAsync(new RevokeTokenRequest(twin), Databases.Context("demo", "owner"), Stop)).Revoked);
        Assert.Null(await identity.AuthenticateAsync(good, Stop));
        Assert.Null(await identity.AuthenticateAsync(twin, Stop));
    }

    [Fact]
    public async Task A_flipped_bit_anywhere_is_noticed()
    {
        await using var house = await Governed.StartAsync(databases, "sqlite");
        var identity = house.Get<IIdentity>();
        var good = (await identity.IssueTokenAsync("demo", "owner", null, TimeSpan.FromMinutes(15), Stop)).Token;
        foreach (var i in Enumerable.Range(0, good.Length).Where(i => i % 7 == 0 || i == good.Length - 1))
        {
            var other = good[i] == 'A' ? 'B' : 'A';
            var bent = good[..i] + other + good[(i + 1)..];
            // The last digit of a part carries unused bits; a decoder that ignores them would make two texts of one token.
            Assert.True(await identity.AuthenticateAsync(bent, Stop) is null, $"A change at {i} was believed.");
        }
    }

    [Fact]
    public async Task Whoever_reads_the_published_keys_can_verify_a_token_without_us()
    {
        await using var house = await Governed.StartAsync(databases, "sqlite");
        var token = (await house.Get<IIdentity>().IssueTokenAsync("demo", "owner", null, TimeSpan.FromMinutes(15), Stop)).Token;
        var published = (await house.Get<Keyring>().PublishedAsync(Stop)).Single();
        using var verifier = ECDsa.Create(published.SecurityKey.ECDsa.ExportParameters(false));
        var dot = token.LastIndexOf('.');
        Assert.True(verifier.VerifyData(Encoding.ASCII.GetBytes(token[..dot]), Base64Url.DecodeFromChars(token.AsSpan(dot + 1)), HashAlgorithmName.SHA256));
    }

    private static Dictionary<string, string> OfHeader(JsonObject header, JsonObject payload, ECDsa key, string good) => new()
    {
        ["alg none, no signature"] = Encode(With(header, "alg", "none")) + "." + Encode(payload) + ".",
        ["alg none, old signature"] = Encode(With(header, "alg", "none")) + "." + Encode(payload) + "." + good[(good.LastIndexOf('.') + 1)..],
        ["alg HS256 with the public key as secret"] = Hmac(With(header, "alg", "HS256"), payload, key.ExportSubjectPublicKeyInfo()),
        ["alg HS256 with the public PEM as secret"] = Hmac(With(header, "alg", "HS256"), payload, Encoding.ASCII.GetBytes(key.ExportSubjectPublicKeyInfoPem())),
        ["alg in other case"] = Forge(With(header, "alg", "es256"), payload, key),
        ["unknown kid"] = Forge(With(header, "kid", "unknown"), payload, key),
        ["no kid"] = Forge(Without(header, "kid"), payload, key),
        ["kid as path"] = Forge(With(header, "kid", "../../etc/passwd"), payload, key),
        ["another type"] = Forge(With(header, "typ", "JWT"), payload, key),
        ["no type"] = Forge(Without(header, "typ"), payload, key),
        ["critical extension"] = Forge(WithNode(header, "crit", new JsonArray("exp")), payload, key),
        ["own key in the header"] = Forge(With(header, "jwk", "{}"), payload, key),
        ["key address in the header"] = Forge(With(header, "jku", "http://127.0.0.1/jwks.json"), payload, key),
        ["certificate address in the header"] = Forge(With(header, "x5u", "http://127.0.0.1/cert.pem"), payload, key),
        ["certificate in the header"] = Forge(With(header, "x5c", "MIIB"), payload, key),
        ["content type of a nested token"] = Forge(With(header, "cty", "JWT"), payload, key),
        ["kid as a query"] = Forge(With(header, "kid", "x' OR '1'='1"), payload, key),
        ["type of an identity token"] = Forge(With(header, "typ", "id_token+jwt"), payload, key),
    };

    private static Dictionary<string, string> OfRest(JsonObject header, JsonObject payload, ECDsa key, string good, long now) => new()
    {
        ["a user of another tenant under ours"] = Forge(header, With(payload, "sub", "stranger"), key),
        ["our user under another tenant"] = Forge(header, With(payload, "tenant", "acme"), key),
        ["no subject"] = Forge(header, Without(payload, "sub"), key),
        ["no tenant"] = Forge(header, Without(payload, "tenant"), key),
        ["no token id"] = Forge(header, Without(payload, "jti"), key),
        ["no capabilities"] = Forge(header, Without(payload, "capabilities"), key),
        ["no revocation number"] = Forge(header, Without(payload, "rev"), key),
        ["no times"] = Forge(header, Without(Without(payload, "iat"), "nbf"), key),
        ["a second factor in the future"] = Forge(header, With(payload, "mfa_at", now + 31), key),
        ["a second factor as text"] = Forge(header, With(payload, "mfa_at", "now"), key),
        ["a megabyte"] = good + new string('x', 1 << 20),
        ["another issuer"] = Forge(header, With(payload, "iss", "urn:soma:other"), key),
        ["no issuer"] = Forge(header, Without(payload, "iss"), key),
        ["another audience"] = Forge(header, With(payload, "aud", "other"), key),
        ["a list of audiences"] = Forge(header, WithNode(payload, "aud", new JsonArray("somastack", "other")), key),
        ["expired"] = Forge(header, With(With(payload, "iat", now - 900), "exp", now - 31), key),
        ["no expiry"] = Forge(header, Without(payload, "exp"), key),
        ["a life of a year"] = Forge(header, With(payload, "exp", now + 31_536_000), key),
        ["not yet valid"] = Forge(header, With(payload, "nbf", now + 31), key),
        ["issued in the future"] = Forge(header, With(With(payload, "iat", now + 31), "exp", now + 900), key),
        ["unknown tenant"] = Forge(header, With(payload, "tenant", "other"), key),
        ["unknown principal"] = Forge(header, With(payload, "sub", "nobody"), key),
        ["earlier revocation number"] = Forge(header, With(payload, "rev", 0), key),
        ["unpublished capability"] = Forge(header, WithNode(payload, "capabilities", new JsonArray("root:everything")), key),
        ["capabilities as text"] = Forge(header, With(payload, "capabilities", "session:start"), key),
        ["payload changed after signing"] = good.Replace(Encode(payload), Encode(With(payload, "sub", "Owner")), StringComparison.Ordinal),
        ["a claim twice"] = Sign(Encode(header) + "." + Text(payload.ToJsonString().TrimEnd('}') + ",\"sub\":\"owner\"}"), key),
        ["a header member twice"] = Sign(Text(header.ToJsonString().TrimEnd('}') + ",\"alg\":\"ES256\"}") + "." + Encode(payload), key),
        ["payload is a list"] = Sign(Encode(header) + "." + Text("[]"), key),
        ["payload is no JSON"] = Sign(Encode(header) + "." + Text("{"), key),
        ["another key signs"] = Forge(header, payload, ECDsa.Create(ECCurve.NamedCurves.nistP256)),
        ["signature in DER"] = Unsigned(header, payload) + "." + Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(Unsigned(header, payload)), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)),
        ["signature of zeros"] = Unsigned(header, payload) + "." + Base64Url.EncodeToString(new byte[64]),
        ["a fourth part"] = good + ".x",
        ["two parts"] = good[..good.LastIndexOf('.')],
        ["oversized"] = Forge(header, With(payload, "jti", new string('x', 9000)), key),
        ["padding"] = good + "==",
        ["space"] = good + " ",
        ["empty"] = "",
        ["dots"] = "..",
    };

    private static ECDsa PrivateKey(Governed house)
    {
        var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(Directory.GetFiles(house.Options.KeysDirectory).Single()));
        return key;
    }

    private static (JsonObject Header, JsonObject Payload) Read(string token)
    {
        var parts = token.Split('.');
        return (JsonNode.Parse(Base64Url.DecodeFromChars(parts[0]))!.AsObject(), JsonNode.Parse(Base64Url.DecodeFromChars(parts[1]))!.AsObject());
    }

    private static JsonObject With(JsonObject source, string name, string value) => WithNode(source, name, JsonValue.Create(value));

    private static JsonObject With(JsonObject source, string name, long value) => WithNode(source, name, JsonValue.Create(value));

    private static JsonObject WithNode(JsonObject source, string name, JsonNode value)
    {
        var copy = source.DeepClone().AsObject();
        copy[name] = value;
        return copy;
    }

    private static JsonObject Without(JsonObject source, string name)
    {
        var copy = source.DeepClone().AsObject();
        copy.Remove(name);
        return copy;
    }

    private static string Text(string json) => Base64UrlEncoder.Encode(json);

    private static string Encode(JsonObject part) => Text(part.ToJsonString());

    private static string Unsigned(JsonObject header, JsonObject payload) => Encode(header) + "." + Encode(payload);

    private static string Forge(JsonObject header, JsonObject payload, ECDsa key) => Sign(Unsigned(header, payload), key);

    private static string Sign(string unsigned, ECDsa key) => unsigned + "." + Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(unsigned), HashAlgorithmName.SHA256));

    private static string Hmac(JsonObject header, JsonObject payload, byte[] secret)
    {
        var unsigned = Unsigned(header, payload);
        return unsigned + "." + Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(unsigned)));
    }
}
