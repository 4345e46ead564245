using System.Net;
using Microsoft.AspNetCore.Http;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Protocols;

/// <summary>
/// Keeps pages of other sites out, also those that made their name point at this machine (DNS rebinding): a browser says in <c>Origin</c> whose
/// page asks. Allowed is our own public origin, and, where that is this machine itself, any page of this machine.
/// </summary>
internal sealed class OriginGuard(IPublicAddress address)
{
    /// <exception cref="Problem">403 <c>origin_refused</c>.</exception>
    public void Check(HttpRequest request)
    {
        var sent = request.Headers.Origin;
        if (sent.Count == 0) return;
        if (sent is not [{ Length: > 0 and <= 512 } text] || !IsAllowed(text, address.Of("/")))
            throw ProtocolProblems.OriginRefused.Because("The page that asks belongs to another origin than this server.");
    }

    /// <summary>Pure.</summary>
    internal static bool IsAllowed(string origin, string own)
    {
        // "null" is what sandboxed pages and files send; it names nobody.
        if (!Uri.TryCreate(origin, UriKind.Absolute, out var page) || page.Scheme is not ("http" or "https") || page.PathAndQuery != "/" || page.UserInfo.Length > 0) return false;
        if (!Uri.TryCreate(own, UriKind.Absolute, out var us)) return false;
        if (page.Scheme == us.Scheme && page.Port == us.Port && string.Equals(page.IdnHost, us.IdnHost, StringComparison.OrdinalIgnoreCase)) return true;
        return IsHere(us) && IsHere(page);
    }

    private static bool IsHere(Uri address) => address.IdnHost is "localhost" || (IPAddress.TryParse(address.IdnHost.Trim('[', ']'), out var literal) && IPAddress.IsLoopback(literal));
}
