using System.Buffers;
using Microsoft.AspNetCore.Http;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>A whole JSON body, held in the server's own buffers while it is used.</summary>
internal static class HeldRequest
{
    /// <param name="use">The memory is valid until its task ends. A small body lies in one segment and is never copied.</param>
    /// <exception cref="Problem">415 for another content type, 413 over the limit.</exception>
    public static async Task UseAsync(HttpContext http, long bytesMax, Func<ReadOnlyMemory<byte>, Task> use)
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
        try
        {
            await use(read.Buffer.IsSingleSegment ? read.Buffer.First : read.Buffer.ToArray());
        }
        finally
        {
            // Also after a refusal, or the connection could not be used again.
            reader.AdvanceTo(read.Buffer.End);
        }
    }
}
