using Microsoft.Extensions.AI;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

internal sealed record PlainMessage(string Role, string Text);

/// <summary>
/// What going on with a turn needs that its rounds do not say, kept from its first tool call to its end: the prompt as the model read it, so that
/// it reads the same again, and whoever asked. No credential is in it.
/// </summary>
internal sealed record TurnCheckpoint(
    string Persona, DateTimeOffset PreparedAt, string? Model, IReadOnlyList<PlainMessage> Messages, IReadOnlyList<Evidence> Evidence, ConstitutionProof Constitution, PolicyProof Policy,
    IReadOnlyList<MemoryProof> Memories, IReadOnlyList<string> DegradedReasons, IReadOnlyList<Reason> Moderation, IReadOnlyList<string> Taints, bool Approved, long? OutputTokensCap,
    IReadOnlyList<OfferedTool> Tools, int? ContextTokens, IReadOnlyDictionary<string, double> TimingsMs, WaitingRequest Request)
{
    public static TurnCheckpoint Of(PreparedTurn turn) => new(
        turn.Persona, turn.PreparedAt, turn.Model, [.. turn.Messages.Select(static message => new PlainMessage(message.Role.Value, message.Text))], turn.Evidence, turn.Constitution, turn.Policy,
        turn.Memories, turn.DegradedReasons, turn.Moderation, turn.Taints, turn.IsApproved, turn.OutputTokensCap, turn.Tools, turn.ContextTokens, turn.Timings.Stages,
        WaitingRequest.Of(turn.Context, false, turn.Persona, turn.Model, 0, turn.Moderation, turn.Terms));

    public PreparedTurn Restore(RequestContext context, PausedTurn row, IReadOnlyList<TurnRound> rounds, TimeProvider clock)
    {
        var turn = new PreparedTurn(
            context, row.SessionId, false, Persona, row.TurnId, row.Prompt, PreparedAt, Model, [.. Messages.Select(static message => new ChatMessage(new ChatRole(message.Role), message.Text))],
            Evidence, Constitution, Policy, Memories, DegradedReasons, Moderation, new Timings(clock, TimingsMs))
        {
            Taints = Taints, WasApproved = Approved, OutputTokensCap = OutputTokensCap, Terms = Request.Terms, Tools = Tools, ContextTokens = ContextTokens, Parent = row.Parent,
        };
        turn.Rounds.AddRange(rounds);
        foreach (var result in rounds.SelectMany(static round => round.Calls).Select(static call => call.Result)) turn.Reads(result?.Taints ?? []);
        turn.Open(row.Number);
        return turn;
    }
}

/// <summary>A turn between two calls of the model, whose owner died or whose tools wait.</summary>
internal sealed record PausedTurn(string Tenant, string SessionId, string TurnId, long Number, string Prompt, string? Parent, string Principal, DateTimeOffset CreatedAt, TurnCheckpoint Checkpoint);

/// <summary>A round's accounts, as its row keeps them.</summary>
internal sealed record RoundReceipt(CallReceipt Receipt, string? FinishReason, long OutputTokensMax);
