using System.Data.Common;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>All SQL of the rounds of turns, of their tool calls, and of turns that wait for those.</summary>
internal sealed class RoundStore(Db db, TimeProvider clock)
{
    public const string Waiting = "awaiting_tools";

    private static readonly CallResult Unknown = new("unknown", "The turn ended while the tool was at it. What became of the call is in its own record.", "turn_ended");
    private static readonly CallResult Unused = new("cancelled", "The turn ended before the tool was used.", "turn_ended");

    private const string CallColumns = "turn, round, number, wire_id, wire_name, name, arguments, state, approval, decided, result";
    private const string TurnColumns = "t.tenant, t.session, t.id, t.number, t.prompt, t.parent, s.principal, t.created_at, t.checkpoint";

    /// <summary>A round is stored with what it asks for before anything of it is done.</summary>
    public async Task InsertAsync(DbWork work, RequestContext context, string session, string turn, TurnRound round, TurnCheckpoint? checkpoint)
    {
        var now = clock.NowMicros();
        if (checkpoint is not null)
            await work.ExecuteAsync($"UPDATE turns SET checkpoint = {JsonSerializer.Serialize(checkpoint, SessionsJson.Default.TurnCheckpoint)} WHERE tenant = {context.Tenant} AND id = {turn}");
        var receipt = JsonSerializer.Serialize(new RoundReceipt(round.Receipt, round.FinishReason, round.OutputTokensMax), SessionsJson.Default.RoundReceipt);
        await work.ExecuteAsync($"""
            INSERT INTO turn_rounds (tenant, turn, round, said, thoughts, receipt, created_at)
            VALUES ({context.Tenant}, {turn}, {(long)round.Number}, {round.Said}, {round.Thoughts}, {receipt}, {now})
            """);
        foreach (var call in round.Calls)
            await work.ExecuteAsync($"""
                INSERT INTO turn_tool_calls (tenant, turn, round, number, session, wire_id, wire_name, name, arguments, state, result, created_at)
                VALUES ({context.Tenant}, {turn}, {(long)call.Round}, {(long)call.Number}, {session}, {call.WireId}, {call.WireName}, {call.Name}, {call.Arguments}, {Name(call.State)},
                    {Json(call.Refused)}, {now})
                """);
    }

    public async Task SaveAsync(DbWork work, string tenant, string turn, TurnToolCall call) => await work.ExecuteAsync($"""
        UPDATE turn_tool_calls SET state = {Name(call.State)}, result = {Json(call.Result ?? call.Refused)}, approval_id = {call.Approval?.Id},
            approval = {(call.Approval is null ? null : JsonSerializer.Serialize(call.Approval, SessionsJson.Default.TurnApproval))},
            decided = {(call.Decided is null ? null : JsonSerializer.Serialize(call.Decided, SessionsJson.Default.CallDecision))}, ended_at = {(call.State == CallState.Ended ? clock.NowMicros() : null)}
        WHERE tenant = {tenant} AND turn = {turn} AND round = {(long)call.Round} AND number = {(long)call.Number} AND state <> 'ended'
        """);

    public Task<List<TurnRound>> RoundsAsync(string tenant, string turn, CancellationToken cancellationToken) => db.WriteAsync(tenant, work => RoundsAsync(work, tenant, turn), cancellationToken);

    public static async Task<List<TurnRound>> RoundsAsync(DbWork work, string tenant, string turn)
    {
        var calls = (await work.QueryAsync(MapCall, $"SELECT {CallColumns:raw} FROM turn_tool_calls WHERE tenant = {tenant} AND turn = {turn} ORDER BY round, number")).ToLookup(static one => one.Call.Round, static one => one.Call);
        return [.. (await work.QueryAsync(
            static row => (Number: (int)row.GetInt64(0), Said: row.GetString(1), Thoughts: row.Text(2), Receipt: JsonSerializer.Deserialize(row.GetString(3), SessionsJson.Default.RoundReceipt)!),
            $"SELECT round, said, thoughts, receipt FROM turn_rounds WHERE tenant = {tenant} AND turn = {turn} ORDER BY round"))
            .Select(row => new TurnRound(row.Number, row.Said, row.Receipt.Receipt, row.Receipt.FinishReason, row.Receipt.OutputTokensMax, row.Thoughts, [.. calls[row.Number]]))];
    }

