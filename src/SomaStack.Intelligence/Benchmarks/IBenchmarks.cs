using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks.Contracts;

/// <summary>Has the primary models answer benchmark capsules, in the background.</summary>
public interface IBenchmarks
{
    /// <summary>Queues a run of these tasks, once for each id. Who may see scores is told when it has ended.</summary>
    /// <param name="tasks">Null for all.</param>
    /// <exception cref="Problem">422 for a task that no capsule has, and when no model is set for them.</exception>
    Task BeginAsync(RequestContext context, string id, IReadOnlyList<string>? tasks, CancellationToken cancellationToken);
}
