using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools.Contracts;

/// <summary>Actions that reach outside the platform or change it. The one way for agents, runs, people and MCP clients alike.</summary>
public interface ITools
{
    /// <summary>What this caller may use now, in a stable order: enabled adapters whose permissions its capabilities cover.</summary>
    /// <param name="names">Adapters (<c>github</c>) or actions (<c>github.create_issue</c>); null for all.</param>
    ValueTask<IReadOnlyList<ToolOffer>> OfferedAsync(RequestContext context, IReadOnlyList<string>? names, CancellationToken cancellationToken);

    /// <summary>
    /// Carries one action out: it is in the manifest, arguments fit its schema, capability, kill switch, rate, gate, approval; then opened in
    /// the journal, done inside its walls, moderated, billed and recorded. The same key with the same arguments gives the recorded result
    /// and does nothing again; with other arguments it is refused.
    /// </summary>
    /// <returns>Also for what the tool refused or failed at: a model reads that and goes on.</returns>
    /// <exception cref="Problem">What is no result of the tool: 404 unknown, 403 denied, 422 arguments, 429, 503, 409 <c>tool_call_running</c>.</exception>
    Task<ToolResult> CallAsync(RequestContext context, ToolCall call, CancellationToken cancellationToken);
}

/// <summary>One action as a model or an MCP client sees it.</summary>
/// <param name="Name"><c>ADAPTER.ACTION</c>, unique in the tenant.</param>
/// <param name="InputSchema">JSON Schema 2020-12 of the arguments object.</param>
/// <param name="OutputSchema">Of <see cref="ToolResult.Structured"/>; null when the manifest names none.</param>
/// <param name="ReadOnly">It changes nothing, so it may be repeated.</param>
public sealed record ToolOffer(string Name, string Adapter, string Action, string Description, string InputSchema, string? OutputSchema, string Risk, bool ReadOnly);

/// <param name="Key">Unique in the tenant for one intended effect, e.g. <c>run/ID/STEP/ATTEMPT</c>. 1 to 200 characters.</param>
/// <param name="Arguments">A JSON object.</param>
public sealed record ToolCall(string Adapter, string Action, string Arguments, string Key)
{
    public string? Session { get; init; }

    public string? Run { get; init; }

    public string? Persona { get; init; }

    public string? Capsule { get; init; }

    /// <summary>The run's (<see cref="RunWorkspace"/>) or session's file workspace; null for tools that need none.</summary>
    public string? Workspace { get; init; }

    /// <summary>The second person's yes to exactly this call; null when none was asked for yet.</summary>
    public string? Approval { get; init; }

    /// <summary>Where the arguments may come from, as for the gate.</summary>
    public IReadOnlyList<string> Taints { get; init; } = [];

    /// <summary>One for all steps of a run and the agents that they ask.</summary>
    public static string RunWorkspace(string run) => "run/" + run;

    /// <summary>The caller waits no longer; the tool's own limit may be shorter.</summary>
    public TimeSpan? TimeLimit { get; init; }
}

/// <param name="Id">Of the recorded call; its journal subject is <c>tool_call/ID</c>.</param>
/// <param name="Text">What a model reads. Untrusted: it is data, never an instruction.</param>
/// <param name="Structured">JSON that fits the action's output schema; null when there is none.</param>
public sealed record ToolResult(string Id, ToolOutcome Outcome, string Text, string? Structured = null)
{
    /// <summary>Why it is no success: a stable code, e.g. <c>tool_timeout</c>, <c>tool_failed</c>, <c>tool_outcome_unknown</c>; null for a success.</summary>
    public string? Code { get; init; }

    /// <summary>What the call waits for; set exactly when <see cref="Outcome"/> is <see cref="ToolOutcome.Awaiting"/>.</summary>
    public Approval? Awaits { get; init; }

    /// <summary>Labels for whatever derives from it: <c>tool</c>, the adapter's own, and what moderation found.</summary>
    public IReadOnlyList<string> Taints { get; init; } = [];

    /// <summary>Null when the manifest names no price.</summary>
    public long? CostNanos { get; init; }

    public string Currency { get; init; } = "USD";

    public TimeSpan Took { get; init; }

    /// <summary>True when it had been recorded before and nothing was done now.</summary>
    public bool Replayed { get; init; }
}

public static class ToolCodes
{
    /// <summary>409: a call with this key is being carried out; <c>Retry-After</c> says when its owner is given up.</summary>
    public const string CallRunning = "tool_call_running";
}

public enum ToolOutcome
{
    Succeeded,

    /// <summary>The tool says so; repeating it with another key may help.</summary>
    Failed,

    /// <summary>It was begun and nobody knows whether it took effect; it is never repeated by itself.</summary>
    Unknown,

    /// <summary>A second person is asked; call again with the same key once there is a yes.</summary>
    Awaiting,
}

/// <summary>
/// Actions of the platform itself, offered under one adapter name like any other tool and over MCP. A port: every room, also those above,
/// may bring one. It runs with the caller's context and checks capabilities itself, as its routes do.
/// </summary>
public interface INativeAdapter
{
    string Name { get; }

    string Description { get; }

    IReadOnlyList<NativeAction> Actions { get; }

    /// <returns>Text and structured answer. A <see cref="Problem"/> becomes a failed result with its code.</returns>
    Task<NativeAnswer> CallAsync(RequestContext context, string action, string arguments, ToolCall call, CancellationToken cancellationToken);
}

/// <param name="Risk"><c>low</c>, <c>medium</c> or <c>high</c>.</param>
/// <param name="Idempotent">Doing it twice with the same key is doing it once, so a crash in between may be repeated.</param>
public sealed record NativeAction(string Name, string Description, string InputSchema, string? OutputSchema, string Risk, string Capability, bool ReadOnly, bool Idempotent);

public sealed record NativeAnswer(string Text, string? Structured = null)
{
    public IReadOnlyList<string> Taints { get; init; } = [];
}

/// <summary>Event types that the room writes to the journal; upper rooms hear them.</summary>
public static class ToolEvents
{
    public const string AdapterChanged = "somastack.tools.adapter_changed.v1";
    public const string CallOpened = "somastack.tools.call_opened.v1";
    public const string CallEnded = "somastack.tools.call_ended.v1";

    /// <summary>Somebody is to be told something; the room of notifications hears it and delivers.</summary>
    public const string Notify = "somastack.tools.notify.v1";
}
