using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using SomaStack.Platform;

namespace SomaStack.Server.Console;

/// <summary>A file that the console loads. What has its hash in its name never changes, so it is fetched once.</summary>
internal static class ConsoleAsset
{
    private const string Hashed = "assets/";

    public static async Task WriteAsync(string? path, HttpContext http, ConsoleFiles files)
    {
        var response = http.Response;
        if (string.IsNullOrEmpty(path))
        {
            response.Redirect("/");
            return;
        }
        var file = files.Find(path) ?? throw PlatformProblems.NotFound.Because("The console has no such file.");
        response.ContentType = file.ContentType;
        response.Headers.CacheControl = path.StartsWith(Hashed, StringComparison.Ordinal) ? "public, max-age=31536000, immutable" : "no-cache";
        response.Headers.Vary = "Accept-Encoding";
        var takesPacked = http.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
        if (file.IsPacked && takesPacked) response.Headers.ContentEncoding = "gzip";
        await using var stored = ConsoleFiles.Open(file);
        await using var content = file.IsPacked && !takesPacked ? new GZipStream(stored, CompressionMode.Decompress) : stored;
        if (content == stored) response.ContentLength = stored.Length;
        if (HttpMethods.IsHead(http.Request.Method)) return;
        await content.CopyToAsync(response.Body, http.RequestAborted);
    }
}
