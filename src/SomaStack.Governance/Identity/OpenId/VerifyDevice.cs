using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// The page where a person confirms a device: type the code, see what asks for what, decide. The address alone never decides anything,
/// since somebody may have sent it (RFC 8628, 5.4); tries are counted, since a code is short.
/// </summary>
internal sealed class VerifyDevice(BrowserSession session, FindClient find, DeviceStore store, Attempts attempts, Db db, Journal journal, TimeProvider clock)
{
    public const string Path = "/v1/auth/device/verify";

    public const int TriesMax = 10;
    private static readonly TimeSpan TriesWindow = TimeSpan.FromMinutes(10);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, (HttpContext http, VerifyDevice use, CancellationToken cancellationToken) => use.AskAsync(http, cancellationToken)).Public().ExcludeFromDescription();
        routes.MapPost(Path, (HttpContext http, VerifyDevice use, CancellationToken cancellationToken) => use.RunAsync(http, cancellationToken))
            .Public().WithoutReplay().WithBodyLimit(Form.BytesMax).ExcludeFromDescription();
    }

    private async Task<IResult> AskAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var code = UserCode.Read(http.Request.Query["user_code"]);
        var here = code is null ? Path : $"{Path}?user_code={UserCode.Show(code)}";
        if (await session.FindAsync(http.Request, cancellationToken) is null)
            return http.Request.Headers["Sec-Fetch-Site"] == "cross-site" ? BrowserPage.Onward(http.Response, here) : TypedResults.Redirect(BrowserSession.SignInAddress(here));
        return BrowserPage.Html(http.Response, "Confirm a device", $"""
            <h1>Confirm a device</h1>
            <p>Type the code that your own screen shows. If somebody sent you the code or this address, close the page.</p>
            <form method="post" action="{Path}"><label>Code <input name="user_code" autocomplete="off" value="{(code is null ? "" : UserCode.Show(code))}"></label>
            <button type="submit">Next</button></form>
            """);
    }

    private async Task<ContentHttpResult> RunAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var user = await session.OfFormAsync(http.Request, cancellationToken);
        var form = await Form.ReadAsync(http, cancellationToken);
        return form.Find("ticket") is { } ticket ? await DecideAsync(user, ticket, form.Find("decision") == "allow", http.Response, cancellationToken)
            : await LookAsync(user, form.Find("user_code"), http.Response, cancellationToken);
    }

    private async Task<ContentHttpResult> LookAsync(SignedInUser user, string? typed, HttpResponse response, CancellationToken cancellationToken)
    {
        await attempts.CountAsync($"{user.Tenant}/device-code/{user.Principal}", TriesMax, TriesWindow, cancellationToken);
        var ticket = OpaqueToken.New();
        var row = UserCode.Read(typed) is { } code
            ? await store.LookAsync(OpaqueToken.HashOf(code), OpaqueToken.HashOf(ticket), user.Session, clock.NowMicros(), cancellationToken) : null;
        var client = await find.RunAsync(row?.Client, cancellationToken);
        if (row is null || client is null || !client.Serves(user.Tenant)) throw OpenIdProblems.TicketSpent.Because("No device waits with this code.");
        return BrowserPage.Html(response, "Confirm a device", $"""
            <h1>Allow {BrowserPage.Text(client.Name)}?</h1>
            <p>You are <strong>{BrowserPage.Text(user.Principal)}</strong> of tenant <strong>{BrowserPage.Text(user.Tenant)}</strong>. The program
            <code>{BrowserPage.Text(client.WireId)}</code>, on the screen that shows this code, will act for you with:</p>
            {BrowserPage.ScopeList(Scopes.Grant(row.Scopes, client.Scopes, user.Capabilities.Has))}
            <form method="post" action="{Path}"><input type="hidden" name="ticket" value="{ticket}">
            <button type="submit" name="decision" value="allow">Allow</button> <button type="submit" name="decision" value="deny">Deny</button></form>
            """);
    }

    private async Task<ContentHttpResult> DecideAsync(SignedInUser user, string ticket, bool allowed, HttpResponse response, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var hash = OpaqueToken.HashOf(ticket.Length <= OpaqueToken.LengthMax ? ticket : "");
        var row = await store.FindByTicketAsync(hash, user.Session, now.ToMicros(), cancellationToken) ?? throw Spent();
        var client = await find.RunAsync(row.Client, cancellationToken) ?? throw Spent();
        var context = Authorize.ContextOf(user);
        if (!allowed)
        {
            if (!await store.DecideAsync(row.Hash, hash, "denied", user.Tenant, null, cancellationToken)) throw Spent();
            await db.WriteAsync(user.Tenant, work => journal.AppendAsync(work, context, OpenIdEvents.GrantDenied, new GrantDenied(row.Client, user.Principal, "device"), OpenIdJson.Default.GrantDenied), cancellationToken);
            return Done(response, "You refused. The device gets nothing.");
        }
        // The grant first, in its tenant; the device's row, which belongs to the installation, then points to it. A crash in between leaves
        // a grant that nobody can use.
        var grant = new Grant(user.Tenant, Ids.New(clock), row.Client, user.Principal, Scopes.Grant(row.Scopes, client.Scopes, user.Capabilities.Has), user.AuthenticatedAt, user.Proof, now + Grant.Lifetime, false);
        await db.WriteAsync(user.Tenant, async work =>
        {
            await GrantStore.AddGrantAsync(work, grant, now.ToMicros());
            await journal.AppendAsync(work, context, OpenIdEvents.GrantMade, new GrantMade(grant.Id, grant.Client, grant.Principal, "device", grant.Scopes), OpenIdJson.Default.GrantMade);
        }, cancellationToken);
        return await store.DecideAsync(row.Hash, hash, "approved", user.Tenant, grant.Id, cancellationToken) ? Done(response, "The device is signed in. You can close this page.") : throw Spent();
    }

    private static ContentHttpResult Done(HttpResponse response, string words) => BrowserPage.Html(response, "Done", $"<h1>Done</h1><p>{words}</p>");

    private static Problem Spent() => OpenIdProblems.TicketSpent.Because("It was used, has expired, or belongs to another session.");
}
