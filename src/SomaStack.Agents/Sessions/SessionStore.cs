using System.Data.Common;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>All SQL of sessions, turns and their streams. Sessions belong to a principal: nobody else of the tenant reads them.</summary>
internal sealed class SessionStore(Db db, Journal journal, TimeProvider clock)
{
    private const string SessionColumns = "id, persona, title, status, constitution_hash, constitution_version, turns, version, created_at, updated_at";
    private const string TurnColumns = "session, id, number, status, prompt, answer, result, failure, created_at, ended_at, approval, parent";

    public Task<SessionView?> FindAsync(RequestContext context, string id, CancellationToken cancellationToken) => db.FindAsync(
        context.Tenant, MapSession,
        $"SELECT {SessionColumns:raw} FROM sessions WHERE tenant = {context.Tenant} AND id = {id} AND principal = {context.Principal.Id}", cancellationToken);

    public async Task<SessionView> GetAsync(RequestContext context, string id, CancellationToken cancellationToken) =>
        await FindAsync(context, id, cancellationToken) ?? throw SessionProblems.Unknown.Because("No session of yours has this id.");

    public async Task<Page<SessionView>> ListAsync(RequestContext context, string? cursor, int limit, CancellationToken cancellationToken)
    {
        var (before, beforeId) = ParseCursor(cursor);
        var rows = await db.QueryAsync(context.Tenant, MapSession, $"""
            SELECT {SessionColumns:raw} FROM sessions
            WHERE tenant = {context.Tenant} AND principal = {context.Principal.Id} AND (created_at, id) < ({before}, {beforeId})
            ORDER BY created_at DESC, id DESC LIMIT {limit + 1}
            """, cancellationToken);
        return Cursor.Page(rows, limit, row => $"{row.CreatedAt.ToMicros()} {row.Id}");
    }

    public Task<List<TurnView>> TurnsAsync(RequestContext context, string session, long last, CancellationToken cancellationToken) => db.QueryAsync(
        context.Tenant, MapTurn, $"""
        SELECT {TurnColumns:raw} FROM (
            SELECT {TurnColumns:raw} FROM turns WHERE tenant = {context.Tenant} AND session = {session} ORDER BY number DESC LIMIT {last}) AS newest
        ORDER BY number
        """, cancellationToken);

    public Task<TurnView?> FindTurnAsync(string tenant, string turn, CancellationToken cancellationToken) => db.FindAsync(
        tenant, MapTurn, $"SELECT {TurnColumns:raw} FROM turns WHERE tenant = {tenant} AND id = {turn}", cancellationToken);

    /// <summary>A turn and those that it follows, oldest first: what was said on the way to it, and nothing of its siblings.</summary>
    public Task<List<TurnView>> BranchAsync(RequestContext context, string session, string turn, long last, CancellationToken cancellationToken) => db.QueryAsync(
        context.Tenant, MapTurn, $"""
        WITH RECURSIVE branch (id, parent, depth) AS (
            SELECT id, parent, 1 FROM turns WHERE tenant = {context.Tenant} AND session = {session} AND id = {turn}
            UNION ALL
            SELECT t.id, t.parent, b.depth + 1 FROM turns t JOIN branch b ON t.id = b.parent WHERE t.tenant = {context.Tenant} AND t.session = {session} AND b.depth < {last})
        SELECT {TurnColumns:raw} FROM turns WHERE tenant = {context.Tenant} AND session = {session} AND id IN (SELECT id FROM branch) ORDER BY number
        """, cancellationToken);

    /// <summary>The id of a session's newest turn; null when it has none.</summary>
    public Task<string?> LastTurnAsync(string tenant, string session, CancellationToken cancellationToken) => db.FindAsync(
        tenant, static reader => reader.GetString(0), $"SELECT id FROM turns WHERE tenant = {tenant} AND session = {session} ORDER BY number DESC LIMIT 1", cancellationToken);

