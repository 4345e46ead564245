using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// <c>POST /v1/notifications</c>: tells people something. Takes the ancestor's body {tenant_id, channel, message, severity, metadata} too; what it
/// leaves out has a default, and its message goes to everybody.
/// </summary>
internal sealed class SendNotification(PublishNotification publish, Db db, TimeProvider clock)
{
    /// <param name="TenantId">Your own, or absent.</param>
    /// <param name="Message">Instead of title and body: its first line is the title.</param>
    /// <param name="Severity">info (the default), warning, error or critical.</param>
    /// <param name="Kind">alert (the default), review, success or budget.</param>
    /// <param name="Audience">One of everybody (the default), a capability, or principals.</param>
    /// <param name="DedupeSeconds">How long the same dedupe key only raises the count; 3600 by default, at most seven days.</param>
    /// <param name="Untrusted">True by default: readers show it as text that nobody of the house wrote.</param>
    internal sealed record Request(
        string? TenantId = null, string? Channel = null, string? Message = null, string? Severity = null, IReadOnlyDictionary<string, string>? Metadata = null, string? Kind = null,
        string? Title = null, string? Body = null, string? Link = null, string? Group = null, string? DedupeKey = null, long? DedupeSeconds = null, AudienceRequest? Audience = null,
        bool RequiresAck = false, DateTimeOffset? ExpiresAt = null, bool Untrusted = true);

    internal sealed record AudienceRequest(IReadOnlyList<string>? Principals = null, string? Capability = null, bool Everybody = false);

    /// <param name="Status">queued.</param>
    /// <param name="Count">How often it happened within the window of its dedupe key.</param>
    internal sealed record Response(string Status, BacklogRecord Record, string Id, long Sequence, long Count, bool Repeated);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost(
            "/v1/notifications",
            static (Request request, RequestContext context, SendNotification use, CancellationToken cancellationToken) => use.RunAsync(context, request, cancellationToken))
        .Requires(Capability.NotificationSend).WithTags("notifications").WithSummary("Tell people something.");

    internal async Task<Accepted<Response>> RunAsync(RequestContext context, Request request, CancellationToken cancellationToken)
    {
        OwnTenant(context, request.TenantId);
        var draft = DraftOf(request) with { Id = context.IdempotencyKey is null ? null : Ids.For(context, "notification") };
        var published = await db.WriteAsync(context.Tenant, work => publish.PublishAsync(work, context, draft), cancellationToken);
        var record = new BacklogRecord(context.Tenant, draft.Channel, draft.Body, draft.Severity, draft.Metadata, clock.GetUtcNow());
        return TypedResults.Accepted($"/v1/notifications/{published.Id}", new Response("queued", record, published.Id, published.Sequence, published.Count, published.Repeated));
    }

    /// <exception cref="Problem">403 when a body or query names another tenant; whether that one exists is not said.</exception>
    public static void OwnTenant(RequestContext context, string? asked)
    {
        if (asked is not null && asked != context.Tenant) throw NotificationProblems.ForeignTenant.Because("The request names another tenant than your credential's.");
    }

    /// <exception cref="Problem">422 when message and title contradict each other, or there is neither.</exception>
    internal static NotificationDraft DraftOf(Request request)
    {
        var message = request.Message;
        Check.That(message is null != request.Title is null, "title", "or else message is needed, and not both")
            .And(message is null || request.Body is null, "body", "goes with title, not with message")
            .And(request.DedupeSeconds is null or (>= 1 and <= 604_800), "dedupe_seconds", "must be from 1 to 604800")
            .And(request.Metadata is null || request.Metadata.Values.All(static value => value is not null), "metadata", "must hold texts only")
            .OrThrow();
        var audience = request.Audience is null ? Audience.Tenant : new Audience(request.Audience.Principals, request.Audience.Capability, request.Audience.Everybody);
        return new NotificationDraft(request.Kind ?? NotificationKinds.Alert, request.Severity ?? "info", request.Title ?? FirstLine(message!), request.Body ?? message ?? "", audience)
        {
            Link = request.Link, GroupKey = request.Group, DedupeKey = request.DedupeKey, DedupeWindow = TimeSpan.FromSeconds(request.DedupeSeconds ?? 3600), Untrusted = request.Untrusted,
            Metadata = request.Metadata ?? new Dictionary<string, string>(), RequiresAck = request.RequiresAck, ExpiresAt = request.ExpiresAt, Channel = request.Channel,
        };
    }

    private static string FirstLine(string message)
    {
        var line = message.AsSpan().TrimStart();
        var end = line.IndexOfAny('\r', '\n');
        return RuleText.Cut((end < 0 ? line : line[..end]).ToString(), DraftRules.TitleMax);
    }
}

/// <summary>A notification in the ancestor's form.</summary>
internal sealed record BacklogRecord(
    string TenantId, string? Channel, string Message, string Severity, IReadOnlyDictionary<string, string> Metadata, DateTimeOffset Timestamp);
