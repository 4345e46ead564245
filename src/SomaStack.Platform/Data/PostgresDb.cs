using System.Data.Common;
using Npgsql;

namespace SomaStack.Platform;

/// <summary>
/// PostgreSQL. The tenant travels with the first statement of every call (one round trip) and row-level security compares it,
/// so a statement that forgot its tenant condition finds nothing.
/// </summary>
internal sealed class PostgresDb : Db
{
    private const int Attempts = 3;

    private readonly NpgsqlDataSource _source;
    private readonly string _listener;

    public PostgresDb(Uri url)
    {
        var settings = Settings(url);
        _source = NpgsqlDataSource.Create(settings);
        // A connection of its own that is never handed to anybody else; keep-alives find out when its peer is gone.
        _listener = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Pooling = false, KeepAlive = 10, ApplicationName = "soma-listen" }.ConnectionString;
    }

    /// <summary>What the address says, for the driver: <c>postgres://user:password@host:port/database?Name=value</c>, names as Npgsql has them.</summary>
    public static NpgsqlConnectionStringBuilder Settings(Uri url)
    {
        var user = url.UserInfo.Split(':', 2);
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = url.Host,
            Port = url.Port < 0 ? 5432 : url.Port,
            Database = url.AbsolutePath.Trim('/'),
            Username = Uri.UnescapeDataString(user[0]),
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
            MaxAutoPrepare = 200,
            AutoPrepareMinUsages = 2,
            MaxPoolSize = 64,
            // Every call begins by setting its own tenant, and nothing else is kept in a session: resetting it each time would only cost.
            NoResetOnClose = true,
            ApplicationName = "soma",
        };
        foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            settings[Uri.UnescapeDataString(parts[0])] = Uri.UnescapeDataString(parts.Length > 1 ? parts[1] : "");
        }
        return settings;
    }

    public override string Name => "postgres";

    public override string SkipLocked => " FOR UPDATE SKIP LOCKED";

    public override string Held => " FOR SHARE";

    public override async Task<long> JournalHorizonAsync(CancellationToken cancellationToken) =>
        await NumberAsync(AllTenants, $"SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint", cancellationToken) ?? 0;

    public override bool IsUniqueViolation(Exception exception) => exception is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };

    public override async Task<List<T>> QueryAsync<T>(string tenant, Func<DbDataReader, T> map, Sql sql, CancellationToken cancellationToken)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        return await new PostgresWork(connection, null, tenant, cancellationToken).QueryAsync(map, sql);
    }

    public override async Task<T> WriteAsync<T>(string tenant, Func<DbWork, Task<T>> work, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var connection = await _source.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            try
            {
                var unit = new PostgresWork(connection, transaction, tenant, cancellationToken);
                var result = await work(unit);
                await transaction.CommitAsync(cancellationToken);
                unit.Committed();
                return result;
            }
            catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected && attempt < Attempts)
            {
                // Rolled back by the server; the work is safe to run again.
            }
        }
    }

    public override async Task ListenAsync(string channel, Action listening, Action<string> heard, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(_listener);
        await connection.OpenAsync(cancellationToken);
        connection.Notification += (_, told) => heard(told.Payload);
        await using (var command = new NpgsqlCommand($"LISTEN \"{channel}\"", connection)) await command.ExecuteNonQueryAsync(cancellationToken);
        listening();
        while (true) await connection.WaitAsync(cancellationToken);
    }

    internal override async Task MigrateAsync(Func<DbWork, Task> work, CancellationToken cancellationToken)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var unit = new PostgresWork(connection, transaction, AllTenants, cancellationToken);
        // 'soma' in ASCII: replicas that start together take turns.
        await unit.ExecuteAsync($"SELECT pg_advisory_xact_lock(1936682337)");
        await work(unit);
        await transaction.CommitAsync(cancellationToken);
    }

    internal override Task SecureTablesAsync(CancellationToken cancellationToken) => MigrateAsync(
        async unit =>
        {
            var tables = await unit.QueryAsync(
                static reader => reader.GetString(0),
                $"""
                SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant' AND NOT a.attisdropped
                WHERE n.nspname = current_schema() AND c.relkind = 'r'
                  AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant_wall')
                """);
            foreach (var table in tables)
            {
                await unit.ExecuteAsync($"ALTER TABLE {table:raw} ENABLE ROW LEVEL SECURITY");
                await unit.ExecuteAsync($"ALTER TABLE {table:raw} FORCE ROW LEVEL SECURITY");
                await unit.ExecuteAsync($"""
                    CREATE POLICY tenant_wall ON {table:raw}
                    USING (current_setting('soma.tenant', true) IN (tenant, '*'))
                    WITH CHECK (current_setting('soma.tenant', true) IN (tenant, '*'))
                    """);
            }
        },
        cancellationToken);

    public override async Task<string?> WarningAsync(CancellationToken cancellationToken) =>
        await NumberAsync(AllTenants, $"SELECT CASE WHEN rolsuper OR rolbypassrls THEN 1 ELSE 0 END::bigint FROM pg_roles WHERE rolname = current_user", cancellationToken) == 1
            ? "The database role bypasses row-level security; connect as an ordinary role."
            : null;

    public override ValueTask DisposeAsync() => _source.DisposeAsync();

    private sealed class PostgresWork(NpgsqlConnection connection, NpgsqlTransaction? transaction, string tenant, CancellationToken cancellationToken) : DbWork
    {
        private bool _scoped;

        public override string Tenant => tenant;

        public override async Task<int> ExecuteAsync(Sql sql)
        {
            await using var batch = Prepare(sql);
            await batch.ExecuteNonQueryAsync(cancellationToken);
            return (int)batch.BatchCommands[^1].RecordsAffected;
        }

        public override async Task<List<T>> QueryAsync<T>(Func<DbDataReader, T> map, Sql sql)
        {
            await using var batch = Prepare(sql);
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            if (batch.BatchCommands.Count == 2) await reader.NextResultAsync(cancellationToken);
            var rows = new List<T>();
            while (await reader.ReadAsync(cancellationToken)) rows.Add(map(reader));
            return rows;
        }

        public override async Task<int[]> ExecuteAllAsync(IReadOnlyList<Sql> statements)
        {
            if (statements.Count == 0) return [];
            await using var batch = Prepare(statements[0]);
            var first = batch.BatchCommands.Count - 1;
            for (var i = 1; i < statements.Count; i++) batch.BatchCommands.Add(Command(statements[i]));
            await batch.ExecuteNonQueryAsync(cancellationToken);
            var changed = new int[statements.Count];
            for (var i = 0; i < changed.Length; i++) changed[i] = (int)batch.BatchCommands[first + i].RecordsAffected;
            return changed;
        }

        public override Task NotifyAsync(string channel, string message) => ExecuteAsync($"SELECT pg_notify({channel}, {message})");

        private NpgsqlBatch Prepare(Sql sql)
        {
            var batch = new NpgsqlBatch(connection, transaction);
            if (!_scoped)
            {
                // Session scope: whoever has the connection next sets its own tenant with its first statement.
                var scope = new NpgsqlBatchCommand("SELECT set_config('soma.tenant', $1, false)");
                scope.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenant });
                batch.BatchCommands.Add(scope);
                _scoped = true;
            }
            batch.BatchCommands.Add(Command(sql));
            return batch;
        }

        private static NpgsqlBatchCommand Command(Sql sql)
        {
            var command = new NpgsqlBatchCommand(sql.Text);
            foreach (var value in sql.Values) command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
            return command;
        }
    }
}
