using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using SomaStack.Platform;

namespace SomaStack.Server.Console;

/// <summary>
/// The one page of the console. Its scripts and styles are files of this server and nothing else; the nonce is for libraries that must
/// bring a style sheet along, never for scripts.
/// </summary>
internal static class ConsolePage
{
    private const int NonceBytes = 18;

    private const string NotBuilt = """
        <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>SomaStack</title></head><body><main>
        <h1>SomaStack is running</h1><p>The web console is not part of this build. It needs Node.js 20.19 or newer; then, in the checkout:</p>
        <pre>npm ci --prefix console &amp;&amp; npm run build --prefix console &amp;&amp; ./soma up</pre>
        <ul><li><a href="/docs">Read and try the API</a></li><li><a href="/readyz?verbose">See what is running</a></li><li><a href="/v1/auth/signin">Sign in</a></li></ul>
        </main></body></html>
        """;

    /// <summary>For a browser that goes to a screen. Whoever asks for data at such an address hears that there is none.</summary>
    public static Task NavigateAsync(HttpContext http, ConsoleFiles files)
    {
        var mode = http.Request.Headers["Sec-Fetch-Mode"].ToString();
        var isPage = mode is "" or "navigate" && http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
        return isPage ? WriteAsync(http, files) : throw PlatformProblems.NotFound.Because("No route has this address.");
    }

    public static Task WriteAsync(HttpContext http, ConsoleFiles files)
    {
        var nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(NonceBytes));
        var headers = http.Response.Headers;
        http.Response.ContentType = "text/html; charset=utf-8";
        headers.CacheControl = "no-store";
        if (!files.AreBuilt) return http.Response.WriteAsync(NotBuilt, http.RequestAborted);
        headers.ContentSecurityPolicy =
            $"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; media-src 'self' blob:; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(self), payment=(), usb=()";
        return http.Response.WriteAsync(string.Join(nonce, files.PageParts), http.RequestAborted);
    }
}
