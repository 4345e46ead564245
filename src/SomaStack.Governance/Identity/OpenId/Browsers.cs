using Microsoft.AspNetCore.Http;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>The browser's session for the pages of other rooms.</summary>
internal sealed class Browsers(BrowserSession session) : IBrowsers
{
    public async ValueTask<RequestContext?> FindAsync(HttpRequest request, CancellationToken cancellationToken) =>
        await session.FindAsync(request, cancellationToken) is { } user ? ContextOf(user) : null;

    public async Task<RequestContext> OfFormAsync(HttpRequest request, CancellationToken cancellationToken) => ContextOf(await session.OfFormAsync(request, cancellationToken));

    public string SignInAddress(string returnTo) => BrowserSession.SignInAddress(returnTo);

    private static RequestContext ContextOf(SignedInUser user) => Authorize.ContextOf(user) with { Capabilities = user.Capabilities, MfaAt = user.Proof.MfaAt };
}
