using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Agents.Sessions.Contracts;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>
/// Agents ask agents: <c>sessions.ask</c> holds a session with another persona, <c>sessions.show</c> reads one. The asked turn writes no more than
/// the asking one has left, a chain of askers is short, and no persona comes twice in it.
/// </summary>
internal sealed class SessionsAdapter(IServiceProvider services, SessionStore sessions, RoundStore rounds) : INativeAdapter
{
    public const string AdapterName = "sessions";

    /// <summary>A person's question, and three agents below it.</summary>
    public const int DepthMax = 4;

    private const int TurnsShown = 20;
    private const string Ask = "ask";

    internal sealed record AskArguments(string Prompt, string? Persona = null, string? SessionId = null);

    /// <param name="Charged">Output tokens that count against whoever asked.</param>
    internal sealed record AskAnswer(string SessionId, string TurnId, string Status, string? Code, string? ApprovalId, long? InputTokens, long? OutputTokens, long? CostNanos, long Charged);

    internal sealed record ShowArguments(string SessionId);

    internal sealed record ShownTurn(string TurnId, string? ParentTurn, string Status, string Prompt, string Answer);

    internal sealed record ShowAnswer(string SessionId, string Persona, string Status, IReadOnlyList<ShownTurn> Turns);

    public string Name => AdapterName;

    public string Description => "Conversations with the tenant's personas.";

    public IReadOnlyList<NativeAction> Actions { get; } =
    [
        new(Ask, "Ask another persona and wait for its answer.",
            """
            {"type":"object","properties":{"prompt":{"type":"string","minLength":1,"maxLength":32000},"persona":{"type":"string","minLength":1,"maxLength":64,"description":"Who is asked."},"session_id":{"type":"string","maxLength":64,"description":"To go on with an earlier conversation."}},"required":["prompt"],"additionalProperties":false}
            """,
            null, "medium", Capability.SessionStart, ReadOnly: false, Idempotent: true),
        new("show", "Read a conversation of yours.",
            """
            {"type":"object","properties":{"session_id":{"type":"string","minLength":1,"maxLength":64}},"required":["session_id"],"additionalProperties":false}
            """,
            null, "low", Capability.SessionRead, ReadOnly: true, Idempotent: true),
    ];

    public Task<NativeAnswer> CallAsync(RequestContext context, string action, string arguments, ToolCall call, CancellationToken cancellationToken) =>
        action == Ask ? AskAsync(context, JsonSerializer.Deserialize(arguments, SessionsJson.Default.AskArguments)!, call, cancellationToken)
        : ShowAsync(context, JsonSerializer.Deserialize(arguments, SessionsJson.Default.ShowArguments)!, cancellationToken);

    /// <summary>What an answer of <c>ask</c> cost; null when it was not answered.</summary>
    public static DelegatedUse? UseOf(string? structured)
    {
        if (structured is null || !structured.Contains("\"charged\"", StringComparison.Ordinal)) return null;
        var answer = JsonSerializer.Deserialize(structured, SessionsJson.Default.AskAnswer)!;
        return new DelegatedUse(answer.InputTokens, answer.OutputTokens, answer.CostNanos, answer.Charged);
    }

    private async Task<NativeAnswer> AskAsync(RequestContext context, AskArguments asked, ToolCall call, CancellationToken cancellationToken)
    {
        context.Require(Capability.SessionStart);
        var persona = asked.Persona ?? PersonaStore.Starter;
        var (asker, left) = await AskerAsync(context, persona, call, cancellationToken);
        var question = new TurnQuestion("tool/" + call.Key, asked.Prompt, persona)
        {
            Session = asked.SessionId, Run = call.Run, Capsule = call.Capsule, OutputTokensMax = left, Taints = call.Taints,
        };
        // At its first use: the conversations need the tools, whose adapter this is.
        var answer = await services.GetRequiredService<Conversations>().AskAsync(context, question, asker, cancellationToken);
        // What is not known, and what a waiting turn may still write, counts as all that it may.
        var charged = (answer.Status == "waiting" ? null : answer.OutputTokens) ?? left ?? 0;
        var shown = new AskAnswer(answer.Session, answer.Turn, answer.Status, answer.Code, answer.Awaits?.Id, answer.InputTokens, answer.OutputTokens, answer.CostNanos, charged);
        var text = answer.Status switch
        {
            "completed" => answer.Text,
            "waiting" => $"{persona} waits for a person's approval {answer.Awaits?.Id}. It goes on by itself; read it later with sessions.show and session_id {answer.Session}.",
            _ => $"{persona} gave no answer: {answer.Status}. {answer.Detail} {answer.Text}".Trim(),
        };
        return new NativeAnswer(text, JsonSerializer.Serialize(shown, SessionsJson.Default.AskAnswer)) { Taints = answer.Taints };
    }

    private async Task<NativeAnswer> ShowAsync(RequestContext context, ShowArguments wanted, CancellationToken cancellationToken)
    {
        context.Require(Capability.SessionRead);
        var session = await sessions.GetAsync(context, wanted.SessionId, cancellationToken);
        var turns = await sessions.TurnsAsync(context, session.Id, TurnsShown, cancellationToken);
        var shown = new ShowAnswer(session.Id, session.Persona, session.Status, turns.ConvertAll(static turn => new ShownTurn(turn.TurnId, turn.ParentTurn, turn.Status, turn.Prompt, turn.Answer)));
        var text = string.Join("\n\n", turns.Select(static turn => $"Question: {turn.Prompt}\n{(turn.Answer.Length > 0 ? "Answer: " + turn.Answer : "No answer: " + turn.Status)}"));
        return new NativeAnswer(text, JsonSerializer.Serialize(shown, SessionsJson.Default.ShowAnswer)) { Taints = await sessions.TaintsOfSessionAsync(context.Tenant, session.Id, cancellationToken) };
    }

    /// <returns>The turn that asks and what it may hand on; nothing when no turn does.</returns>
    /// <exception cref="Problem">409 <c>delegation_too_deep</c>, <c>delegation_cycle</c>.</exception>
    private async Task<(string? Turn, long? Left)> AskerAsync(RequestContext context, string persona, ToolCall call, CancellationToken cancellationToken)
    {
        if (call.Session is not { } session || await sessions.AskersAsync(context, session, DepthMax, cancellationToken) is not { Count: > 0 } chain) return (null, null);
        if (chain.Count >= DepthMax) throw SessionProblems.DelegationTooDeep.Because($"{string.Join(" asked ", chain.Select(static one => one.Persona).Reverse())}: {DepthMax} agents in a row is the most.");
        if (chain.Any(one => one.Persona == persona)) throw SessionProblems.DelegationCycle.Because($"'{persona}' is among those who asked: {string.Join(", ", chain.Select(static one => one.Persona).Reverse())}.");
        if (chain[0].OpenTurn is not { } turn) return (null, null);
        return (turn, await rounds.LeftAsync(context.Tenant, turn, AdapterName + "." + Ask, cancellationToken));
    }
}
