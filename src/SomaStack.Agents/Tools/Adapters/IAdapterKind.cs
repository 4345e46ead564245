using System.Text.Json;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// Carries actions out inside the walls of one kind. A port with an adapter a kind. Everything else (schema, gate, rate, approval, journal,
/// billing, moderation of the result) has happened before or happens after, in <c>ExecuteTool</c>.
/// </summary>
internal interface IAdapterKind
{
    /// <summary>As in <see cref="Manifest.Kind"/>.</summary>
    string Kind { get; }

    /// <summary>Why actions of this kind cannot be done on this machine (no bubblewrap, …), or null. Asked at start and shown to operators.</summary>
    string? Unavailable { get; }

    /// <summary>What is wrong with the manifest for this kind; empty when nothing is. No I/O.</summary>
    IReadOnlyList<FieldError> Check(Manifest manifest);

    /// <summary>
    /// Does it once. It respects the manifest's limits and egress by itself and ends when <paramref name="cancellationToken"/> does, leaving
    /// nothing behind that runs.
    /// </summary>
    /// <exception cref="Problem"><c>tool_timeout</c>, <c>tool_unavailable</c>, <c>address_refused</c>, …; anything else is an outcome nobody knows.</exception>
    Task<AdapterAnswer> ExecuteAsync(AdapterCall call, CancellationToken cancellationToken);
}

/// <param name="Arguments">Fit the action's schema.</param>
/// <param name="Secrets">Values that the operator bound to the adapter, by name; they go to the tool and into no log, result or journal.</param>
internal sealed record AdapterCall(
    RequestContext Context, Manifest Manifest, ManifestAction Action, JsonElement Arguments, ToolCall Call, IReadOnlyDictionary<string, string> Secrets);

/// <param name="IsError">The tool answered that it failed; <see cref="Text"/> says why.</param>
/// <param name="Truncated">Output was cut at the manifest's limit.</param>
internal sealed record AdapterAnswer(bool IsError, string Text, string? Structured = null, bool Truncated = false)
{
    public IReadOnlyList<string> Taints { get; init; } = [];
}
