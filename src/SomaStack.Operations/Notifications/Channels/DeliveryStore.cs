using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>All SQL of the delivery ledger.</summary>
internal sealed class DeliveryStore
{
    /// <summary>How long a delivery is tried: three days, as Standard Webhooks advises.</summary>
    public static readonly TimeSpan GiveUpAfter = TimeSpan.FromDays(3);

    /// <summary>
    /// Inside the planner's transaction. The same notification (or digest) for the same person, channel and target is there once, however
    /// often it is planned.
    /// </summary>
    /// <returns>False when it was there.</returns>
    public static async Task<bool> QueueAsync(DbWork work, NewDelivery asked, DateTimeOffset now) => await work.ExecuteAsync($"""
        INSERT INTO notification_deliveries (tenant, id, notification, digest, principal, channel, target, state, attempt, reason, created_at, due_at, give_up_at, lease_until)
        VALUES ({asked.Tenant}, {Ids.New()}, {asked.Notification}, {asked.Digest}, {asked.Principal}, {asked.Channel}, {asked.Target}, {DeliveryStates.Waiting}, 0, {asked.Reason},
            {now.ToMicros()}, {asked.DueAt.ToMicros()}, {(asked.DueAt + GiveUpAfter).ToMicros()}, 0)
        ON CONFLICT (tenant, notification, digest, principal, channel, target) DO NOTHING
        """) == 1;
}

/// <summary>waiting → running → delivered | waiting | refused | dead; cancelled when it was over before it was sent.</summary>
internal static class DeliveryStates
{
    public const string Waiting = "waiting";
    public const string Running = "running";
    public const string Delivered = "delivered";
    public const string Refused = "refused";
    public const string Dead = "dead";
    public const string Cancelled = "cancelled";
}
