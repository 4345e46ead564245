using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// The authorization endpoint: code with PKCE (S256) and nothing else. Until client and redirect address are known to be good, a refusal
/// stays on our own page; after that it goes back to the client, always with <c>iss</c> (RFC 9207), so that nobody mixes issuers up.
/// </summary>
internal sealed class Authorize(FindClient find, BrowserSession session, PublicOrigin origin, Db db, Journal journal, TimeProvider clock)
{
    private static readonly TimeSpan FormLifetime = TimeSpan.FromMinutes(10);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/auth/authorize", (HttpContext http, Authorize use, CancellationToken cancellationToken) => use.AskAsync(http, cancellationToken)).Public().ExcludeFromDescription();
        routes.MapPost("/v1/auth/consent", (HttpContext http, Authorize use, CancellationToken cancellationToken) => use.DecideAsync(http, cancellationToken))
            .Public().WithoutReplay().WithBodyLimit(Form.BytesMax).ExcludeFromDescription();
    }

    private async Task<IResult> AskAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var sent = AuthorizationRequest.Single(http.Request.Query);
        var client = await find.RunAsync(sent.GetValueOrDefault("client_id"), cancellationToken) ?? throw OpenIdProblems.ClientUnknown.Because("client_id names no client.");
        var redirect = sent.GetValueOrDefault("redirect_uri") ?? "";
        if (!RedirectUris.Matches(client.RedirectUris, redirect)) throw OpenIdProblems.RedirectRefused.Because("redirect_uri is not one of the client's.");
        var state = sent.GetValueOrDefault("state") is { Length: <= 512 } told ? told : null;
        if (!client.Grants.Contains(OAuthClient.Code)) return Back(redirect, state, "unauthorized_client", "The client may not use codes.");
        if (!origin.Serves(sent.GetValueOrDefault("resource"))) return Back(redirect, state, "invalid_target", "The resource is not one of this installation.");
        var (request, error, description) = AuthorizationRequest.Read(sent);
        if (request is null) return Back(redirect, state, error, description);

        var user = await session.FindAsync(http.Request, cancellationToken);
        // The cookie is SameSite=Strict, so a step from another site's page hides it: look again from a page of ours.
        if (user is null && http.Request.Headers["Sec-Fetch-Site"] == "cross-site") return BrowserPage.Onward(http.Response, Here(sent));
        var tooOld = user is not null && (request.Prompt.Contains("login", StringComparison.Ordinal)
            || (request.MaxAge is { } age && clock.GetUtcNow() - user.AuthenticatedAt > TimeSpan.FromSeconds(age)));
        if (user is null || tooOld)
            return request.Prompt == "none" ? Back(redirect, state, "login_required", "Nobody is signed in.") : TypedResults.Redirect(BrowserSession.SignInAddress(Here(sent)));
        if (!client.Serves(user.Tenant)) return Back(redirect, state, "access_denied", "The client belongs to another tenant.");

        var scopes = Scopes.Grant(request.Scopes, client.Scopes, user.Capabilities.Has);
        var asked = new ConsentRow(client.WireId, redirect, scopes, state, request.Nonce, request.Challenge);
        // The console is this installation's own page on its own origin; whoever else asks, a person must have seen it.
        if (client.WireId == FindClient.Console && !request.Prompt.Contains("consent", StringComparison.Ordinal)) return await AllowAsync(user, asked, cancellationToken);
        if (request.Prompt == "none") return Back(redirect, state, "consent_required", "The person must allow it.");
        return await PageAsync(client, user, asked, http.Response, cancellationToken);
    }

    private async Task<ContentHttpResult> PageAsync(OAuthClient client, SignedInUser user, ConsentRow asked, HttpResponse response, CancellationToken cancellationToken)
    {
        var ticket = OpaqueToken.New();
        await db.WriteAsync(user.Tenant, work => GrantStore.AddRequestAsync(work, user.Tenant, OpaqueToken.HashOf(ticket), user.Session, asked,
            (clock.GetUtcNow() + FormLifetime).ToMicros()), cancellationToken);
        return BrowserPage.Html(response, "Allow access", $"""
            <h1>Allow {BrowserPage.Text(client.Name)}?</h1>
            <p>You are <strong>{BrowserPage.Text(user.Principal)}</strong> of tenant <strong>{BrowserPage.Text(user.Tenant)}</strong>. The program
            <code>{BrowserPage.Text(client.WireId)}</code> wants to act for you with:</p>
            {BrowserPage.ScopeList(asked.Scopes)}
            <p>You will go on to <code>{BrowserPage.Text(asked.RedirectUri)}</code>.</p>
            <form method="post" action="/v1/auth/consent"><input type="hidden" name="ticket" value="{ticket}">
            <button type="submit" name="decision" value="allow">Allow</button> <button type="submit" name="decision" value="deny">Deny</button></form>
            """, RedirectUris.SourceOf(asked.RedirectUri));
    }

    private async Task<IResult> DecideAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var user = await session.OfFormAsync(http.Request, cancellationToken);
        var form = await Form.ReadAsync(http, cancellationToken);
        if (form.Find("ticket") is not { Length: <= OpaqueToken.LengthMax } ticket) throw OpenIdProblems.TicketSpent.Because("The form holds no ticket.");
        var context = ContextOf(user);
        var allowed = form.Find("decision") == "allow";
        var asked = await db.WriteAsync(user.Tenant, async work =>
        {
            var row = await GrantStore.SpendRequestAsync(work, user.Tenant, OpaqueToken.HashOf(ticket), user.Session, clock.NowMicros());
            if (row is not null && !allowed)
                await journal.AppendAsync(work, context, OpenIdEvents.GrantDenied, new GrantDenied(row.Client, user.Principal, "code"), OpenIdJson.Default.GrantDenied);
            return row;
        }, cancellationToken) ?? throw OpenIdProblems.TicketSpent.Because("It was used, has expired, or belongs to another session.");
        if (!allowed) return Back(asked.RedirectUri, asked.State, "access_denied", "The person did not allow it.");
        // Between the page and the button the client may have been taken away, or the person's rights.
        var client = await find.RunAsync(asked.Client, cancellationToken) ?? throw OpenIdProblems.ClientUnknown.Because("The client was removed meanwhile.");
        return await AllowAsync(user, asked with { Scopes = Scopes.Grant(asked.Scopes, client.Scopes, user.Capabilities.Has) }, cancellationToken);
    }

    private async Task<RedirectHttpResult> AllowAsync(SignedInUser user, ConsentRow asked, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var code = OpaqueToken.New();
        var grant = new Grant(user.Tenant, Ids.New(clock), asked.Client, user.Principal, asked.Scopes, user.AuthenticatedAt, user.Proof, now + Grant.Lifetime, false);
        var row = new CodeRow(user.Tenant, grant.Id, asked.RedirectUri, asked.Challenge, asked.Nonce, now + Grant.CodeLifetime);
        await db.WriteAsync(user.Tenant, async work =>
        {
            await GrantStore.AddGrantAsync(work, grant, now.ToMicros());
            await GrantStore.AddCodeAsync(work, row, OpaqueToken.HashOf(code));
            await journal.AppendAsync(work, ContextOf(user), OpenIdEvents.GrantMade, new GrantMade(grant.Id, grant.Client, grant.Principal, "code", grant.Scopes), OpenIdJson.Default.GrantMade);
        }, cancellationToken);
        return TypedResults.Redirect(Address(asked.RedirectUri, asked.State, ("code", code)));
    }

    private RedirectHttpResult Back(string redirect, string? state, string error, string description) =>
        TypedResults.Redirect(Address(redirect, state, ("error", error), ("error_description", description)));

    private string Address(string redirect, string? state, params IEnumerable<(string Name, string Value)> answer)
    {
        var address = redirect;
        foreach (var (name, value) in answer) address = QueryHelpers.AddQueryString(address, name, value);
        if (state is not null) address = QueryHelpers.AddQueryString(address, "state", state);
        return QueryHelpers.AddQueryString(address, "iss", origin.Value);
    }

    /// <summary>
    /// This request again, without the wish for a fresh sign-in, which coming back from the sign-in page fulfils; else max_age=0 would send
    /// the person round for ever. The client sees by auth_time what it got.
    /// </summary>
    private static string Here(IReadOnlyDictionary<string, string> sent) => QueryHelpers.AddQueryString("/v1/auth/authorize",
        sent.Where(static pair => pair.Key != "max_age" && (pair.Key != "prompt" || pair.Value is "none" or "consent")).Select(static pair => new KeyValuePair<string, string?>(pair.Key, pair.Value)));

    internal static RequestContext ContextOf(SignedInUser user) => RequestContext.ForSystem(user.Tenant, DeploymentMode.DeveloperLight) with { Principal = new Principal(user.Principal, "user") };
}
