using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>Labels that follow content through a turn and its session, for the gate's rules over taints. Pure.</summary>
internal static class TurnTaints
{
    public const string User = "user";
    public const string Memory = "memory";

    private const string Prefix = "moderation_";

    /// <summary>What the model reads: the words of the principal, and the memories that were not dropped.</summary>
    public static IReadOnlyList<string> Of(IReadOnlyList<string> input, IReadOnlyList<MemoryProof> memories) =>
        Join(input, [.. memories.Where(static memory => memory.Moderated != "dropped").SelectMany(static memory => memory.Labels ?? [Memory])]);

    /// <summary>Without repetition, the first ones first.</summary>
    public static IReadOnlyList<string> Join(IReadOnlyList<string> some, IReadOnlyList<string> others) => [.. some.Concat(others).Distinct()];

    /// <summary>Of words that were looked at before the turn had to wait, by the reasons that were kept.</summary>
    public static IReadOnlyList<string> OfInput(IReadOnlyList<Reason> reasons) =>
        [User, .. reasons.Where(static reason => reason.Rule is not null && reason.Code.StartsWith(Prefix, StringComparison.Ordinal)).Select(static reason => reason.Code[Prefix.Length..]).Distinct()];
}
