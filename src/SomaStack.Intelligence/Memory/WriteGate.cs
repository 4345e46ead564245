using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>What a write may do when its transaction begins: nothing more, or spend the yes that it needed.</summary>
internal sealed class WriteLeave(IApprovals? approvals, RequestContext context, ApprovalRequest? wanted)
{
    /// <summary>To be called in the transaction that writes.</summary>
    public Task ClaimAsync(DbWork work) => wanted is null ? Task.CompletedTask : approvals!.ClaimAsync(work, context, context.Approval!, wanted);
}

/// <summary>Asks the policy before anything is written into memory, whichever route it came by.</summary>
internal sealed class WriteGate(IGate gate, IApprovals? approvals = null, Db? db = null)
{
    /// <summary>For a write that nobody sends again: one that needs a second person is refused, and none is asked.</summary>
    /// <exception cref="Problem">403 <c>memory_denied</c> or <c>memory_needs_approval</c> with the policy's reasons.</exception>
    public async Task AskAsync(RequestContext context, IReadOnlyList<PreparedMemory> prepared, CancellationToken cancellationToken)
    {
        var (decision, _) = await DecideAsync(context, prepared, cancellationToken);
        if (decision.Verdict != Verdict.Allow) throw Refusal(decision);
    }

    /// <summary>For a write that its caller can send again with an approval.</summary>
    /// <param name="exact">Everything that the write does, as the caller says it: the approval is bound to its hash, so that no text is kept in it.</param>
    /// <exception cref="Problem">As for <see cref="AskAsync"/>; <c>memory_needs_approval</c> names the approval that was asked for.</exception>
    public async Task<WriteLeave> LeaveAsync(RequestContext context, IReadOnlyList<PreparedMemory> prepared, string exact, CancellationToken cancellationToken)
    {
        var (decision, action) = await DecideAsync(context, prepared, cancellationToken);
        if (decision.Verdict == Verdict.Allow) return new WriteLeave(approvals, context, null);
        if (decision.Verdict == Verdict.Deny || approvals is null) throw Refusal(decision);
        var arguments = $"{action.Arguments[..^1]},\"request_sha256\":\"{TextDigest.Of(exact)}\"}}";
        var wanted = decision.ToApproval(action, $"{context.Principal.Id} writes {prepared.Count} into the memory '{prepared[0].Draft.Namespace}'.", arguments);
        if (context.Approval is not null) return new WriteLeave(approvals, context, wanted);
        var asked = await db!.WriteAsync(context.Tenant, work => approvals.ProposeAsync(work, context, wanted), cancellationToken);
        throw new Problem(MemoryProblems.NeedsApproval, $"The policy wants a second person to approve this. Approval {asked.Id} was asked for.") { Reasons = decision.Reasons, Approval = asked.Id };
    }

    private async Task<(Decision Decision, GatedAction Action)> DecideAsync(RequestContext context, IReadOnlyList<PreparedMemory> prepared, CancellationToken cancellationToken)
    {
        var action = new GatedAction("memory.write", "memory", Arguments(prepared));
        return (await gate.CheckAsync(context, action, cancellationToken), action);
    }

    private static Problem Refusal(Decision decision)
    {
        var (code, detail) = decision.Verdict == Verdict.NeedsApproval
            ? (MemoryProblems.NeedsApproval, "The policy wants a second person to approve this.")
            : (MemoryProblems.Denied, $"The policy denies this with a score of {decision.Score} against {decision.Threshold}.");
        return new Problem(code, detail) { Reasons = decision.Reasons };
    }

    /// <summary>RFC 8785 form: keys in order, no spaces. The hashes stand for the texts, so that a decision record holds none.</summary>
    private static string Arguments(IReadOnlyList<PreparedMemory> prepared)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartArray("items");
            foreach (var memory in prepared)
            {
                json.WriteStartObject();
                json.WriteString("content_hash", memory.ContentHash);
                json.WriteString("kind", memory.Draft.Kind);
                json.WriteString("namespace", memory.Draft.Namespace);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
