using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>Proves the second factor now: a token of ten minutes that says so, with what the caller's own token may do.</summary>
internal sealed class StepUp(Myself myself, SecondFactor factor, SignInGuard guard, TokenIssue issue, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/auth/step-up",
        (MfaCodeRequest request, RequestContext context, HttpContext http, StepUp use, CancellationToken cancellationToken) =>
            use.RunAsync(request, context, Addresses.Of(http), cancellationToken)).ForAnyPrincipal().WithoutReplay();

    internal async Task<IssueTokenResponse> RunAsync(MfaCodeRequest request, RequestContext context, string? address, CancellationToken cancellationToken)
    {
        Check.That(request.Code.Length is > 0 and <= 64, "code", "must be a code of six digits or a recovery code").OrThrow();
        var person = await myself.PersonAsync(context, cancellationToken);
        if (person.Totp is null) throw IdentityProblems.MfaNotBegun.Because("You have no second factor; POST /v1/auth/mfa/enroll takes one on.");
        var attempt = await guard.EnterAsync(person.Login, address, cancellationToken);
        if (!await factor.SpendAsync(context, person, request.Code, cancellationToken))
        {
            guard.Failed("totp", address);
            throw IdentityProblems.CodeWrong.Because("The code is wrong, or was used already.");
        }
        await guard.SucceededAsync(attempt, whole: true, cancellationToken);
        var lifetime = RequestContext.StepUpWindow;
        var (token, jti) = await issue.RunAsync(context, context.Principal.Id, [.. context.Capabilities.Names], lifetime, new Proof(["otp"], clock.GetUtcNow()), cancellationToken);
        return new IssueTokenResponse(token.Token, "Bearer", (int)lifetime.TotalSeconds, token.ExpiresAt, jti, token.Capabilities);
    }
}
