using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// Drives runs: takes an input, lets the decider say what happens, keeps that, does what is due. Two adapters pass one contract suite: the
/// runner on the database, and Temporal. What is read of a run (status, steps, history) comes from this room's tables under either.
/// </summary>
internal interface IRunHost
{
    /// <summary>journal or temporal.</summary>
    string Name { get; }

    /// <summary>Begins a run whose row and first events are written in the same transaction; the same id again changes nothing.</summary>
    Task StartAsync(RunBeginning beginning, CancellationToken cancellationToken);

    /// <summary>Hands an input to a run; returns when it is kept, not when it has taken effect. An input that came before changes nothing.</summary>
    /// <exception cref="Problem">404 <c>run_unknown</c>; 409 <c>run_ended</c>.</exception>
    Task TellAsync(RequestContext context, string run, RunInput input, CancellationToken cancellationToken);

    /// <summary>Something was kept for the run in a transaction of somebody else, say a decision about an approval. It does not wait, and what it misses is found later.</summary>
    void Hear(string tenant, string run);
}

/// <param name="Events">What the decider said to its beginning: a new run's first event, or a fork's.</param>
internal sealed record RunBeginning(RunIdentity Identity, IReadOnlyList<RunEvent> Events)
{
    /// <summary>Done in the transaction that begins it: an approval is spent with it.</summary>
    public Func<DbWork, Task>? Also { get; init; }
}
