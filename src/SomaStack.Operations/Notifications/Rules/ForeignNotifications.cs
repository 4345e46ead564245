using System.Text.Json;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// Messages that other programs put on <c>notifications.events</c>. They carry no verified identity, so the operator names the tenants for which
/// they are taken; they can ask nobody to act, and their words are untrusted. However often one comes, it is one notification.
/// </summary>
internal sealed class ForeignNotifications(PublishNotification publish, ISettings settings, Db db, SomaOptions options)
{
    public const string Version = "v1";

    private const int BytesMax = 64 << 10;

    /// <param name="Version">v1, or absent as the ancestor has it.</param>
    /// <param name="TenantId">May be absent where the operator names one tenant.</param>
    /// <param name="Type">alert (the default), review, success or budget.</param>
    /// <param name="Message">Instead of title and body.</param>
    /// <param name="Principals">Whom it is for; absent for everybody of the tenant.</param>
    /// <param name="Timestamp">Of the producer; taken as it is and not used.</param>
    internal sealed record Message(
        string? Version = null, string? TenantId = null, string? Type = null, string? Severity = null, string? Title = null, string? Body = null, string? Channel = null,
        [property: System.Text.Json.Serialization.JsonPropertyName("message")] string? Text = null, string? Group = null, string? DedupeKey = null, string? Link = null,
        IReadOnlyList<string>? Principals = null, IReadOnlyDictionary<string, string>? Metadata = null, JsonElement? Timestamp = null);

    /// <returns>Null when it was taken, else why not.</returns>
    public async Task<string?> TakeAsync(ForeignMessage message, CancellationToken cancellationToken)
    {
        if (options.NotifyTenants.Count == 0) return "For which tenants it is taken is not configured: set SOMA_NOTIFY_TENANTS, or send it to POST /v1/notifications.";
        if (message.Value.Length > BytesMax) return $"It has more than {BytesMax} bytes.";
        if (Read(message.Value) is not { } sent) return "It is no JSON object of the form {version, tenant_id, type, severity, title, body}.";
        if (sent.Version is not (null or Version)) return $"Its version is '{RuleText.Cut(sent.Version, 40)}'; this program reads {Version}.";
        var tenant = sent.TenantId ?? (options.NotifyTenants.Count == 1 ? options.NotifyTenants[0] : null);
        if (tenant is null || tenant == Db.AllTenants || !options.NotifyTenants.Contains(tenant)) return "It names no tenant for which messages of other producers are taken.";
        try
        {
            var draft = SendNotification.DraftOf(new SendNotification.Request(
                null, sent.Channel, sent.Text, sent.Severity, sent.Metadata, sent.Type, sent.Title, sent.Body, sent.Link, sent.Group, sent.DedupeKey,
                Audience: sent.Principals is null ? null : new SendNotification.AudienceRequest(sent.Principals)));
            var id = Ids.Derive($"notification\n{tenant}\n{message.Topic}\n{message.Id ?? message.Place}");
            var context = RequestContext.ForSystem(tenant, settings.Mode);
            await db.WriteAsync(tenant, work => publish.PublishAsync(work, context, draft with { Id = id, Source = message.Topic }), cancellationToken);
            return null;
        }
        catch (Problem problem) when (problem.Code.Kind == ProblemKind.Invalid)
        {
            return problem.Detail;
        }
    }

    private static Message? Read(byte[] value)
    {
        try
        {
            return JsonSerializer.Deserialize(value, NotificationsJson.Default.Message);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
