namespace SomaStack.Platform;

/// <summary>
/// Who hears what. A consumer has a name (its position is kept under it) and the event types it wants; its handler runs in the
/// transaction that also advances the position, so each event takes effect exactly once in the database.
/// </summary>
public sealed class Subscriptions
{
    private readonly List<Subscription> _all = [];

    public IReadOnlyList<Subscription> All => _all;

    /// <param name="consumer">Unique, e.g. <c>memory.episodes</c>; never renamed, since its position hangs on it.</param>
    /// <param name="types">Exact event types.</param>
    /// <param name="foreign">Takes what others publish on the topics of these types; without one such messages are passed over.</param>
    /// <param name="gather">How long lines may gather before they are read here, for a consumer of many lines that nobody waits for.</param>
    public void On(string consumer, IReadOnlyList<string> types, Func<JournalLine, DbWork, CancellationToken, Task> handler, ForeignHandler? foreign = null, TimeSpan gather = default)
    {
        if (_all.Exists(subscription => subscription.Consumer == consumer)) throw new ArgumentException($"Consumer '{consumer}' exists.", nameof(consumer));
        _all.Add(new Subscription(consumer, types, handler, foreign) { Gather = gather });
    }
}

public sealed record Subscription(string Consumer, IReadOnlyList<string> Types, Func<JournalLine, DbWork, CancellationToken, Task> Handler, ForeignHandler? Foreign = null)
{
    public TimeSpan Gather { get; init; }
}

/// <summary>
/// Takes a message that is no line of a journal. It comes at least once, so the effect must hang on the message's id; a
/// <see cref="Problem"/> means: not now, bring it again.
/// </summary>
/// <returns>Null when it was taken, else why it never will be: then it becomes a dead letter.</returns>
public delegate Task<string?> ForeignHandler(ForeignMessage message, CancellationToken cancellationToken);

/// <summary>What somebody else published. It carries no verified identity.</summary>
/// <param name="Place"><c>topic/partition@offset</c>.</param>
/// <param name="Id">The CloudEvents source and id that its producer gave it; null when it gave none.</param>
public sealed record ForeignMessage(string Topic, string Place, string? Id, byte[] Value);
