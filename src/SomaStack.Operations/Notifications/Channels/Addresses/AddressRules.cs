namespace SomaStack.Operations.Notifications;

/// <summary>What an address looks like. Strict, so that nothing in one can begin another header, recipient or command.</summary>
internal static class AddressRules
{
    public const string EmailRule = "must be an e-mail address such as ada@example.com, without a name";
    public const string PhoneRule = "must be a number such as +41791234567";
    public const string SmsSenderRule = "must be a number such as +41791234567, or a name of 1 to 11 letters and digits";

    private const int EmailMax = 254;
    private const int LocalMax = 64;

    public static bool IsEmail(string? text)
    {
        if (text is not { Length: >= 3 and <= EmailMax }) return false;
        var at = text.LastIndexOf('@');
        return at is >= 1 and <= LocalMax && IsLocal(text.AsSpan(0, at)) && IsDomain(text[(at + 1)..]);
    }

    /// <summary>E.164.</summary>
    public static bool IsPhone(string? text) => text is ['+', >= '1' and <= '9', ..] && text.Length is >= 8 and <= 16 && text.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0;

    public static bool IsSmsSender(string? text) => IsPhone(text) || (text is { Length: >= 1 and <= 11 } && text.All(char.IsAsciiLetterOrDigit));

    /// <summary>RFC 5322's dot-atom.</summary>
    private static bool IsLocal(ReadOnlySpan<char> local)
    {
        if (local[0] == '.' || local[^1] == '.' || local.Contains("..", StringComparison.Ordinal)) return false;
        foreach (var c in local)
            if (!char.IsAsciiLetterOrDigit(c) && !"!#$%&'*+-/=?^_`{|}~.".Contains(c)) return false;
        return true;
    }

    private static bool IsDomain(string domain) =>
        domain.Length is >= 1 and <= 253 && domain.Split('.').All(static label => label.Length is >= 1 and <= 63 && label[0] != '-' && label[^1] != '-' && label.All(static c => char.IsAsciiLetterOrDigit(c) || c == '-'));
}
