using System.Data.Common;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

internal sealed record RunTemplateChanged(string Id, string Name, string Capsule, string CapsuleVersion, string DefaultsSha256);

/// <param name="Defaults">Inputs that whoever runs it need not give.</param>
internal sealed record RunTemplateView(string Id, string Name, string Capsule, string CapsuleVersion, JsonElement Defaults, string Author, long Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>All SQL of templates.</summary>
internal sealed class TemplateStore(Db db, Journal journal, TimeProvider clock)
{
    public const string Changed = "somastack.workflows.template_changed.v1";

    private const string Columns = "id, name, capsule, capsule_version, defaults, author, version, created_at, updated_at";

    public async Task<RunTemplateView> GetAsync(string tenant, string id, CancellationToken cancellationToken) =>
        await FindAsync(tenant, id, cancellationToken) ?? throw ScheduleProblems.TemplateUnknown.Because("No template of this tenant has this id.");

    public Task<RunTemplateView?> FindAsync(string tenant, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, Map, $"SELECT {Columns:raw} FROM run_templates WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    public Task<List<RunTemplateView>> ListAsync(string tenant, string after, int limit, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, Map, $"SELECT {Columns:raw} FROM run_templates WHERE tenant = {tenant} AND id > {after} ORDER BY id LIMIT {limit}", cancellationToken);

    /// <exception cref="Problem">409 <c>template_exists</c>, unless it is this very one.</exception>
    public async Task CreateAsync(DbWork work, RequestContext context, RunTemplateView template)
    {
        var defaults = template.Defaults.GetRawText();
        var written = await work.ExecuteAsync($"""
            INSERT INTO run_templates (tenant, id, name, capsule, capsule_version, defaults, author, version, created_at, updated_at)
            VALUES ({context.Tenant}, {template.Id}, {template.Name}, {template.Capsule}, {template.CapsuleVersion}, {defaults}, {template.Author}, 1, {clock.NowMicros()}, {clock.NowMicros()})
            ON CONFLICT (tenant, id) DO NOTHING
            """);
        if (written == 0) throw ScheduleProblems.TemplateExists.Because($"There is a template '{template.Id}'.");
        await SayAsync(work, context, template with { Version = 1 });
    }

    /// <exception cref="Problem">412 when it is at another version.</exception>
    public async Task ReplaceAsync(DbWork work, RequestContext context, RunTemplateView template, long expected)
    {
        var written = await work.ExecuteAsync($"""
            UPDATE run_templates SET name = {template.Name}, capsule = {template.Capsule}, capsule_version = {template.CapsuleVersion}, defaults = {template.Defaults.GetRawText()},
                version = {expected + 1}, updated_at = {clock.NowMicros()}
            WHERE tenant = {context.Tenant} AND id = {template.Id} AND version = {expected}
            """);
        if (written == 0) throw PlatformProblems.VersionMismatch.Because("The template was changed meanwhile.");
        await SayAsync(work, context, template with { Version = expected + 1 });
    }

    private Task<long> SayAsync(DbWork work, RequestContext context, RunTemplateView template)
    {
        var changed = new RunTemplateChanged(template.Id, template.Name, template.Capsule, template.CapsuleVersion, TextDigest.Of(template.Defaults.GetRawText()));
        return journal.AppendAsync(work, context, "template/" + template.Id, template.Version, Changed, changed, SchedulesJson.Default.RunTemplateChanged);
    }

    private static RunTemplateView Map(DbDataReader row)
    {
        using var defaults = JsonDocument.Parse(row.GetString(4));
        return new RunTemplateView(
            row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), defaults.RootElement.Clone(), row.GetString(5), row.GetInt64(6), row.Instant(7), row.Instant(8));
    }
}
