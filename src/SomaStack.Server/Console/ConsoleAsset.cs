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
        var content = file.Content;
        if (file.Packed && http.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase)) response.Headers.ContentEncoding = "gzip";
        else if (file.Packed) content = Unpack(content);
        response.ContentLength = content.Length;
        if (HttpMethods.IsHead(http.Request.Method)) return;
        await response.Body.WriteAsync(content, http.RequestAborted);
    }

    private static byte[] Unpack(ReadOnlyMemory<byte> packed)
    {
        using var plain = new MemoryStream();
        using var gzip = new GZipStream(new MemoryStream(packed.ToArray()), CompressionMode.Decompress);
        gzip.CopyTo(plain);
        return plain.ToArray();
    }
}
