using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using SomaStack.Governance.Identity;

namespace SomaStack.Tests.Identity.OpenId;

/// <summary>Id tokens of an outside issuer, each forged in one way, beside the honest one.</summary>
public sealed class ExternalIdTokenTests : IDisposable
{
    private const string Issuer = "https://issuer.example";
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    private readonly ECDsa _pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose() => _pair.Dispose();

    [Fact]
    public async Task An_honest_token_says_who_it_is()
    {
        var person = await VerifyAsync(Sign(Header, Claims()));
        Assert.Equal(new ExternalPerson("s-1", "a@b.example", true, "Ada"), person);
        Assert.False((await VerifyAsync(Sign(Header, Claims(("email_verified", "\"true\"")))))!.EmailVerified);
        Assert.NotNull(await VerifyAsync(Sign(Header, Claims(("aud", """["other","us"]"""), ("azp", "\"us\"")))));
    }

    [Theory]
    [InlineData("iss", "\"https://evil.example\"")]
    [InlineData("iss", "\"https://issuer.example/\"")]
    [InlineData("aud", "\"them\"")]
    [InlineData("aud", """["us","them"]""")]
    [InlineData("nonce", "\"n-2\"")]
    [InlineData("nonce", "null")]
    [InlineData("sub", "\"\"")]
    [InlineData("sub", "7")]
    [InlineData("exp", "1799999900")]
    [InlineData("iat", "1800000100")]
    public async Task One_wrong_claim_is_enough(string name, string value) => Assert.Null(await VerifyAsync(Sign(Header, Claims((name, value)))));

    [Theory]
    [InlineData("""{"alg":"ES256","typ":"at+jwt","kid":"k"}""")]
    [InlineData("""{"alg":"ES256","typ":"logout+jwt","kid":"k"}""")]
    [InlineData("""{"alg":"none","typ":"JWT"}""")]
    public async Task Another_kind_of_token_is_none(string header) => Assert.Null(await VerifyAsync(Sign(header, Claims())));

    [Fact]
    public async Task A_claim_that_is_there_twice_a_strangers_key_and_a_public_key_as_a_secret_verify_nothing()
    {
        Assert.Null(await VerifyAsync(Sign(Header, Claims()[..^1] + ",\"sub\":\"s-2\"}")));
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Null(await VerifyAsync(Sign(Header, Claims(), stranger)));
        var hs = Encode("""{"alg":"HS256","typ":"JWT","kid":"k"}""") + "." + Encode(Claims());
        foreach (var secret in new[] { _pair.ExportSubjectPublicKeyInfo(), Encoding.ASCII.GetBytes(_pair.ExportSubjectPublicKeyInfoPem()) })
            Assert.Null(await VerifyAsync(hs + "." + Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(hs)))));
        Assert.Null(await VerifyAsync(Encode("""{"alg":"none"}""") + "." + Encode(Claims()) + "."));
        Assert.Null(await VerifyAsync("not a token"));
        Assert.Null(await ExternalIdToken.VerifyAsync(Sign(Header, Claims()), [], Issuer, "us", "n-1", Now));
    }

    [Fact]
    public async Task The_right_key_with_an_algorithm_that_is_not_ours_verifies_nothing()
    {
        using var rsa = RSA.Create(2048);
        Task<ExternalPerson?> SignedAsync(string name, HashAlgorithmName hash)
        {
            var signed = Encode($$"""{"alg":"{{name}}","typ":"JWT","kid":"r"}""") + "." + Encode(Claims());
            var token = signed + "." + Base64Url.EncodeToString(rsa.SignData(Encoding.ASCII.GetBytes(signed), hash, RSASignaturePadding.Pkcs1));
            return ExternalIdToken.VerifyAsync(token, [new RsaSecurityKey(rsa) { KeyId = "r" }], Issuer, "us", "n-1", Now);
        }
        Assert.NotNull(await SignedAsync("RS256", HashAlgorithmName.SHA256));
        Assert.Null(await SignedAsync("RS512", HashAlgorithmName.SHA512));
    }

    private const string Header = """{"alg":"ES256","typ":"JWT","kid":"k"}""";

    private Task<ExternalPerson?> VerifyAsync(string token) => ExternalIdToken.VerifyAsync(token, [new ECDsaSecurityKey(_pair) { KeyId = "k" }], Issuer, "us", "n-1", Now);

    private string Sign(string header, string claims, ECDsa? key = null)
    {
        var signed = Encode(header) + "." + Encode(claims);
        return signed + "." + Base64Url.EncodeToString((key ?? _pair).SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256));
    }

    private static string Claims(params (string Name, string Value)[] changed)
    {
        var claims = new Dictionary<string, string>
        {
            ["iss"] = $"\"{Issuer}\"", ["aud"] = "\"us\"", ["sub"] = "\"s-1\"", ["nonce"] = "\"n-1\"", ["iat"] = "1799999990", ["exp"] = "1800000500",
            ["email"] = "\"a@b.example\"", ["email_verified"] = "true", ["name"] = "\"Ada\"",
        };
        foreach (var (name, value) in changed) claims[name] = value;
        return "{" + string.Join(',', claims.Select(pair => $"{JsonSerializer.Serialize(pair.Key)}:{pair.Value}")) + "}";
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
