using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <param name="Principal">Whom the token is for; the caller by default.</param>
/// <param name="Capabilities">Null for all that both the caller and the principal hold; for another principal without <c>approval:decide</c>.</param>
/// <param name="LifetimeSeconds">1 to 3600; 900 by default.</param>
internal sealed record IssueTokenRequest(string? Principal = null, IReadOnlyList<string>? Capabilities = null, int? LifetimeSeconds = null);

/// <param name="Token">Shown this once and never stored.</param>
internal sealed record IssueTokenResponse(string Token, string TokenType, int ExpiresIn, DateTimeOffset ExpiresAt, string Jti, IReadOnlyList<string> Capabilities);

/// <summary>A narrower token for somebody else or for a part of one's own work. Nobody hands out what he does not hold.</summary>
internal sealed class IssueToken(IdentityStore store, TokenIssue issue)
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/tokens/issue",
        (IssueTokenRequest request, RequestContext context, IssueToken use, CancellationToken cancellationToken) => use.RunAsync(request, context, cancellationToken))
        .Requires(Capability.TokenIssue).WithoutReplay().OpenWhenStopped();

    private async Task<IssueTokenResponse> RunAsync(IssueTokenRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var seconds = request.LifetimeSeconds ?? 900;
        var principal = request.Principal ?? context.Principal.Id;
        Check.That(seconds is >= 1 and <= 3600, "lifetime_seconds", "must be between 1 and 3600")
            .And(Rules.IsPrincipalId(principal), "principal", Rules.PrincipalIdRule)
            .And(Rules.IsShortList(request.Capabilities), "capabilities", Rules.ListRule)
            .OrThrow();
        var wanted = request.Capabilities;
        if (wanted is null)
        {
            var holder = await store.FindPrincipalAsync(context.Tenant, principal, cancellationToken)
                ?? throw IdentityProblems.PrincipalUnknown.Because("The tenant has no such principal.");
            wanted = [.. holder.Capabilities.Where(name => context.Capabilities.Has(name) && (name != Capability.ApprovalDecide || Rules.IsOwn(context, principal)))];
        }
        else
        {
            foreach (var name in CapabilitySet.Of(wanted).Names) Rules.MustHold(context, name);
        }
        var (token, jti) = await issue.RunAsync(context, principal, wanted, TimeSpan.FromSeconds(seconds), cancellationToken);
        return new IssueTokenResponse(token.Token, "Bearer", seconds, token.ExpiresAt, jti, token.Capabilities);
    }
}
