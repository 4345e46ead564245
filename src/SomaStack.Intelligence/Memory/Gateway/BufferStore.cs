using System.Data.Common;
using System.Text;
using System.Text.Json;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>The buffer as a table: also inside another write's transaction, which makes it a transactional outbox.</summary>
internal sealed class BufferStore(Db db, BufferLimits limits, TimeProvider clock) : IOfflineBuffer
{
    private const string Columns =
        "tenant, id, order_key, op, path, idempotency_key, body, digest, principal, capabilities, client_type, trace_id, client_id, client_created_at, seq, state, attempts, created_at, next_attempt_at, last_error, bytes, claimed_by";

    public string Name => "database";

    public async Task<IReadOnlyList<BufferReceipt>> AddAsync(string tenant, IReadOnlyList<BufferItem> items, CancellationToken cancellationToken)
    {
        // Seen outside the transaction, which is held to its tenant: writers that meet here may pass the bound of all by what they bring.
        var all = await TotalsAsync(null, cancellationToken);
        if (all.Queued + all.Dead + items.Count > limits.AllItems || all.Bytes + items.Sum(BytesOf) > limits.AllBytes) throw GatewayProblems.AllIsFull();
        return await db.WriteAsync(tenant, work => AddAsync(work, items, bounded: true), cancellationToken);
    }

    /// <summary>In the caller's transaction.</summary>
    /// <param name="bounded">False for what the caller may not refuse any more: a turn that was heard is not undone for want of room.</param>
    public async Task<IReadOnlyList<BufferReceipt>> AddAsync(DbWork work, IReadOnlyList<BufferItem> items, bool bounded)
    {
        var totals = await LockAsync(work);
        var known = (await work.QueryAsync(static reader => (Id: reader.GetString(0), State: reader.GetString(1), Digest: reader.GetString(2)),
            $"SELECT id, state, digest FROM memory_buffer WHERE tenant = {work.Tenant} AND id IN {items.Select(item => item.Id).ToList():in}")).ToDictionary(row => row.Id, StringComparer.Ordinal);
        var receipts = new List<BufferReceipt>(items.Count);
        var fresh = new List<BufferItem>(items.Count);
        foreach (var item in items)
        {
            if (known.TryGetValue(item.Id, out var row))
            {
                if (item.Digest.Length > 0 && row.Digest != item.Digest) throw GatewayProblems.IsReused(item.ClientId);
                receipts.Add(new BufferReceipt(item.Id, row.State, true));
                continue;
            }
            known.Add(item.Id, (item.Id, BufferState.Queued, item.Digest));
            fresh.Add(item);
            receipts.Add(new BufferReceipt(item.Id, BufferState.Queued, false));
        }
        var bytes = fresh.Sum(BytesOf);
        if (bounded && fresh.Count > 0 && (totals.Queued + totals.Dead + fresh.Count > limits.TenantItems || totals.Bytes + bytes > limits.TenantBytes))
            throw GatewayProblems.TenantIsFull(new BufferBound(limits.TenantItems, limits.TenantBytes));
        var now = clock.NowMicros();
        for (var i = 0; i < fresh.Count; i++) await InsertAsync(work, fresh[i], totals.NextSeq + i, now);
        await work.ExecuteAsync($"UPDATE memory_buffer_totals SET next_seq = next_seq + {fresh.Count}, queued = queued + {fresh.Count}, bytes = bytes + {bytes} WHERE tenant = {work.Tenant}");
        return receipts;
    }

    public async Task<bool> IsWaitingAsync(string tenant, string orderKey, CancellationToken cancellationToken) => await db.NumberAsync(tenant, $"""
        SELECT seq FROM memory_buffer WHERE tenant = {tenant} AND order_key = {orderKey} AND state = 'queued' LIMIT 1
        """, cancellationToken) is not null;

    public async Task<IReadOnlyList<BufferKey>> DueAsync(string owner, int limit, CancellationToken cancellationToken)
    {
        var now = clock.NowMicros();
        return await db.QueryAsync(Db.AllTenants, static reader => new BufferKey(reader.GetString(0), reader.GetString(1)), $"""
            SELECT b.tenant, b.order_key FROM memory_buffer b
            WHERE b.tenant <> '' AND b.state = 'queued' AND b.next_attempt_at <= {now} AND (b.claimed_until < {now} OR b.claimed_by = {owner})
              AND NOT EXISTS (SELECT 1 FROM memory_buffer e WHERE e.tenant = b.tenant AND e.order_key = b.order_key AND e.state = 'queued' AND e.seq < b.seq)
            ORDER BY b.created_at, b.tenant, b.seq LIMIT {limit}
            """, cancellationToken);
    }

