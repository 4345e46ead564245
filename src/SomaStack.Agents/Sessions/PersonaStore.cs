using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Serialization;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

internal sealed record PersonaChanged(string Id, string Name, string InstructionsSha256, string? Model,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Tools = null);

/// <summary>All SQL of personas: who speaks in a session, and with which instructions and model.</summary>
internal sealed class PersonaStore(Db db, Journal journal, TimeProvider clock) : Contracts.IPersonas
{
    public const string Starter = "guide";

    private const string Changed = "somastack.sessions.persona_changed.v1";
    private const string Columns = "id, name, instructions, model, version, created_at, updated_at, tools";

    private const string StarterInstructions =
        "You answer from what is remembered. Cite every passage you use by its number in brackets. When nothing relevant is remembered, say so; never fill the gap.";

    public async Task<PersonaView> GetAsync(RequestContext context, string id, CancellationToken cancellationToken) =>
        await db.FindAsync(context.Tenant, Map, $"SELECT {Columns:raw} FROM personas WHERE tenant = {context.Tenant} AND id = {id}", cancellationToken)
        ?? await StarterAsync(context, id, cancellationToken)
        ?? throw SessionProblems.PersonaUnknown.Because("No persona of this tenant has this id.");

    public async Task<Page<PersonaView>> ListAsync(RequestContext context, string? cursor, int limit, CancellationToken cancellationToken)
    {
        await StarterAsync(context, Starter, cancellationToken);
        var after = Cursor.Decode(cursor) ?? "";
        var rows = await db.QueryAsync(context.Tenant, Map,
            $"SELECT {Columns:raw} FROM personas WHERE tenant = {context.Tenant} AND id > {after} ORDER BY id LIMIT {limit + 1}", cancellationToken);
        return Cursor.Page(rows, limit, row => row.Id);
    }

    async Task<Page<Contracts.Persona>> Contracts.IPersonas.ListAsync(RequestContext context, string? cursor, int limit, CancellationToken cancellationToken)
    {
        var page = await ListAsync(context, cursor, limit, cancellationToken);
        return new Page<Contracts.Persona>([.. page.Data.Select(Seen)], page.NextCursor);
    }

    async Task<Contracts.Persona> Contracts.IPersonas.GetAsync(RequestContext context, string id, CancellationToken cancellationToken) => Seen(await GetAsync(context, id, cancellationToken));

    /// <summary>Creates version 1; an existing persona is a 409.</summary>
    public async Task<PersonaView> CreateAsync(RequestContext context, string id, string name, string instructions, string? model, IReadOnlyList<string> tools, CancellationToken cancellationToken)
    {
        try
        {
            await db.WriteAsync(context.Tenant, work => SaveAsync(work, context, id, name, instructions, model, tools, 1), cancellationToken);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            throw SessionProblems.PersonaExists.Because("Another persona has this id.", exception);
        }
        return await GetAsync(context, id, cancellationToken);
    }

    /// <param name="tools">Null keeps those that it has: a client that does not know of tools takes none away.</param>
    public async Task<PersonaView> UpdateAsync(
        RequestContext context, string id, string name, string instructions, string? model, IReadOnlyList<string>? tools, long expected, CancellationToken cancellationToken)
    {
        var current = await GetAsync(context, id, cancellationToken);
        if (current.Version != expected) throw PlatformProblems.VersionMismatch.Because($"The persona is at version {current.Version}.");
        try
        {
            await db.WriteAsync(context.Tenant, work => SaveAsync(work, context, id, name, instructions, model, tools ?? current.Tools, expected + 1), cancellationToken);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            throw PlatformProblems.VersionMismatch.Because("The persona was changed meanwhile.", exception);
        }
        return await GetAsync(context, id, cancellationToken);
    }

    /// <summary>The starter persona exists in every tenant: it is created when it is first asked for.</summary>
    private async Task<PersonaView?> StarterAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        if (id != Starter) return null;
        var system = RequestContext.ForSystem(context.Tenant, context.Mode);
        try
        {
            await db.WriteAsync(context.Tenant, async work =>
            {
                if (await work.NumberAsync($"SELECT COUNT(*) FROM personas WHERE tenant = {context.Tenant} AND id = {Starter}") == 0)
                    await SaveAsync(work, system, Starter, "Guide", StarterInstructions, null, [], 1);
            }, cancellationToken);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            // A replica was quicker.
        }
        return await db.FindAsync(context.Tenant, Map, $"SELECT {Columns:raw} FROM personas WHERE tenant = {context.Tenant} AND id = {Starter}", cancellationToken);
    }

    private async Task SaveAsync(DbWork work, RequestContext context, string id, string name, string instructions, string? model, IReadOnlyList<string> tools, long version)
    {
        var now = clock.NowMicros();
        var list = tools.Count == 0 ? null : JsonSerializer.Serialize(tools, SessionsJson.Default.IReadOnlyListString);
        if (version == 1)
            await work.ExecuteAsync($"""
                INSERT INTO personas (tenant, id, name, instructions, model, version, created_at, updated_at, tools)
                VALUES ({context.Tenant}, {id}, {name}, {instructions}, {model}, {1L}, {now}, {now}, {list})
                """);
        else
            await work.ExecuteAsync($"""
                UPDATE personas SET name = {name}, instructions = {instructions}, model = {model}, tools = {list}, version = {version}, updated_at = {now}
                WHERE tenant = {context.Tenant} AND id = {id}
                """);
        var changed = new PersonaChanged(id, name, TextDigest.Of(instructions), model, tools.Count == 0 ? null : tools);
        await journal.AppendAsync(work, context, "persona/" + id, version, Changed, changed, SessionsJson.Default.PersonaChanged);
    }

    private static Contracts.Persona Seen(PersonaView view) => new(view.Id, view.Name, view.Instructions, view.Model);

    private static PersonaView Map(DbDataReader reader) =>
        new(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.Text(3),
        reader.Text(7) is { } tools ? JsonSerializer.Deserialize(tools, SessionsJson.Default.IReadOnlyListString)! : [], reader.GetInt64(4), reader.Instant(5), reader.Instant(6));
}
