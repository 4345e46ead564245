using System.Data.Common;

namespace SomaStack.Platform;

/// <summary>
/// One portable SQL over SQLite and PostgreSQL. Every call names the tenant whose rows it may touch: on PostgreSQL row-level
/// security holds it to that, on SQLite the statements' own tenant condition does (a test reads all SQL for it).
/// </summary>
public abstract class Db : IAsyncDisposable
{
    /// <summary>The scope of platform work that spans tenants: relay, sealer, migrations. No request ever runs under it.</summary>
    public const string AllTenants = "*";

    /// <param name="url"><c>sqlite:PATH</c> or <c>postgres://user:password@host:port/database</c>.</param>
    public static Db Open(string url)
    {
        if (url.StartsWith("sqlite:", StringComparison.Ordinal)) return new SqliteDb(url["sqlite:".Length..]);
        if (url.StartsWith("postgres://", StringComparison.Ordinal) || url.StartsWith("postgresql://", StringComparison.Ordinal)) return new PostgresDb(new Uri(url));
        throw new ArgumentException("SOMA_DATABASE must be sqlite:PATH or postgres://user:password@host:port/database.", nameof(url));
    }

    /// <summary>sqlite or postgres; also the suffix of migration files that only one of them runs.</summary>
    public abstract string Name { get; }

    /// <summary>Appended with <c>:raw</c> to a SELECT that claims queue rows; empty where there is only one writer.</summary>
    public abstract string SkipLocked { get; }

    /// <summary>Appended with <c>:raw</c> to a SELECT whose rows are to stay as they are until the transaction ends; empty where there is only one writer.</summary>
    public abstract string Held { get; }

    /// <summary>The journal rows with <c>tx</c> below this are final: no row can still appear before them.</summary>
    public abstract Task<long> JournalHorizonAsync(CancellationToken cancellationToken);

    public abstract bool IsUniqueViolation(Exception exception);

    /// <summary>
    /// Runs <paramref name="work"/> in one transaction and commits it; an exception rolls all of it back. On SQLite concurrent calls
    /// share one commit (group commit), so the work must do nothing but talk to the database and must be safe to run again.
    /// </summary>
    public abstract Task<T> WriteAsync<T>(string tenant, Func<DbWork, Task<T>> work, CancellationToken cancellationToken);

    public abstract Task<List<T>> QueryAsync<T>(string tenant, Func<DbDataReader, T> map, Sql sql, CancellationToken cancellationToken);

    /// <summary>
    /// Hands over what <see cref="DbWork.NotifyAsync"/> tells on this channel in any process, in the order of the commits, until cancelled.
    /// Throws when the connection breaks: what was told meanwhile is lost. SQLite serves one process, so there nothing is ever heard.
    /// </summary>
    /// <param name="channel">A constant of the program: lower-case letters and underscores.</param>
    /// <param name="listening">Called once it listens.</param>
    public virtual Task ListenAsync(string channel, Action listening, Action<string> heard, CancellationToken cancellationToken)
    {
        listening();
        return Task.Delay(Timeout.Infinite, cancellationToken);
    }

    /// <summary>Runs a whole migration script outside tenant scopes.</summary>
    internal abstract Task MigrateAsync(Func<DbWork, Task> work, CancellationToken cancellationToken);

    /// <summary>The wall behind the SQL: row-level security for every table with a tenant column. Nothing to do on SQLite.</summary>
    internal virtual Task SecureTablesAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>What an operator should know about this connection, or null when all is well.</summary>
    public virtual Task<string?> WarningAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    public async Task<T?> FindAsync<T>(string tenant, Func<DbDataReader, T> map, Sql sql, CancellationToken cancellationToken) where T : class
    {
        var rows = await QueryAsync(tenant, map, sql, cancellationToken);
        return rows.Count == 0 ? null : rows[0];
    }

    /// <summary>The first column of the first row as a whole number; null when there is no row or it is NULL.</summary>
    public async Task<long?> NumberAsync(string tenant, Sql sql, CancellationToken cancellationToken)
    {
        var rows = await QueryAsync(tenant, static reader => reader.IsDBNull(0) ? (long?)null : reader.GetInt64(0), sql, cancellationToken);
        return rows.Count == 0 ? null : rows[0];
    }

    public Task WriteAsync(string tenant, Func<DbWork, Task> work, CancellationToken cancellationToken) =>
        WriteAsync(tenant, async unit => { await work(unit); return true; }, cancellationToken);

    public abstract ValueTask DisposeAsync();
}

/// <summary>One open transaction.</summary>
public abstract class DbWork
{
    private List<Action>? _onCommit;

    public abstract string Tenant { get; }

    /// <summary>Rows changed.</summary>
    public abstract Task<int> ExecuteAsync(Sql sql);

    public abstract Task<List<T>> QueryAsync<T>(Func<DbDataReader, T> map, Sql sql);

    /// <summary>Several statements in this order, in one round trip where there is one.</summary>
    /// <returns>Rows changed by each.</returns>
    public virtual async Task<int[]> ExecuteAllAsync(IReadOnlyList<Sql> statements)
    {
        var changed = new int[statements.Count];
        for (var i = 0; i < changed.Length; i++) changed[i] = await ExecuteAsync(statements[i]);
        return changed;
    }

    public async Task<T?> FindAsync<T>(Func<DbDataReader, T> map, Sql sql) where T : class
    {
        var rows = await QueryAsync(map, sql);
        return rows.Count == 0 ? null : rows[0];
    }

    public async Task<long?> NumberAsync(Sql sql)
    {
        var rows = await QueryAsync(static reader => reader.IsDBNull(0) ? (long?)null : reader.GetInt64(0), sql);
        return rows.Count == 0 ? null : rows[0];
    }

    /// <summary>Tells the listeners of all processes with the commit; nothing where one process has the database to itself.</summary>
    /// <param name="message">Less than 8000 bytes.</param>
    public virtual Task NotifyAsync(string channel, string message) => Task.CompletedTask;

    /// <summary>Runs after the commit and before the caller hears of it: for in-memory projections, which must not throw.</summary>
    public void OnCommit(Action action) => (_onCommit ??= []).Add(action);

    internal void Committed()
    {
        if (_onCommit is null) return;
        foreach (var action in _onCommit) action();
        _onCommit = null;
    }
}

public static class Columns
{
    public static string? Text(this DbDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);

    public static long? Number(this DbDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetInt64(ordinal);

    public static DateTimeOffset Instant(this DbDataReader reader, int ordinal) => reader.GetInt64(ordinal).ToInstant();

    public static DateTimeOffset? MaybeInstant(this DbDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetInt64(ordinal).ToInstant();

    public static byte[] Bytes(this DbDataReader reader, int ordinal) => reader.GetFieldValue<byte[]>(ordinal);
}
