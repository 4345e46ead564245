using System.Text.Encodings.Web;
using System.Text.Json;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>Asks the policy before anything is written into memory, whichever route it came by.</summary>
internal sealed class WriteGate(IGate gate)
{
    /// <exception cref="Problem">403 <c>memory_denied</c> with the policy's reasons, or 501 when a second person would have to agree.</exception>
    public async Task AskAsync(RequestContext context, IReadOnlyList<PreparedMemory> prepared, CancellationToken cancellationToken)
    {
        var decision = await gate.CheckAsync(context, new GatedAction("memory.write", "memory", Arguments(prepared)), cancellationToken);
        if (decision.Verdict == Verdict.Allow) return;
        var (code, detail) = decision.Verdict == Verdict.NeedsApproval
            ? (MemoryProblems.NeedsApproval, "The policy wants a second person to approve this.")
            : (MemoryProblems.Denied, $"The policy denies this with a score of {decision.Score} against {decision.Threshold}.");
        throw new Problem(code, detail) { Reasons = decision.Reasons };
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
        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }
}
