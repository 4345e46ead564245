using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>How much one live feed, one person and one tenant may take.</summary>
internal static class LiveLimits
{
    /// <summary>Frames that wait for one follower while a write to it is under way; one more and it is dropped as slow.</summary>
    public const int QueueMax = 128;

    /// <summary>Notifications that are read, encoded and handed on in one go.</summary>
    public const int BatchMax = 64;

    public const int FeedsOfPrincipal = 50;

    /// <summary>What a client sends is a token at most, and one of ours has no more than 8192 characters.</summary>
    public const int MessageBytesMax = 9 << 10;

    public const int HistoryMax = 100;
    public const int HistoryDefault = 20;

    /// <summary>When a change concerns more people than this, the counts of each are not sent after it.</summary>
    public const int RecountMost = 32;

    /// <summary>A write that its peer does not take for so long makes the follower slow.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>How long a peer may take to answer a closing frame.</summary>
    public static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    /// <summary>How long a hint that was lost can stay unnoticed.</summary>
    public static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    public static int FeedsOfTenant(SomaOptions options) => Math.Max(1, options.MaxFeeds / 4 * 3);
}
