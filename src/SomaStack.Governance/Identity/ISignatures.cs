namespace SomaStack.Governance.Identity.Contracts;

/// <summary>Signs documents that this installation publishes, with the key that signs its tokens; anybody verifies them by the published key set.</summary>
public interface ISignatures
{
    /// <summary>A JWS over the payload (RFC 7515) in its two parts; the header names the key and the key set, and its type keeps it from being taken for a token.</summary>
    ValueTask<JwsParts> SignAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken);
}

/// <param name="Protected">Base64url of the protected header.</param>
/// <param name="Signature">Base64url of the signature, ES256.</param>
public sealed record JwsParts(string Protected, string Signature);
