using System.Globalization;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// What replicas tell each other: that something is there to be read, never the thing itself. A hint that is lost costs time, not
/// messages; one that comes twice costs a look.
/// </summary>
/// <param name="Sequence">Something new up to here; 0 when something known changed.</param>
/// <param name="Principal">Whose view changed; empty for everybody who sees it.</param>
/// <param name="Notification">Which one changed; empty for more than one.</param>
internal readonly record struct LiveHint(string Tenant, long Sequence, string Principal, string Notification)
{
    private const char Separator = '\t';

    public static LiveHint New(string tenant, long sequence) => new(tenant, sequence, "", "");

    public static LiveHint Changed(string tenant, string principal, string notification) => new(tenant, 0, principal, notification);

    public override string ToString() => string.Join(Separator, Tenant, Sequence.ToString(CultureInfo.InvariantCulture), Principal, Notification);

    /// <returns>Null for what is none of ours.</returns>
    public static LiveHint? Parse(string text) =>
        text.Split(Separator) is [{ Length: > 0 } tenant, var sequence, var principal, var notification] && long.TryParse(sequence, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new LiveHint(tenant, number, principal, notification)
            : null;
}
