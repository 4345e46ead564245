using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// Where a link in a message lands (decision 0025: no script, no style sheet, every foreign text encoded). Opening it shows what would be done and
/// spends nothing, since mail scanners follow links; only the button of the person it was made for, signed in here, decides.
/// </summary>
internal sealed class DecidePage(LinkStore links, IDecisions decisions, IBrowsers browsers, Db db, TimeProvider clock)
{
    private const int TokenLength = 43;
    private const string StepUpNeeded = "step_up_required";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(DecisionLinks.Path, static (string? token, HttpContext http, DecidePage use, CancellationToken cancellationToken) => use.ShowAsync(http, token, cancellationToken))
            .Public().ExcludeFromDescription();
        routes.MapPost(DecisionLinks.Path, static (HttpContext http, DecidePage use, CancellationToken cancellationToken) => use.RunAsync(http, cancellationToken))
            .Public().WithoutReplay().WithBodyLimit(16 << 10).OpenWhenStopped().ExcludeFromDescription();
    }

    internal async Task<IResult> ShowAsync(HttpContext http, string? token, CancellationToken cancellationToken)
    {
        if (token is not { Length: TokenLength }) throw Void();
        var here = $"{DecisionLinks.Path}?token={Uri.EscapeDataString(token)}";
        if (await browsers.FindAsync(http.Request, cancellationToken) is not { } person)
            // The cookie is SameSite=Strict: a click in a web mailer does not carry it, a step from our own page does.
            return http.Request.Headers["Sec-Fetch-Site"] == "cross-site" ? Onward(http, here) : TypedResults.Redirect(browsers.SignInAddress(here));
        var (link, approval) = await OpenAsync(person, token, cancellationToken);
        var (verb, answer) = link.Approves ? ("Approve", "approve") : ("Reject", "reject");
        return Html(http, verb, $"""
            <h1>{verb} this?</h1>
            <p>You are <strong>{Text(person.Principal.Id)}</strong> of tenant <strong>{Text(person.Tenant)}</strong>. What follows was written by whoever asks, not by us.</p>
            <blockquote>{Text(approval.Summary)}</blockquote>
            <dl><dt>Asked by</dt><dd>{Text(approval.Requester)}</dd><dt>Action</dt><dd>{Text(approval.Kind)} on {Text(approval.Resource)}</dd>
            <dt>Exactly</dt><dd><pre>{Text(approval.Arguments)}</pre></dd><dt>Open until</dt><dd>{approval.ExpiresAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC</dd></dl>
            <form method="post" action="{DecisionLinks.Path}"><input type="hidden" name="token" value="{Text(token)}"><input type="hidden" name="digest" value="{Text(approval.Digest)}">
            <button type="submit" name="decision" value="{answer}">{verb}</button></form>
            """);
    }

    internal async Task<ContentHttpResult> RunAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var person = await browsers.OfFormAsync(http.Request, cancellationToken);
        if (!http.Request.HasFormContentType) throw PlatformProblems.UnsupportedMedia.Because("Send the form of the page.");
        var form = await http.Request.ReadFormAsync(cancellationToken);
        var token = form["token"].ToString() is { Length: TokenLength } sent ? sent : throw Void();
        var (link, approval) = await OpenAsync(person, token, cancellationToken);
        // What was shown is what is decided, and the button is the link's: a form that was put together elsewhere is neither.
        if (form["digest"].ToString() != approval.Digest || form["decision"].ToString() != (link.Approves ? "approve" : "reject")) throw Void();
        try
        {
            await db.WriteAsync(person.Tenant, async work =>
            {
                if (!await LinkStore.SpendAsync(work, link, clock.GetUtcNow())) throw Void();
                await decisions.DecideAsync(work, person, approval.Id, link.Approves, link.Digest);
            }, cancellationToken);
        }
        catch (Problem problem) when (problem.Code.Code == StepUpNeeded)
        {
            // Nothing was spent: the link works once the person comes back with the second factor.
            return Html(http, "Second factor", $"""
                <h1>A fresh second factor is needed</h1><p>{Text(problem.Detail)}</p>
                <p><a href="{Text(browsers.SignInAddress($"{DecisionLinks.Path}?token={Uri.EscapeDataString(token)}"))}">Sign in again with your second factor</a></p>
                """, StatusCodes.Status403Forbidden);
        }
        NotificationMetrics.LinkDecisions.Add(1, new KeyValuePair<string, object?>("decision", link.Approves ? "approve" : "reject"));
        return Html(http, "Done", $"<h1>{(link.Approves ? "Approved" : "Rejected")}</h1><p>It is recorded as yours. You may close this page.</p>");
    }

    private async Task<(DecisionLink Link, ApprovalToDecide Approval)> OpenAsync(RequestContext person, string token, CancellationToken cancellationToken)
    {
        var link = await links.FindAsync(person.Tenant, DecisionLinks.HashOf(token), cancellationToken);
        if (link is null || link.Principal != person.Principal.Id || link.UsedAt is not null || link.ExpiresAt <= clock.GetUtcNow()) throw Void();
        person.Require(Capability.ApprovalDecide);
        var approval = await decisions.FindAsync(person.Tenant, link.Approval, cancellationToken);
        return approval is { State: ApprovalState.Pending } && approval.Digest == link.Digest ? (link, approval) : throw Void();
    }

    private static Problem Void() => NotificationProblems.LinkSpent.Because("It was used, has expired, was decided, or was made for somebody else.");

    private static ContentHttpResult Onward(HttpContext http, string path) => Html(http, "One moment", $"""
        <meta http-equiv="refresh" content="0;url={Text(path)}"><p><a href="{Text(path)}">Continue</a></p>
        """);

    private static ContentHttpResult Html(HttpContext http, string title, string body, int status = StatusCodes.Status200OK)
    {
        var headers = http.Response.Headers;
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";
        headers.ContentSecurityPolicy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
        return TypedResults.Content($"""
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <meta name="color-scheme" content="light dark"><title>{title} - SomaStack</title></head><body><main>
            {body}
            </main></body></html>
            """, "text/html; charset=utf-8", statusCode: status);
    }

    private static string Text(string text) => HtmlEncoder.Default.Encode(text);
}
