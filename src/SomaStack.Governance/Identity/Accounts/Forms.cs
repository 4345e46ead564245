using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>How far a person has come, carried by the browser that came so far and readable by nobody.</summary>
/// <param name="Tenant">With <paramref name="Principal"/> the membership that a link named; null where the person chooses.</param>
internal sealed record SignInTicket(string Stage, string? Person, string? Tenant, string? Principal, IReadOnlyList<string> Amr, long Until = 0, long? MfaAt = null)
{
    public const string Otp = "otp";
    public const string Choice = "choice";
    public const string Password = "password";
    public const string HostPassword = "host_password";
}

/// <summary>
/// Proof that a form was shown to the browser that sends it: a random cookie of this browser, and in the form its HMAC, which no other site and no
/// other browser can make. Tickets are bound to the same cookie.
/// </summary>
internal sealed class Forms(SealedValues values, TimeProvider clock)
{
    public const string Cookie = "soma_form";

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    public string Token(HttpContext http) => Base64Url.EncodeToString(HMACSHA256.HashData(values.KeyFor("form"), Encoding.ASCII.GetBytes(Browser(http))));

    public bool IsOurs(HttpContext http, string token)
    {
        if (Known(http) is not { } browser) return false;
        var expected = Base64Url.EncodeToUtf8(HMACSHA256.HashData(values.KeyFor("form"), Encoding.ASCII.GetBytes(browser)));
        return CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(token));
    }

    public string Seal(HttpContext http, SignInTicket ticket)
    {
        var dated = ticket with { Until = (clock.GetUtcNow() + Lifetime).ToUnixTimeSeconds() };
        return Base64Url.EncodeToString(values.Seal("ticket", Browser(http), JsonSerializer.SerializeToUtf8Bytes(dated, IdentityJson.Default.SignInTicket)));
    }

    /// <summary>Null when it is not of this browser, or its time is over.</summary>
    public SignInTicket? Open(HttpContext http, string sealedTicket)
    {
        if (Known(http) is not { } browser || !Base64Url.IsValid(sealedTicket)) return null;
        if (values.Open("ticket", browser, Base64Url.DecodeFromChars(sealedTicket)) is not { } plain) return null;
        var ticket = JsonSerializer.Deserialize(plain, IdentityJson.Default.SignInTicket);
        return ticket is not null && ticket.Until > clock.GetUtcNow().ToUnixTimeSeconds() ? ticket : null;
    }

    private static string? Known(HttpContext http) => http.Items[Cookie] as string ?? (http.Request.Cookies[Cookie] is { Length: 22 } sent ? sent : null);

    private static string Browser(HttpContext http)
    {
        if (Known(http) is { } known) return known;
        var made = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        http.Items[Cookie] = made;
        http.Response.Cookies.Append(Cookie, made, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = http.Request.IsHttps, IsEssential = true, Path = "/v1/auth" });
        return made;
    }
}

/// <summary>Where a sign-in may lead: a path of this server, never another site (open redirect).</summary>
internal static class LocalPath
{
    private const int LengthMax = 2048;

    /// <summary>Null for what is no plain local path: <c>//host</c>, <c>/\host</c> and control characters are how browsers are led astray.</summary>
    public static string? Of(string? path) =>
        path is { Length: > 0 and <= LengthMax } && path[0] == '/' && (path.Length == 1 || path[1] is not ('/' or '\\'))
        && path.All(static c => c is > ' ' and < '\x7f' and not '\\') ? path : null;
}

/// <summary>Whether a browser says that another site made it send this.</summary>
internal static class SameSite
{
    /// <exception cref="Problem">403 <c>form_refused</c>.</exception>
    public static void Demand(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();
        if (request.Headers["Sec-Fetch-Site"].ToString() is not ("" or "same-origin" or "none")
            || (origin.Length > 0 && !string.Equals(origin, $"{request.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase)))
            throw IdentityProblems.FormRefused.Because("Another site sent this form.");
    }
}
