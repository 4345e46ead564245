using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>Posts to an endpoint as Standard Webhooks says: signed, with the id by which a receiver tells a repetition.</summary>
internal sealed class WebhookChannel(WebhookStore store, ISealedSecrets secrets, OutgoingOrigins origins, TimeProvider clock) : IDeliveryChannel, IDisposable
{
    public const string SecretPurpose = "webhook";

    /// <summary>The answer's body is not read, so a small cap on it is enough.</summary>
    private static readonly OutgoingLimits Limits = new(TimeSpan.FromSeconds(15), 64 << 10, Redirects: 0);

    private readonly HttpClient _http = OutgoingHttp.Create(Limits, origins.Allowed);

    public string Name => NotificationChannels.Webhook;

    public async Task<DeliveryOutcome> SendAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(delivery.Tenant, delivery.Target, cancellationToken) is not { } endpoint) return DeliveryOutcome.Refused("The endpoint was deleted.");
        if (endpoint.DisabledAt is not null) return DeliveryOutcome.Refused("The endpoint is switched off.");
        if (delivery.Notification is not { } notification) return DeliveryOutcome.Refused("An endpoint gets no digests.");
        return await PostAsync(endpoint, delivery.Id, WebhookPayload.Of(notification), cancellationToken);
    }

    /// <summary>One signed post.</summary>
    /// <param name="id">The same in every attempt.</param>
    public async Task<DeliveryOutcome> PostAsync(WebhookEndpoint endpoint, string id, byte[] body, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var signing = new List<byte[]>(2);
        if (Opened(endpoint, endpoint.Secret) is { } current) signing.Add(current);
        if (endpoint.OldUntil > now && endpoint.OldSecret is { } old && Opened(endpoint, old) is { } previous) signing.Add(previous);
        if (signing.Count == 0) return DeliveryOutcome.Retry("The endpoint's secret was sealed under another key file; rotate it.");

        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("SomaStack-Webhooks", "1"));
        var timestamp = now.ToUnixTimeSeconds();
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", WebhookSignature.Sign(signing, id, timestamp, body));
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return OutcomeOf(response.StatusCode, RetryAfter(response.Headers.RetryAfter, now));
    }

    /// <summary>2xx is taken, 410 is gone for good, everything else is tried again. Pure.</summary>
    internal static DeliveryOutcome OutcomeOf(HttpStatusCode code, TimeSpan? retryAfter)
    {
        var status = (int)code;
        return status switch
        {
            >= 200 and < 300 => DeliveryOutcome.Delivered(status),
            410 => DeliveryOutcome.Disabled("The endpoint answered 410: it is gone.", status),
            _ => DeliveryOutcome.Retry($"The endpoint answered {status}.", retryAfter, status),
        };
    }

    internal static TimeSpan? RetryAfter(RetryConditionHeaderValue? header, DateTimeOffset now) => header switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date > now ? date - now : null,
        _ => null,
    };

    public void Dispose() => _http.Dispose();

    public static string OwnerOf(string tenant, string id) => tenant + "/" + id;

    private byte[]? Opened(WebhookEndpoint endpoint, byte[] box) => secrets.Open(SecretPurpose, OwnerOf(endpoint.Tenant, endpoint.Id), box);
}
