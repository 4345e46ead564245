using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using SomaStack.Governance.Identity.Contracts;

namespace SomaStack.Operations.Notifications;

/// <summary>What a link ends.</summary>
/// <param name="Scope">* or a kind, or digest.</param>
internal sealed record UnsubscribeToken(string Tenant, string Principal, string Channel, string Scope);

/// <summary>
/// Makes and reads links that work without a sign-in, as RFC 8058 demands. They are signed, hold for as long as the key file does (a
/// message may be read years later), and can do no more than end what they name.
/// </summary>
internal sealed class UnsubscribeLinks(ISealedSecrets secrets, IPublicAddress address)
{
    public const string Path = "/v1/notifications/unsubscribe";

    private const char Between = '\n';
    private const int TokenMax = 1000;

    public string Of(UnsubscribeToken token) => address.Of($"{Path}?token={Write(token)}");

    public string Write(UnsubscribeToken token)
    {
        var payload = Encoding.UTF8.GetBytes(string.Join(Between, token.Tenant, token.Principal, token.Channel, token.Scope));
        return Base64Url.EncodeToString(payload) + "." + Base64Url.EncodeToString(Seal(payload));
    }

    /// <returns>Null for what was not signed here.</returns>
    public UnsubscribeToken? Read(string? text)
    {
        if (text is not { Length: > 0 and <= TokenMax } || text.Split('.') is not [var body, var seal]) return null;
        try
        {
            var payload = Base64Url.DecodeFromChars(body);
            if (!CryptographicOperations.FixedTimeEquals(Base64Url.DecodeFromChars(seal), Seal(payload))) return null;
            return Encoding.UTF8.GetString(payload).Split(Between) is [var tenant, var principal, var channel, var scope] ? new UnsubscribeToken(tenant, principal, channel, scope) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private byte[] Seal(byte[] payload) => HMACSHA256.HashData(secrets.KeyFor("unsubscribe"), payload);
}
