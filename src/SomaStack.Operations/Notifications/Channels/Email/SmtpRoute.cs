using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

internal enum StartTls
{
    Required,
    Optional,
    Never,
}

/// <summary>A mail relay and how to talk to it.</summary>
/// <param name="Tenant">Whose it is; empty for the operator's, which may be anywhere.</param>
/// <param name="User">Empty when it takes mail without a sign-in.</param>
internal sealed record SmtpRoute(string Tenant, string Host, int Port, bool ImplicitTls, StartTls StartTls, string User, string Password, string From)
{
    private const int SubmissionPort = 587;
    private const int SubmissionsPort = 465;

    /// <returns>Null when the operator set none.</returns>
    /// <exception cref="InvalidOperationException">The settings make no sense.</exception>
    public static SmtpRoute? OfOperator(SomaOptions options)
    {
        if (options.SmtpUrl is not { } text) return null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("smtp" or "smtps") || url.Host.Length == 0)
            throw new InvalidOperationException("SOMA_SMTP_URL must be smtp://user:password@host:port or smtps://user:password@host:port.");
        if (!AddressRules.IsEmail(options.SmtpFrom)) throw new InvalidOperationException("SOMA_SMTP_FROM " + AddressRules.EmailRule + ".");
        var tls = options.SmtpStartTls switch
        {
            null => StartTlsDefault(url.Host), "required" => StartTls.Required, "optional" => StartTls.Optional, "never" => StartTls.Never,
            _ => throw new InvalidOperationException("SOMA_SMTP_STARTTLS must be required, optional or never."),
        };
        var user = url.UserInfo.Split(':', 2);
        return new SmtpRoute(
            "", url.Host, url.Port > 0 ? url.Port : url.Scheme == "smtps" ? SubmissionsPort : SubmissionPort, url.Scheme == "smtps", tls, Uri.UnescapeDataString(user[0]),
            user.Length == 2 ? Uri.UnescapeDataString(user[1]) : "", options.SmtpFrom!);
    }

    /// <summary>Nobody listens in on loopback; everywhere else mail is never sent in the clear unless the operator says so.</summary>
    public static StartTls StartTlsDefault(string host) => host is "localhost" or "127.0.0.1" or "[::1]" ? StartTls.Optional : StartTls.Required;

    /// <summary>Holds no secret.</summary>
    public override string ToString() => $"{Host}:{Port}";
}
