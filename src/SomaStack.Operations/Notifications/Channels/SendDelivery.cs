using System.Diagnostics;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>One attempt from its begin to its line in the ledger.</summary>
internal sealed class SendDelivery(NotificationStore notifications, DigestStore digests, NotBefore notBefore, EndAttempt end, TimeProvider clock)
{
    /// <summary>However slow the far side is.</summary>
    public static readonly TimeSpan AttemptMax = TimeSpan.FromSeconds(75);

    public async Task RunAsync(IDeliveryChannel channel, LedgerRow row, CancellationToken stopping)
    {
        var quietUntil = await notBefore.OfAsync(row, clock.GetUtcNow(), stopping);
        if (quietUntil > clock.GetUtcNow())
        {
            await end.PutOffAsync(row, quietUntil, CancellationToken.None);
            return;
        }
        var began = clock.GetTimestamp();
        var (outcome, over) = await AttemptAsync(channel, row, stopping);
        var took = clock.GetElapsedTime(began);
        // What was sent is written down even while the program stops.
        if (over is not null) await end.CancelAsync(row, over, took, CancellationToken.None);
        else if (outcome is null) await end.InterruptAsync(row, took, CancellationToken.None);
        else await end.RunAsync(row, outcome, took, CancellationToken.None);
    }

    /// <returns>How it went; neither when the program stopped meanwhile.</returns>
    private async Task<(DeliveryOutcome? Outcome, string? Over)> AttemptAsync(IDeliveryChannel channel, LedgerRow row, CancellationToken stopping)
    {
        using var time = new CancellationTokenSource(AttemptMax, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping, time.Token);
        try
        {
            var notification = row.Notification.Length == 0 ? null : await notifications.FindAsync(row.Tenant, row.Notification, limit.Token);
            var digest = row.Digest.Length == 0 ? null : await digests.FindAsync(row.Tenant, row.Digest, limit.Token);
            if (WhyOver(row, notification, digest, clock.GetUtcNow()) is { } why) return (null, why);
            var delivery = new Delivery(row.Tenant, row.Id, row.Principal, row.Channel, row.Target, notification, digest, row.Attempt, row.DueAt, row.CreatedAt);
            return (await channel.SendAsync(delivery, limit.Token), null);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return (null, null);
        }
        catch (OperationCanceledException)
        {
            return (DeliveryOutcome.Retry("The far side did not answer in time."), null);
        }
        catch (Problem problem) when (problem.Code == PlatformProblems.AddressRefused)
        {
            return (DeliveryOutcome.Refused(problem.Detail), null);
        }
        catch (Exception exception)
        {
            Activity.Current?.AddException(exception);
            return (DeliveryOutcome.Retry(OneLine(exception.Message)), null);
        }
    }

    /// <summary>Why nobody need be told any more; null when somebody must. Pure.</summary>
    internal static string? WhyOver(LedgerRow row, Notification? notification, Digest? digest, DateTimeOffset now)
    {
        if (notification is null) return digest is null ? "What was to be sent is not there any more." : null;
        if (notification.ExpiresAt <= now) return "It had expired.";
        if (!notification.RequiresAck || row.Principal.Length == 0) return null;
        if (notification.ResolvedAt is not null) return "What it was about was over.";
        return notification.AcknowledgedAt is not null ? "Somebody had taken charge." : null;
    }

    internal static string OneLine(string text) => string.Concat(text.Select(static c => char.IsControl(c) ? ' ' : c));
}
