using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>One step of signing in each: password, code, tenant, session; and a new password for whom a link allows it.</summary>
internal sealed class SignInSteps(
    IdentityStore principals, PersonStore people, Passwords passwords, SecondFactor factor, SignInGuard guard, SetPassword setPassword, Forms forms, TokenIssue issue, Db db, Journal journal, TimeProvider clock)
{
    private const string Wrong = "Name and password do not belong together.";

    public async Task<ContentHttpResult> PasswordAsync(HttpContext http, SignInForm form, CancellationToken cancellationToken)
    {
        var address = Addresses.Of(http);
        SignInGuard.Attempt attempt;
        try
        {
            attempt = await guard.EnterAsync(form.Login, address, cancellationToken);
        }
        catch (Problem delayed) when (delayed.Code == IdentityProblems.SignInDelayed)
        {
            return Delayed(http, delayed, message => SignInPage.Password(http, forms.Token(http), form.ReturnTo, message, StatusCodes.Status429TooManyRequests));
        }
        var person = Rules.IsPrincipalId(form.Login) ? await people.FindByLoginAsync(form.Login, cancellationToken) : null;
        if (!await passwords.VerifyAsync(form.Password, person?.Password, cancellationToken) || person is null)
        {
            guard.Failed("password", address);
            return SignInPage.Password(http, forms.Token(http), form.ReturnTo, Wrong, StatusCodes.Status401Unauthorized);
        }
        await guard.SucceededAsync(attempt, whole: person.Totp is null, cancellationToken);
        if (passwords.IsWeak(person.Password!)) await setPassword.StrengthenAsync(person, form.Password, cancellationToken);
        if (person.Totp is not null)
            return SignInPage.Code(http, forms.Token(http), forms.Seal(http, new SignInTicket(SignInTicket.Otp, person.Id, null, null, ["pwd"])), form.ReturnTo, null);
        return await ArriveAsync(http, person, new Proof(["pwd"], null), form, cancellationToken);
    }

    public async Task<ContentHttpResult> CodeAsync(HttpContext http, SignInForm form, SignInTicket ticket, CancellationToken cancellationToken)
    {
        var person = await people.FindAsync(ticket.Person!, cancellationToken) ?? throw IdentityProblems.CodeSpent.Because("The account is gone.");
        var address = Addresses.Of(http);
        SignInGuard.Attempt attempt;
        try
        {
            attempt = await guard.EnterAsync(person.Login, address, cancellationToken);
        }
        catch (Problem delayed) when (delayed.Code == IdentityProblems.SignInDelayed)
        {
            return Delayed(http, delayed, message => SignInPage.Code(http, forms.Token(http), form.Ticket, form.ReturnTo, message, StatusCodes.Status429TooManyRequests));
        }
        var memberships = await people.MembershipsAsync(person.Id, cancellationToken);
        // A used recovery code is written down in the tenant of which the person is a user.
        var context = RequestContext.ForSystem(ticket.Tenant ?? memberships.FirstOrDefault()?.Tenant ?? Db.AllTenants, DeploymentMode.DeveloperLight) with
        {
            Principal = new Principal(ticket.Principal ?? memberships.FirstOrDefault()?.Principal ?? person.Login, "user"),
        };
        if (!await factor.SpendAsync(context, person, form.Otp, cancellationToken))
        {
            guard.Failed("totp", address);
            return SignInPage.Code(http, forms.Token(http), form.Ticket, form.ReturnTo, "The code is wrong, or was used already.", StatusCodes.Status401Unauthorized);
        }
        await guard.SucceededAsync(attempt, whole: true, cancellationToken);
        var proof = new Proof([.. ticket.Amr, "otp"], clock.GetUtcNow());
        if (ticket is not { Tenant: { } tenant, Principal: { } principal }) return await ArriveAsync(http, person, proof, form, cancellationToken);
        var row = await principals.FindPrincipalAsync(tenant, principal, cancellationToken) ?? throw IdentityProblems.CodeSpent.Because("The user is no longer active.");
        return await BeginAsync(http, row, proof, offerPassword: false, form.ReturnTo, cancellationToken);
    }

    public async Task<ContentHttpResult> ChooseAsync(HttpContext http, SignInForm form, SignInTicket ticket, CancellationToken cancellationToken)
    {
        var person = await people.FindAsync(ticket.Person!, cancellationToken) ?? throw IdentityProblems.CodeSpent.Because("The account is gone.");
        return await ArriveAsync(http, person, new Proof(ticket.Amr, ticket.MfaAt is { } at ? DateTimeOffset.FromUnixTimeSeconds(at) : null), form, cancellationToken);
    }

    public async Task<ContentHttpResult> NewPasswordAsync(HttpContext http, SignInForm form, SignInTicket ticket, CancellationToken cancellationToken)
    {
        var row = await principals.FindPrincipalAsync(ticket.Tenant!, ticket.Principal!, cancellationToken) ?? throw IdentityProblems.CodeSpent.Because("The user is gone.");
        // A page that was opened to set a first password must not replace the one that somebody set meanwhile.
        if (row.Person != ticket.Person) throw IdentityProblems.CodeSpent.Because("A password was set meanwhile.");
        var fault = await setPassword.RunAsync(ticket.Tenant!, ticket.Principal!, form.Login, form.Password, startOver: ticket.Stage == SignInTicket.HostPassword, cancellationToken);
        // Whoever set his first password is still signed in; a session that a new one ended is begun again where the way leads.
        if (fault is null && form.ReturnTo is { } onward) return SignInPage.Onward(http, onward);
        if (fault is null) return SignInPage.Message(http, "Password set", "Your password is set. Sign in with it from now on.", null);
        var known = row.Person is { } id ? (await people.FindAsync(id, cancellationToken))?.Login : null;
        return SignInPage.NewPassword(http, forms.Token(http), form.Ticket, known, form.Login, form.ReturnTo, fault, StatusCodes.Status422UnprocessableEntity);
    }

    /// <summary>All factors are proven: into the one tenant, the chosen one, or to the choice.</summary>
    private async Task<ContentHttpResult> ArriveAsync(HttpContext http, PersonRow person, Proof proof, SignInForm form, CancellationToken cancellationToken)
    {
        var memberships = await people.MembershipsAsync(person.Id, cancellationToken);
        var chosen = memberships.Count == 1 ? memberships[0] : memberships.Find(membership => membership.Tenant == form.Tenant);
        if (chosen is null)
        {
            if (memberships.Count == 0) return SignInPage.Message(http, "No tenant", "You are a user of no active tenant. Ask an administrator for an invitation.", null, StatusCodes.Status403Forbidden);
            var ticket = new SignInTicket(SignInTicket.Choice, person.Id, null, null, proof.Amr, MfaAt: proof.MfaAt?.ToUnixTimeSeconds());
            return SignInPage.Choose(http, forms.Token(http), forms.Seal(http, ticket), memberships, form.ReturnTo);
        }
        var row = await principals.FindPrincipalAsync(chosen.Tenant, chosen.Principal, cancellationToken) ?? throw IdentityProblems.CodeSpent.Because("The user is no longer active.");
        return await BeginAsync(http, row, proof, offerPassword: false, form.ReturnTo, cancellationToken);
    }

    /// <summary>The session: an access token in a cookie that scripts cannot read and other sites cannot send.</summary>
    public async Task<ContentHttpResult> BeginAsync(HttpContext http, PrincipalRow row, Proof proof, bool offerPassword, string? returnTo, CancellationToken cancellationToken)
    {
        var context = RequestContext.ForSystem(row.Tenant, DeploymentMode.DeveloperLight) with { Principal = new Principal(row.Id, row.Kind) };
        var (token, _) = await issue.RunAsync(context, row.Id, null, SignIn.Session, proof, cancellationToken);
        await db.WriteAsync(row.Tenant, work => journal.AppendAsync(work, context, IdentityEvents.SignedIn, new SignedIn(row.Id, proof.Amr), IdentityJson.Default.SignedIn), cancellationToken);
        http.Response.Cookies.Append(SignIn.Cookie, token.Token, new CookieOptions
        {
            HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = http.Request.IsHttps, IsEssential = true, Path = "/", Expires = token.ExpiresAt,
        });
        var ticket = offerPassword && row.Kind == "user" ? forms.Seal(http, new SignInTicket(SignInTicket.Password, null, row.Tenant, row.Id, [])) : null;
        if (returnTo is not null)
            return ticket is null ? SignInPage.Onward(http, returnTo) : SignInPage.FirstPassword(http, row.Tenant, row.Id, forms.Token(http), ticket, Rules.LoginFor(row), returnTo);
        return SignInPage.Done(http, row.Tenant, row.Id, token.ExpiresAt, ticket is null ? null : forms.Token(http), ticket, Rules.LoginFor(row));
    }

    private static ContentHttpResult Delayed(HttpContext http, Problem delayed, Func<string, ContentHttpResult> page)
    {
        var seconds = Math.Max(1, (long)Math.Ceiling(delayed.RetryAfter!.Value.TotalSeconds));
        http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return page($"There were too many failed tries. Try again in {seconds} s.");
    }
}
