using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <param name="Principal">Null for the tenant's own.</param>
/// <param name="Source">default, tenant or principal: where they come from.</param>
/// <param name="Version">What a change sends in If-Match.</param>
internal sealed record NotificationPreferencesView(string Tenant, string? Principal, NotificationPreferences Preferences, string Source, long Version);

/// <summary><c>/v1/tenants/{id}/notification-preferences</c>: the tenant's by an administrator, a principal's by itself or by one.</summary>
internal sealed class ChangeNotificationPreferences(PreferenceStore store, Db db, Journal journal, TimeProvider clock) : INotificationPreferences
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var (path, own) in new[] { ("/v1/tenants/{id}/notification-preferences", false), ("/v1/tenants/{id}/notification-preferences/{principal}", true) })
        {
            Access(routes.MapGet(path, (string id, string? principal, RequestContext context, ChangeNotificationPreferences use, HttpResponse response, CancellationToken cancellationToken) =>
                use.ReadAsync(context, id, principal ?? "", response, cancellationToken)), own);
            Access(routes.MapPut(path, (
                    string id, string? principal, NotificationPreferences request, RequestContext context, ChangeNotificationPreferences use, HttpRequest http, HttpResponse response,
                    CancellationToken cancellationToken) =>
                use.AnswerAsync(context, id, principal ?? "", request, Routes.IfMatch(http), response, cancellationToken)), own);
            Access(routes.MapDelete(path, (string id, string? principal, RequestContext context, ChangeNotificationPreferences use, HttpRequest http, CancellationToken cancellationToken) =>
                use.ResetAsync(context, id, principal ?? "", Routes.IfMatch(http), cancellationToken)), own);
        }
    }

    private static void Access(RouteHandlerBuilder route, bool own) => _ = own ? route.ForAnyPrincipal() : route.Requires(Capability.TenantAdmin);

    public async Task<NotificationPreferences> OfAsync(string tenant, string principal, CancellationToken cancellationToken) =>
        (await store.FindAsync(tenant, principal, cancellationToken))?.Preferences
        ?? (await store.FindAsync(tenant, "", cancellationToken))?.Preferences
        ?? NotificationPreferences.Default;

    private async Task<NotificationPreferencesView> ReadAsync(RequestContext context, string tenant, string principal, HttpResponse response, CancellationToken cancellationToken)
    {
        Permit(context, tenant, principal);
        var row = await store.FindAsync(tenant, principal, cancellationToken);
        response.Headers.ETag = Routes.ETag(row?.Version ?? 0);
        if (row?.Preferences is { } set) return View(context, principal, set, principal.Length == 0 ? "tenant" : "principal", row.Version);
        var inherited = principal.Length == 0 ? null : (await store.FindAsync(tenant, "", cancellationToken))?.Preferences;
        return View(context, principal, inherited ?? NotificationPreferences.Default, inherited is null ? "default" : "tenant", row?.Version ?? 0);
    }

    private async Task<NotificationPreferencesView> AnswerAsync(
        RequestContext context, string tenant, string principal, NotificationPreferences request, long expected, HttpResponse response, CancellationToken cancellationToken)
    {
        Permit(context, tenant, principal);
        var row = await WriteAsync(context, principal, request, expected, cancellationToken);
        response.Headers.ETag = Routes.ETag(row.Version);
        return View(context, principal, request, principal.Length == 0 ? "tenant" : "principal", row.Version);
    }

    private async Task<IResult> ResetAsync(RequestContext context, string tenant, string principal, long expected, CancellationToken cancellationToken)
    {
        Permit(context, tenant, principal);
        await WriteAsync(context, principal, null, expected, cancellationToken);
        return TypedResults.NoContent();
    }

    /// <param name="preferences">Null resets them: what the tenant, or the product, says then holds.</param>
    internal async Task<PreferenceRow> WriteAsync(RequestContext context, string principal, NotificationPreferences? preferences, long expected, CancellationToken cancellationToken)
    {
        if (preferences is not null) Checked(preferences);
        Check.That(expected is >= 0 and < long.MaxValue, "if-match", "must name a version").And(principal.Length <= 200, "principal", "must have at most 200 characters").OrThrow();
        var next = new PreferenceRow(principal, preferences, expected + 1);
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (!await PreferenceStore.TryWriteAsync(work, context.Tenant, next, expected, clock.NowMicros()))
                throw PlatformProblems.VersionMismatch.Because($"The preferences are not at version {expected}.");
            await journal.AppendAsync(work, context, "notification-preferences/" + principal, next.Version, SettingsEvents.NotificationPreferencesChanged,
                new NotificationPreferencesChanged(principal.Length == 0 ? null : principal, preferences, next.Version), SettingsJson.Default.NotificationPreferencesChanged);
        }, cancellationToken);
        return next;
    }

    internal static void Checked(NotificationPreferences preferences)
    {
        var (quiet, digest) = (preferences.QuietHours, preferences.Digest);
        Check.That(preferences.Channels.All(static channel => channel is not null && NotificationChannels.All.Contains(channel.Channel)), "channels", "must be among " + string.Join(", ", NotificationChannels.All))
            .And(preferences.Channels.Where(static channel => channel is not null).DistinctBy(static channel => channel.Channel).Count() == preferences.Channels.Count, "channels", "must name each channel once")
            .And(preferences.Channels.All(static channel => channel is null || Severities.Rank(channel.SeverityThreshold) >= 0), "channels.severity_threshold", "must be one of " + string.Join(", ", Severities.All))
            .And(quiet is null || QuietHours.Time(quiet.Start) is not null && QuietHours.Time(quiet.End) is not null && quiet.Start != quiet.End, "quiet_hours", "need a start and another end as HH:MM")
            .And(quiet is null || IsZone(quiet.TimeZone), "quiet_hours.time_zone", "must be an IANA time zone such as Europe/Zurich")
            .And(digest is null || QuietHours.Time(digest.At) is not null, "digest.at", "must be a time as HH:MM")
            .And(digest is null || IsZone(digest.TimeZone), "digest.time_zone", "must be an IANA time zone such as Europe/Zurich")
            .And(digest?.Below is null || Severities.Rank(digest.Below) >= 0, "digest.below", "must be one of " + string.Join(", ", Severities.All))
            .OrThrow();
    }

    /// <summary>Only names that every IANA reader knows: neither Windows' own nor the offsets that look like names.</summary>
    private static bool IsZone(string name) =>
        name.Length is >= 3 and <= 64 && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '-' or '+')
        && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) && zone.HasIanaId;

    /// <exception cref="Problem">404 for another tenant's id, 403 for another principal's preferences without <c>tenant:admin</c>.</exception>
    private static void Permit(RequestContext context, string tenant, string principal)
    {
        if (tenant != context.Tenant) throw PlatformProblems.NotFound.Because("There is no such tenant here.");
        if (principal.Length > 0 && principal != context.Principal.Id) context.Require(Capability.TenantAdmin);
    }

    private static NotificationPreferencesView View(RequestContext context, string principal, NotificationPreferences preferences, string source, long version) =>
        new(context.Tenant, principal.Length == 0 ? null : principal, preferences, source, version);
}
