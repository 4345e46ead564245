using System.Net;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>Where tenants' endpoints and connectors may lead: the public internet, and the origins that the operator named.</summary>
internal sealed class OutgoingOrigins(SomaOptions options)
{
    private const int UrlMax = 2000;

    /// <exception cref="InvalidOperationException">What the operator named is no origin.</exception>
    public IReadOnlyList<Uri> Allowed { get; } = [.. options.OutgoingAllow.Select(static text =>
        Uri.TryCreate(text, UriKind.Absolute, out var origin) && origin.Port > 0 ? origin : throw new InvalidOperationException($"SOMA_OUTGOING_ALLOW names '{text}', which is no origin such as http://10.0.0.5:9000."))];

    /// <summary>The part of the check that needs no network; the rest is done at every connection.</summary>
    /// <param name="schemes">e.g. https.</param>
    /// <param name="encrypted">Refuses plain schemes but for the operator's own origins.</param>
    /// <exception cref="Problem">422 for what is no address of that kind, 403 for an address that is not called.</exception>
    public Uri Check(string? text, string field, bool encrypted, params ReadOnlySpan<string> schemes)
    {
        if (text is not { Length: > 0 and <= UrlMax } || text.Any(static c => c is <= ' ' or '\\' or '\x7f' || char.IsControl(c)) || !Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Host.Length == 0)
            throw Problem.Invalid(field, $"must be an address of at most {UrlMax} characters without blanks");
        if (!schemes.Contains(url.Scheme)) throw Problem.Invalid(field, "must begin with " + string.Join(" or ", schemes.ToArray().Select(static scheme => scheme + "://")));
        if (url.UserInfo.Length > 0 || url.Fragment.Length > 0) throw Problem.Invalid(field, "must hold neither a user name nor a fragment");
        if (url.Port <= 0) throw Problem.Invalid(field, "must name a port");
        if (IsAllowed(url)) return url;
        if (encrypted && url.Scheme == "http") throw Problem.Invalid(field, "must be encrypted (https) in a production mode");
        var host = url.IdnHost.Trim('[', ']');
        if (host is "localhost" || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var literal) && !AddressGuard.IsPublic(literal)))
            throw PlatformProblems.AddressRefused.Because($"'{host}' is not on the public internet, and the operator did not allow it.");
        return url;
    }

    private bool IsAllowed(Uri url) => Allowed.Any(origin => origin.Port == url.Port && string.Equals(origin.IdnHost, url.IdnHost, StringComparison.OrdinalIgnoreCase));

    /// <summary>An address without what may be secret in it.</summary>
    public static string Masked(Uri url) => url.GetLeftPart(UriPartial.Authority) + (url.PathAndQuery.Length > 1 ? "/\u2026" : "");
}
