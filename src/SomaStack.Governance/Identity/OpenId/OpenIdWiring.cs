using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>The wiring of the protocol half of the room: OpenID Connect, outside sign-in, SCIM.</summary>
internal static class OpenIdWiring
{
    public static void Add(IServiceCollection services, SomaOptions options)
    {
        services.AddSingleton<PublicOrigin>().AddSingleton<ClientStore>().AddSingleton<GrantStore>().AddSingleton<DeviceStore>().AddSingleton<FindClient>().AddSingleton<ClientAuthentication>();
        // Counters are the edge's; what never serves a request has none.
        services.AddSingleton(static provider => new Attempts(provider.GetRequiredService<ICounters>()));
        services.AddSingleton<BrowserSession>().AddSingleton<IdTokens>().AddSingleton<GrantTokens>().AddSingleton<GrantRevocation>();
        services.AddSingleton<Authorize>().AddSingleton<TokenEndpoint>().AddSingleton<ExchangeCode>().AddSingleton<RefreshGrant>().AddSingleton<PollDevice>().AddSingleton<ClientCredentials>();
        services.AddSingleton<AskDevice>().AddSingleton<VerifyDevice>().AddSingleton<RevokeGrant>().AddSingleton<Introspect>().AddSingleton<UserInfo>().AddSingleton<Logout>().AddSingleton<PutClient>();
        services.AddSingleton<ExternalStore>().AddSingleton<ExternalKeys>().AddSingleton<ExternalSignIn>();
        services.AddSingleton<ScimStore>().AddSingleton<ScimRights>().AddSingleton<ScimUsers>().AddSingleton<ScimGroups>();
        if (options.HasRole("worker")) services.AddHostedService(static provider => ActivatorUtilities.CreateInstance<Upkeep>(provider));
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
        Authorize.Map(routes);
        TokenEndpoint.Map(routes);
        AskDevice.Map(routes);
        VerifyDevice.Map(routes);
        RevokeGrant.Map(routes);
        Introspect.Map(routes);
        UserInfo.Map(routes);
        Logout.Map(routes);
        PutClient.Map(routes);
        ExternalSignIn.Map(routes);
        ScimDocuments.Map(routes);
        ScimUsers.Map(routes);
        ScimGroups.Map(routes);
    }
}
