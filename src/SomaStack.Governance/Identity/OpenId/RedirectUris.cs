using System.Text.RegularExpressions;

namespace SomaStack.Governance.Identity;

/// <summary>Which addresses a browser may be sent to with a code. Compared character for character; nothing is decoded, folded or completed.</summary>
internal static partial class RedirectUris
{
    public const string Rule = "must be https, http on 127.0.0.1 or [::1], or a private scheme with a dot; without user info, fragment, query or wildcard, spelled canonically";

    private const int LengthMax = 512;

    /// <summary>
    /// What may be registered. The canonical spelling is demanded, so that no second text of the same address exists: host in lower case
    /// and without a trailing dot, no needless escapes, no dot segments.
    /// </summary>
    public static bool IsRegistrable(string text)
    {
        if (text.Length is 0 or > LengthMax || text.Any(static c => c is <= ' ' or >= '\x7f' or '*' or '\\' or '%' or '?' or '#')) return false;
        if (PrivateScheme().IsMatch(text)) return true;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.AbsoluteUri != text || uri.UserInfo.Length > 0 || text.Contains('@', StringComparison.Ordinal)) return false;
        return uri.Scheme switch
        {
            "https" => uri.Host.Length > 0 && !uri.Host.EndsWith('.'),
            "http" => Loopback().IsMatch(text),
            _ => false,
        };
    }

    /// <summary>Equal to a registered one; on loopback the port alone may differ, since a native app takes what is free (RFC 8252, 7.3).</summary>
    public static bool Matches(IEnumerable<string> registered, string requested) => requested.Length <= LengthMax && registered.Any(one => Matches(one, requested));

    /// <summary>What a form may be sent to on the way to this address, for <c>form-action</c>.</summary>
    public static string SourceOf(string redirectUri) =>
        PrivateScheme().IsMatch(redirectUri) ? redirectUri[..(redirectUri.IndexOf(':', StringComparison.Ordinal) + 1)] : new Uri(redirectUri).GetLeftPart(UriPartial.Authority);

    private static bool Matches(string registered, string requested)
    {
        if (string.Equals(registered, requested, StringComparison.Ordinal)) return true;
        var (one, other) = (Loopback().Match(registered), Loopback().Match(requested));
        return one.Success && other.Success && one.Groups["host"].Value == other.Groups["host"].Value && one.Groups["path"].Value == other.Groups["path"].Value;
    }

    [GeneratedRegex(@"\Ahttp://(?<host>127\.0\.0\.1|\[::1\])(?::[1-9][0-9]{0,4})?(?<path>/[A-Za-z0-9._~/-]*)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Loopback();

    /// <summary>A scheme of the app's own: its domain reversed (RFC 8252, 7.1), as <c>com.example.app:/callback</c>.</summary>
    [GeneratedRegex(@"\A[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+:/[A-Za-z0-9._~/-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex PrivateScheme();
}
