using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>Scopes are capabilities, and the few words that OpenID Connect adds. Pure.</summary>
internal static class Scopes
{
    public const string OpenId = "openid";
    public const string Profile = "profile";
    public const string OfflineAccess = "offline_access";

    /// <summary>Whatever the client may have and the person holds, at the moment of consent.</summary>
    public const string All = "capabilities:all";

    public static readonly IReadOnlyList<string> Words = [OpenId, Profile, OfflineAccess, All];

    /// <summary>Standard words for claims that we do not have: understood, and nothing comes of them (OpenID Connect Core, 3.1.2.1).</summary>
    private static readonly string[] Empty = ["email", "address", "phone"];

    private const int CountMax = 64;

    /// <summary>The words of a scope parameter, each once; null when one is not known here.</summary>
    public static IReadOnlyList<string>? Parse(string? text)
    {
        var words = (text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Except(Empty, StringComparer.Ordinal).ToArray();
        if (words.Length > CountMax || !words.All(static word => Words.Contains(word) || Capability.All.Contains(word))) return null;
        return words;
    }

    /// <summary>
    /// What is really granted: of the capabilities asked for, those that the client may have and the holder has. A token never says more
    /// than its holder could do without it.
    /// </summary>
    /// <param name="allowed">The client's capabilities; null for a client that is part of the program.</param>
    public static IReadOnlyList<string> Grant(IReadOnlyList<string> asked, IReadOnlyList<string>? allowed, Func<string, bool> holds)
    {
        var named = asked.Contains(All) ? Capability.All.Order(StringComparer.Ordinal) : asked.Where(Capability.All.Contains);
        return [.. asked.Where(static word => word != All && Words.Contains(word)), .. named.Where(name => (allowed is null || allowed.Contains(name)) && holds(name))];
    }

    public static string[] CapabilitiesIn(IReadOnlyList<string> scopes) => [.. scopes.Where(Capability.All.Contains)];
}
