using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Writes of one kind that come at about the same time share a transaction of their tenant and its statements. A write joins until the
/// transaction begins. When one fails nothing of its gathering has happened, and each is written by itself.
/// </summary>
/// <param name="together">Writes them all, in one transaction; safe to run again.</param>
/// <param name="alone">Writes one in a transaction of its own.</param>
/// <param name="linger">How long the first of a gathering waits for others; zero for writes that somebody waits for.</param>
internal sealed class Gathering<T>(Db db, Func<DbWork, IReadOnlyList<T>, Task> together, Func<T, Task> alone, TimeProvider clock, TimeSpan linger = default)
{
    /// <summary>The number of rows of a statement is part of its text, and each text is prepared once.</summary>
    private const int Most = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Group> _open = new(StringComparer.Ordinal);
    private volatile bool _hurries;

    /// <returns>Completes when it is durable, or with the exception of writing it alone.</returns>
    public Task AddAsync(string tenant, T item)
    {
        Group group;
        Task done;
        lock (_gate)
        {
            if (_open.TryGetValue(tenant, out var open) && open.Items.Count < Most)
            {
                done = open.Add(item);
                if (open.Items.Count == Most) open.Ready.TrySetResult();
                return done;
            }
            _open[tenant] = group = new Group();
            done = group.Add(item);
        }
        _ = RunAsync(tenant, group);
        return done;
    }

    /// <summary>From now on nothing lingers.</summary>
    public void Hurry()
    {
        _hurries = true;
        lock (_gate)
            foreach (var group in _open.Values) group.Ready.TrySetResult();
    }

    private async Task RunAsync(string tenant, Group group)
    {
        try
        {
            if (linger > TimeSpan.Zero && !_hurries)
            {
                await using var timer = clock.CreateTimer(static group => ((Group)group!).Ready.TrySetResult(), group, linger, Timeout.InfiniteTimeSpan);
                await group.Ready.Task;
            }
            await db.WriteAsync(tenant, work =>
            {
                Close(tenant, group);
                work.OnCommit(group.Succeed);
                return together(work, group.Items);
            }, CancellationToken.None);
        }
        catch (Exception exception)
        {
            Close(tenant, group);
            if (group.Items is [_]) group.Done[0].TrySetException(exception);
            else for (var i = 0; i < group.Items.Count; i++) _ = AloneAsync(group, i);
        }
    }

    private async Task AloneAsync(Group group, int place)
    {
        try
        {
            await alone(group.Items[place]);
            group.Done[place].TrySetResult();
        }
        catch (Exception exception)
        {
            group.Done[place].TrySetException(exception);
        }
    }

    private void Close(string tenant, Group group)
    {
        lock (_gate)
            if (_open.TryGetValue(tenant, out var open) && ReferenceEquals(open, group)) _open.Remove(tenant);
    }

    private sealed class Group
    {
        public List<T> Items { get; } = [];

        public List<TaskCompletionSource> Done { get; } = [];

        /// <summary>It lingers no more.</summary>
        public TaskCompletionSource Ready { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Add(T item)
        {
            Items.Add(item);
            Done.Add(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            return Done[^1].Task;
        }

        public void Succeed()
        {
            foreach (var done in Done) done.TrySetResult();
        }
    }
}
