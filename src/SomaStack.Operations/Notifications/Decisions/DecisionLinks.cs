using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>The two addresses that a message to one person may carry.</summary>
internal sealed record DecisionAddresses(string Approve, string Reject, DateTimeOffset ExpiresAt);

/// <summary>A link as stored: only the hash of its token, bound to one person, one approval as it was shown, and one answer.</summary>
internal sealed record DecisionLink(string Tenant, byte[] Hash, string Principal, string Notification, string Approval, string Digest, bool Approves, DateTimeOffset ExpiresAt, DateTimeOffset? UsedAt);

/// <summary>
/// Makes the links by which a person decides from a message. A link alone decides nothing: its page asks for the person's own sign-in, shows
/// what would be done, and only its button spends the link.
/// </summary>
internal sealed class DecisionLinks(LinkStore store, IDecisions decisions, IPublicAddress address, TimeProvider clock)
{
    public const string Path = "/v1/notifications/decide";

    private const string SubjectPrefix = "approval/";

    /// <summary>New links for one message; null when the notification asks for no decision or it is no longer open. Each call makes new ones.</summary>
    public async Task<DecisionAddresses?> ForAsync(Notification notification, string principal, CancellationToken cancellationToken)
    {
        if (!notification.RequiresAck || principal.Length == 0 || notification.Subject?.StartsWith(SubjectPrefix, StringComparison.Ordinal) != true) return null;
        var found = await decisions.FindAsync(notification.Tenant, notification.Subject[SubjectPrefix.Length..], cancellationToken);
        if (found is not { State: ApprovalState.Pending } approval || approval.Requester == principal) return null;
        var (yes, no) = (NewToken(), NewToken());
        var now = clock.GetUtcNow();
        DecisionLink LinkOf(string token, bool approves) => new(notification.Tenant, HashOf(token), principal, notification.Id, approval.Id, approval.Digest, approves, approval.ExpiresAt, null);
        await store.AddAsync([LinkOf(yes, true), LinkOf(no, false)], now, cancellationToken);
        return new DecisionAddresses(address.Of($"{Path}?token={yes}"), address.Of($"{Path}?token={no}"), approval.ExpiresAt);
    }

    public static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private static string NewToken() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
}
