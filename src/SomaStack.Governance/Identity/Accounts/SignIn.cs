using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>What a form of the sign-in page sends; which fields are there says which step it is.</summary>
internal sealed record SignInForm(string Code, string Invitation, string Login, string Password, string Otp, string Tenant, string Ticket, string Form, string? ReturnTo)
{
    private const int FieldMax = 2048;

    public static async Task<SignInForm> ReadAsync(HttpContext http, CancellationToken cancellationToken)
    {
        if (!http.Request.HasFormContentType) throw PlatformProblems.UnsupportedMedia.Because("Send the form of the sign-in page.");
        var form = await http.Request.ReadFormAsync(cancellationToken);
        string Field(string name) => form[name].ToString() is { Length: <= FieldMax } value ? value : throw Problem.Invalid(name, "is too long");
        return new SignInForm(Field("code"), Field("invitation"), Field("login").Trim().ToLowerInvariant(), Field("password"), Field("otp").Trim(), Field("tenant"), Field("ticket"), Field("form"),
            LocalPath.Of(Field("return_to")));
    }
}

/// <summary>
/// The pages where people prove who they are: a one-time link, an invitation, or name and password, then the second factor, then the tenant.
/// Opening a link only shows a button: mail scanners and chat previews follow links, and a code that a GET spends would be gone before its owner comes.
/// </summary>
internal sealed class SignIn(
    SignInStore codes, IdentityStore principals, PersonStore people, SignInSteps steps, AcceptInvitation invitations, Forms forms, TokenIssue issue, Db db, Journal journal, TimeProvider clock)
{
    public const string Cookie = "soma_session";

    public static readonly TimeSpan Session = TimeSpan.FromHours(8);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/auth/signin", (string? code, string? invitation, string? return_to, HttpContext http, SignIn use) => use.Ask(code, invitation, return_to, http))
            .Public().ExcludeFromDescription();
        routes.MapPost("/v1/auth/signin", (HttpContext http, SignIn use, CancellationToken cancellationToken) => use.RunAsync(http, cancellationToken))
            .Public().WithoutReplay().WithBodyLimit(16 << 10).ExcludeFromDescription();
    }

    private ContentHttpResult Ask(string? code, string? invitation, string? returnTo, HttpContext http)
    {
        if (code is { Length: > 128 } || invitation is { Length: > 128 }) throw IdentityProblems.CodeSpent.Because("The link holds no code.");
        var path = LocalPath.Of(returnTo);
        if (code is { Length: > 0 }) return SignInPage.Link(http, code, path);
        var form = forms.Token(http);
        return invitation is { Length: > 0 } ? SignInPage.Invitation(http, form, invitation, "", null) : SignInPage.Password(http, form, path, null);
    }

    private async Task<ContentHttpResult> RunAsync(HttpContext http, CancellationToken cancellationToken)
    {
        // A page elsewhere must not sign its visitor in as somebody of its choice (login CSRF).
        SameSite.Demand(http.Request);
        var form = await SignInForm.ReadAsync(http, cancellationToken);
        // A code is itself what nobody else can know; every other form carries proof that this browser was shown it.
        if (form.Code.Length > 0) return await FollowLinkAsync(http, form, cancellationToken);
        if (!forms.IsOurs(http, form.Form)) return SignInPage.Password(http, forms.Token(http), form.ReturnTo, "The page was open for too long. Try again.", StatusCodes.Status403Forbidden);
        if (form.Invitation.Length > 0) return await invitations.RunAsync(http, form, cancellationToken);
        if (form.Ticket.Length > 0) return await ContinueAsync(http, form, cancellationToken);
        return await steps.PasswordAsync(http, form, cancellationToken);
    }

    private async Task<ContentHttpResult> FollowLinkAsync(HttpContext http, SignInForm form, CancellationToken cancellationToken)
    {
        if (form.Code.Length > 128) throw IdentityProblems.CodeSpent.Because("The form holds no code.");
        var (tenant, principal, purpose) = await TakeAsync(form.Code, cancellationToken);
        var row = await principals.FindPrincipalAsync(tenant, principal, cancellationToken);
        if (row is not { Active: true }) throw IdentityProblems.CodeSpent.Because("The user is no longer active.");
        var person = row.Person is { } id ? await people.FindAsync(id, cancellationToken) : null;
        if (purpose == SignInLink.PasswordPurpose && person is not null && (await people.MembershipsAsync(person.Id, cancellationToken)).Exists(membership => membership.Tenant != tenant))
            throw IdentityProblems.PersonShared.Because("You are a user of other tenants too, so this link of one tenant's administrator is void.");
        var stage = purpose == SignInLink.HostPasswordPurpose ? SignInTicket.HostPassword : SignInTicket.Password;
        if (purpose != SignInLink.SignInPurpose)
            return SignInPage.NewPassword(http, forms.Token(http), forms.Seal(http, new SignInTicket(stage, person?.Id, tenant, principal, [])), person?.Login, Rules.LoginFor(row), form.ReturnTo, null);
        if (person?.Totp is not null)
            return SignInPage.Code(http, forms.Token(http), forms.Seal(http, new SignInTicket(SignInTicket.Otp, person.Id, tenant, principal, [])), form.ReturnTo, null);
        return await steps.BeginAsync(http, row, Proof.None, person is null, form.ReturnTo, cancellationToken);
    }

    private Task<ContentHttpResult> ContinueAsync(HttpContext http, SignInForm form, CancellationToken cancellationToken) => forms.Open(http, form.Ticket) switch
    {
        { Stage: SignInTicket.Otp } ticket => steps.CodeAsync(http, form, ticket, cancellationToken),
        { Stage: SignInTicket.Choice } ticket => steps.ChooseAsync(http, form, ticket, cancellationToken),
        { Stage: SignInTicket.Password or SignInTicket.HostPassword } ticket => steps.NewPasswordAsync(http, form, ticket, cancellationToken),
        _ => Task.FromResult(SignInPage.Password(http, forms.Token(http), form.ReturnTo, "The page was open for too long. Try again.", StatusCodes.Status403Forbidden)),
    };

    /// <summary>Spends a code and signs its owner in, without a page.</summary>
    internal async Task<(IssuedToken Token, string Tenant, string Principal)> SpendAsync(string code, CancellationToken cancellationToken)
    {
        var (tenant, principal, purpose) = await TakeAsync(code, cancellationToken);
        if (purpose != SignInLink.SignInPurpose) throw IdentityProblems.CodeSpent.Because("The link sets a password and signs nobody in.");
        var context = RequestContext.ForSystem(tenant, DeploymentMode.DeveloperLight) with { Principal = new Principal(principal, "user") };
        var (token, _) = await issue.RunAsync(context, principal, null, Session, cancellationToken);
        return (token, tenant, principal);
    }

    private async Task<(string Tenant, string Principal, string Purpose)> TakeAsync(string code, CancellationToken cancellationToken)
    {
        var hash = SignInLink.HashOf(code);
        var now = clock.NowMicros();
        var (tenant, principal, purpose) = await codes.FindAsync(hash, now, cancellationToken) ?? throw IdentityProblems.CodeSpent.Because("It was used, has expired, or never was.");
        var context = RequestContext.ForSystem(tenant, DeploymentMode.DeveloperLight) with { Principal = new Principal(principal, "user") };
        await db.WriteAsync(tenant, async work =>
        {
            if (!await SignInStore.SpendAsync(work, tenant, hash, now)) throw IdentityProblems.CodeSpent.Because("It was used, has expired, or never was.");
            await journal.AppendAsync(work, context, IdentityEvents.SignInLinkUsed, new SignInLinkUsed(principal, purpose), IdentityJson.Default.SignInLinkUsed);
        }, cancellationToken);
        return (tenant, principal, purpose);
    }
}
