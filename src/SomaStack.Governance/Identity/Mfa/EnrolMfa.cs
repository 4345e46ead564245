using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <param name="Password">Whoever only found a token must not be able to lock its owner out.</param>
internal sealed record EnrolMfaRequest(string Password);

/// <param name="Secret">Base32, for typing in. Shown this once.</param>
/// <param name="QrSvg">An SVG image of the address.</param>
internal sealed record EnrolMfaResponse(string Secret, string OtpauthUri, string QrSvg);

internal sealed record MfaCodeRequest(string Code);

/// <param name="RecoveryCodes">Shown this once; each works once in place of a code.</param>
internal sealed record RecoveryCodesResponse(IReadOnlyList<string> RecoveryCodes);

/// <summary>Takes a second factor on: a secret first, then the proof that an authenticator holds it. Gives it up again with a fresh proof.</summary>
internal sealed class EnrolMfa(
    Myself myself, Passwords passwords, SecondFactor factor, SignInGuard guard, CredentialCache cache, Db db, Journal journal, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/auth/mfa/enroll", (EnrolMfaRequest request, RequestContext context, HttpContext http, EnrolMfa use, CancellationToken cancellationToken) =>
            use.BeginAsync(request, context, Addresses.Of(http), cancellationToken)).ForAnyPrincipal().WithoutReplay();
        routes.MapPost("/v1/auth/mfa/confirm", (MfaCodeRequest request, RequestContext context, HttpContext http, EnrolMfa use, CancellationToken cancellationToken) =>
            use.ConfirmAsync(request, context, Addresses.Of(http), cancellationToken)).ForAnyPrincipal().WithoutReplay();
        routes.MapPost("/v1/auth/mfa/recovery-codes", (RequestContext context, EnrolMfa use, CancellationToken cancellationToken) =>
            use.RenewCodesAsync(context, cancellationToken)).ForAnyPrincipal().RequiresStepUp().WithoutReplay();
        routes.MapDelete("/v1/auth/mfa", (RequestContext context, EnrolMfa use, CancellationToken cancellationToken) =>
            use.RemoveAsync(context, cancellationToken).ThenNoContentAsync()).ForAnyPrincipal().RequiresStepUp();
    }

    internal async Task<EnrolMfaResponse> BeginAsync(EnrolMfaRequest request, RequestContext context, string? address, CancellationToken cancellationToken)
    {
        var person = await myself.PersonAsync(context, cancellationToken);
        if (person.Totp is not null) throw IdentityProblems.MfaEnrolled.Because("Remove the present one first.");
        var attempt = await guard.EnterAsync(person.Login, address, cancellationToken);
        if (!await passwords.VerifyAsync(request.Password, person.Password, cancellationToken))
        {
            guard.Failed("password", address);
            throw IdentityProblems.PasswordWrong.Because("The password is not yours.");
        }
        await guard.SucceededAsync(attempt, whole: false, cancellationToken);
        var secret = RandomNumberGenerator.GetBytes(Totp.SecretBytes);
        await db.WriteAsync(Db.AllTenants, work => PersonStore.SetPendingAsync(work, person.Id, factor.Seal(person.Id, secret), clock.NowMicros()), cancellationToken);
        var uri = Totp.Uri(secret, person.Login);
        return new EnrolMfaResponse(Totp.Base32(secret), uri, QrSvg.Draw(uri));
    }

    internal async Task<RecoveryCodesResponse> ConfirmAsync(MfaCodeRequest request, RequestContext context, string? address, CancellationToken cancellationToken)
    {
        Check.That(Totp.IsCode(request.Code), "code", "must be six digits").OrThrow();
        var person = await myself.PersonAsync(context, cancellationToken);
        if (person is not { Totp: null, TotpPending: { } pending }) throw IdentityProblems.MfaNotBegun.Because("There is nothing to confirm.");
        var attempt = await guard.EnterAsync(person.Login, address, cancellationToken);
        if (Totp.Match(factor.Open(person.Id, pending), request.Code, clock.GetUtcNow()) is not { } step)
        {
            guard.Failed("totp", address);
            throw IdentityProblems.CodeWrong.Because("The code does not fit the secret; is the clock of the authenticator right?");
        }
        await guard.SucceededAsync(attempt, whole: false, cancellationToken);
        var codes = RecoveryCodes.Make();
        await db.WriteAsync(Db.AllTenants, async work =>
        {
            await cache.ChangedAsync(work, Db.AllTenants);
            if (!await PersonStore.ConfirmAsync(work, person.Id, step, clock.NowMicros())) throw IdentityProblems.MfaNotBegun.Because("It was confirmed or removed meanwhile.");
            await PersonStore.SetRecoveryCodesAsync(work, person.Id, codes.Select(RecoveryCodes.HashOf));
            await PersonStore.MarkFactorAsync(work, person.Id, enrolled: true);
            await journal.AppendAsync(work, context, IdentityEvents.MfaChanged, new MfaChanged(context.Principal.Id, Enrolled: true), IdentityJson.Default.MfaChanged);
        }, cancellationToken);
        return new RecoveryCodesResponse(codes);
    }

    internal async Task<RecoveryCodesResponse> RenewCodesAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var person = await myself.PersonAsync(context, cancellationToken);
        if (person.Totp is null) throw IdentityProblems.MfaNotBegun.Because("There is no second factor to recover.");
        var codes = RecoveryCodes.Make();
        await db.WriteAsync(Db.AllTenants, async work =>
        {
            await PersonStore.SetRecoveryCodesAsync(work, person.Id, codes.Select(RecoveryCodes.HashOf));
            await journal.AppendAsync(work, context, IdentityEvents.RecoveryCodesRenewed, new RecoveryCodesRenewed(context.Principal.Id), IdentityJson.Default.RecoveryCodesRenewed);
        }, cancellationToken);
        return new RecoveryCodesResponse(codes);
    }

    internal async Task RemoveAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var person = await myself.PersonAsync(context, cancellationToken);
        await RemoveAsync(context, person, context.Principal.Id, cancellationToken);
    }

    /// <summary>Also for an administrator whose user lost everything.</summary>
    internal Task RemoveAsync(RequestContext context, PersonRow person, string principal, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, async work =>
    {
        await cache.ChangedAsync(work, Db.AllTenants);
        if (!await PersonStore.RemoveFactorAsync(work, person.Id, clock.NowMicros())) throw IdentityProblems.MfaNotBegun.Because("There is no second factor.");
        await PersonStore.MarkFactorAsync(work, person.Id, enrolled: false);
        await Hands.NoteAsync(work, context, context.Tenant, principal, clock.NowMicros());
        await journal.AppendAsync(work, context, IdentityEvents.MfaChanged, new MfaChanged(principal, Enrolled: false), IdentityJson.Default.MfaChanged);
    }, cancellationToken);
}
