using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

internal sealed record ChangePasswordRequest(string CurrentPassword, string NewPassword);

/// <summary>Another password. It ends every session of the person, in every tenant, but the one that the answer begins.</summary>
internal sealed class ChangePassword(
    Myself myself, Passwords passwords, SignInGuard guard, CredentialCache cache, TokenIssue issue, Db db, Journal journal, TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/auth/password",
        (ChangePasswordRequest request, RequestContext context, HttpContext http, ChangePassword use, CancellationToken cancellationToken) =>
            use.RunAsync(request, context, Addresses.Of(http), cancellationToken)).ForAnyPrincipal().WithoutReplay();

    internal async Task<IssueTokenResponse> RunAsync(ChangePasswordRequest request, RequestContext context, string? address, CancellationToken cancellationToken)
    {
        var person = await myself.PersonAsync(context, cancellationToken);
        if (PasswordRules.Fault(request.NewPassword, person.Login) is { } fault) throw Problem.Invalid("new_password", fault);
        var attempt = await guard.EnterAsync(person.Login, address, cancellationToken);
        if (!await passwords.VerifyAsync(request.CurrentPassword, person.Password, cancellationToken))
        {
            guard.Failed("password", address);
            throw IdentityProblems.PasswordWrong.Because("The current password is not yours.");
        }
        await guard.SucceededAsync(attempt, whole: false, cancellationToken);
        var hash = await passwords.HashAsync(request.NewPassword, cancellationToken);
        await db.WriteAsync(Db.AllTenants, async work =>
        {
            await cache.ChangedAsync(work, Db.AllTenants);
            if (!await PersonStore.SetPasswordAsync(work, person.Id, person.Password, hash, clock.NowMicros())) throw PlatformProblems.Conflict.Because("The password was changed meanwhile.");
            await PersonStore.RevokeAsync(work, person.Id, clock.NowMicros());
            await journal.AppendAsync(work, context, IdentityEvents.PasswordChanged, new PasswordChanged(context.Principal.Id), IdentityJson.Default.PasswordChanged);
        }, cancellationToken);
        var (token, jti) = await issue.RunAsync(context, context.Principal.Id, [.. context.Capabilities.Names], Lifetime, new Proof(["pwd"], null), cancellationToken);
        return new IssueTokenResponse(token.Token, "Bearer", (int)Lifetime.TotalSeconds, token.ExpiresAt, jti, token.Capabilities);
    }
}
