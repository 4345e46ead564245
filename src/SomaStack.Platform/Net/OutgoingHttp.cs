using System.Net;
using System.Net.Sockets;

namespace SomaStack.Platform;

/// <summary>Caps of one outgoing client.</summary>
/// <param name="Total">From the request to the last byte of the answer.</param>
/// <param name="Bytes">The largest answer, after decompression.</param>
/// <param name="Redirects">How many are followed; each is checked like the first address. Only GET and HEAD follow any.</param>
public sealed record OutgoingLimits(TimeSpan Total, long Bytes, int Redirects = 3)
{
    public static readonly OutgoingLimits Default = new(TimeSpan.FromSeconds(30), 16 << 20);
}

/// <summary>
/// The only way to the outside. A client takes http and https addresses without user info, resolves a name once and connects to what
/// it resolved (so a name cannot change between check and use), and refuses everything that is not on the public internet unless
/// the operator named that origin. No proxy is taken from the environment.
/// </summary>
public static class OutgoingHttp
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(10);

    /// <summary>Set on a request it limits that request, redirects included, to these origins (<c>https://api.example.com</c>).</summary>
    public static readonly HttpRequestOptionsKey<IReadOnlyList<string>> OnlyOrigins = new("somastack.only_origins");

    /// <param name="allowed">Origins that the operator configured; they may be anywhere, loopback included.</param>
    /// <returns>A client to keep and share; its refusals are <see cref="Problem"/>s with the code <c>address_refused</c>.</returns>
    public static HttpClient Create(OutgoingLimits limits, params IReadOnlyList<Uri> allowed) => Create(limits, Dns.GetHostAddressesAsync, allowed);

    internal static HttpClient Create(OutgoingLimits limits, Func<string, CancellationToken, Task<IPAddress[]>> resolve, IReadOnlyList<Uri> allowed)
    {
        var sockets = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.All,
            ConnectTimeout = ConnectLimit,
            MaxResponseHeadersLength = 64,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, resolve, allowed, cancellationToken),
        };
        return new HttpClient(new OutgoingHandler(sockets, limits)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The part of the check that needs no network.</summary>
    /// <exception cref="Problem">403 <c>address_refused</c>.</exception>
    public static void CheckAddress(Uri? address)
    {
        if (address is not { IsAbsoluteUri: true }) throw PlatformProblems.AddressRefused.Because("The address is not absolute.");
        if (address.Scheme is not ("http" or "https")) throw PlatformProblems.AddressRefused.Because("Only http and https addresses are called.");
        if (address.UserInfo.Length > 0) throw PlatformProblems.AddressRefused.Because("An address with a user name in it is not called.");
    }

    /// <exception cref="Problem">403 <c>address_refused</c> when the request is limited to origins and this is none of them.</exception>
    internal static void CheckOrigin(Uri address, IReadOnlyList<string>? only)
    {
        if (only is null || only.Contains(address.GetLeftPart(UriPartial.Authority), StringComparer.OrdinalIgnoreCase)) return;
        throw PlatformProblems.AddressRefused.Because($"'{address.GetLeftPart(UriPartial.Authority)}' is none of the origins that this may reach.");
    }

    /// <summary>For what is not HTTP but leads outside all the same: resolves once, checks, and connects to what it checked.</summary>
    /// <exception cref="Problem">403 <c>address_refused</c>.</exception>
    public static ValueTask<Stream> ConnectAsync(string host, int port, IReadOnlyList<Uri> allowed, CancellationToken cancellationToken) =>
        ConnectAsync(new DnsEndPoint(host, port), Dns.GetHostAddressesAsync, allowed, cancellationToken);

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint target, Func<string, CancellationToken, Task<IPAddress[]>> resolve, IReadOnlyList<Uri> allowed, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(target.Host.Trim('[', ']'), out var literal) ? [literal] : await resolve(target.Host, cancellationToken);
        // One address inside is enough to refuse: which one would be used is the resolver's choice, not ours.
        if (!IsAllowed(target, allowed) && (addresses.Length == 0 || !Array.TrueForAll(addresses, AddressGuard.IsPublic)))
            throw PlatformProblems.AddressRefused.Because($"'{target.Host}' is not on the public internet, and the operator did not allow it.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, target.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static bool IsAllowed(DnsEndPoint target, IReadOnlyList<Uri> allowed)
    {
        foreach (var origin in allowed)
            if (origin.Port == target.Port && string.Equals(origin.IdnHost.Trim('[', ']'), target.Host.Trim('[', ']'), StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
