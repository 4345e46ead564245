using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

internal sealed record VerifyTokenRequest(string Token, IReadOnlyList<string>? RequiredCapabilities = null);

/// <param name="ConstitutionCurrent">Whether the constitution that the token names governs now; null when it names none, or none governs.</param>
/// <param name="Valid">False for anything that is not a good credential of the caller's own tenant now; nothing else is told then.</param>
internal sealed record VerifyTokenResponse(
    bool Valid, string? Tenant, string? Principal, string? Kind, IReadOnlyList<string>? Capabilities, IReadOnlyList<string>? MissingCapabilities,
    bool? ConstitutionCurrent, DateTimeOffset? MfaAt);

internal sealed class VerifyToken(IIdentity identity, IServiceProvider services)
{
    private static readonly VerifyTokenResponse Invalid = new(false, null, null, null, null, null, null, null);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/tokens/verify",
        (VerifyTokenRequest request, RequestContext context, VerifyToken use, CancellationToken cancellationToken) => use.RunAsync(request, context, cancellationToken))
        .Requires(Capability.TokenIssue).WithoutReplay();

    private async Task<VerifyTokenResponse> RunAsync(VerifyTokenRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        Check.That(request.Token.Length <= AccessTokens.MaximumLength, "token", "must have at most 8192 characters")
            .And(Rules.IsShortList(request.RequiredCapabilities), "required_capabilities", Rules.ListRule).OrThrow();
        var required = CapabilitySet.Of(request.RequiredCapabilities ?? []);
        var who = await identity.AuthenticateAsync(request.Token, cancellationToken);
        if (who is null || who.Tenant != context.Tenant) return Invalid;
        return new VerifyTokenResponse(true, who.Tenant, who.Principal.Id, who.Principal.Kind, [.. who.Capabilities.Names.Order(StringComparer.Ordinal)],
            [.. required.Names.Where(name => !who.Capabilities.Has(name)).Order(StringComparer.Ordinal)],
            await IsCurrentAsync(who, cancellationToken), who.MfaAt);
    }

    private async ValueTask<bool?> IsCurrentAsync(Authenticated who, CancellationToken cancellationToken)
    {
        if (who.Constitution is null || services.GetService<IConstitutionHash>() is not { } constitutions) return null;
        try
        {
            return who.Constitution == await constitutions.HashAsync(who.Tenant, cancellationToken);
        }
        catch (Problem)
        {
            return null;
        }
    }
}
