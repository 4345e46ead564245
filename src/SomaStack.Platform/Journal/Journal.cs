using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace SomaStack.Platform;

/// <summary>A line that is written and sealed, and only has to be appended: so that work need not be done inside a transaction.</summary>
public sealed record JournalEntry(
    string Id, string Tenant, string Subject, long Version, string Type, long OccurredAt, string Actor, string TraceId, string Data, byte[] Seal);

/// <summary>
/// The append-only journal: outbox, audit trail, analytics feed and history in one table. An event is appended in the use case's
/// own transaction, so it is there exactly when the change is.
/// </summary>
public sealed class Journal(TimeProvider clock)
{
    private const int StackBytes = 2048;

    private readonly ConcurrentDictionary<string, Action[]> _listeners = new(StringComparer.Ordinal);

    /// <summary>Rings after each local commit that appended a line.</summary>
    public JournalSignal Committed { get; } = new();

    /// <summary>A signal that rings after each local commit that appended a line of one of these types.</summary>
    internal JournalSignal CommittedOf(IReadOnlyList<string> types)
    {
        var signal = new JournalSignal();
        foreach (var type in types) _listeners.AddOrUpdate(type, [signal.Ring], (_, known) => [.. known, signal.Ring]);
        return signal;
    }

    /// <summary>Appends one event as the next version of its subject.</summary>
    /// <param name="version">1 for the first event of a subject; the pair is the optimistic lock.</param>
    /// <returns>The position of the line.</returns>
    /// <exception cref="Exception">A unique violation (<see cref="Db.IsUniqueViolation"/>) when the version is taken.</exception>
    public async Task<long> AppendAsync<T>(DbWork work, RequestContext context, string subject, long version, string type, T data, JsonTypeInfo<T> shape)
    {
        var entry = Prepare(context, subject, version, type, data, shape);
        var position = await work.NumberAsync($"""
            INSERT INTO journal (id, tenant, subject, version, type, occurred_at, actor, trace_id, data, seal)
            VALUES ({entry.Id}, {entry.Tenant}, {entry.Subject}, {entry.Version}, {entry.Type}, {entry.OccurredAt}, {entry.Actor}, {entry.TraceId}, {entry.Data}, {entry.Seal})
            RETURNING position
            """);
        Announce(work, entry);
        work.OnCommit(Committed.Ring);
        return position!.Value;
    }

    /// <summary>Appends a fact that belongs to no aggregate: its subject is its own.</summary>
    public Task<long> AppendAsync<T>(DbWork work, RequestContext context, string type, T data, JsonTypeInfo<T> shape) =>
        AppendAsync(work, context, "fact/" + Ids.New(clock), 1, type, data, shape);

    /// <summary>Appends several lines of one tenant, in this order, with one statement.</summary>
    /// <exception cref="Exception">A unique violation (<see cref="Db.IsUniqueViolation"/>) when a version is taken; then none is appended.</exception>
    public async Task AppendAsync(DbWork work, IReadOnlyList<JournalEntry> entries)
    {
        if (entries.Count == 0) return;
        await work.ExecuteAsync(Appending(work, entries));
    }

    /// <summary>The statement that appends them, for whoever sends several at once; those who listen hear of it with the commit of the work.</summary>
    public Sql Appending(DbWork work, IReadOnlyList<JournalEntry> entries)
    {
        Sql sql = $"INSERT INTO journal (id, tenant, subject, version, type, occurred_at, actor, trace_id, data, seal) VALUES ";
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            sql.AppendRow(i, entry.Id, entry.Tenant, entry.Subject, entry.Version, entry.Type, entry.OccurredAt, entry.Actor, entry.TraceId, entry.Data, entry.Seal);
        }
        foreach (var entry in entries) Announce(work, entry);
        work.OnCommit(Committed.Ring);
        return sql;
    }

    /// <summary>Writes and seals a line without appending it.</summary>
    public JournalEntry Prepare<T>(RequestContext context, string subject, long version, string type, T data, JsonTypeInfo<T> shape)
    {
        var id = Ids.New(clock);
        var occurredAt = clock.NowMicros();
        var json = JsonSerializer.Serialize(data, shape);
        var actor = context.Principal.Id;
        return new JournalEntry(id, context.Tenant, subject, version, type, occurredAt, actor, context.TraceId, json,
            Seal(id, context.Tenant, subject, version, type, occurredAt, actor, context.TraceId, json));
    }

    /// <summary>
    /// RFC 6962 leaf hash, SHA-256(0x00 ‖ line). The line is every field's UTF-8 bytes, each preceded by its length as 8 bytes
    /// big-endian, in the order of the parameters; numbers as decimal text.
    /// </summary>
    public static byte[] Seal(string id, string tenant, string subject, long version, string type, long occurredAtMicros, string actor, string traceId, string data)
    {
        ReadOnlySpan<string> fields = [id, tenant, subject, Text(version), type, Text(occurredAtMicros), actor, traceId, data];
        var most = 1;
        foreach (var field in fields) most += 8 + Encoding.UTF8.GetMaxByteCount(field.Length);
        byte[]? rented = null;
        var line = most <= StackBytes ? stackalloc byte[StackBytes] : rented = ArrayPool<byte>.Shared.Rent(most);
        line[0] = 0;
        var end = 1;
        foreach (var field in fields)
        {
            var length = Encoding.UTF8.GetBytes(field, line[(end + 8)..]);
            BinaryPrimitives.WriteInt64BigEndian(line[end..], length);
            end += 8 + length;
        }
        var seal = SHA256.HashData(line[..end]);
        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        return seal;
    }

    private void Announce(DbWork work, JournalEntry entry)
    {
        work.OnCommit(JournalMetrics.Appended);
        if (!_listeners.TryGetValue(entry.Type, out var rings)) return;
        foreach (var ring in rings) work.OnCommit(ring);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
