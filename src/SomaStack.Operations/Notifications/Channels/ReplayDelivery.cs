using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary><c>POST /v1/notifications/deliveries/{id}/replay</c>: what was given up or refused is tried again under its id, for another three days.</summary>
internal sealed class ReplayDelivery(ReadDeliveries read, Db db, Journal journal, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/notifications/deliveries/{id}/replay", (string id, RequestContext context, ReplayDelivery use, CancellationToken cancellationToken) => use.OneAsync(id, context, cancellationToken))
        .ForAnyPrincipal().WithTags("notifications").WithSummary("Try a delivery again.");

    internal async Task<Accepted<DeliveryView>> OneAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        var row = await read.FindAsync(context, id, cancellationToken);
        if (await RunAsync(context, [id], cancellationToken) == 0) throw ChannelProblems.NotEnded.Because($"The delivery is {row.State}.");
        return TypedResults.Accepted("/v1/notifications/deliveries/" + id, DeliveryView.Of(await read.FindAsync(context, id, cancellationToken), context.Principal.Id));
    }

    /// <summary>Of deliveries that the caller may see.</summary>
    /// <returns>How many were put back in line; what had not ended is left alone.</returns>
    public Task<long> RunAsync(RequestContext context, IReadOnlyList<string> ids, CancellationToken cancellationToken) => db.WriteAsync(context.Tenant, async work =>
    {
        var count = 0L;
        foreach (var id in ids)
        {
            if (await DeliveryStore.ReplayAsync(work, context.Tenant, id, clock.GetUtcNow()) is not { } row) continue;
            count++;
            await journal.AppendAsync(work, context, ChannelEvents.Replayed, new DeliveryEnded(row.Id, row.Notification, row.Principal, row.Channel, row.Attempt, row.LastError ?? ""), ChannelsJson.Default.DeliveryEnded);
        }
        return count;
    }, cancellationToken);
}
