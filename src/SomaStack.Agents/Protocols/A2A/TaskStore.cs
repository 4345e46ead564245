using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Agents.Protocols;

/// <summary>One message of another agent and what became of it. It holds words, which the journal does not.</summary>
/// <param name="Context">The conversation that it belongs to.</param>
/// <param name="Session">Ours; null until it is known.</param>
internal sealed record TaskRow(
    string Id, string Principal, string Context, string Message, string? Persona, string Prompt, string State, string? Session, string? Answer, string? Code, string? Detail, string? Approval,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, long Version);

internal sealed record TaskOpened(string Principal, string Context, string? Persona, string PromptSha256);

internal sealed record TaskMoved(string State, string? Code);

/// <summary>All SQL of A2A's tasks. A task is its principal's: for anybody else it is unknown.</summary>
internal sealed class TaskStore(Db db, Journal journal, TimeProvider clock)
{
    private const string Opened = "somastack.protocols.task_opened.v1";
    private const string Moved = "somastack.protocols.task_moved.v1";
    private const string Columns = "id, principal, context, message, persona, prompt, state, session, answer, code, detail, approval, created_at, updated_at, version";

    public Task<TaskRow?> FindAsync(RequestContext context, string id, CancellationToken cancellationToken) => db.FindAsync(
        context.Tenant, Map, $"SELECT {Columns:raw} FROM a2a_tasks WHERE tenant = {context.Tenant} AND id = {id} AND principal = {context.Principal.Id}", cancellationToken);

    /// <summary>The session in which a conversation is held; null when it has none yet.</summary>
    public async Task<string?> SessionAsync(RequestContext context, string conversation, CancellationToken cancellationToken) => (await db.FindAsync(
        context.Tenant, Map, $"""
        SELECT {Columns:raw} FROM a2a_tasks WHERE tenant = {context.Tenant} AND principal = {context.Principal.Id} AND context = {conversation} AND session IS NOT NULL
        ORDER BY created_at DESC, id DESC LIMIT 1
        """, cancellationToken))?.Session;

    /// <summary>Newest change first, after the place that the cursor names.</summary>
    public Task<List<TaskRow>> ListAsync(
        RequestContext context, string? conversation, string? state, long since, long before, string beforeId, int limit, CancellationToken cancellationToken) => db.QueryAsync(context.Tenant, Map, $"""
        SELECT {Columns:raw} FROM a2a_tasks WHERE tenant = {context.Tenant} AND principal = {context.Principal.Id} AND ({conversation ?? ""} = '' OR context = {conversation ?? ""})
            AND ({state ?? ""} = '' OR state = {state ?? ""}) AND updated_at >= {since} AND (updated_at < {before} OR (updated_at = {before} AND id < {beforeId}))
        ORDER BY updated_at DESC, id DESC LIMIT {limit}
        """, cancellationToken);

    public async Task<long> CountAsync(RequestContext context, string? conversation, string? state, long since, CancellationToken cancellationToken) => (await db.QueryAsync(
        context.Tenant, static row => row.GetInt64(0), $"""
        SELECT COUNT(*) FROM a2a_tasks WHERE tenant = {context.Tenant} AND principal = {context.Principal.Id} AND ({conversation ?? ""} = '' OR context = {conversation ?? ""})
            AND ({state ?? ""} = '' OR state = {state ?? ""}) AND updated_at >= {since}
        """, cancellationToken))[0];

    /// <exception cref="Exception">A unique violation when the message was sent before.</exception>
    public Task OpenAsync(RequestContext context, TaskRow row, string promptDigest, CancellationToken cancellationToken) => db.WriteAsync(context.Tenant, async work =>
    {
        await work.ExecuteAsync($"""
            INSERT INTO a2a_tasks (tenant, id, principal, context, message, persona, prompt, state, session, created_at, updated_at, version)
            VALUES ({context.Tenant}, {row.Id}, {row.Principal}, {row.Context}, {row.Message}, {row.Persona}, {row.Prompt}, {row.State}, {row.Session},
                {row.CreatedAt.ToMicros()}, {row.UpdatedAt.ToMicros()}, {1L})
            """);
        await journal.AppendAsync(work, context, "a2a_task/" + row.Id, 1, Opened, new TaskOpened(row.Principal, row.Context, row.Persona, promptDigest), ProtocolsJson.Default.TaskOpened);
    }, cancellationToken);

    /// <summary>Moves the task on, unless somebody else did meanwhile.</summary>
    /// <param name="before">As it was read.</param>
    /// <returns>The task as it is then.</returns>
    public async Task<TaskRow> MoveAsync(RequestContext context, TaskRow before, TaskRow after, CancellationToken cancellationToken)
    {
        await db.WriteAsync(context.Tenant, async work =>
        {
            var changed = await work.ExecuteAsync($"""
                UPDATE a2a_tasks SET state = {after.State}, session = {after.Session}, answer = {after.Answer}, code = {after.Code}, detail = {after.Detail}, approval = {after.Approval},
                    updated_at = {clock.NowMicros()}, version = {before.Version + 1}
                WHERE tenant = {context.Tenant} AND id = {before.Id} AND version = {before.Version}
                """);
            if (changed == 1) await journal.AppendAsync(work, context, "a2a_task/" + before.Id, before.Version + 1, Moved, new TaskMoved(after.State, after.Code), ProtocolsJson.Default.TaskMoved);
        }, cancellationToken);
        return (await FindAsync(context, before.Id, cancellationToken))!;
    }

    private static TaskRow Map(DbDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.Text(4), row.GetString(5), row.GetString(6), row.Text(7), row.Text(8), row.Text(9), row.Text(10), row.Text(11),
        row.Instant(12), row.Instant(13), row.GetInt64(14));
}
