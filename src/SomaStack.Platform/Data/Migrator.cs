namespace SomaStack.Platform;

/// <summary>
/// Applies each room's numbered <c>.sql</c> files in order, under a lock, and keeps their checksums: a file that has been applied
/// never changes. <c>0003_x.postgres.sql</c> replaces <c>0003_x.sql</c> on that database. Forward only: expand, then contract.
/// </summary>
public static class Migrator
{
    public static async Task RunAsync(Db db, IReadOnlyList<Room> rooms, TimeProvider clock, CancellationToken cancellationToken)
    {
        await db.MigrateAsync(
            async work =>
            {
                await work.ExecuteAsync($"""
                    CREATE TABLE IF NOT EXISTS schema_migrations (
                        room TEXT NOT NULL, file TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL,
                        PRIMARY KEY (room, file))
                    """);
                var applied = (await work.QueryAsync(static reader => (Key: reader.GetString(0) + "/" + reader.GetString(1), Checksum: reader.GetString(2)),
                    $"SELECT room, file, checksum FROM schema_migrations")).ToDictionary(row => row.Key, row => row.Checksum, StringComparer.Ordinal);
                foreach (var room in rooms)
                    foreach (var (file, script) in Scripts(room, db.Name))
                    {
                        var checksum = TextDigest.Of(script);
                        if (applied.TryGetValue(room.Name + "/" + file, out var known))
                        {
                            if (known != checksum) throw new InvalidOperationException($"Migration {room.Name}/{file} was changed after it was applied. Add a new file instead.");
                            continue;
                        }
                        foreach (var statement in Statements(script)) await work.ExecuteAsync($"{statement:raw}");
                        await work.ExecuteAsync($"INSERT INTO schema_migrations (room, file, checksum, applied_at) VALUES ({room.Name}, {file}, {checksum}, {clock.NowMicros()})");
                    }
            },
            cancellationToken);
        await db.SecureTablesAsync(cancellationToken);
    }

    /// <summary>The files of one room for one database, in order.</summary>
    internal static IEnumerable<(string File, string Script)> Scripts(Room room, string database)
    {
        var prefix = room.Name + "/migrations/";
        var names = room.Assembly.GetManifestResourceNames().Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        foreach (var name in names)
        {
            var file = name[prefix.Length..^".sql".Length];
            var dialect = file.Contains('.', StringComparison.Ordinal) ? file[(file.IndexOf('.', StringComparison.Ordinal) + 1)..] : null;
            if (dialect is null && names.Contains($"{prefix}{file}.{database}.sql")) continue;
            if (dialect is not null && dialect != database) continue;
            using var reader = new StreamReader(room.Assembly.GetManifestResourceStream(name)!);
            yield return (file, reader.ReadToEnd());
        }
    }

    /// <summary>Statements end with a semicolon at the end of a line; our scripts hold no procedures.</summary>
    private static IEnumerable<string> Statements(string script) =>
        script.Split(";\n").Select(statement => statement.Trim().TrimEnd(';')).Where(statement => statement.Split('\n').Any(line => !line.TrimStart().StartsWith("--", StringComparison.Ordinal) && line.Trim().Length > 0));
}
