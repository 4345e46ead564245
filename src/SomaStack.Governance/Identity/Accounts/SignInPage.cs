using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace SomaStack.Governance.Identity;

/// <summary>Small pages without script; every text that is not ours is encoded.</summary>
internal static class SignInPage
{
    private const string Action = "/v1/auth/signin";

    public static ContentHttpResult Link(HttpContext http, string code, string? returnTo) => Html(http, "Sign in", null, $"""
        <h1>Sign in to SomaStack</h1>
        <p>This link works once. Press the button to use it.</p>
        <form method="post" action="{Action}">{Hidden("code", code)}{Hidden("return_to", returnTo)}<button type="submit">Continue</button></form>
        """);

    public static ContentHttpResult Password(HttpContext http, string form, string? returnTo, string? fault, int status = StatusCodes.Status200OK) => Html(http, "Sign in", fault, $"""
        <h1>Sign in to SomaStack</h1>
        <form method="post" action="{Action}">{Hidden("form", form)}{Hidden("return_to", returnTo)}
        <p><label>Name<br><input name="login" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="128" required autofocus></label></p>
        <p><label>Password<br><input name="password" type="password" autocomplete="current-password" maxlength="512" required></label></p>
        <button type="submit">Sign in</button></form>
        """, status);

    public static ContentHttpResult Code(HttpContext http, string form, string ticket, string? returnTo, string? fault, int status = StatusCodes.Status200OK) => Html(http, "Second factor", fault, $"""
        <h1>Second factor</h1>
        <form method="post" action="{Action}">{Hidden("form", form)}{Hidden("ticket", ticket)}{Hidden("return_to", returnTo)}
        <p><label>Code of your authenticator, or a recovery code<br><input name="otp" autocomplete="one-time-code" inputmode="text" maxlength="32" required autofocus></label></p>
        <button type="submit">Continue</button></form>
        """, status);

    public static ContentHttpResult Choose(HttpContext http, string form, string ticket, IEnumerable<Membership> memberships, string? returnTo) => Html(http, "Tenant", null, $"""
        <h1>Where to?</h1>
        <form method="post" action="{Action}">{Hidden("form", form)}{Hidden("ticket", ticket)}{Hidden("return_to", returnTo)}
        {string.Concat(memberships.Select(static one => $"""<p><button type="submit" name="tenant" value="{Encode(one.Tenant)}">{Encode(one.TenantName)} ({Encode(one.Principal)} of {Encode(one.Tenant)})</button></p>"""))}
        </form>
        """);

    /// <param name="login">The name that is kept; null where one may be chosen.</param>
    public static ContentHttpResult NewPassword(
        HttpContext http, string form, string ticket, string? login, string suggested, string? returnTo, string? fault, int status = StatusCodes.Status200OK) =>
        Html(http, "Set a password", fault, $"""
            <h1>Set a password</h1>
            {PasswordForm(form, Hidden("ticket", ticket) + Hidden("return_to", returnTo), login, suggested, "new-password")}
            """, status);

    /// <summary>After a first link: the way back in, which may wait.</summary>
    public static ContentHttpResult FirstPassword(HttpContext http, string tenant, string principal, string form, string ticket, string suggested, string returnTo) => Html(http, "Set a password", null, $"""
        <h1>Welcome</h1>
        <p>You are <strong>{Encode(principal)}</strong> of tenant <strong>{Encode(tenant)}</strong>. Set a password, so that you can come back without a link.</p>
        {PasswordForm(form, Hidden("ticket", ticket) + Hidden("return_to", returnTo), null, suggested, "new-password")}
        <p><a href="{Encode(returnTo)}">Later</a></p>
        """);

    public static ContentHttpResult Invitation(HttpContext http, string form, string invitation, string login, string? fault, int status = StatusCodes.Status200OK) => Html(http, "Invitation", fault, $"""
        <h1>You are invited to SomaStack</h1>
        <p>Choose a name and a password. If you have an account on this installation, use its name and password.</p>
        {PasswordForm(form, Hidden("invitation", invitation), null, login, "new-password")}
        """, status);

    /// <param name="ticket">Lets a first password be set; null when there is one.</param>
    public static ContentHttpResult Done(HttpContext http, string tenant, string principal, DateTimeOffset until, string? form, string? ticket, string suggested) => Html(http, "Signed in", null, $"""
        <h1>Signed in</h1>
        <p>You are <strong>{Encode(principal)}</strong> of tenant <strong>{Encode(tenant)}</strong> in this browser until {until.UtcDateTime:yyyy-MM-dd HH:mm} UTC.</p>
        <p><a href="/">Open the console</a></p>
        {(ticket is null || form is null ? "" : "<h2>Set a password</h2><p>So that you can come back without a link.</p>" + PasswordForm(form, Hidden("ticket", ticket), null, suggested, "new-password"))}
        <form method="post" action="/v1/auth/signout"><button type="submit">Sign out</button></form>
        """);

    /// <summary>A page that leads on by itself: browsers hold a form's redirects to form-action, which would stop a flow that ends at another origin.</summary>
    public static ContentHttpResult Onward(HttpContext http, string path) => Html(http, "Signed in", null, $"""
        <h1>Signed in</h1><p><a href="{Encode(path)}">Continue</a></p>
        """, refresh: path);

    public static ContentHttpResult Message(HttpContext http, string title, string text, string? returnTo, int status = StatusCodes.Status200OK) => Html(http, title, null, $"""
        <h1>{Encode(title)}</h1><p>{Encode(text)}</p><p><a href="{Action}{(returnTo is null ? "" : "?return_to=" + Uri.EscapeDataString(returnTo))}">Sign in</a></p>
        """, status);

    private static string PasswordForm(string form, string hidden, string? login, string suggested, string autocomplete) => $"""
        <form method="post" action="{Action}">{Hidden("form", form)}{hidden}
        <p><label>Name<br><input name="login" value="{Encode(login ?? suggested)}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="128" required{(login is null ? "" : " readonly")}></label></p>
        <p><label>Password, {PasswordRules.LengthMin} characters or more<br><input name="password" type="password" autocomplete="{autocomplete}" minlength="{PasswordRules.LengthMin}" maxlength="512" required></label></p>
        <button type="submit">Set password</button></form>
        """;

    private static ContentHttpResult Html(HttpContext http, string title, string? fault, string body, int status = StatusCodes.Status200OK, string? refresh = null)
    {
        var headers = http.Response.Headers;
        headers.CacheControl = "no-store";
        // With no-referrer browsers send "Origin: null" with our own forms, and then nobody could tell them from another site's.
        headers["Referrer-Policy"] = "same-origin";
        headers.ContentSecurityPolicy = $"default-src 'none'; style-src {PageStyle.Source}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
        return TypedResults.Content($"""
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <meta name="color-scheme" content="light dark">{(refresh is null ? "" : $"""<meta http-equiv="refresh" content="0;url={Encode(refresh)}">""")}<title>{Encode(title)} - SomaStack</title>{PageStyle.Element}</head><body><main>
            {(fault is null ? "" : $"""<p role="alert">{Encode(fault)}</p>""")}
            {body}
            </main></body></html>
            """, "text/html; charset=utf-8", statusCode: status);
    }

    private static string Hidden(string name, string? value) => value is null ? "" : $"""<input type="hidden" name="{name}" value="{Encode(value)}">""";

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