    /// <summary>Tool calls of all turns of a session, by turn.</summary>
    public async Task<ILookup<string, TurnToolCall>> OfSessionAsync(string tenant, string session, CancellationToken cancellationToken) => (await db.QueryAsync(
        tenant, MapCall, $"SELECT {CallColumns:raw} FROM turn_tool_calls WHERE tenant = {tenant} AND session = {session} ORDER BY turn, round, number", cancellationToken))
        .ToLookup(static one => one.Turn, static one => one.Call, StringComparer.Ordinal);

    public async Task<List<TurnToolCall>> OfTurnAsync(string tenant, string turn, CancellationToken cancellationToken) => [.. (await db.QueryAsync(
        tenant, MapCall, $"SELECT {CallColumns:raw} FROM turn_tool_calls WHERE tenant = {tenant} AND turn = {turn} ORDER BY round, number", cancellationToken)).Select(static one => one.Call)];

    /// <summary>What a turn may still have written for it, shared by its calls of an action that have not ended; null when nothing limits it.</summary>
    public Task<long?> LeftAsync(string tenant, string turn, string action, CancellationToken cancellationToken) => db.WriteAsync(tenant, async work =>
    {
        if (await FindAsync(work, tenant, turn) is not { Checkpoint.OutputTokensCap: { } cap }) return (long?)null;
        var rounds = await RoundsAsync(work, tenant, turn);
        var sharing = rounds[^1].Calls.Count(call => call.Name == action && call.State != CallState.Ended);
        return Math.Max(0, cap - Rounds.Spent(rounds)) / Math.Max(1, sharing);
    }, cancellationToken);

    /// <summary>The fence of a turn that may go on elsewhere: who lost it writes nothing more of it.</summary>
    /// <exception cref="OperationCanceledException">Another owner has it, or it has ended.</exception>
    public static async Task ThrowIfLostAsync(DbWork work, string tenant, string turn, string owner)
    {
        if (await work.NumberAsync($"SELECT COUNT(*) FROM turns WHERE tenant = {tenant} AND id = {turn} AND status = 'open' AND owner = {owner}") != 1)
            throw new TurnLostException(turn);
    }

    /// <summary>Nobody answers it any more; whoever looks next sees whether a decision came while this was being stored.</summary>
    public static Task PauseAsync(DbWork work, string tenant, string turn) => work.ExecuteAsync($"""
        UPDATE turns SET status = {Waiting}, approved = {true}, owner = {""}, lease_until = {0L} WHERE tenant = {tenant} AND id = {turn} AND status = 'open'
        """);

    /// <summary>What became of an approval, for the calls that wait for it.</summary>
    /// <returns>The turn, or null when none waits for it.</returns>
    public static async Task<string?> DecideAsync(DbWork work, string tenant, string approvalId, CallDecision decision)
    {
        var turn = await work.FindAsync(static row => row.GetString(0), $"""
            UPDATE turn_tool_calls SET decided = {JsonSerializer.Serialize(decision, SessionsJson.Default.CallDecision)}
            WHERE tenant = {tenant} AND approval_id = {approvalId} AND state = 'awaiting' AND decided IS NULL RETURNING turn
            """);
        if (turn is not null) await work.ExecuteAsync($"UPDATE turns SET approved = {true} WHERE tenant = {tenant} AND id = {turn} AND status = {Waiting}");
        return turn;
    }

    /// <summary>Of every tenant: paused turns that somebody has to look at.</summary>
    public Task<List<PausedTurn>> DueAsync(long now, CancellationToken cancellationToken) => db.QueryAsync(Db.AllTenants, MapTurn, $"""
        SELECT {TurnColumns:raw} FROM turns t JOIN sessions s ON s.tenant = t.tenant AND s.id = t.session
        WHERE t.status = 'awaiting_tools' AND t.approved AND t.lease_until < {now} AND t.checkpoint IS NOT NULL ORDER BY t.created_at LIMIT 64
        """, cancellationToken);

    public static Task<PausedTurn?> FindAsync(DbWork work, string tenant, string turn) => work.FindAsync(MapTurn, $"""
        SELECT {TurnColumns:raw} FROM turns t JOIN sessions s ON s.tenant = t.tenant AND s.id = t.session WHERE t.tenant = {tenant} AND t.id = {turn} AND t.checkpoint IS NOT NULL
        """);

    public Task<bool> TakeAsync(PausedTurn turn, string owner, long leaseUntil, CancellationToken cancellationToken) => db.WriteAsync(turn.Tenant, async work => await work.ExecuteAsync($"""
        UPDATE turns SET owner = {owner}, lease_until = {leaseUntil}
        WHERE tenant = {turn.Tenant} AND id = {turn.TurnId} AND status = {Waiting} AND approved AND lease_until < {clock.NowMicros()}
        """) == 1, cancellationToken);

