using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// The address that names us as an OpenID Connect issuer: what the operator set, else where the server really listens. Never the Host
/// header, which its sender chooses. A wildcard address is no place to go to.
/// </summary>
internal sealed class PublicOrigin(SomaOptions options, IServiceProvider services) : IPublicAddress
{
    public string Value => (options.PublicUrl ?? services.GetService<IServer>()?.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? options.Url).TrimEnd('/')
        .Replace("://0.0.0.0", "://localhost", StringComparison.Ordinal)
        .Replace("://[::]", "://localhost", StringComparison.Ordinal)
        .Replace("://+", "://localhost", StringComparison.Ordinal)
        .Replace("://*", "://localhost", StringComparison.Ordinal);

    public string Of(string path) => Value + path;

    /// <summary>
    /// Whether a resource (RFC 8707) is one of this installation. Our tokens have one audience, so a client that means another server must not
    /// get one: it would carry our token there.
    /// </summary>
    public bool Serves(string? resource)
    {
        if (string.IsNullOrEmpty(resource)) return true;
        if (!Uri.TryCreate(resource, UriKind.Absolute, out var wanted) || wanted.Fragment.Length > 0 || wanted.UserInfo.Length > 0 || !Uri.TryCreate(Value, UriKind.Absolute, out var own)) return false;
        return wanted.Scheme == own.Scheme && wanted.Port == own.Port && string.Equals(wanted.IdnHost, own.IdnHost, StringComparison.OrdinalIgnoreCase)
            && (own.AbsolutePath == "/" || wanted.AbsolutePath == own.AbsolutePath || wanted.AbsolutePath.StartsWith(own.AbsolutePath.TrimEnd('/') + "/", StringComparison.Ordinal));
    }
}
