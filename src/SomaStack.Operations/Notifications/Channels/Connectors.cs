using System.Text;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>Finds the way out for a tenant: its own connector, else what the operator set.</summary>
internal sealed class Connectors(ConnectorStore store, ISealedSecrets secrets, SomaOptions options)
{
    public const string SecretPurpose = "notification-connector";

    /// <summary>The channels that need one.</summary>
    public static readonly IReadOnlyList<string> Channels = [NotificationChannels.Email, NotificationChannels.Sms];

    private readonly SmtpRoute? _operators = SmtpRoute.OfOperator(options);

    /// <returns>Null when e-mail leads nowhere yet.</returns>
    public async Task<SmtpRoute?> EmailAsync(string tenant, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(tenant, NotificationChannels.Email, cancellationToken) is not { } own) return _operators;
        var url = new Uri(own.Url);
        return new SmtpRoute(tenant, url.Host, url.Port, url.Scheme == "smtps", SmtpRoute.StartTlsDefault(url.Host), own.Account, SecretOf(own), own.Sender);
    }

    /// <returns>The connector with its secret; null when text messages lead nowhere yet.</returns>
    public async Task<(Connector Connector, string Secret)?> SmsAsync(string tenant, CancellationToken cancellationToken) =>
        await store.FindAsync(tenant, NotificationChannels.Sms, cancellationToken) is { } own ? (own, SecretOf(own)) : null;

    public byte[] Sealed(string tenant, string channel, string secret) => secrets.Seal(SecretPurpose, OwnerOf(tenant, channel), Encoding.UTF8.GetBytes(secret));

    /// <exception cref="Problem">503 when it was sealed under another key file.</exception>
    private string SecretOf(Connector connector) => connector.Secret is null ? ""
        : secrets.Open(SecretPurpose, OwnerOf(connector.Tenant, connector.Channel), connector.Secret) is { } plain ? Encoding.UTF8.GetString(plain)
        : throw PlatformProblems.Unavailable.Because("The connector's secret was sealed under another key file; save the connector again.");

    private static string OwnerOf(string tenant, string channel) => tenant + "/" + channel;
}
