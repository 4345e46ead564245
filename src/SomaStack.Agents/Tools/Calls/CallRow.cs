using SomaStack.Agents.Tools.Contracts;

namespace SomaStack.Agents.Tools;

/// <summary>One call as it is kept. It holds words, which the journal does not.</summary>
/// <param name="RequestDigest">Of who asked for which action with which arguments; the same key with another one is another call.</param>
/// <param name="Repeatable">Doing it again does no harm.</param>
/// <param name="Owner">The process that carries it out.</param>
/// <param name="Events">Lines of the journal about it so far.</param>
internal sealed record CallRow(
    string Tenant, string Id, string Key, string Adapter, string Action, string Version, string ManifestDigest, string RequestDigest, string Arguments, string Principal, string State,
    bool Repeatable, string Owner, long LeaseUntil, long Events, DateTimeOffset CreatedAt)
{
    public const string Awaiting = "awaiting";
    public const string Open = "open";

    public string? Session { get; init; }

    public string? Run { get; init; }

    public string? Approval { get; init; }

    public string? Reservation { get; init; }

    public string? Code { get; init; }

    public string Text { get; init; } = "";

    public string? Structured { get; init; }

    public IReadOnlyList<string> Taints { get; init; } = [];

    public long? CostNanos { get; init; }

    public string Currency { get; init; } = ManifestReader.Currency;

    public long? TookMicros { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public bool IsEnded => State is not (Open or Awaiting);

    public static string StateOf(ToolOutcome outcome) => outcome switch
    {
        ToolOutcome.Succeeded => "succeeded",
        ToolOutcome.Failed => "failed",
        ToolOutcome.Unknown => "unknown",
        _ => Awaiting,
    };

    public ToolResult ToResult(bool replayed) => new(
        Id, State switch { "succeeded" => ToolOutcome.Succeeded, "failed" => ToolOutcome.Failed, Awaiting => ToolOutcome.Awaiting, _ => ToolOutcome.Unknown }, Text, Structured)
    {
        Code = Code,
        Taints = Taints,
        CostNanos = CostNanos,
        Currency = Currency,
        Took = TimeSpan.FromMicroseconds(TookMicros ?? 0),
        Replayed = replayed,
    };
}
