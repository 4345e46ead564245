using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>The wiring of the room.</summary>
public static class IdentityModule
{
    public static readonly Room Room = new("Identity", typeof(IdentityModule).Assembly)
    {
        Add = static (services, options) =>
        {
            services.AddSingleton<IdentityStore>().AddSingleton<SignInStore>().AddSingleton<ApiKeyStore>().AddSingleton<KeyUse>();
            services.AddSingleton<Keyring>().AddSingleton<AccessTokens>().AddSingleton<CredentialCache>();
            services.AddSingleton<TokenIssue>().AddSingleton<SignInLink>().AddSingleton<TenantCreation>().AddSingleton<FirstStart>();
            services.AddSingleton<IssueToken>().AddSingleton<VerifyToken>().AddSingleton<RevokeToken>().AddSingleton<PublishKeys>().AddSingleton<RotateKeys>();
            services.AddSingleton<ListUsers>().AddSingleton<PutUser>().AddSingleton<Tenants>().AddSingleton<ApiKeys>().AddSingleton<SignIn>();
            services.AddSingleton<IIdentity, Credentials>();
            services.AddSingleton<IModePrecondition, SecondApprover>();
            if (options.HasRole("api")) services.AddHostedService(static provider => provider.GetRequiredService<KeyUse>());
        },
        Map = static routes =>
        {
            PublishKeys.Map(routes);
            IssueToken.Map(routes);
            VerifyToken.Map(routes);
            RevokeToken.Map(routes);
            ListUsers.Map(routes);
            PutUser.Map(routes);
            Tenants.Map(routes);
            ApiKeys.Map(routes);
            RotateKeys.Map(routes);
            SignIn.Map(routes);
        },
        Start = static (services, cancellationToken) => services.GetRequiredService<FirstStart>().RunAsync(cancellationToken),
        Problems = IdentityProblems.All,
        Json = IdentityJson.Default,
    };
}
