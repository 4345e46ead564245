using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Governance.Approvals.Contracts;

/// <summary>
/// A second person's yes to one exact action. It is bound to the action's digest, used once, and claimed in the transaction in which the
/// action takes effect, so that of two executors one acts.
/// </summary>
public interface IApprovals
{
    /// <summary>
    /// Asks for a yes, inside the caller's transaction. Asking again for the same action, by the same principal, while one is pending gives that one.
    /// </summary>
    /// <exception cref="Problem">422 when the arguments have no canonical form: duplicate keys, lone surrogates, numbers that a double does not hold.</exception>
    Task<Approval> ProposeAsync(DbWork work, RequestContext context, ApprovalRequest request);

    /// <summary>
    /// Spends the approval inside the transaction that carries the action out. <paramref name="request"/> is built anew from what is about to
    /// happen, never from what was proposed.
    /// </summary>
    /// <exception cref="Problem">
    /// 404 <c>approval_unknown</c>, also for another tenant's and another requester's; 409 <c>approval_pending</c>, <c>approval_spent</c>;
    /// 403 <c>approval_one_hand</c>, <c>approval_rejected</c>, <c>approval_expired</c>, <c>approval_void</c> (other arguments, policy, constitution or rights than when
    /// it was given; it is returned unused, for good).
    /// </exception>
    Task<Approval> ClaimAsync(DbWork work, RequestContext context, string approvalId, ApprovalRequest request);

    /// <summary>
    /// Gives back, inside the caller's transaction, an approval that its action needs no more (the waiting turn was cancelled). False when it
    /// had been used, refused or given back before.
    /// </summary>
    Task<bool> WithdrawAsync(DbWork work, RequestContext context, string approvalId, string reason);

    /// <summary>As it stands now; null when the tenant has none with this id.</summary>
    Task<Approval?> FindAsync(string tenant, string approvalId, CancellationToken cancellationToken);
}

/// <summary>An action that waits for a second person.</summary>
/// <param name="Kind">As for the gate, e.g. <c>policy.activate</c>, <c>constitution.activate</c>, <c>tool.call</c>.</param>
/// <param name="Arguments">JSON of the exact arguments; compared by their RFC 8785 form. Whoever decides sees them: a secret goes in as its hash.</param>
/// <param name="PolicyVersion">The policy that asked for it; 0 where no policy version is involved.</param>
/// <param name="Summary">One plain sentence for the person who decides. May hold untrusted text, so it is shown as text.</param>
public sealed record ApprovalRequest(string Kind, string Resource, string Arguments, string ConstitutionHash, long PolicyVersion, string Summary)
{
    public static readonly TimeSpan DefaultLifetime = TimeSpan.FromHours(1);

    public string? Session { get; init; }

    public IReadOnlyList<Reason> Reasons { get; init; } = [];

    /// <summary>The decider must have proven a second factor within the last minutes.</summary>
    public bool StepUp { get; init; }

    /// <summary>Held by the decider beside <c>approval:decide</c>; null when that suffices.</summary>
    public string? Capability { get; init; }

    public TimeSpan Lifetime { get; init; } = DefaultLifetime;
}

public enum ApprovalState
{
    Pending,
    Approved,
    Rejected,
    Expired,
    Voided,
    Claimed,
}

/// <param name="Digest">
/// Lower-hex SHA-256 over RFC 8785 of tenant, requester, kind, resource, arguments, session, constitution hash, policy version and of what the
/// decider needs.
/// </param>
/// <param name="Nonce">Makes two proposals of the same action two approvals.</param>
public sealed record Approval(
    string Tenant, string Id, ApprovalState State, string Kind, string Resource, string Digest, string Nonce, string Requester,
    string? Decider, string Summary, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt)
{
    public string? Session { get; init; }

    /// <summary>What whoever decided said about it. Untrusted text.</summary>
    public string? Comment { get; init; }

    public required ApprovalNeeds Needs { get; init; }
}

/// <summary>What whoever decides must bring.</summary>
/// <param name="Capabilities">All of them.</param>
/// <param name="StepUp">A second factor, proven within the last five minutes.</param>
public sealed record ApprovalNeeds(IReadOnlyList<string> Capabilities, bool StepUp);

/// <summary>Header by which a caller names the approval of what it asks for again.</summary>
public static class ApprovalHeader
{
    public const string Name = "Soma-Approval";
}

/// <summary>Event types that the room writes to the journal, and their data as upper rooms read it.</summary>
public static class ApprovalEvents
{
    public const string Proposed = "somastack.approval.proposed.v1";
    public const string Decided = "somastack.approval.decided.v1";
    public const string Executed = "somastack.approval.executed.v1";
    public const string Returned = "somastack.approval.returned.v1";

    public static ApprovalDecided ReadDecided(JournalLine line) => JsonSerializer.Deserialize(line.Data, ApprovalsJson.Default.ApprovalDecided)!;

    public static ApprovalReturned ReadReturned(JournalLine line) => JsonSerializer.Deserialize(line.Data, ApprovalsJson.Default.ApprovalReturned)!;
}

public sealed record ApprovalProposed(string Id, string Kind, string Resource, string Digest, string Requester, string Summary, string? Session, bool StepUp, DateTimeOffset ExpiresAt);

/// <param name="Decision"><c>approve</c> or <c>reject</c>.</param>
public sealed record ApprovalDecided(string Id, string Decision, string Decider, string? Comment, string Requester, string? Session);

public sealed record ApprovalExecuted(string Id, string Digest, string Executor);

/// <param name="Code">Why it came back unused: <c>expired</c>, <c>withdrawn</c>, <c>action_changed</c>, <c>rights_changed</c> or <c>one_hand</c>.</param>
public sealed record ApprovalReturned(string Id, string Code, string Detail, string Requester, string? Session);
