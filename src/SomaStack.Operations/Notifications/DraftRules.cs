using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>What a notification may look like; pure.</summary>
internal static class DraftRules
{
    public const int TitleMax = 200;
    public const int BodyMax = 4000;
    public const int LinkMax = 500;
    public const int KeyMax = 200;
    public const int PrincipalsMax = 500;
    public const int PairsMax = 32;
    public const int PairKeyMax = 64;
    public const int PairValueMax = 1000;
    public static readonly TimeSpan DedupeWindowMax = TimeSpan.FromDays(7);

    /// <exception cref="Problem">422 naming every field that is not acceptable.</exception>
    public static void Check(NotificationDraft draft) =>
        Platform.Check.That(NotificationKinds.All.Contains(draft.Kind), "kind", "must be one of " + string.Join(", ", NotificationKinds.All))
            .And(Severities.Rank(draft.Severity) >= 0, "severity", "must be one of " + string.Join(", ", Severities.All))
            .And(IsLine(draft.Title, 1, TitleMax), "title", $"must have 1 to {TitleMax} characters on one line")
            .And(IsText(draft.Body), "body", $"must have at most {BodyMax} characters, and no control characters but line feeds and tabs")
            .And(draft.Link is null || IsLink(draft.Link), "link", $"must be a path of this server or an https address, of at most {LinkMax} characters")
            .And(draft.GroupKey is null || IsLine(draft.GroupKey, 1, KeyMax), "group", $"must have 1 to {KeyMax} characters on one line")
            .And(draft.DedupeKey is null || IsLine(draft.DedupeKey, 1, KeyMax), "dedupe_key", $"must have 1 to {KeyMax} characters on one line")
            .And(draft.DedupeWindow > TimeSpan.Zero && draft.DedupeWindow <= DedupeWindowMax, "dedupe_seconds", "must be positive and at most seven days")
            .And(draft.Channel is null || IsLine(draft.Channel, 1, PairKeyMax), "channel", $"must have 1 to {PairKeyMax} characters on one line")
            .And(draft.Metadata.Count <= PairsMax && draft.Metadata.All(static pair => IsLine(pair.Key, 1, PairKeyMax) && pair.Value is { Length: <= PairValueMax }), "metadata",
                $"must have at most {PairsMax} pairs, keys of at most {PairKeyMax} and values of at most {PairValueMax} characters")
            .And(IsAudience(draft.Audience), "audience", $"must be one of: everybody, a published capability, or 1 to {PrincipalsMax} principals")
            .OrThrow();

    /// <summary>A subject of an e-mail is made of it, so nothing in it may end a header line.</summary>
    public static bool IsLine(string? text, int least, int most) => text is not null && text.Length >= least && text.Length <= most && !string.IsNullOrWhiteSpace(text) && !text.Any(IsBreak);

    /// <summary>Where a click may lead: this server or an https address, never script and never <c>//elsewhere</c>.</summary>
    public static bool IsLink(string link) =>
        link.Length <= LinkMax && !link.Any(static c => c is <= ' ' or '\x7f' or '\\')
        && (link is ['/'] or ['/', not '/', ..] || (Uri.TryCreate(link, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps && address.UserInfo.Length == 0));

    private static bool IsText(string? text) => text is { Length: <= BodyMax } && !text.Any(static c => char.IsControl(c) && c is not ('\n' or '\t'));

    private static bool IsBreak(char c) => char.IsControl(c) || c is '\u2028' or '\u2029';

    private static bool IsAudience(Audience? audience) => audience switch
    {
        { Everybody: true, Capability: null, Principals: null } => true,
        { Everybody: false, Capability: { } capability, Principals: null } => Capability.All.Contains(capability),
        { Everybody: false, Capability: null, Principals: { Count: >= 1 and <= PrincipalsMax } principals } => principals.All(static id => id is { Length: >= 1 and <= 128 }),
        _ => false,
    };
}