    public Task<List<StreamEvent>> EventsAsync(string tenant, string session, long after, int limit, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, static reader => new StreamEvent(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)),
        $"SELECT seq, turn, type, data FROM session_events WHERE tenant = {tenant} AND session = {session} AND seq > {after} ORDER BY seq LIMIT {limit}", cancellationToken);

    /// <summary>The number of the last event before the turn's first one: a reader that starts after it sees the whole turn.</summary>
    public async Task<long> BeforeTurnAsync(string tenant, string session, string turn, CancellationToken cancellationToken) =>
        await db.NumberAsync(tenant, $"SELECT MIN(seq) - 1 FROM session_events WHERE tenant = {tenant} AND session = {session} AND turn = {turn}", cancellationToken) ?? 0;

    /// <summary>Persona, and the newest turns and tool calls of a session, whoever asks, newest first: rules over sequences look at what happened, not at whose it is.</summary>
    public Task<List<(string Persona, string Type, string Data)>> TrailAsync(string tenant, string session, int last, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, static reader => (reader.GetString(0), reader.GetString(1), reader.GetString(2)), $"""
        SELECT s.persona, e.type, e.data FROM session_events e JOIN sessions s ON s.tenant = e.tenant AND s.id = e.session
        WHERE e.tenant = {tenant} AND e.session = {session} AND e.type IN ({StreamEvent.TurnStarted}, {StreamEvent.ToolCompleted}) ORDER BY e.seq DESC LIMIT {last}
        """, cancellationToken);

    /// <summary>True when any turn of the session, however old, was answered from memory.</summary>
    public async Task<bool> EverRecalledAsync(string tenant, string session, CancellationToken cancellationToken) =>
        await db.NumberAsync(tenant, $"""
            SELECT COUNT(*) FROM session_events WHERE tenant = {tenant} AND session = {session} AND type = {StreamEvent.TurnStarted} AND data LIKE {"%\"memories\":[{%"}
            """, cancellationToken) > 0;

    /// <summary>Labels of what the model read in a turn; empty while it is not open.</summary>
    public async Task<IReadOnlyList<string>> TaintsOfTurnAsync(string tenant, string session, string turn, CancellationToken cancellationToken)
    {
        var events = await db.QueryAsync(tenant, static row => (Type: row.GetString(0), Data: row.GetString(1)), $"""
            SELECT type, data FROM session_events
            WHERE tenant = {tenant} AND session = {session} AND turn = {turn} AND type IN ({StreamEvent.TurnStarted}, {StreamEvent.ToolCompleted}) ORDER BY seq
            """, cancellationToken);
        return events.Aggregate((IReadOnlyList<string>)[], static (taints, item) => TurnTaints.Join(taints, item.Type == StreamEvent.ToolCompleted
            ? JsonSerializer.Deserialize(item.Data, SessionsJson.Default.ToolCompletedData)!.Call.Taints
            : JsonSerializer.Deserialize(item.Data, SessionsJson.Default.TurnStartedData)!.Taints ?? []));
    }

    /// <summary>Of all turns so far, as the newest one says; null when there is none, or it is older than taints are kept.</summary>
    public static async Task<IReadOnlyList<string>?> TaintsAsync(DbWork work, string tenant, string session)
    {
        var newest = await work.QueryAsync(static row => (Type: row.GetString(0), Data: row.GetString(1)), $"""
            SELECT type, data FROM session_events
            WHERE tenant = {tenant} AND session = {session} AND type IN ({StreamEvent.TurnStarted}, {StreamEvent.ToolCompleted}) ORDER BY seq DESC LIMIT 1
            """);
        if (newest.Count == 0) return null;
        return newest[0].Type == StreamEvent.ToolCompleted
            ? JsonSerializer.Deserialize(newest[0].Data, SessionsJson.Default.ToolCompletedData)!.SessionTaints
            : JsonSerializer.Deserialize(newest[0].Data, SessionsJson.Default.TurnStartedData)!.SessionTaints;
    }

    public async Task<IReadOnlyList<string>> TaintsOfSessionAsync(string tenant, string session, CancellationToken cancellationToken) =>
        await db.WriteAsync(tenant, work => TaintsAsync(work, tenant, session), cancellationToken) ?? [TurnTaints.User];

    /// <summary>A session of the caller's and those whose turns led to it, nearest first: who speaks in each, and what is open there.</summary>
    public Task<List<(string Persona, string? OpenTurn)>> AskersAsync(RequestContext context, string session, int depthMax, CancellationToken cancellationToken) => db.QueryAsync(
        context.Tenant, static reader => (reader.GetString(0), reader.Text(1)), $"""
        WITH RECURSIVE chain (id, persona, open_turn, asked_by, depth) AS (
            SELECT id, persona, open_turn, asked_by, 1 FROM sessions WHERE tenant = {context.Tenant} AND id = {session} AND principal = {context.Principal.Id}
            UNION ALL
            SELECT s.id, s.persona, s.open_turn, s.asked_by, c.depth + 1 FROM chain c JOIN turns t ON t.id = c.asked_by JOIN sessions s ON s.tenant = t.tenant AND s.id = t.session
            WHERE t.tenant = {context.Tenant} AND c.depth < {(long)depthMax})
        SELECT persona, open_turn FROM chain ORDER BY depth
        """, cancellationToken);

    /// <summary>True when no turn is open and nothing follows the event.</summary>
    public async Task<bool> IsIdleAsync(string tenant, string session, long after, CancellationToken cancellationToken) =>
        await db.NumberAsync(tenant, $"""
            SELECT (SELECT COUNT(*) FROM sessions WHERE tenant = {tenant} AND id = {session} AND open_turn IS NOT NULL)
                 + (SELECT COUNT(*) FROM session_events WHERE tenant = {tenant} AND session = {session} AND seq > {after})
            """, cancellationToken) == 0;

    public static async Task<SessionState> StateAsync(DbWork work, string tenant, string session)
    {
        var rows = await work.QueryAsync(
            static reader => new SessionState(reader.GetString(0) == "active" ? SessionStatus.Active : SessionStatus.Closed, reader.GetInt64(1), reader.GetString(2), reader.Text(3), reader.GetInt64(4), reader.Text(5)),
            $"SELECT status, version, constitution_hash, open_turn, turns, awaits FROM sessions WHERE tenant = {tenant} AND id = {session}");
        return rows.Count == 0 ? SessionState.None : rows[0];
    }

    /// <summary>
    /// Decides, journals the event as the next version of the session and stores the new state; a concurrent change fails on the
    /// journal's unique key and surfaces as 409.
    /// </summary>
    /// <returns>The event as decided, and its journal position.</returns>
    public async Task<(SessionEvent Event, long Position)> ApplyAsync(DbWork work, RequestContext context, string session, SessionState state, SessionCommand command)
    {
        var decision = SessionDecider.Decide(state, command);
        if (decision.Refusal is { } refusal) throw SessionProblems.Of(refusal);
        var happened = decision.Event!;
        var next = SessionDecider.Apply(state, happened);
        var position = await AppendAsync(work, context, session, next.Version, happened);
        if (happened is not SessionStarted)
            await work.ExecuteAsync($"""
                UPDATE sessions SET status = {(next.Status == SessionStatus.Active ? "active" : "closed")}, version = {next.Version},
                    open_turn = {next.OpenTurn}, awaits = {next.Awaits}, turns = {next.Turns}, updated_at = {clock.NowMicros()}
                WHERE tenant = {context.Tenant} AND id = {session}
                """);
        return (happened, position);
    }

    public Task InsertSessionAsync(DbWork work, RequestContext context, string id, string title, SessionStarted started, string? askedBy)
    {
        var now = clock.NowMicros();
        return work.ExecuteAsync($"""
            INSERT INTO sessions (tenant, id, principal, persona, title, status, version, constitution_hash, constitution_version, open_turn, turns, created_at, updated_at, asked_by)
            VALUES ({context.Tenant}, {id}, {context.Principal.Id}, {started.Persona}, {title}, {"active"}, {1L}, {started.ConstitutionHash}, {started.ConstitutionVersion}, NULL, {0L}, {now}, {now}, {askedBy})
            """);
    }

    public Task InsertTurnAsync(DbWork work, RequestContext context, string session, TurnOpened turn, string prompt, string owner, long leaseUntil) => work.ExecuteAsync($"""
        INSERT INTO turns (tenant, id, session, number, status, prompt, answer, model, reservation, owner, lease_until, created_at, parent)
        VALUES ({context.Tenant}, {turn.TurnId}, {session}, {turn.Number}, {"open"}, {prompt}, {""}, {turn.Model}, {turn.ReservationId}, {owner}, {leaseUntil}, {clock.NowMicros()}, {turn.Parent})
        """);

    public Task EndTurnAsync(DbWork work, RequestContext context, string turn, string status, string answer, TurnResult? result, TurnFailure? failure) => work.ExecuteAsync($"""
        UPDATE turns SET status = {status}, answer = {answer}, result = {(result is null ? null : JsonSerializer.Serialize(result, SessionsJson.Default.TurnResult))},
            failure = {(failure is null ? null : JsonSerializer.Serialize(failure, SessionsJson.Default.TurnFailure))}, ended_at = {clock.NowMicros()}, checkpoint = NULL
        WHERE tenant = {context.Tenant} AND id = {turn} AND status IN ('open', 'awaiting_approval', 'awaiting_tools')
        """);

    /// <summary>Adds events to the stream; their numbers follow the last one. Only the turn's owner writes, so no number is taken twice.</summary>
    public static async Task<IReadOnlyList<StreamEvent>> AddEventsAsync(DbWork work, string tenant, string session, string turn, IReadOnlyList<(string Type, string Data)> events)
    {
        var seq = await work.NumberAsync($"SELECT MAX(seq) FROM session_events WHERE tenant = {tenant} AND session = {session}") ?? 0;
        var added = new List<StreamEvent>(events.Count);
        foreach (var (type, data) in events)
        {
            seq++;
            await work.ExecuteAsync($"INSERT INTO session_events (tenant, session, seq, turn, type, data) VALUES ({tenant}, {session}, {seq}, {turn}, {type}, {data})");
            added.Add(new StreamEvent(seq, turn, type, data));
        }
        return added;
    }

    /// <summary>What was released of a turn, oldest first: the data of its delta events.</summary>
    public static Task<List<string>> DeltasAsync(DbWork work, string tenant, string session, string turn) => work.QueryAsync(
        static reader => reader.GetString(0),
        $"SELECT data FROM session_events WHERE tenant = {tenant} AND session = {session} AND turn = {turn} AND type = {StreamEvent.Delta} ORDER BY seq");

    /// <summary>All that was released of a turn.</summary>
    public static async Task<string> SaidAsync(DbWork work, string tenant, string session, string turn) =>
        string.Concat((await DeltasAsync(work, tenant, session, turn)).Select(static delta => JsonSerializer.Deserialize(delta, SessionsJson.Default.DeltaData)!.Text));

    /// <summary>Keeps the turn alive for its owner.</summary>
    public Task RenewAsync(string tenant, string turn, string owner, long leaseUntil, CancellationToken cancellationToken) => db.WriteAsync(
        tenant, work => work.ExecuteAsync($"UPDATE turns SET lease_until = {leaseUntil} WHERE tenant = {tenant} AND id = {turn} AND status = 'open' AND owner = {owner}"), cancellationToken);

    /// <summary>Who asked to cancel the turn, if anybody did.</summary>
    public Task<string?> CancelRequestedAsync(string tenant, string turn, CancellationToken cancellationToken) => db.FindAsync(
        tenant, static reader => reader.GetString(0),
        $"SELECT cancel_requested_by FROM turns WHERE tenant = {tenant} AND id = {turn} AND cancel_requested_by IS NOT NULL", cancellationToken);

    /// <summary>Marks the open turn of a session as wanted to end; its owner, wherever it runs, hears of it within half a second.</summary>
    /// <returns>The id of the turn, or null when none is open.</returns>
    public Task<string?> RequestCancelAsync(RequestContext context, string session, CancellationToken cancellationToken) => db.WriteAsync(
        context.Tenant, async work => await work.FindAsync(static reader => reader.GetString(0),
            $"UPDATE turns SET cancel_requested_by = {context.Principal.Id} WHERE tenant = {context.Tenant} AND session = {session} AND status = 'open' RETURNING id"), cancellationToken);

    /// <summary>Open turns whose owner is gone, of all tenants: start-up and the reconciler end them.</summary>
    public Task<List<(string Tenant, string Session, string Turn)>> AbandonedAsync(long now, CancellationToken cancellationToken) => db.QueryAsync(
        Db.AllTenants, static reader => (reader.GetString(0), reader.GetString(1), reader.GetString(2)), $"""
        SELECT tenant, session, id FROM turns WHERE tenant <> '' AND status = 'open' AND lease_until < {now} ORDER BY created_at LIMIT 500
        """, cancellationToken);

    private Task<long> AppendAsync(DbWork work, RequestContext context, string session, long version, SessionEvent happened)
    {
        var subject = "session/" + session;
        return happened switch
        {
            SessionStarted e => journal.AppendAsync(work, context, subject, version, Contracts.SessionEvents.Started, e, SessionsJson.Default.SessionStarted),
            TurnOpened e => journal.AppendAsync(work, context, subject, version, Contracts.SessionEvents.TurnOpened, e, SessionsJson.Default.TurnOpened),
            TurnSuspended e => journal.AppendAsync(work, context, subject, version, Contracts.SessionEvents.TurnSuspended, e, SessionsJson.Default.TurnSuspended),
            TurnPaused e => journal.AppendAsync(work, context, subject, version, Contracts.SessionEvents.TurnPaused, e, SessionsJson.Default.TurnPaused),
            TurnResumed e => journal.AppendAsync(work, context, subject, version, Contracts.SessionEvents.TurnResumed, e, SessionsJson.Default.TurnResumed),
            TurnDenied e => journal.AppendAsync(work, context, subject, version, Contracts.SessionEvents.TurnDenied, e, SessionsJson.Default.TurnDenied),
            TurnCompleted e => journal.AppendAsync(work, context, subject, version, Contracts.SessionEvents.TurnCompleted, e, SessionsJson.Default.TurnCompleted),
            TurnFailed e => journal.AppendAsync(work, context, subject, version, Contracts.SessionEvents.TurnFailed, e, SessionsJson.Default.TurnFailed),
            TurnCancelled e => journal.AppendAsync(work, context, subject, version, Contracts.SessionEvents.TurnCancelled, e, SessionsJson.Default.TurnCancelled),
            SessionClosed e => journal.AppendAsync(work, context, subject, version, Contracts.SessionEvents.Closed, e, SessionsJson.Default.SessionClosed),
            _ => throw new ArgumentOutOfRangeException(nameof(happened)),
        };
    }

    private static (long Before, string Id) ParseCursor(string? cursor)
    {
        if (Cursor.Decode(cursor) is not { } text) return (long.MaxValue, "");
        var parts = text.Split(' ');
        return parts.Length == 2 && long.TryParse(parts[0], out var micros) ? (micros, parts[1]) : throw Problem.Invalid("cursor", "is not a cursor that this server issued");
    }

    private static SessionView MapSession(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetInt64(5), reader.GetInt64(6),
        reader.GetInt64(7), reader.Instant(8), reader.Instant(9));

    private static TurnView MapTurn(DbDataReader reader)
    {
        var result = reader.Text(6) is { } json ? JsonSerializer.Deserialize(json, SessionsJson.Default.TurnResult) : null;
        var failure = reader.Text(7) is { } failed ? JsonSerializer.Deserialize(failed, SessionsJson.Default.TurnFailure) : null;
        return new TurnView(
            reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.GetString(3) is RoundStore.Waiting ? WaitingTurnStore.Waiting : reader.GetString(3), reader.GetString(4), reader.GetString(5),
            result?.Citations ?? [], result?.Proof, result?.DegradedReasons ?? [], result?.Moderation ?? [], failure, reader.Instant(8), reader.MaybeInstant(9))
        {
            Approval = reader.Text(10) is { } approval ? JsonSerializer.Deserialize(approval, SessionsJson.Default.TurnApproval) : null,
            ParentTurn = reader.Text(11),
        };
    }
}