    public Task<BufferedItem?> TakeAsync(BufferKey key, string owner, TimeSpan claim, CancellationToken cancellationToken) => db.WriteAsync(key.Tenant, work =>
    {
        var now = clock.NowMicros();
        return work.FindAsync(Map, $"""
            UPDATE memory_buffer SET claimed_by = {owner}, claimed_until = {now + (long)claim.TotalMicroseconds}
            WHERE tenant = {key.Tenant} AND state = 'queued' AND next_attempt_at <= {now} AND (claimed_until < {now} OR claimed_by = {owner})
              AND id = (SELECT id FROM memory_buffer WHERE tenant = {key.Tenant} AND order_key = {key.OrderKey} AND state = 'queued' ORDER BY seq LIMIT 1)
            RETURNING {Columns:raw}
            """);
    }, cancellationToken);

    public Task<bool> DoneAsync(BufferedItem item, CancellationToken cancellationToken) => db.WriteAsync(item.Tenant, async work =>
    {
        await LockAsync(work);
        if (await work.ExecuteAsync($"""
            UPDATE memory_buffer SET state = 'done', body = '', bytes = 0, last_error = NULL, settled_at = {clock.NowMicros()}, claimed_by = '', claimed_until = 0
            WHERE tenant = {item.Tenant} AND id = {item.Item.Id} AND state = 'queued' AND claimed_by = {item.Owner}
            """) == 0) return false;
        await work.ExecuteAsync($"UPDATE memory_buffer_totals SET queued = queued - 1, bytes = bytes - {item.Bytes} WHERE tenant = {item.Tenant}");
        return true;
    }, cancellationToken);

    public Task<bool> DeferAsync(BufferedItem item, TimeSpan pause, string reason, bool counts, CancellationToken cancellationToken) => db.WriteAsync(item.Tenant, async work =>
        await work.ExecuteAsync($"""
            UPDATE memory_buffer SET claimed_by = '', claimed_until = 0, attempts = attempts + {(counts ? 1 : 0)}, last_error = {reason},
                next_attempt_at = {clock.NowMicros() + (long)pause.TotalMicroseconds}
            WHERE tenant = {item.Tenant} AND id = {item.Item.Id} AND state = 'queued' AND claimed_by = {item.Owner}
            """) == 1, cancellationToken);

    public Task<bool> BuryAsync(BufferedItem item, string reason, CancellationToken cancellationToken) => db.WriteAsync(item.Tenant, async work =>
    {
        await LockAsync(work);
        if (await work.ExecuteAsync($"""
            UPDATE memory_buffer SET state = 'dead', attempts = attempts + 1, last_error = {reason}, settled_at = {clock.NowMicros()}, claimed_by = '', claimed_until = 0
            WHERE tenant = {item.Tenant} AND id = {item.Item.Id} AND state = 'queued' AND claimed_by = {item.Owner}
            """) == 0) return false;
        await work.ExecuteAsync($"UPDATE memory_buffer_totals SET queued = queued - 1, dead = dead + 1 WHERE tenant = {item.Tenant}");
        return true;
    }, cancellationToken);

    public Task<bool> ReplayAsync(string tenant, string id, CancellationToken cancellationToken) => db.WriteAsync(tenant, async work =>
    {
        await LockAsync(work);
        if (await work.ExecuteAsync($"""
            UPDATE memory_buffer SET state = 'queued', attempts = 0, next_attempt_at = {clock.NowMicros()}, settled_at = NULL
            WHERE tenant = {tenant} AND id = {id} AND state = 'dead'
            """) == 0) return false;
        await work.ExecuteAsync($"UPDATE memory_buffer_totals SET queued = queued + 1, dead = dead - 1 WHERE tenant = {tenant}");
        return true;
    }, cancellationToken);

