using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SomaStack.Governance.Identity.Contracts;

namespace SomaStack.Governance.Identity;

internal sealed record JwsHeader(string Alg, string Jku, string Kid, string Typ);

internal sealed class Signatures(Keyring keyring, PublicOrigin origin) : ISignatures
{
    public async ValueTask<JwsParts> SignAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var key = await keyring.SignerAsync(cancellationToken);
        var header = Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new JwsHeader("ES256", origin.Of("/.well-known/jwks.json"), key.Kid, "JOSE"), OpenIdJson.Default.JwsHeader));
        var input = Encoding.ASCII.GetBytes($"{header}.{Base64Url.EncodeToString(payload.Span)}");
        return new JwsParts(header, Base64Url.EncodeToString(key.SecurityKey.ECDsa.SignData(input, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)));
    }
}
