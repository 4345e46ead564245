using System.Buffers;
using System.Data.Common;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SomaStack.Platform;

/// <summary>
/// A connection with its prepared statements; used by one thread at a time. Statements are bound and stepped through SQLite's own
/// interface: the ADO.NET command looks each parameter up by name and makes a reader at every execution, which took longer than
/// SQLite itself for the small statements of a model call.
/// </summary>
internal sealed class SqliteSession(SqliteConnection connection) : IDisposable
{
    private const int StatementLimit = 256;

    private readonly Dictionary<Sql, SqliteStatement> _statements = new(SqlText.Comparer);

    /// <summary>False between transactions, and after SQLite itself has rolled one back.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(connection.Handle) == 0;

    /// <returns>Rows changed by the statement.</returns>
    public int Execute(Sql sql)
    {
        if (Find(sql) is not { } statement) return ExecuteScript(sql);
        return statement.Execute(sql.Values);
    }

    public List<T> Query<T>(Func<DbDataReader, T> map, Sql sql)
    {
        var statement = Find(sql) ?? throw new InvalidOperationException("A query is one statement.");
        return statement.Query(map, sql.Values);
    }

    public void Dispose()
    {
        Forget();
        connection.Dispose();
    }

    /// <summary>Null when the text holds several statements: those run once, at the start, and are not kept.</summary>
    private SqliteStatement? Find(Sql sql)
    {
        if (_statements.TryGetValue(sql, out var statement)) return statement;
        if (SqliteStatement.Prepare(connection.Handle!, sql.Text, sql.Values.Count) is not { } prepared) return null;
        if (_statements.Count >= StatementLimit) Forget();
        _statements.Add(sql.WithoutValues(), prepared);
        return prepared;
    }

    private int ExecuteScript(Sql sql)
    {
        if (sql.Values.Count > 0) throw new InvalidOperationException("Only a single statement takes values.");
        using var command = connection.CreateCommand();
        command.CommandText = sql.Text;
        return command.ExecuteNonQuery();
    }

    private void Forget()
    {
        foreach (var statement in _statements.Values) statement.Dispose();
        _statements.Clear();
    }
}

/// <summary>One prepared statement of a connection.</summary>
internal sealed class SqliteStatement : IDisposable
{
    private const int StackBytes = 512;

    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;
    private readonly SqliteRow _row;

    private SqliteStatement(sqlite3 database, sqlite3_stmt statement)
    {
        (_database, _statement) = (database, statement);
        _row = new SqliteRow(statement);
    }

    /// <returns>Null when the text holds more than one statement.</returns>
    /// <exception cref="SqliteException">The text is no SQL.</exception>
    public static SqliteStatement? Prepare(sqlite3 database, string text, int values)
    {
        var utf8 = Encoding.UTF8.GetBytes(text + '\0');
        var code = raw.sqlite3_prepare_v3(database, utf8.AsSpan(), raw.SQLITE_PREPARE_PERSISTENT, out var statement, out var rest);
        SqliteException.ThrowExceptionForRC(code, database);
        if (rest.Trim((byte)0).TrimEnd(" \t\r\n;"u8).TrimStart(" \t\r\n;"u8).Length > 0)
        {
            statement.Dispose();
            return null;
        }
        if (raw.sqlite3_bind_parameter_count(statement) == values) return new SqliteStatement(database, statement);
        statement.Dispose();
        throw new InvalidOperationException($"The statement has another number of parameters than the {values} values given.");
    }

    public int Execute(IReadOnlyList<object?> values)
    {
        try
        {
            Bind(values);
            int code;
            while ((code = raw.sqlite3_step(_statement)) == raw.SQLITE_ROW)
            {
            }
            Check(code);
            return raw.sqlite3_changes(_database);
        }
        finally
        {
            Reset();
        }
    }

    public List<T> Query<T>(Func<DbDataReader, T> map, IReadOnlyList<object?> values)
    {
        try
        {
            Bind(values);
            var rows = new List<T>();
            int code;
            while ((code = raw.sqlite3_step(_statement)) == raw.SQLITE_ROW) rows.Add(map(_row));
            Check(code);
            return rows;
        }
        finally
        {
            Reset();
        }
    }

    public void Dispose() => _statement.Dispose();

    private void Reset()
    {
        _ = raw.sqlite3_reset(_statement);
        // Or the last values would stay in memory as long as the statement.
        _ = raw.sqlite3_clear_bindings(_statement);
    }

    private void Check(int code)
    {
        if (code != raw.SQLITE_DONE) SqliteException.ThrowExceptionForRC(code, _database);
    }

    private void Bind(IReadOnlyList<object?> values)
    {
        for (var i = 0; i < values.Count; i++)
        {
            var code = values[i] switch
            {
                null => raw.sqlite3_bind_null(_statement, i + 1),
                string text => BindText(i + 1, text),
                long number => raw.sqlite3_bind_int64(_statement, i + 1, number),
                double number => raw.sqlite3_bind_double(_statement, i + 1, double.IsNaN(number) ? throw Problem.Invalid("number", "must be a number") : number),
                bool flag => raw.sqlite3_bind_int64(_statement, i + 1, flag ? 1 : 0),
                byte[] bytes => bytes.Length == 0 ? raw.sqlite3_bind_zeroblob(_statement, i + 1, 0) : raw.sqlite3_bind_blob(_statement, i + 1, bytes),
                var other => throw new InvalidOperationException($"A value of type {other.GetType().Name} cannot be stored."),
            };
            SqliteException.ThrowExceptionForRC(code, _database);
        }
    }

    private int BindText(int index, string text)
    {
        // SQLite copies what it is given. An empty span would be taken for NULL.
        if (text.Length == 0) return raw.sqlite3_bind_text(_statement, index, "");
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        byte[]? rented = null;
        var bytes = most <= StackBytes ? stackalloc byte[StackBytes] : rented = ArrayPool<byte>.Shared.Rent(most);
        var length = Encoding.UTF8.GetBytes(text, bytes);
        var code = raw.sqlite3_bind_text(_statement, index, bytes[..length]);
        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        return code;
    }
}
