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
    Task<Approval> ProposeAsync(DbWork work, RequestContext context, ApprovalRequest request);

    /// <summary>
    /// Spends the approval inside the transaction that carries the action out. <paramref name="request"/> is built anew from what is about to
    /// happen, never from what was proposed.
    /// </summary>
    /// <exception cref="Problem">
    /// 404 <c>approval_unknown</c>, also for another tenant's; 409 <c>approval_pending</c>, <c>approval_spent</c>; 403 <c>approval_rejected</c>,
    /// <c>approval_expired</c>, <c>approval_void</c> (other arguments, policy, constitution or rights than when it was given).
    /// </exception>
    Task<Approval> ClaimAsync(DbWork work, RequestContext context, string approvalId, ApprovalRequest request);
}

/// <summary>An action that waits for a second person.</summary>
/// <param name="Kind">As for the gate, e.g. <c>policy.activate</c>, <c>constitution.activate</c>, <c>tool.call</c>.</param>
/// <param name="Arguments">JSON of the exact arguments; compared by their RFC 8785 form.</param>
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

/// <param name="Digest">Lower-hex SHA-256 over RFC 8785 of tenant, requester, kind, resource, arguments, session, constitution hash, policy version.</param>
/// <param name="Nonce">Makes two proposals of the same action two approvals.</param>
public sealed record Approval(
    string Tenant, string Id, ApprovalState State, string Kind, string Resource, string Digest, string Nonce, string Requester,
    string? Decider, string Summary, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

/// <summary>Header by which a caller names the approval of what it asks for again.</summary>
public static class ApprovalHeader
{
    public const string Name = "Soma-Approval";
}

/// <summary>Event types that the room writes to the journal.</summary>
public static class ApprovalEvents
{
    public const string Proposed = "somastack.approval.proposed.v1";
    public const string Decided = "somastack.approval.decided.v1";
    public const string Executed = "somastack.approval.executed.v1";
    public const string Returned = "somastack.approval.returned.v1";
}

public sealed record ApprovalProposed(string Id, string Kind, string Resource, string Digest, string Requester, string Summary, string? Session, bool StepUp, DateTimeOffset ExpiresAt);

public sealed record ApprovalDecided(string Id, string Decision, string Decider, string? Comment);

public sealed record ApprovalExecuted(string Id, string Digest, string Executor);

/// <param name="Code">Why it came back unused: expired, voided, …</param>
public sealed record ApprovalReturned(string Id, string Code, string Detail);