    public Task<BufferedItem?> FindAsync(string tenant, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, Map, $"SELECT {Columns:raw} FROM memory_buffer WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    public async Task<IReadOnlyList<BufferedItem>> ListAsync(string tenant, string? principal, string? state, long afterSeq, int limit, CancellationToken cancellationToken) =>
        await db.QueryAsync(tenant, Map, $"""
            SELECT {Columns:raw} FROM memory_buffer
            WHERE tenant = {tenant} AND seq > {afterSeq} AND ({principal is null} OR principal = {principal ?? ""}) AND ({state is null} OR state = {state ?? ""})
            ORDER BY seq LIMIT {limit}
            """, cancellationToken);

    public async Task<BufferTotals> TotalsAsync(string? tenant, CancellationToken cancellationToken)
    {
        var totals = await db.FindAsync(tenant ?? Db.AllTenants, static reader => new BufferTotals(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), null), $"""
            SELECT CAST(COALESCE(SUM(queued), 0) AS BIGINT), CAST(COALESCE(SUM(dead), 0) AS BIGINT), CAST(COALESCE(SUM(bytes), 0) AS BIGINT)
            FROM memory_buffer_totals WHERE ({tenant is null} OR tenant = {tenant ?? ""})
            """, cancellationToken);
        if (totals is null || totals.Queued == 0) return totals ?? new BufferTotals(0, 0, 0, null);
        var oldest = await db.NumberAsync(tenant ?? Db.AllTenants,
            $"SELECT MIN(created_at) FROM memory_buffer WHERE state = 'queued' AND ({tenant is null} OR tenant = {tenant ?? ""})", cancellationToken);
        return totals with { Oldest = oldest?.ToInstant() };
    }

    public Task<int> PurgeAsync(CancellationToken cancellationToken)
    {
        var before = clock.NowMicros() - (long)BufferLimits.DoneKept.TotalMicroseconds;
        return db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"DELETE FROM memory_buffer WHERE tenant <> '' AND state = 'done' AND settled_at < {before}"), cancellationToken);
    }

    /// <summary>What an item weighs: its content and about what its other fields take.</summary>
    internal static long BytesOf(BufferItem item) => Encoding.UTF8.GetByteCount(item.Body) + 512;

    /// <summary>Holds the tenant's row until the end of the transaction: writers of a tenant come one after the other.</summary>
    private static async Task<Totals> LockAsync(DbWork work) => (await work.FindAsync(static reader => new Totals(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3)), $"""
        INSERT INTO memory_buffer_totals (tenant, next_seq, queued, dead, bytes) VALUES ({work.Tenant}, 1, 0, 0, 0)
        ON CONFLICT (tenant) DO UPDATE SET next_seq = memory_buffer_totals.next_seq
        RETURNING next_seq, queued, dead, bytes
        """))!;

    private static Task<int> InsertAsync(DbWork work, BufferItem item, long seq, long now) => work.ExecuteAsync($"""
        INSERT INTO memory_buffer (tenant, id, seq, order_key, client_id, op, path, idempotency_key, body, digest, principal, capabilities, client_type, trace_id,
            bytes, created_at, client_created_at, state, attempts, next_attempt_at, claimed_by, claimed_until)
        VALUES ({work.Tenant}, {item.Id}, {seq}, {item.OrderKey}, {item.ClientId}, {item.Op}, {item.Path}, {item.IdempotencyKey}, {item.Body}, {item.Digest}, {item.Principal},
            {JsonSerializer.Serialize(item.Capabilities, MemoryJson.Default.IReadOnlyListString)}, {item.ClientType}, {item.TraceId},
            {BytesOf(item)}, {now}, {item.ClientCreatedAt?.ToMicros()}, 'queued', 0, {now}, '', 0)
        """);

    private static BufferedItem Map(DbDataReader reader) => new(
        reader.GetString(0),
        new BufferItem(
            reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetString(6), reader.GetString(7), reader.GetString(8),
            JsonSerializer.Deserialize(reader.GetString(9), MemoryJson.Default.IReadOnlyListString)!, reader.GetString(10), reader.GetString(11), reader.GetString(12), reader.MaybeInstant(13)),
        reader.GetInt64(14), reader.GetString(15), reader.GetInt64(16), reader.Instant(17), reader.Instant(18), reader.Text(19), reader.GetInt64(20), reader.GetString(21));

    private sealed record Totals(long NextSeq, long Queued, long Dead, long Bytes);
}
