namespace SomaStack.Agents.Sessions;

/// <summary>What whoever asks sets for a turn beside the words.</summary>
internal sealed record TurnTerms
{
    public const int ToolRoundsDefault = 8;

    public static readonly TurnTerms None = new();

    /// <summary>Adapters or actions; narrows what the persona has. Null for all of it.</summary>
    public IReadOnlyList<string>? Tools { get; init; }

    /// <summary>Adapters or actions that a run brings along instead of the persona's.</summary>
    public IReadOnlyList<string>? ToolsGranted { get; init; }

    public string? Run { get; init; }

    public string? Capsule { get; init; }

    /// <summary>The turn whose tool call asks; null when nobody delegates.</summary>
    public string? AskedBy { get; init; }

    /// <summary>Of all its model calls together; null for no such cap.</summary>
    public long? OutputTokensMax { get; init; }

    public int ToolRoundsMax { get; init; } = ToolRoundsDefault;

    /// <summary>Labels of what the words derive from.</summary>
    public IReadOnlyList<string> Taints { get; init => field = value ?? []; } = [];

    /// <summary>The stricter of this and what the rules allow.</summary>
    public long? Cap(long? byRules) => OutputTokensMax is { } mine ? Math.Min(mine, byRules ?? long.MaxValue) : byRules;
}
