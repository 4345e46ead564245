using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

internal sealed record TemplateRow(string Tenant, string Name, TemplateParts Parts, long Version, DateTimeOffset UpdatedAt);

/// <summary>All SQL of tenants' own templates.</summary>
internal sealed class TemplateStore(Db db)
{
    public Task<TemplateRow?> FindAsync(string tenant, string name, CancellationToken cancellationToken) => db.FindAsync(tenant, static reader => new TemplateRow(
            reader.GetString(0), reader.GetString(1), new TemplateParts(reader.GetString(2), reader.GetString(3), reader.GetString(4)), reader.GetInt64(5), reader.Instant(6)),
        $"SELECT tenant, name, subject, body_text, body_html, version, updated_at FROM notification_templates WHERE tenant = {tenant} AND name = {name}", cancellationToken);

    /// <param name="expected">0 when there is none.</param>
    /// <returns>False when it is at another version.</returns>
    public static async Task<bool> TryWriteAsync(DbWork work, TemplateRow row, long expected) => await work.ExecuteAsync(expected == 0
        ? (Sql)$"""
            INSERT INTO notification_templates (tenant, name, subject, body_text, body_html, version, updated_at)
            VALUES ({row.Tenant}, {row.Name}, {row.Parts.Subject}, {row.Parts.Text}, {row.Parts.Html}, {row.Version}, {row.UpdatedAt.ToMicros()}) ON CONFLICT DO NOTHING
            """
        : (Sql)$"""
            UPDATE notification_templates SET subject = {row.Parts.Subject}, body_text = {row.Parts.Text}, body_html = {row.Parts.Html}, version = {row.Version}, updated_at = {row.UpdatedAt.ToMicros()}
            WHERE tenant = {row.Tenant} AND name = {row.Name} AND version = {expected}
            """) == 1;

    public static Task<int> DeleteAsync(DbWork work, string tenant, string name) => work.ExecuteAsync($"DELETE FROM notification_templates WHERE tenant = {tenant} AND name = {name}");
}