    /// <summary>Nothing has been decided: it costs nothing until something is.</summary>
    public Task ParkAsync(PausedTurn turn, CancellationToken cancellationToken) => db.WriteAsync(turn.Tenant, async work =>
    {
        // The first statement takes the row, so that the second sees every decision that was made before, and later ones come after it.
        await work.ExecuteAsync($"UPDATE turns SET lease_until = {0L}, owner = {""} WHERE tenant = {turn.Tenant} AND id = {turn.TurnId} AND status = {Waiting}");
        await work.ExecuteAsync($"""
            UPDATE turns SET approved = {false} WHERE tenant = {turn.Tenant} AND id = {turn.TurnId} AND status = {Waiting} AND NOT EXISTS (
                SELECT 1 FROM turn_tool_calls c WHERE c.tenant = {turn.Tenant} AND c.turn = {turn.TurnId} AND c.state = 'awaiting' AND c.decided IS NOT NULL)
            """);
    }, cancellationToken);

    /// <returns>False when somebody else was first, or it has ended.</returns>
    public static async Task<bool> ResumeAsync(DbWork work, PausedTurn turn, string owner, long leaseUntil) => await work.ExecuteAsync($"""
        UPDATE turns SET status = 'open', approved = {false}, owner = {owner}, lease_until = {leaseUntil} WHERE tenant = {turn.Tenant} AND id = {turn.TurnId} AND status = {Waiting} AND owner = {owner}
        """) == 1;

    /// <summary>Of a turn whose owner is gone: one of several replicas takes it over.</summary>
    public static async Task<bool> TakeOverAsync(DbWork work, PausedTurn turn, string owner, long leaseUntil, long leasesBefore) => await work.ExecuteAsync($"""
        UPDATE turns SET owner = {owner}, lease_until = {leaseUntil} WHERE tenant = {turn.Tenant} AND id = {turn.TurnId} AND status = 'open' AND lease_until < {leasesBefore}
        """) == 1;

    /// <summary>Whatever had not ended has, with the turn.</summary>
    /// <returns>All calls of the turn.</returns>
    public async Task<IReadOnlyList<ToolCallView>> EndOpenAsync(DbWork work, string tenant, string turn)
    {
        var calls = (await work.QueryAsync(MapCall, $"SELECT {CallColumns:raw} FROM turn_tool_calls WHERE tenant = {tenant} AND turn = {turn} ORDER BY round, number")).ConvertAll(static one => one.Call);
        for (var i = 0; i < calls.Count; i++)
        {
            if (calls[i].State == CallState.Ended) continue;
            calls[i] = calls[i] with { Result = calls[i].State == CallState.Begun ? Unknown : Unused, State = CallState.Ended };
            await SaveAsync(work, tenant, turn, calls[i]);
        }
        return calls.ConvertAll(ToolCallView.Of);
    }

    private static string? Json(CallResult? result) => result is null ? null : JsonSerializer.Serialize(result, SessionsJson.Default.CallResult);

    private static string Name(CallState state) => state switch { CallState.Planned => "planned", CallState.Begun => "begun", CallState.Awaiting => "awaiting", _ => "ended" };

    private static (string Turn, TurnToolCall Call) MapCall(DbDataReader row)
    {
        var state = row.GetString(7) switch { "planned" => CallState.Planned, "begun" => CallState.Begun, "awaiting" => CallState.Awaiting, _ => CallState.Ended };
        var result = row.Text(10) is { } json ? JsonSerializer.Deserialize(json, SessionsJson.Default.CallResult) : null;
        return (row.GetString(0), new TurnToolCall((int)row.GetInt64(1), (int)row.GetInt64(2), row.GetString(3), row.GetString(4), row.GetString(5), row.GetString(6))
        {
            State = state,
            Approval = row.Text(8) is { } approval ? JsonSerializer.Deserialize(approval, SessionsJson.Default.TurnApproval) : null,
            Decided = row.Text(9) is { } decided ? JsonSerializer.Deserialize(decided, SessionsJson.Default.CallDecision) : null,
            Result = state == CallState.Ended ? result : null,
            Refused = state == CallState.Ended ? null : result,
        });
    }

    private static PausedTurn MapTurn(DbDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetString(4), row.Text(5), row.GetString(6), row.Instant(7),
        JsonSerializer.Deserialize(row.GetString(8), SessionsJson.Default.TurnCheckpoint)!);
}

/// <summary>Another process answers the turn now, or it has ended: this one writes nothing more of it.</summary>
internal sealed class TurnLostException(string turn) : Exception($"Turn {turn} is answered elsewhere or has ended.");
