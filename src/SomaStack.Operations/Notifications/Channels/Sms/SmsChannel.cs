using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// Sends text messages by a form post of Twilio's shape: <c>POST {base}/2010-04-01/Accounts/{account}/Messages.json</c> with To, From and
/// Body, and basic authentication. Any provider that speaks it will do.
/// </summary>
internal sealed class SmsChannel(
    Connectors connectors, AddressStore addresses, UnsubscribeStore unsubscribes, EmailTemplates templates, OutgoingOrigins origins, TimeProvider clock) : IDeliveryChannel, IDisposable
{
    private static readonly OutgoingLimits Limits = new(TimeSpan.FromSeconds(15), 64 << 10, Redirects: 0);

    private readonly HttpClient _http = OutgoingHttp.Create(Limits, origins.Allowed);

    public string Name => NotificationChannels.Sms;

    public async Task<DeliveryOutcome> SendAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        if (delivery.Notification is not { } one) return DeliveryOutcome.Refused("Digests go by e-mail only.");
        if (await addresses.WhyNotAsync(delivery, cancellationToken) is { } gone) return DeliveryOutcome.Refused(gone);
        if (await unsubscribes.HasAsync(delivery.Tenant, delivery.Principal, Name, one.Kind, cancellationToken)) return DeliveryOutcome.Refused("It was unsubscribed from meanwhile.");
        return await TextAsync(delivery.Tenant, delivery.Target, SmsText.Of(one, one.Link is null ? null : templates.Link(one.Link)), cancellationToken);
    }

    public async Task<DeliveryOutcome> TextAsync(string tenant, string to, string body, CancellationToken cancellationToken)
    {
        if (await connectors.SmsAsync(tenant, cancellationToken) is not { } found) return DeliveryOutcome.Retry("No provider of text messages is set up.");
        var (connector, secret) = found;
        var path = $"{connector.Url.TrimEnd('/')}/2010-04-01/Accounts/{Uri.EscapeDataString(connector.Account)}/Messages.json";
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new FormUrlEncodedContent([new("To", to), new("From", connector.Sender), new("Body", body)]),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{connector.Account}:{secret}")));
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        var code = response.IsSuccessStatusCode ? null : await CodeAsync(response, cancellationToken);
        return OutcomeOf(response.StatusCode, code, WebhookChannel.RetryAfter(response.Headers.RetryAfter, clock.GetUtcNow()));
    }

    /// <summary>Pure.</summary>
    /// <param name="code">The provider's own, e.g. 21610 for a number that said STOP.</param>
    internal static DeliveryOutcome OutcomeOf(HttpStatusCode status, int? code, TimeSpan? retryAfter)
    {
        var number = (int)status;
        var reason = code is null ? $"The provider answered {number}." : $"The provider answered {number} with the code {code}.";
        return (number, code) switch
        {
            ( >= 200 and < 300, _) => DeliveryOutcome.Delivered(number),
            // Whoever said STOP, and numbers that cannot be: not valid, not reachable, not mobile.
            (_, 21610 or 21211 or 21214 or 21614) => DeliveryOutcome.Disabled(reason, number),
            // A wrong token or an empty account is put right by somebody, and then what waited goes out.
            (401 or 402 or 403 or 408 or 425 or 429 or >= 500, _) => DeliveryOutcome.Retry(reason, retryAfter, number),
            _ => DeliveryOutcome.Refused(reason, number),
        };
    }

    public void Dispose() => _http.Dispose();

    private static async Task<int?> CodeAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.Number && code.TryGetInt32(out var number)
                ? number
                : null;
        }
        catch (Exception exception) when (exception is JsonException or Problem)
        {
            return null;
        }
    }
}
