using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <param name="Principal">The id that the invited will have in this tenant.</param>
/// <param name="Hours">How long the link works, 1 to 720; 72 by default.</param>
/// <param name="Email">Whoever signs in through the outside issuer with this verified address accepts it too, without the link.</param>
internal sealed record InviteRequest(string Principal, string DisplayName, IReadOnlyList<string>? Roles = null, IReadOnlyList<string>? Capabilities = null, int? Hours = null, string? Email = null);

/// <param name="State">open, accepted, revoked or expired.</param>
internal sealed record InvitationView(
    string Id, string Principal, string DisplayName, IReadOnlyList<string> Roles, IReadOnlyList<string> Extra, string InvitedBy, string State, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, string? Email)
{
    public static InvitationView Of(InvitationRow row, DateTimeOffset now) => new(
        row.Id, row.Principal, row.DisplayName, row.Roles, row.Extra, row.InvitedBy,
        row.AcceptedAt is not null ? "accepted" : row.RevokedAt is not null ? "revoked" : row.ExpiresAt <= now ? "expired" : "open", row.CreatedAt, row.ExpiresAt, row.Email);
}

/// <param name="Link">Makes whoever opens it a user, once. Shown this once.</param>
internal sealed record InviteResponse(string Link, InvitationView Invitation);

