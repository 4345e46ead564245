using System.Text.Json.Serialization.Metadata;
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
            services.AddSingleton(PasswordCost.Default).AddSingleton<Passwords>().AddSingleton<SealedValues>().AddSingleton<PersonStore>().AddSingleton<AttemptStore>();
            services.AddSingleton<SignInGuard>().AddSingleton<RefusalLog>().AddSingleton<Forms>().AddSingleton<SignInSteps>().AddSingleton<SetPassword>().AddSingleton<EndSession>();
            services.AddSingleton<Myself>().AddSingleton<ChangePassword>().AddSingleton<UserRecovery>().AddSingleton<SecondFactor>().AddSingleton<EnrolMfa>().AddSingleton<StepUp>();
            services.AddSingleton<InvitationStore>().AddSingleton<Invitations>().AddSingleton<AcceptInvitation>();
            services.AddSingleton<ServiceSecretStore>().AddSingleton<ServiceSecrets>().AddSingleton<ServiceAccounts>();
            services.AddSingleton<RoleStore>().AddSingleton<Roles>();
            services.AddSingleton<TrainingStore>().AddSingleton<TrainingHolds>().AddSingleton<Training>().AddSingleton<ITraining>(static provider => provider.GetRequiredService<TrainingHolds>());
            services.AddSingleton<IPeople, PeopleStore>().AddSingleton<IBrowsers, Browsers>().AddSingleton<IPublicAddress>(static provider => provider.GetRequiredService<PublicOrigin>());
            services.AddSingleton<ISignatures, Signatures>();
            services.AddSingleton<ISealedSecrets>(static provider => provider.GetRequiredService<SealedValues>());
            services.AddSingleton<IdentityWatch>();
            services.AddHostedService(static provider => provider.GetRequiredService<IdentityWatch>());
            services.AddHostedService(static provider => provider.GetRequiredService<RefusalLog>());
            OpenIdWiring.Add(services, options);
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
            EndSession.Map(routes);
            Myself.Map(routes);
            ChangePassword.Map(routes);
            UserRecovery.Map(routes);
            EnrolMfa.Map(routes);
            StepUp.Map(routes);
            Invitations.Map(routes);
            ServiceAccounts.Map(routes);
            ServiceSecrets.Map(routes);
            Roles.Map(routes);
            Training.Map(routes);
            OpenIdWiring.Map(routes);
        },
        Start = static (services, cancellationToken) => services.GetRequiredService<FirstStart>().RunAsync(cancellationToken),
        Problems = [.. IdentityProblems.All, .. OpenIdProblems.All, .. ScimProblems.All],
        Json = JsonTypeInfoResolver.Combine(IdentityJson.Default, OpenIdJson.Default),
    };
}
