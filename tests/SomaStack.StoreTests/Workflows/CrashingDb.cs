using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Workflows;

/// <summary>The process died: it hears of nothing and writes nothing any more.</summary>
internal sealed class CrashedException : Exception;

/// <summary>
/// A database as a process sees it that dies at a certain write: before it is committed, or after it is committed and before anybody hears of
/// that. Everything it tries afterwards fails.
/// </summary>
internal sealed class CrashingDb(Db inner, int dieAt, bool committed) : Db
{
    private int _writes;
    private volatile bool _dead;
    private volatile bool _armed;

    public override string Name => inner.Name;

    public override string SkipLocked => inner.SkipLocked;

    public override string Held => inner.Held;

    public bool IsDead => _dead;

    public int Writes => _writes;

    /// <summary>Completes when the process has died.</summary>
    public TaskCompletionSource Died { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Arm() => _armed = true;

    public void Die()
    {
        _dead = true;
        Died.TrySetResult();
    }

    public override Task<long> JournalHorizonAsync(CancellationToken cancellationToken) => inner.JournalHorizonAsync(cancellationToken);

    public override bool IsUniqueViolation(Exception exception) => inner.IsUniqueViolation(exception);

    public override async Task<T> WriteAsync<T>(string tenant, Func<DbWork, Task<T>> work, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        var dies = _armed && Interlocked.Increment(ref _writes) == dieAt;
        if (dies && !committed)
        {
            Die();
            ThrowIfDead();
        }
        var result = await inner.WriteAsync(tenant, work, cancellationToken);
        if (dies) Die();
        ThrowIfDead();
        return result;
    }

    public override Task<List<T>> QueryAsync<T>(string tenant, Func<DbDataReader, T> map, Sql sql, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        return inner.QueryAsync(tenant, map, sql, cancellationToken);
    }

    internal override Task MigrateAsync(Func<DbWork, Task> work, CancellationToken cancellationToken) => inner.MigrateAsync(work, cancellationToken);

    internal override Task SecureTablesAsync(CancellationToken cancellationToken) => inner.SecureTablesAsync(cancellationToken);

    public override ValueTask DisposeAsync() => inner.DisposeAsync();

    private void ThrowIfDead()
    {
        if (_dead) throw new CrashedException();
    }
}
