using System.Data.Common;

namespace SomaStack.Platform;

/// <summary>A line that a consumer could not take.</summary>
/// <param name="Reason">Type and message of the last failure, for operators.</param>
/// <param name="ReplayedAt">Null until a replay succeeded.</param>
internal sealed record DeadLetter(
    string Id, string Tenant, string Consumer, long Position, string Type, string Reason, long Attempts, DateTimeOffset At, DateTimeOffset? ReplayedAt);

/// <summary>All SQL over dead letters. Listing spans tenants: only the platform's operator gets here.</summary>
internal sealed class DeadLetters(Db db, Journal journal, TimeProvider clock)
{
    private const string Columns = "id, tenant, consumer, position, type, reason, attempts, at, replayed_at";

    /// <summary>The id follows from consumer and line, so that the same failure is never listed twice.</summary>
    public async Task AddAsync(DbWork work, string consumer, JournalLine line, Exception exception, int attempts)
    {
        var id = Ids.Derive($"dead-letter\n{consumer}\n{line.Id}");
        await work.ExecuteAsync($"""
            INSERT INTO journal_dead_letters (tenant, id, consumer, position, type, reason, attempts, at)
            VALUES ({line.Tenant}, {id}, {consumer}, {line.Position}, {line.Type}, {Reason(exception)}, {attempts}, {clock.NowMicros()})
            ON CONFLICT (tenant, id) DO UPDATE SET reason = excluded.reason, attempts = journal_dead_letters.attempts + excluded.attempts, at = excluded.at
            """);
        // Whoever cannot take this news either must not make more of it.
        if (line.Type != DeadLettered.Type) await TellAsync(work, line.Tenant, new DeadLettered(id, consumer, line.Type, line.Position, attempts));
        work.OnCommit(JournalMetrics.DeadLettered);
    }

    /// <summary>A message that is no line: it belongs to no tenant and has no position, and its place on the bus names it.</summary>
    public async Task AddForeignAsync(DbWork work, string consumer, ForeignMessage message, string reason, int attempts)
    {
        var id = Ids.Derive($"dead-letter\n{consumer}\n{message.Place}");
        await work.ExecuteAsync($"""
            INSERT INTO journal_dead_letters (tenant, id, consumer, position, type, reason, attempts, at)
            VALUES ({Db.AllTenants}, {id}, {consumer}, {0L}, {message.Topic}, {Cut($"{message.Place}: {reason}")}, {attempts}, {clock.NowMicros()})
            ON CONFLICT (tenant, id) DO UPDATE SET reason = excluded.reason, at = excluded.at
            """);
        await TellAsync(work, Db.AllTenants, new DeadLettered(id, consumer, message.Topic, 0, attempts));
        work.OnCommit(JournalMetrics.DeadLettered);
    }

    public Task<List<DeadLetter>> ListAsync(string afterId, int limit, CancellationToken cancellationToken) =>
        db.QueryAsync(Db.AllTenants, Map, $"""
            SELECT {Columns:raw} FROM journal_dead_letters WHERE tenant <> '' AND replayed_at IS NULL AND id > {afterId} ORDER BY id LIMIT {limit}
            """, cancellationToken);

    public Task<DeadLetter?> FindAsync(string id, CancellationToken cancellationToken) =>
        db.FindAsync(Db.AllTenants, Map, $"SELECT {Columns:raw} FROM journal_dead_letters WHERE tenant <> '' AND id = {id}", cancellationToken);

    /// <summary>Runs the handler again; its effect and the mark are one transaction. False when it was replayed before.</summary>
    public Task<bool> ReplayAsync(DeadLetter letter, JournalLine line, Subscription subscription, CancellationToken cancellationToken) =>
        db.WriteAsync(letter.Tenant, async work =>
        {
            var marked = await work.ExecuteAsync($"""
                UPDATE journal_dead_letters SET replayed_at = {clock.NowMicros()} WHERE tenant = {letter.Tenant} AND id = {letter.Id} AND replayed_at IS NULL
                """);
            if (marked == 1) await subscription.Handler(line, work, cancellationToken);
            return marked == 1;
        }, cancellationToken);

    public Task FailedAgainAsync(DeadLetter letter, Exception exception, CancellationToken cancellationToken) =>
        db.WriteAsync(letter.Tenant, work => work.ExecuteAsync($"""
            UPDATE journal_dead_letters SET attempts = attempts + 1, reason = {Reason(exception)}, at = {clock.NowMicros()}
            WHERE tenant = {letter.Tenant} AND id = {letter.Id}
            """), cancellationToken);

    private Task<long> TellAsync(DbWork work, string tenant, DeadLettered what) =>
        journal.AppendAsync(work, RequestContext.ForSystem(tenant, DeploymentMode.DeveloperLight), DeadLettered.Type, what, JournalJson.Default.DeadLettered);

    private static string Reason(Exception exception) => Cut($"{exception.GetType().Name}: {exception.Message}");

    private static string Cut(string reason)
    {
        var text = reason.Replace('\0', ' ');
        // Cut between characters: half a surrogate pair is no text.
        return text.Length <= 1000 ? text : text[..(char.IsHighSurrogate(text[999]) ? 999 : 1000)];
    }

    private static DeadLetter Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), reader.GetString(4), reader.GetString(5), reader.GetInt64(6),
        reader.Instant(7), reader.MaybeInstant(8));
}
