using System.Data.Common;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// All SQL of the queue. Every change locks the row first, asks the decider, and writes row, journal line and stream event in one
/// transaction; the number of the attempt keeps out whoever has lost the request meanwhile.
/// </summary>
internal sealed class RequestStore(Db db, RequestLines lines, RequestStreams streams, TimeProvider clock)
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);

    /// <summary>Waiting requests of one tenant.</summary>
    public const int WaitingMax = 10_000;

    private const string Columns = """
        tenant, id, mode, role, model, session_id, principal, principal_kind, capabilities, client_type, trace_id, metadata, request_sha256,
        state, version, attempts, attempts_max, cancel_by, dead, owner, next_attempt_at, lease_until, error, created_at, started_at, ended_at, api_key
        """;

    /// <summary>Stores it once: a retry with the same id finds what the first try wrote.</summary>
    /// <exception cref="Problem">429 when too many wait already.</exception>
    public Task<RequestRow> AddAsync(RequestContext context, RequestRow row, string payload, CancellationToken cancellationToken) => db.WriteAsync(context.Tenant, async work =>
    {
        var waiting = await work.NumberAsync($"""
            SELECT COUNT(*) FROM (SELECT 1 FROM inference_requests WHERE tenant = {context.Tenant} AND state = 'queued' LIMIT {WaitingMax}) AS waiting
            """);
        if (waiting >= WaitingMax) throw new Problem(QueueProblems.QueueFull, $"{WaitingMax} requests of this tenant are waiting.") { RetryAfter = TimeSpan.FromSeconds(5) };
        var happened = (QueuedEvent)RequestDecider.Decide(RequestState.None, new QueueCommand(row.State.AttemptsMax)).Event!;
        var state = RequestDecider.Apply(RequestState.None, happened);
        var added = await work.ExecuteAsync($"""
            INSERT INTO inference_requests (tenant, id, mode, role, model, session_id, principal, principal_kind, capabilities, client_type, trace_id, metadata, payload,
                request_sha256, state, version, attempts, attempts_max, dead, next_attempt_at, lease_until, created_at, api_key)
            VALUES ({context.Tenant}, {row.Id}, {row.Mode}, {row.Role}, {row.Model}, {row.SessionId}, {row.Principal}, {row.PrincipalKind}, {row.Capabilities}, {row.ClientType},
                {row.TraceId}, {row.Metadata}, {payload}, {row.RequestSha256}, {RequestRow.PhaseName(state.Phase)}, {state.Version}, {state.Attempt}, {state.AttemptsMax}, {state.Dead},
                {row.NextAttemptAt}, {0L}, {row.CreatedAt}, {row.ApiKey})
            ON CONFLICT (tenant, id) DO NOTHING
            """);
        if (added == 0) return (await FindAsync(work, context.Tenant, row.Id))!;
        var stored = row with { State = state };
        await lines.AppendAsync(work, context, stored, happened, RequestChange.None);
        await AddEventAsync(work, stored, RequestStreamEvents.Of(stored, happened, RequestChange.None));
        work.OnCommit(() => streams.Signal(context.Tenant, row.Id));
        return stored;
    }, cancellationToken);

    /// <param name="everybodys">Whether requests of other principals of the tenant are looked at too.</param>
    public async Task<(RequestRow Row, string? Result)> GetAsync(RequestContext context, string id, bool everybodys, CancellationToken cancellationToken)
    {
        var rows = await db.QueryAsync(context.Tenant, static reader => (Map(reader), reader.Text(27)), $"""
            SELECT {Columns:raw}, result FROM inference_requests
            WHERE tenant = {context.Tenant} AND id = {id} AND ({everybodys} OR principal = {context.Principal.Id})
            """, cancellationToken);
        return rows.Count == 1 ? rows[0] : throw QueueProblems.Of(RequestRefusal.Unknown);
    }

    /// <summary>Newest first.</summary>
    /// <param name="state">A state's name, or null for all.</param>
    public async Task<Page<RequestSummary>> ListAsync(RequestContext context, bool everybodys, string? state, bool onlyDead, string? cursor, int limit, CancellationToken cancellationToken)
    {
        var (before, beforeId) = ParseCursor(cursor);
        var rows = await db.QueryAsync(context.Tenant, Map, $"""
            SELECT {Columns:raw} FROM inference_requests
            WHERE tenant = {context.Tenant} AND ({everybodys} OR principal = {context.Principal.Id}) AND ({state ?? ""} = '' OR state = {state ?? ""}) AND (NOT {onlyDead} OR dead)
              AND (created_at, id) < ({before}, {beforeId})
            ORDER BY created_at DESC, id DESC LIMIT {limit + 1}
            """, cancellationToken);
        var page = Cursor.Page(rows, limit, static row => $"{row.CreatedAt} {row.Id}");
        return new Page<RequestSummary>([.. page.Data.Select(static row => row.Summary())], page.NextCursor);
    }

    public async Task<string> PayloadAsync(string tenant, string id, CancellationToken cancellationToken) =>
        await db.FindAsync(tenant, static reader => reader.GetString(0), $"SELECT payload FROM inference_requests WHERE tenant = {tenant} AND id = {id}", cancellationToken)
        ?? throw QueueProblems.Of(RequestRefusal.Unknown);

    public Task<List<RequestStreamEvent>> EventsAsync(string tenant, string id, long after, int limit, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, static reader => new RequestStreamEvent(reader.GetInt64(0), reader.GetString(1), reader.GetString(2)),
        $"SELECT seq, type, data FROM inference_request_events WHERE tenant = {tenant} AND request = {id} AND seq > {after} ORDER BY seq LIMIT {limit}", cancellationToken);

    public Task<RequestStreamEvent?> LastEventAsync(string tenant, string id, CancellationToken cancellationToken) => db.FindAsync(
        tenant, static reader => new RequestStreamEvent(reader.GetInt64(0), reader.GetString(1), ""),
        $"SELECT seq, type FROM inference_request_events WHERE tenant = {tenant} AND request = {id} ORDER BY seq DESC LIMIT 1", cancellationToken);

    /// <summary>Takes what is due, and what was left behind by a worker that renews no more. Of every tenant; each is taken by one worker.</summary>
    /// <returns>What this worker now holds.</returns>
    public Task<List<RequestRow>> ClaimAsync(string owner, int limit, Func<RequestRow, RequestContext> contextOf) => db.WriteAsync(Db.AllTenants, async work =>
    {
        var now = clock.NowMicros();
        var left = await work.QueryAsync(Map, $"""
            SELECT {Columns:raw} FROM inference_requests WHERE tenant <> '' AND state = 'running' AND lease_until < {now} ORDER BY lease_until, id LIMIT {limit}{db.SkipLocked:raw}
            """);
        var due = left.Count == limit ? [] : await DueAsync(work, now, limit - left.Count);
        var held = new List<RequestRow>(left.Count + due.Count);
        foreach (var row in left.Concat(due))
        {
            if (RequestDecider.Decide(row.State, new ClaimCommand(LeaseExpired: true)).Event is not { } happened) continue;
            var change = happened switch
            {
                StartedEvent => new RequestChange(owner, LeaseUntil: LeaseUntil()),
                FailedEvent => new RequestChange(Error: new RequestError(RequestDecider.WorkerLost, "The worker ended without a word, as often as the request may be tried.")),
                _ => RequestChange.None,
            };
            var next = await ApplyAsync(work, contextOf(row), row, happened, change);
            if (next.State.Phase == RequestPhase.Running) held.Add(next);
        }
        return held;
    }, CancellationToken.None);

    /// <summary>Asks the decider about the row as it is now, and stores what it says.</summary>
    /// <param name="change">What the event brings along.</param>
    /// <returns>The row as it is then, or the refusal.</returns>
    public Task<(RequestRow? Row, RequestRefusal? Refusal)> DecideAsync(
        RequestContext context, string id, RequestCommand command, Func<RequestEvent, RequestChange> change, CancellationToken cancellationToken) =>
        db.WriteAsync<(RequestRow?, RequestRefusal?)>(context.Tenant, async work =>
    {
        // The row is locked by an update that changes nothing: no dialect, and what it returns is the newest state.
        var row = await work.FindAsync(Map, $"UPDATE inference_requests SET version = version WHERE tenant = {context.Tenant} AND id = {id} RETURNING {Columns:raw}");
        var decision = RequestDecider.Decide(row?.State ?? RequestState.None, command);
        if (decision.Event is not { } happened) return (row, decision.Refusal);
        return (await ApplyAsync(work, context, row!, happened, change(happened)), null);
    }, cancellationToken);

    /// <summary>Adds to the stream, renews the lease, and is the fence: false when the attempt is no longer the current one.</summary>
    public Task<bool> StreamAsync(string tenant, string id, long attempt, IReadOnlyList<(string Type, string Data)> events) => db.WriteAsync(tenant, async work =>
    {
        var mine = await work.ExecuteAsync($"""
            UPDATE inference_requests SET lease_until = {LeaseUntil()} WHERE tenant = {tenant} AND id = {id} AND state = 'running' AND attempts = {attempt}
            """);
        if (mine == 0) return false;
        foreach (var item in events) await AddEventAsync(work, tenant, id, item);
        work.OnCommit(() => streams.Signal(tenant, id));
        return true;
    }, CancellationToken.None);

    /// <summary>Keeps what this process runs. An attempt that somebody else has taken over meanwhile is left alone.</summary>
    /// <returns>Those that are still its own, and who asked to cancel them.</returns>
    public async Task<List<(string Tenant, string Id, long Attempt, string? CancelBy)>> RenewAsync(IReadOnlyCollection<(string Tenant, string Id, long Attempt)> running, bool renew, CancellationToken cancellationToken)
    {
        var ids = running.Select(static item => item.Id).ToList();
        if (renew)
            await db.WriteAsync(Db.AllTenants, async work =>
            {
                foreach (var (tenant, id, attempt) in running)
                    await work.ExecuteAsync($"UPDATE inference_requests SET lease_until = {LeaseUntil()} WHERE tenant = {tenant} AND id = {id} AND state = 'running' AND attempts = {attempt}");
            }, cancellationToken);
        return await db.QueryAsync(Db.AllTenants, static reader => (reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.Text(3)),
            $"SELECT tenant, id, attempts, cancel_by FROM inference_requests WHERE tenant <> '' AND state = 'running' AND id IN {ids:in}", cancellationToken);
    }

    /// <summary>Of every tenant, the oldest first. One that is replayed meanwhile has not ended and stays.</summary>
    /// <returns>How many were deleted; fewer than <paramref name="limit"/> when no more are old enough.</returns>
    public Task<int> DeleteEndedAsync(long before, int limit, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, async work =>
    {
        var old = await work.QueryAsync(static reader => (Tenant: reader.GetString(0), Id: reader.GetString(1)), $"""
            SELECT tenant, id FROM inference_requests WHERE tenant <> '' AND ended_at IS NOT NULL AND ended_at < {before} ORDER BY ended_at LIMIT {limit}{db.SkipLocked:raw}
            """);
        foreach (var (tenant, id) in old)
        {
            await work.ExecuteAsync($"DELETE FROM inference_request_events WHERE tenant = {tenant} AND request = {id}");
            await work.ExecuteAsync($"DELETE FROM inference_requests WHERE tenant = {tenant} AND id = {id}");
        }
        return old.Count;
    }, cancellationToken);

    /// <summary>What an earlier life of this worker held is free at once: it cannot come back.</summary>
    public Task<int> AbandonAsync(string owner, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync(
        $"UPDATE inference_requests SET lease_until = {0L} WHERE tenant <> '' AND state = 'running' AND owner = {owner}"), cancellationToken);

    /// <summary>What is due, in turns among the tenants (<see cref="FairShare"/>), each tenant's own in the order in which they became due.</summary>
    private async Task<List<RequestRow>> DueAsync(DbWork work, long now, int limit)
    {
        // The tenants by a loose scan of the index: one look-up each, whatever waits behind it.
        var tenants = await work.QueryAsync(static reader => new WaitingTenant(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2)), $"""
            WITH RECURSIVE waiting (tenant) AS (
                SELECT MIN(tenant) FROM inference_requests WHERE tenant <> '' AND state = 'queued'
                UNION ALL
                SELECT (SELECT MIN(r.tenant) FROM inference_requests r WHERE r.state = 'queued' AND r.tenant > w.tenant) FROM waiting w WHERE w.tenant IS NOT NULL
            )
            SELECT w.tenant, (SELECT COUNT(*) FROM inference_requests r WHERE r.tenant = w.tenant AND r.state = 'running'),
                COALESCE((SELECT t.served_at FROM inference_request_turns t WHERE t.tenant = w.tenant), 0)
            FROM waiting w
            WHERE w.tenant IS NOT NULL AND EXISTS (SELECT 1 FROM inference_requests r WHERE r.tenant = w.tenant AND r.state = 'queued' AND r.next_attempt_at <= {now})
            """);
        var (due, heads) = (new List<RequestRow>(limit), new Dictionary<string, Head>(StringComparer.Ordinal));
        var share = (limit + tenants.Count - 1) / Math.Max(1, tenants.Count);
        for (var turns = new FairShare(tenants); due.Count < limit && turns.Next is { } tenant;)
        {
            if (!heads.TryGetValue(tenant, out var head)) heads[tenant] = head = new Head();
            if (head.Rows.Count == 0) await ReadOnAsync(work, tenant, head, now, share);
            if (head.Rows.TryDequeue(out var row))
            {
                due.Add(row);
                turns.Serve();
            }
            else
            {
                turns.Leave();
            }
        }
        // In one order, or two workers could wait for each other.
        foreach (var tenant in due.Select(static row => row.Tenant).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            await work.ExecuteAsync($"""
                INSERT INTO inference_request_turns (tenant, served_at) VALUES ({tenant}, {now})
                ON CONFLICT (tenant) DO UPDATE SET served_at = excluded.served_at
                """);
        return due;
    }

    /// <summary>The next few of a tenant: not more than it may get, since the others are locked until the end too.</summary>
    private async Task ReadOnAsync(DbWork work, string tenant, Head head, long now, int count)
    {
        if (head.AtEnd) return;
        var rows = await work.QueryAsync(Map, $"""
            SELECT {Columns:raw} FROM inference_requests
            WHERE tenant = {tenant} AND state = 'queued' AND next_attempt_at <= {now} AND (next_attempt_at, id) > ({head.After}, {head.AfterId})
            ORDER BY next_attempt_at, id LIMIT {count}{db.SkipLocked:raw}
            """);
        foreach (var row in rows) head.Rows.Enqueue(row);
        if (rows.Count < count) head.AtEnd = true;
        else (head.After, head.AfterId) = (rows[^1].NextAttemptAt, rows[^1].Id);
    }

    /// <summary>What was read of a tenant's waiting requests and not yet dealt out.</summary>
    private sealed class Head
    {
        public Queue<RequestRow> Rows { get; } = new();

        public long After { get; set; } = -1;

        public string AfterId { get; set; } = "";

        public bool AtEnd { get; set; }
    }

    private async Task<RequestRow> ApplyAsync(DbWork work, RequestContext context, RequestRow row, RequestEvent happened, RequestChange change)
    {
        var now = clock.NowMicros();
        var state = RequestDecider.Apply(row.State, happened);
        var error = happened is StartedEvent or CancelAskedEvent ? row.Error : change.Error is { } failure ? JsonSerializer.Serialize(failure, QueueJson.Default.RequestError) : null;
        var next = row with
        {
            State = state,
            Owner = state.Phase == RequestPhase.Running ? change.Owner ?? row.Owner : null,
            NextAttemptAt = state.Phase == RequestPhase.Queued ? change.NextAttemptAt : row.NextAttemptAt,
            LeaseUntil = happened is StartedEvent ? change.LeaseUntil : row.LeaseUntil,
            Error = error,
            StartedAt = happened is StartedEvent ? row.StartedAt ?? now : row.StartedAt,
            EndedAt = state.Ended ? now : null,
        };
        var result = change.Result is { } answer ? JsonSerializer.Serialize(answer, QueueJson.Default.RequestResult) : null;
        await work.ExecuteAsync($"""
            UPDATE inference_requests SET state = {RequestRow.PhaseName(state.Phase)}, version = {state.Version}, attempts = {state.Attempt}, attempts_max = {state.AttemptsMax},
                cancel_by = {state.CancelBy}, dead = {state.Dead}, owner = {next.Owner}, next_attempt_at = {next.NextAttemptAt}, lease_until = {next.LeaseUntil},
                result = {result}, error = {next.Error}, started_at = {next.StartedAt}, ended_at = {next.EndedAt}
            WHERE tenant = {row.Tenant} AND id = {row.Id}
            """);
        await lines.AppendAsync(work, context, next, happened, change);
        await AddEventAsync(work, next, RequestStreamEvents.Of(next, happened, change));
        work.OnCommit(() => streams.Signal(row.Tenant, row.Id));
        return next;
    }

    private static Task<int> AddEventAsync(DbWork work, RequestRow row, (string, string) item) => AddEventAsync(work, row.Tenant, row.Id, item);

    /// <summary>The row is locked, so no number is taken twice.</summary>
    private static Task<int> AddEventAsync(DbWork work, string tenant, string id, (string Type, string Data) item) => work.ExecuteAsync($"""
        INSERT INTO inference_request_events (tenant, request, seq, type, data)
        VALUES ({tenant}, {id}, (SELECT COALESCE(MAX(seq), 0) + 1 FROM inference_request_events WHERE tenant = {tenant} AND request = {id}), {item.Type}, {item.Data})
        """);

    private static Task<RequestRow?> FindAsync(DbWork work, string tenant, string id) =>
        work.FindAsync(Map, $"SELECT {Columns:raw} FROM inference_requests WHERE tenant = {tenant} AND id = {id}");

    private long LeaseUntil() => clock.NowMicros() + (long)Lease.TotalMicroseconds;

    private static (long Before, string Id) ParseCursor(string? cursor)
    {
        if (Cursor.Decode(cursor) is not { } text) return (long.MaxValue, "");
        var parts = text.Split(' ');
        return parts.Length == 2 && long.TryParse(parts[0], out var micros) ? (micros, parts[1]) : throw Problem.Invalid("cursor", "is not a cursor that this server issued");
    }

    private static RequestRow Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.Text(4), reader.Text(5), reader.GetString(6), reader.GetString(7),
        reader.GetString(8), reader.GetString(9), reader.GetString(10), reader.Text(11), reader.GetString(12),
        new RequestState(RequestRow.PhaseOf(reader.GetString(13))!.Value, reader.GetInt64(14), reader.GetInt64(15), reader.GetInt64(16), reader.Text(17), reader.GetBoolean(18)),
        reader.Text(19), reader.GetInt64(20), reader.GetInt64(21), reader.Text(22), reader.GetInt64(23), reader.Number(24), reader.Number(25)) { ApiKey = reader.Text(26) };
}
