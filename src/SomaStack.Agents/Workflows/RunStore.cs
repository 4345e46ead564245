using System.Globalization;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>All SQL of runs, their histories and what they wait for.</summary>
internal sealed class RunStore(Db db, Journal journal, RunSignals signals, TimeProvider clock)
{
    /// <summary>The number of rows of a statement is part of its text, and each text is prepared once.</summary>
    private const int RowsMost = 16;

    /// <summary>Events read at a time.</summary>
    public const int Batch = 1000;

    public Task<RunRow?> FindAsync(string tenant, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, RunRow.Map, $"SELECT {RunRow.Columns:raw} FROM runs WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    public static Task<RunRow?> FindAsync(DbWork work, string tenant, string id) =>
        work.FindAsync(RunRow.Map, $"SELECT {RunRow.Columns:raw} FROM runs WHERE tenant = {tenant} AND id = {id}");

    public async Task<RunRow> GetAsync(string tenant, string id, CancellationToken cancellationToken) =>
        await FindAsync(tenant, id, cancellationToken) ?? throw WorkflowProblems.Unknown.Because("No run of this tenant has this id.");

    /// <param name="kind">Null for every kind.</param>
    /// <param name="parent">Only those that this run nested; null for all.</param>
    public async Task<Page<RunRow>> ListAsync(string tenant, string? status, string? capsule, string? kind, string? parent, string? cursor, int limit, CancellationToken cancellationToken)
    {
        var (before, beforeId) = ParseCursor(cursor);
        var rows = await db.QueryAsync(tenant, RunRow.Map, $"""
            SELECT {RunRow.Columns:raw} FROM runs
            WHERE tenant = {tenant} AND ({status ?? ""} = '' OR status = {status ?? ""}) AND ({capsule ?? ""} = '' OR capsule = {capsule ?? ""})
              AND ({kind ?? ""} = '' OR kind = {kind ?? ""}) AND ({parent ?? ""} = '' OR parent = {parent ?? ""}) AND created_at > 0 AND (created_at, id) < ({before}, {beforeId})
            ORDER BY created_at DESC, id DESC LIMIT {limit + 1}
            """, cancellationToken);
        return Cursor.Page(rows, limit, static row => $"{row.Identity.CreatedAt.ToString(CultureInfo.InvariantCulture)} {row.Id}");
    }

    public Task<List<RunEventRow>> EventsAsync(string tenant, string run, long after, int limit, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, static reader => new RunEventRow(reader.GetInt64(0), reader.GetString(1), reader.GetString(2)),
        $"SELECT seq, type, data FROM run_events WHERE tenant = {tenant} AND run = {run} AND seq > {after} ORDER BY seq LIMIT {limit}", cancellationToken);

    public Task<List<RunApproval>> ApprovalsAsync(string tenant, string run, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, static reader => new RunApproval(reader.GetString(0), reader.GetString(1), reader.Text(2)),
        $"SELECT approval, effect, request FROM run_approvals WHERE tenant = {tenant} AND run = {run} ORDER BY approval", cancellationToken);

    /// <summary>The approval that this effect asked for before, say before a crash.</summary>
    public static async Task<string?> ApprovalOfAsync(DbWork work, string tenant, string run, string effect) =>
        (await work.QueryAsync(static reader => reader.GetString(0), $"SELECT approval FROM run_approvals WHERE tenant = {tenant} AND run = {run} AND effect = {effect}")).LastOrDefault();

    public static Task<List<(string Run, RunApproval Asked)>> WaitingForAsync(DbWork work, string tenant, string approval) => work.QueryAsync(
        static reader => (reader.GetString(0), new RunApproval(reader.GetString(1), reader.GetString(2), reader.Text(3))),
        $"SELECT run, approval, effect, request FROM run_approvals WHERE tenant = {tenant} AND approval = {approval}");

    public static Task AddApprovalAsync(DbWork work, string tenant, string run, RunApproval approval) => work.ExecuteAsync(Insert(tenant, run, approval));

    /// <summary>Nested runs of this one that have not ended.</summary>
    public Task<List<string>> OpenChildrenAsync(string tenant, string run, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, static reader => reader.GetString(0), $"SELECT id FROM runs WHERE tenant = {tenant} AND parent = {run} AND ended_at IS NULL ORDER BY created_at", cancellationToken);

    /// <summary>Steps forward of several runs of one tenant, in the transaction it is given. With one round trip, whatever their number.</summary>
    /// <returns>Of each, whether it holds; when one is refused the whole transaction must be undone.</returns>
    public async Task<WriteOutcome[]> WriteAsync(DbWork work, IReadOnlyList<RunWrite> writes)
    {
        var statements = new List<Sql>(writes.Count + 4);
        foreach (var write in writes) statements.Add(write.Begins ? Insert(write.After) : Update(write.After));
        AddEvents(statements, writes);
        JournalEntry[] lines = [.. writes.SelectMany(static write => write.Lines)];
        foreach (var some in lines.Chunk(RowsMost)) statements.Add(journal.Appending(work, some));
        foreach (var write in writes)
        {
            foreach (var approval in write.Approvals) statements.Add(Insert(write.Tenant, write.After.Id, approval));
            if (write.Continues) statements.Add($"DELETE FROM run_events WHERE tenant = {write.Tenant} AND run = {write.After.Id} AND seq < {write.After.Base}");
        }
        var changed = await work.ExecuteAllAsync(statements);
        var outcomes = new WriteOutcome[writes.Count];
        for (var i = 0; i < writes.Count; i++)
        {
            outcomes[i] = changed[i] == 1 ? WriteOutcome.Done : WriteOutcome.Refused;
            if (outcomes[i] == WriteOutcome.Done && writes[i].Also is { } also) await also(work);
            if (writes[i].Report is { } report) await RunInputStore.TellAsync(work, writes[i].Tenant, report.Run, report.Input, clock.NowMicros());
            var write = writes[i];
            if (write.Ends) work.OnCommit(() => WorkflowMetrics.Ended.Add(1, new KeyValuePair<string, object?>("status", write.After.Status)));
            if (write is { Begins: true, After: { Owner.Length: 0, WakeAt: not null } }) await work.NotifyAsync(RunInputStore.Channel, "due");
            work.OnCommit(() => signals.Ring(write.Tenant, write.After.Id, write.After.EndedAt is not null));
        }
        return outcomes;
    }

    /// <summary>Gives a run back that goes on no further here, without a step.</summary>
    /// <returns>False when it was taken over.</returns>
    public Task<bool> ReleaseAsync(RunRow row, long? wakeAt, string? paused, CancellationToken cancellationToken) => db.WriteAsync(row.Tenant, async work => await work.ExecuteAsync($"""
        UPDATE runs SET owner = '', paused = {paused}, wake_at = CASE WHEN inbox > taken AND {paused is null} THEN {clock.NowMicros()} ELSE {wakeAt} END
        WHERE tenant = {row.Tenant} AND id = {row.Id} AND epoch = {row.Epoch} AND owner = {row.Owner}
        """) == 1, cancellationToken);

    /// <summary>Deletes runs that ended before, with all that is kept of them; nested ones go with their own time.</summary>
    /// <returns>How many.</returns>
    public Task<int> SweepAsync(long before, int limit, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, async work =>
    {
        var over = await work.QueryAsync(static reader => (Tenant: reader.GetString(0), Id: reader.GetString(1)), $"""
            SELECT tenant, id FROM runs WHERE tenant <> '' AND ended_at < {before} ORDER BY ended_at LIMIT {limit}{db.SkipLocked:raw}
            """);
        foreach (var (tenant, id) in over)
            await work.ExecuteAllAsync(
            [
                $"DELETE FROM run_events WHERE tenant = {tenant} AND run = {id}",
                $"DELETE FROM run_inputs WHERE tenant = {tenant} AND run = {id}",
                $"DELETE FROM run_approvals WHERE tenant = {tenant} AND run = {id}",
                $"DELETE FROM run_claims WHERE tenant = {tenant} AND run = {id}",
                $"DELETE FROM runs WHERE tenant = {tenant} AND id = {id}",
            ]);
        return over.Count;
    }, cancellationToken);

    private static Sql Insert(RunRow row)
    {
        var one = row.Identity;
        var starter = JsonSerializer.Serialize(one.Starter, WorkflowsJson.Default.RunStarter);
        var about = JsonSerializer.Serialize(one.About, WorkflowsJson.Default.RunAbout);
        return $"""
            INSERT INTO runs (tenant, id, kind, name, capsule, capsule_version, host, status, principal, starter, parent, parent_path, parent_attempt, forked_from, about, base, seq, chain, lines, owner, epoch,
                wake_at, inbox, taken, paused, code, detail, steps, tokens, cost_nanos, created_at, updated_at, ended_at)
            VALUES ({row.Tenant}, {row.Id}, {one.Kind}, {one.Name}, {one.Capsule}, {one.CapsuleVersion}, {one.Host}, {row.Status}, {one.Starter.Id}, {starter}, {one.Parent?.Run}, {one.Parent?.Path},
                {(long?)one.Parent?.Attempt}, {one.ForkedFrom}, {about}, {row.Base}, {row.Seq}, {row.Chain}, {row.Lines}, {row.Owner}, {row.Epoch}, {row.WakeAt}, {0L}, {0L}, NULL, {row.Code}, {row.Detail},
                {row.Steps}, {row.Tokens}, {row.CostNanos}, {one.CreatedAt}, {row.UpdatedAt}, {row.EndedAt})
            ON CONFLICT (tenant, id) DO NOTHING
            """;
    }

    /// <summary>
    /// An input that came and was not taken keeps the run due, however its owner thinks about it. The owner is compared by its length: with
    /// <c>owner &lt;&gt; ''</c> PostgreSQL takes the small index of owned runs, full of entries of those that have ended, instead of the key.
    /// </summary>
    private Sql Update(RunRow row) => $"""
        UPDATE runs SET status = {row.Status}, base = {row.Base}, seq = {row.Seq}, chain = {row.Chain}, lines = {row.Lines}, owner = {row.Owner}, taken = {row.Taken},
            paused = NULL, code = {row.Code}, detail = {row.Detail},
            steps = {row.Steps}, tokens = {row.Tokens}, cost_nanos = {row.CostNanos}, updated_at = {row.UpdatedAt}, ended_at = {row.EndedAt},
            wake_at = CASE WHEN {row.Owner.Length == 0} AND {row.EndedAt is null} AND inbox > {row.Taken} THEN {clock.NowMicros()} ELSE {row.WakeAt} END
        WHERE tenant = {row.Tenant} AND id = {row.Id} AND epoch = {row.Epoch} AND LENGTH(owner) > 0
        """;

    private static void AddEvents(List<Sql> statements, IReadOnlyList<RunWrite> writes)
    {
        var rows = 0;
        Sql sql = default;
        foreach (var write in writes)
            foreach (var happened in write.Events)
            {
                if (rows == 0) sql = $"INSERT INTO run_events (tenant, run, seq, type, data) VALUES ";
                sql.AppendRow(rows++, write.Tenant, write.After.Id, happened.Seq, happened.Type, happened.Data);
                if (rows < RowsMost) continue;
                statements.Add(sql);
                rows = 0;
            }
        if (rows > 0) statements.Add(sql);
    }

    private static Sql Insert(string tenant, string run, RunApproval approval) => $"""
        INSERT INTO run_approvals (tenant, approval, run, effect, request) VALUES ({tenant}, {approval.Id}, {run}, {approval.Effect}, {approval.Request}) ON CONFLICT (tenant, approval, run) DO NOTHING
        """;

    private static (long Before, string Id) ParseCursor(string? cursor)
    {
        if (Cursor.Decode(cursor) is not { } key) return (long.MaxValue, "");
        var parts = key.Split(' ');
        return parts.Length == 2 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? (at, parts[1]) : throw Problem.Invalid("cursor", "is not a cursor that this server issued");
    }
}
