using System.Text;
using Microsoft.AspNetCore.Http;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>A form as OAuth sends it: every field once, none longer than it has reason to be.</summary>
internal sealed class Form(IReadOnlyDictionary<string, string> fields)
{
    public const long BytesMax = 32 << 10;

    public static async Task<Form> ReadAsync(HttpContext http, CancellationToken cancellationToken)
    {
        if (!http.Request.HasFormContentType || http.Request.ContentType!.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase))
            throw OpenIdProblems.InvalidRequest.Because("Send application/x-www-form-urlencoded.");
        try
        {
            return new Form(AuthorizationRequest.Single(await http.Request.ReadFormAsync(cancellationToken)));
        }
        catch (InvalidDataException exception)
        {
            throw OpenIdProblems.InvalidRequest.Because("The form could not be read.", exception);
        }
    }

    /// <summary>The field when it is there and not empty, as RFC 6749, 3.2 treats both alike.</summary>
    public string? Find(string name) => fields.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    public string Get(string name) => Find(name) ?? throw OpenIdProblems.InvalidRequest.Because($"'{name}' is needed.");

    /// <summary>User and password of HTTP Basic, form-decoded as RFC 6749, 2.3.1 asks; null when the header is something else.</summary>
    public static (string Client, string Secret)? Basic(HttpRequest request)
    {
        if (request.Headers.Authorization is not [{ } header] || !header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)) return null;
        try
        {
            var pair = Encoding.UTF8.GetString(Convert.FromBase64String(header["Basic ".Length..].Trim()));
            var colon = pair.IndexOf(':', StringComparison.Ordinal);
            return colon < 0 ? null : (Decode(pair[..colon]), Decode(pair[(colon + 1)..]));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
