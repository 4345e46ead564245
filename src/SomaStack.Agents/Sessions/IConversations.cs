using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions.Contracts;

/// <summary>Lets a run, a voice or another agent hold a session: the same path, gate and proof as for a person.</summary>
public interface IConversations
{
    /// <summary>
    /// Asks a persona and answers when the turn has ended or waits for a second person. The id makes it happen once: asking again, also
    /// after a crash, gives the turn that is there, or waits for it.
    /// </summary>
    /// <exception cref="Problem">What refuses the turn before anything is stored.</exception>
    Task<TurnAnswer> AskAsync(RequestContext context, TurnQuestion question, CancellationToken cancellationToken);

    /// <summary>The session that a question of this id begins when it names none, known before it is asked, so that it can be cancelled meanwhile.</summary>
    string SessionOf(RequestContext context, string question);

    /// <summary>Ends what of it is still running or waiting; false when nothing was.</summary>
    Task<bool> CancelAsync(RequestContext context, string session, CancellationToken cancellationToken);
}

/// <param name="Id">Names the effect, e.g. <c>run/ID/STEP/ATTEMPT</c>; session and turn ids derive from it.</param>
/// <param name="Persona">Null for the starter.</param>
/// <param name="Model">Null for the persona's or the tenant's.</param>
public sealed record TurnQuestion(string Id, string Prompt, string? Persona = null, string? Model = null)
{
    /// <summary>The session to go on in; null for a new one.</summary>
    public string? Session { get; init; }

    /// <summary>Adapters or actions that the model may use; empty for none, null for what the persona has.</summary>
    public IReadOnlyList<string>? Tools { get; init; }

    public string? Run { get; init; }

    public string? Capsule { get; init; }

    /// <summary>What is left of the run's budget: no more is generated; null for no such cap.</summary>
    public long? OutputTokensMax { get; init; }

    /// <summary>Rounds of tool calls before the turn ends as <c>too_many_tool_rounds</c>.</summary>
    public int ToolRoundsMax { get; init; } = 8;

    public IReadOnlyList<string> Taints { get; init; } = [];
}

/// <param name="Status"><c>completed</c>, <c>waiting</c>, <c>failed</c>, <c>denied</c> or <c>cancelled</c>.</param>
/// <param name="InputTokens">Of all its model calls; null when a provider did not say.</param>
/// <param name="CostNanos">Null when a price or a count is unknown.</param>
public sealed record TurnAnswer(
    string Session, string Turn, string Status, string Text, string? Code, string? Detail, long? InputTokens, long? OutputTokens, long? CostNanos, string Currency)
{
    /// <summary>While it waits.</summary>
    public Approval? Awaits { get; init; }

    public IReadOnlyList<string> Taints { get; init; } = [];
}
