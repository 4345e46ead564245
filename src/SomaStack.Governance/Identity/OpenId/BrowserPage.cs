using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace SomaStack.Governance.Identity;

/// <summary>Small pages without script. What callers chose is encoded by <see cref="Text"/>.</summary>
internal static class BrowserPage
{
    /// <param name="formTarget">Where a form of the page may end besides here; browsers hold redirects after a form to it too.</param>
    public static ContentHttpResult Html(HttpResponse response, string title, string body, string formTarget = "")
    {
        response.Headers.CacheControl = "no-store";
        // With no-referrer browsers send "Origin: null" with our own forms, and then nobody could tell them from another site's.
        response.Headers["Referrer-Policy"] = "same-origin";
        response.Headers.ContentSecurityPolicy = $"default-src 'none'; style-src {PageStyle.Source}; form-action 'self'{(formTarget.Length > 0 ? " " + formTarget : "")}; frame-ancestors 'none'; base-uri 'none'";
        return TypedResults.Content($"""
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <meta name="color-scheme" content="light dark"><title>{title} - SomaStack</title>{PageStyle.Element}</head><body><main>
            {body}
            </main></body></html>
            """, "text/html; charset=utf-8");
    }

    /// <summary>
    /// Goes on to a local address from a page of ours. The cookie is SameSite=Strict: a redirect after another site's page would
    /// not carry it, a step from our own page does.
    /// </summary>
    public static ContentHttpResult Onward(HttpResponse response, string localAddress) => Html(response, "One moment", $"""
        <meta http-equiv="refresh" content="0;url={Text(localAddress)}"><p><a href="{Text(localAddress)}">Continue</a></p>
        """);

    public static string Text(string text) => HtmlEncoder.Default.Encode(text);

    public static string ScopeList(IReadOnlyList<string> scopes) =>
        scopes.Count == 0 ? "<p>Nothing but to know who you are.</p>" : "<ul>" + string.Concat(scopes.Select(static scope => $"<li><code>{Text(scope)}</code></li>")) + "</ul>";
}
