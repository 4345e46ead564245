using System.Buffers;
using Microsoft.AspNetCore.Http;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Hands the bytes of a JSON request to a handler without copying them where they lie in one piece.</summary>
internal static class RawBody
{
    /// <param name="run">The memory is valid until its task ends.</param>
    /// <exception cref="Problem">415 when it is no JSON, 413 when it is longer than the limit.</exception>
    public static async Task ReadAsync(HttpContext http, long bytesMax, Func<ReadOnlyMemory<byte>, Task> run)
    {
        if (!http.Request.HasJsonContentType()) throw PlatformProblems.UnsupportedMedia.Because("Send the request as application/json.");
        var reader = http.Request.BodyReader;
        var read = await reader.ReadAsync(http.RequestAborted);
        while (!read.IsCompleted)
        {
            if (read.Buffer.Length > bytesMax) throw PlatformProblems.TooLarge.Because($"This request has at most {bytesMax} bytes.");
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await reader.ReadAsync(http.RequestAborted);
        }
        ReadOnlyMemory<byte> body = read.Buffer.IsSingleSegment ? read.Buffer.First : read.Buffer.ToArray();
        try
        {
            await run(body);
        }
        finally
        {
            // Also after a refusal, or the connection could not be used again.
            reader.AdvanceTo(read.Buffer.End);
        }
    }
}
