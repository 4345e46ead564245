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
}
