using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <param name="Id">The webhook-id that was sent.</param>
/// <param name="Status">What the endpoint answered; null when it did not.</param>
/// <param name="Reason">Why it was not delivered; empty when it was.</param>
internal sealed record WebhookTested(string Id, bool Delivered, long? Status, string Reason, double TookMs);

/// <param name="Replayed">How many deliveries are tried again.</param>
/// <param name="More">There are others: call again.</param>
internal sealed record ReplayAnswer(long Replayed, bool More);

/// <summary>
/// <c>POST /v1/webhooks/{id}/test</c> sends a signed test at once and says how it went; it stands in no ledger. <c>…/replay</c> tries again
/// everything that was given up for the endpoint.
/// </summary>
internal sealed class TestWebhook(ManageWebhooks webhooks, WebhookChannel channel, DeliveryStore deliveries, ReplayDelivery replay, Attempted attempted, TimeProvider clock)
{
    private const int TestsPerMinute = 10;
    private const int ReplayMax = 500;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/webhooks/{id}/test", (string id, RequestContext context, TestWebhook use, CancellationToken cancellationToken) => use.RunAsync(id, context, cancellationToken))
            .ForAnyPrincipal().WithoutReplay().WithTags("webhooks").WithSummary("Send a test to an endpoint now.");
        routes.MapPost("/v1/webhooks/{id}/replay", (string id, RequestContext context, TestWebhook use, CancellationToken cancellationToken) => use.ReplayAsync(id, context, cancellationToken))
            .ForAnyPrincipal().WithTags("webhooks").WithSummary("Try again what was given up for an endpoint.");
    }

    internal async Task<Ok<WebhookTested>> RunAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        var endpoint = await webhooks.FindAsync(context, id, cancellationToken);
        await attempted.CountAsync(context.Tenant, "webhook-test/" + context.Principal.Id, TestsPerMinute, TimeSpan.FromMinutes(1), cancellationToken);
        var (message, began) = (Ids.New(clock), Stopwatch.GetTimestamp());
        DeliveryOutcome outcome;
        try
        {
            outcome = await channel.PostAsync(endpoint, message, WebhookPayload.OfTest(id, clock.NowMicros().ToInstant()), cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            outcome = DeliveryOutcome.Retry("The endpoint did not answer in time.");
        }
        catch (Exception exception) when (exception is HttpRequestException or Problem or IOException)
        {
            outcome = DeliveryOutcome.Retry(SendDelivery.OneLine(exception.Message));
        }
        return TypedResults.Ok(new WebhookTested(
            message, outcome.Result == DeliveryResult.Delivered, outcome.Status, outcome.Reason, Math.Round(Stopwatch.GetElapsedTime(began).TotalMilliseconds, 3)));
    }

    internal async Task<Ok<ReplayAnswer>> ReplayAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        await webhooks.FindAsync(context, id, cancellationToken);
        var dead = await deliveries.DeadOfAsync(context.Tenant, id, ReplayMax + 1, cancellationToken);
        var replayed = await replay.RunAsync(context, [.. dead.Take(ReplayMax)], cancellationToken);
        return TypedResults.Ok(new ReplayAnswer(replayed, dead.Count > ReplayMax));
    }
}
