using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>All SQL of what people do with their notifications.</summary>
internal sealed class InboxStore
{
    /// <summary>Addresses it to them by name; whoever has it already keeps what he did with it.</summary>
    public static async Task AddressAsync(DbWork work, string tenant, string notification, long sequence, IReadOnlyList<string> principals)
    {
        if (principals.Count == 0) return;
        Sql sql = $"INSERT INTO notification_inbox (tenant, principal, notification, sequence, addressed) VALUES ";
        for (var i = 0; i < principals.Count; i++) sql.AppendRow(i, tenant, principals[i], notification, sequence, true);
        sql.AppendLiteral(" ON CONFLICT (tenant, principal, notification) DO UPDATE SET addressed = TRUE");
        await work.ExecuteAsync(sql);
    }
}
