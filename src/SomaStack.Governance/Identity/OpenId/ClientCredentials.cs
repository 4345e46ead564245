using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>A service acts as itself: a token of its principal with what the client may have and the principal holds. No refresh token: its secret is one.</summary>
internal sealed class ClientCredentials(IdentityStore principals, TokenIssue issue, TimeProvider clock)
{
    public async Task<TokenResponse> RunAsync(OAuthClient client, Form form, CancellationToken cancellationToken)
    {
        var holder = client is { IsConfidential: true, Principal: { } id } ? await principals.FindPrincipalAsync(client.Tenant, id, cancellationToken) : null;
        if (holder is not { Active: true, Kind: "service" }) throw OpenIdProblems.UnauthorizedClient.Because("The client's service principal is not active.");
        var asked = Scopes.Parse(form.Find("scope") ?? Scopes.All) ?? throw OpenIdProblems.InvalidScope.Because("A scope is not known here.");
        // Somebody made the secret for the service, so it is nobody's second person.
        var granted = Scopes.CapabilitiesIn(Scopes.Grant(asked, client.Scopes, name => name != Capability.ApprovalDecide && holder.Capabilities.Contains(name)));
        // A service that asks by name for what it may not have is configured wrongly, and should hear of it now.
        if (asked.FirstOrDefault(word => Capability.All.Contains(word) && !granted.Contains(word)) is { } refused)
            throw OpenIdProblems.InvalidScope.Because($"The client or its principal does not have '{refused}'.");
        var context = RequestContext.ForSystem(client.Tenant, DeploymentMode.DeveloperLight) with { Principal = new Principal(holder.Id, "service") };
        var (token, _) = await issue.RunAsync(context, holder.Id, granted, Grant.AccessLifetime, Proof.None, cancellationToken, client.WireId);
        return new TokenResponse(token.Token, "Bearer", (int)Math.Max(1, (token.ExpiresAt - clock.GetUtcNow()).TotalSeconds), string.Join(' ', granted), null, null);
    }
}
