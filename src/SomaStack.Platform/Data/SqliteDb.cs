using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace SomaStack.Platform;

/// <summary>
/// SQLite in WAL mode: readers never wait; one writer thread gathers the writes that are waiting into one durable commit
/// (<c>synchronous=FULL</c>). When one fails all are run again, each in its own savepoint, so that it takes no other with it.
/// </summary>
internal sealed class SqliteDb : Db
{
    private const int BatchLimit = 256;
    private const int QueueLimit = 4096;
    private const int ReaderLimit = 8;

    private readonly string _connectionString;
    private readonly ConcurrentBag<SqliteSession> _readers = [];
    private readonly SemaphoreSlim _readerSlots = new(ReaderLimit * 4);
    private readonly WriteQueue<PendingWrite> _writes = new(QueueLimit);
    private readonly Lock _starting = new();
    private Thread? _writer;

    public SqliteDb(string path)
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(path));
        if (directory is not null) Directory.CreateDirectory(directory);
        _connectionString = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, ForeignKeys = true, DefaultTimeout = 30 }.ToString();
    }

    public override string Name => "sqlite";

    public override string SkipLocked => "";

    public override string Held => "";

    public override Task<long> JournalHorizonAsync(CancellationToken cancellationToken) => Task.FromResult(long.MaxValue);

    /// <summary>SQLITE_CONSTRAINT_UNIQUE is 2067, SQLITE_CONSTRAINT_PRIMARYKEY 1555 (sqlite.org/rescode.html).</summary>
    public override bool IsUniqueViolation(Exception exception) => exception is SqliteException { SqliteExtendedErrorCode: 2067 or 1555 };

    public override async Task<List<T>> QueryAsync<T>(string tenant, Func<DbDataReader, T> map, Sql sql, CancellationToken cancellationToken)
    {
        await _readerSlots.WaitAsync(cancellationToken);
        try
        {
            if (!_readers.TryTake(out var session)) session = Connect();
            try
            {
                return session.Query(map, sql);
            }
            finally
            {
                if (_readers.Count < ReaderLimit) _readers.Add(session);
                else session.Dispose();
            }
        }
        finally
        {
            _readerSlots.Release();
        }
    }

    public override async Task<T> WriteAsync<T>(string tenant, Func<DbWork, Task<T>> work, CancellationToken cancellationToken)
    {
        EnsureWriter();
        var write = new PendingWrite<T>(tenant, work, cancellationToken);
        await _writes.AddAsync(write, cancellationToken);
        return await write.Completion.Task;
    }

    internal override async Task MigrateAsync(Func<DbWork, Task> work, CancellationToken cancellationToken)
    {
        using var session = Connect();
        session.Execute($"BEGIN EXCLUSIVE");
        try
        {
            await work(new SqliteWork(session, AllTenants));
            session.Execute($"COMMIT");
        }
        catch
        {
            session.Execute($"ROLLBACK");
            throw;
        }
    }

    public override ValueTask DisposeAsync()
    {
        _writes.Complete();
        _writer?.Join(TimeSpan.FromSeconds(10));
        foreach (var reader in _readers) reader.Dispose();
        _readerSlots.Dispose();
        _writes.Dispose();
        return ValueTask.CompletedTask;
    }

    private SqliteSession Connect()
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        var session = new SqliteSession(connection);
        // A checkpoint writes the pages back one by one: after 32 MiB instead of SQLite's 4, since a commit of 256 memories alone changes more than 4.
        session.Execute($"PRAGMA busy_timeout=30000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=8000; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8192;");
        return session;
    }

    private void EnsureWriter()
    {
        if (_writer is not null) return;
        lock (_starting)
        {
            if (_writer is not null) return;
            _writer = new Thread(WriteLoop) { IsBackground = true, Name = "sqlite-writer" };
            _writer.Start();
        }
    }

    private void WriteLoop()
    {
        using var session = Connect();
        // Readers hold less: the pages that a large commit changes should stay in memory until it ends.
        session.Execute($"PRAGMA cache_size=-32768");
        var batch = new List<PendingWrite>(BatchLimit);
        while (_writes.Take(batch, BatchLimit)) CommitBatch(session, batch);
    }

    private static void CommitBatch(SqliteSession session, List<PendingWrite> batch)
    {
        try
        {
            if (!RunTogether(session, batch)) RunApart(session, batch);
            if (session.InTransaction) session.Execute($"COMMIT");
        }
        catch (Exception exception)
        {
            if (session.InTransaction) session.Execute($"ROLLBACK");
            foreach (var write in batch) write.Fail(exception);
            return;
        }
        foreach (var write in batch) write.Succeed();
    }

    /// <summary>
    /// Without savepoints: under an open one SQLite keeps the old pages of all statements in one list and walks it after each statement
    /// that may fail half-way, which took half of the time of a transaction of 256 memories.
    /// </summary>
    /// <returns>False when a write failed and took the others with it: the transaction is rolled back, and nothing has happened.</returns>
    private static bool RunTogether(SqliteSession session, List<PendingWrite> batch)
    {
        session.Execute($"BEGIN IMMEDIATE");
        foreach (var write in batch)
        {
            if (write.Run(session) && session.InTransaction) continue;
            if (session.InTransaction) session.Execute($"ROLLBACK");
            else if (write.Failure is null) throw new InvalidOperationException("The database ended the transaction.");
            // Alone it took nothing with it.
            return batch.Count == 1;
        }
        return true;
    }

    /// <summary>Each write again, in a savepoint of its own.</summary>
    private static void RunApart(SqliteSession session, List<PendingWrite> batch)
    {
        session.Execute($"BEGIN IMMEDIATE");
        foreach (var write in batch)
        {
            session.Execute($"SAVEPOINT one");
            if (write.Run(session)) session.Execute($"RELEASE one");
            else if (session.InTransaction) session.Execute($"ROLLBACK TO one; RELEASE one");
            // A full disk or an I/O error ends the whole transaction: nobody in the batch may hear of success.
            if (!session.InTransaction) throw new InvalidOperationException("The database ended the transaction.", write.Failure);
        }
    }

    private abstract class PendingWrite
    {
        public Exception? Failure { get; protected set; }

        public abstract bool Run(SqliteSession session);

        public abstract void Succeed();

        public abstract void Fail(Exception exception);
    }

    private sealed class PendingWrite<T>(string tenant, Func<DbWork, Task<T>> work, CancellationToken cancellationToken) : PendingWrite
    {
        private SqliteWork? _unit;
        private T _result = default!;

        public TaskCompletionSource<T> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override bool Run(SqliteSession session)
        {
            Failure = null;
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                _unit = new SqliteWork(session, tenant);
                _result = work(_unit).GetAwaiter().GetResult();
                return true;
            }
            catch (Exception exception)
            {
                Failure = exception;
                return false;
            }
        }

        public override void Succeed()
        {
            if (Failure is not null)
            {
                Completion.TrySetException(Failure);
                return;
            }
            try
            {
                _unit?.Committed();
                Completion.TrySetResult(_result);
            }
            catch (Exception exception)
            {
                Completion.TrySetException(exception);
            }
        }

        public override void Fail(Exception exception) => Completion.TrySetException(Failure ?? exception);
    }

    private sealed class SqliteWork(SqliteSession session, string tenant) : DbWork
    {
        public override string Tenant => tenant;

        public override Task<int> ExecuteAsync(Sql sql) => Task.FromResult(session.Execute(sql));

        public override Task<List<T>> QueryAsync<T>(Func<DbDataReader, T> map, Sql sql) => Task.FromResult(session.Query(map, sql));
    }
}
