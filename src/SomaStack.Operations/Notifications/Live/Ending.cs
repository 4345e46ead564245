using System.Globalization;

namespace SomaStack.Operations.Notifications;

/// <summary>Why a live feed ends. The codes are those of WebSockets (RFC 6455, 7.4); from 4000 on they are ours.</summary>
/// <param name="Code">0 when nobody is there to be told.</param>
/// <param name="Name">For the metric.</param>
internal sealed record Ending(int Code, string Name, string Reason)
{
    public static readonly Ending Gone = new(0, "gone", "");
    public static readonly Ending Closed = new(1000, "closed", "closed by the client");
    public static readonly Ending Stopping = new(1001, "stopping", "the server stops");
    public static readonly Ending NotText = new(1003, "not_text", "only text is understood");
    public static readonly Ending TooBig = new(1009, "too_big", $"a message may have {LiveLimits.MessageBytesMax.ToString(CultureInfo.InvariantCulture)} bytes");
    public static readonly Ending Failed = new(1011, "failed", "the feed could not be read");
    public static readonly Ending Slow = new(4013, "slow", "slow");
    public static readonly Ending Expired = new(4401, "expired", "token expired; reconnect with a new one");
    public static readonly Ending Revoked = new(4401, "revoked", "the credential is not valid any more");

    /// <summary>Whether the client can go on where it was.</summary>
    public bool Resumes => Code is 1001 or 1011 or 4013 or 4401;

    /// <summary>At most 123 bytes, as a closing frame has room for.</summary>
    public string Told(long cursor) => Resumes ? string.Create(CultureInfo.InvariantCulture, $"{Reason}; resume from cursor {cursor}") : Reason;
}