/// <summary>Asks somebody into the tenant. Nobody is a principal before he accepts.</summary>
internal sealed class Invitations(IdentityStore principals, InvitationStore store, SignInLink links, Db db, Journal journal, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/invitations", (InviteRequest request, RequestContext context, Invitations use, CancellationToken cancellationToken) =>
            use.InviteAsync(request, context, cancellationToken)).Requires(Capability.TenantAdmin).WithoutReplay();
        routes.MapGet("/v1/invitations", (RequestContext context, Invitations use, string? cursor, int? limit, CancellationToken cancellationToken) =>
            use.ListAsync(context, cursor, limit, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapDelete("/v1/invitations/{id}", (string id, RequestContext context, Invitations use, CancellationToken cancellationToken) =>
            use.RevokeAsync(id, context, cancellationToken).ThenNoContentAsync()).Requires(Capability.TenantAdmin);
    }

    internal async Task<Created<InviteResponse>> InviteAsync(InviteRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var hours = request.Hours ?? 72;
        Check.That(Rules.IsPrincipalId(request.Principal), "principal", Rules.PrincipalIdRule)
            .And(Rules.IsName(request.DisplayName), "display_name", Rules.NameRule)
            .And(Rules.IsShortList(request.Roles), "roles", Rules.ListRule)
            .And(Rules.IsShortList(request.Capabilities), "capabilities", Rules.ListRule)
            .And(hours is >= 1 and <= 720, "hours", "must be between 1 and 720")
            .And(request.Email is null || ExternalMatch.AddressOf(request.Email) is not null, "email", "must be an address of at most 254 ASCII characters")
            .OrThrow();
        if (await principals.FindPrincipalAsync(context.Tenant, request.Principal, cancellationToken) is not null)
            throw IdentityProblems.PrincipalExists.Because($"'{request.Principal}' is a principal already; POST /v1/users/{{id}}/reset-link gives it a password.");
        string[] extra = [.. CapabilitySet.Of(request.Capabilities ?? []).Names.Order(StringComparer.Ordinal)];
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var now = clock.GetUtcNow();
        var row = new InvitationRow(context.Tenant, Ids.New(clock), request.Principal, request.DisplayName,
            [.. (request.Roles ?? []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], extra, context.Principal.Id, now, now.AddHours(hours), null, null)
        {
            Email = request.Email is { } email ? ExternalMatch.AddressOf(email) : null,
        };
        await db.WriteAsync(context.Tenant, async work =>
        {
            foreach (var name in await RoleStore.EffectiveAsync(work, context.Tenant, row.Roles, extra)) Rules.MustHold(context, name);
            await InvitationStore.AddAsync(work, row, SignInLink.HashOf(code));
            await journal.AppendAsync(work, context, "invitation/" + row.Id, 1, IdentityEvents.Invited, new Invited(row.Id, row.Principal, row.Roles, extra, row.ExpiresAt), IdentityJson.Default.Invited);
        }, cancellationToken);
        return TypedResults.Created($"/v1/invitations/{row.Id}", new InviteResponse(links.Address("invitation", code), InvitationView.Of(row, now)));
    }

    private async Task<Page<InvitationView>> ListAsync(RequestContext context, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        var now = clock.GetUtcNow();
        var rows = await store.ListAsync(context.Tenant, Cursor.Decode(cursor), size + 1, cancellationToken);
        return Cursor.Page([.. rows.Select(row => InvitationView.Of(row, now))], size, static row => row.Id);
    }

    internal Task RevokeAsync(string id, RequestContext context, CancellationToken cancellationToken) => db.WriteAsync(context.Tenant, async work =>
    {
        if (!await InvitationStore.RevokeAsync(work, context.Tenant, id, clock.NowMicros())) throw PlatformProblems.NotFound.Because("The tenant has no such open invitation.");
        await journal.AppendAsync(work, context, "invitation/" + id, 2, IdentityEvents.InvitationRevoked, new InvitationRevoked(id), IdentityJson.Default.InvitationRevoked);
    }, cancellationToken);
}

/// <summary>
/// Makes the invited a user: a new person, or one of this installation who proves it with his password. The inviter must still be there and still hold
/// what he gave.
/// </summary>
internal sealed class AcceptInvitation(
    InvitationStore store, PersonStore people, Passwords passwords, SignInGuard guard, CredentialCache cache, Forms forms, Db db, Journal journal, TimeProvider clock)
{
    public async Task<ContentHttpResult> RunAsync(HttpContext http, SignInForm form, CancellationToken cancellationToken)
    {
        if (form.Invitation.Length > 128) throw IdentityProblems.CodeSpent.Because("The form holds no invitation.");
        ContentHttpResult Again(string fault, int status) => SignInPage.Invitation(http, forms.Token(http), form.Invitation, form.Login, fault, status);
        var row = await store.FindAsync(SignInLink.HashOf(form.Invitation), clock.NowMicros(), cancellationToken)
            ?? throw IdentityProblems.CodeSpent.Because("The invitation was accepted or revoked, has expired, or never was.");
        if (!Rules.IsPrincipalId(form.Login)) return Again($"The name {Rules.PrincipalIdRule}.", StatusCodes.Status422UnprocessableEntity);
        var known = await people.FindByLoginAsync(form.Login, cancellationToken);
        if (known is not null)
        {
            var attempt = await guard.EnterAsync(form.Login, Addresses.Of(http), cancellationToken);
            if (!await passwords.VerifyAsync(form.Password, known.Password, cancellationToken))
            {
                guard.Failed("password", Addresses.Of(http));
                return Again("Somebody has this name, and his password is another.", StatusCodes.Status401Unauthorized);
            }
            await guard.SucceededAsync(attempt, whole: false, cancellationToken);
        }
        else if (PasswordRules.Fault(form.Password, form.Login) is { } fault) return Again($"The password {fault}.", StatusCodes.Status422UnprocessableEntity);
        await AcceptAsync(row, known, form.Login, known is null ? await passwords.HashAsync(form.Password, cancellationToken) : null, cancellationToken);
        return SignInPage.Message(http, "Welcome", $"You are {row.Principal} of tenant {row.Tenant}. Sign in with your name and password.", null);
    }

    /// <param name="hash">Of a new person's password; null for one who is known.</param>
    internal Task AcceptAsync(InvitationRow row, PersonRow? known, string login, string? hash, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var person = known ?? new PersonRow(Ids.New(clock), login, hash, null, null);
        var context = RequestContext.ForSystem(row.Tenant, DeploymentMode.DeveloperLight) with { Principal = new Principal(row.Principal, "user") };
        return db.WriteAsync(Db.AllTenants, async work =>
        {
            await cache.ChangedAsync(work, row.Tenant);
            if (known is null && !await PersonStore.TryAddAsync(work, person, now.ToMicros())) throw PlatformProblems.Conflict.Because("Somebody took this name meanwhile.");
            await AdmitAsync(work, journal, row, now);
            if (!await PersonStore.TryJoinAsync(work, row.Tenant, row.Principal, person.Id, person.Totp is not null)) throw IdentityProblems.PersonShared.Because("You are a user of this tenant already.");
            // The inviter had the link before anybody.
            await Hands.NoteAsync(work, context with { Principal = new Principal(row.InvitedBy, "user") }, row.Tenant, row.Principal, now.ToMicros());
        }, cancellationToken);
    }

    /// <summary>Spends the invitation and writes the principal, while the inviter is there and still holds what he gave.</summary>
    internal static async Task AdmitAsync(DbWork work, Journal journal, InvitationRow row, DateTimeOffset now)
    {
        if (!await InvitationStore.AcceptAsync(work, row.Tenant, row.Id, now.ToMicros())) throw IdentityProblems.CodeSpent.Because("The invitation was accepted or revoked meanwhile.");
        var inviter = await IdentityStore.FindPrincipalAsync(work, row.Tenant, row.InvitedBy);
        var effective = await RoleStore.EffectiveAsync(work, row.Tenant, row.Roles, row.Extra);
        if (inviter is not { Active: true } || effective.Except(inviter.Capabilities, StringComparer.Ordinal).Any())
            throw IdentityProblems.CodeSpent.Because("Whoever invited you may not do so any more. Ask for a new invitation.");
        var context = RequestContext.ForSystem(row.Tenant, DeploymentMode.DeveloperLight) with { Principal = new Principal(row.Principal, "user") };
        var next = new PrincipalRow(row.Tenant, row.Principal, "user", row.DisplayName, true, effective, 1, 1, now, now) { Roles = row.Roles, Extra = row.Extra };
        await PutUser.WriteAsync(work, journal, context with { Principal = new Principal(row.InvitedBy, "user") }, next, 0);
        await journal.AppendAsync(work, context, "invitation/" + row.Id, 2, IdentityEvents.InvitationAccepted, new InvitationAccepted(row.Id, row.Principal), IdentityJson.Default.InvitationAccepted);
    }
}
