using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <summary>What a version set; the values of the installation are not among them.</summary>
internal sealed record SettingsValues(string DisplayName, IReadOnlyList<string> ResidencyRegions, long? RequestsPerMinute, decimal? DailyBudget);

/// <param name="ChangedBy">Null for the version that was current before a history was kept.</param>
/// <param name="RestoredFrom">The version whose values were brought back.</param>
internal sealed record SettingsVersionView(
    long Version, string VersionHash, SettingsValues Values, string? ChangedBy, DateTimeOffset ChangedAt, long? RestoredFrom);

internal sealed record SettingsDiff(long From, long To, IReadOnlyList<JsonChange> Changes);

/// <summary>Earlier versions of the tenant's settings: list, one, difference, restore.</summary>
internal sealed class SettingsHistory(SettingsStore store, ChangeSettings change)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/settings/history", (string? cursor, int? limit, RequestContext context, SettingsHistory use, CancellationToken cancellationToken) =>
            use.ListAsync(context, cursor, limit, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapGet("/v1/settings/history/{version}", (long version, RequestContext context, SettingsHistory use, CancellationToken cancellationToken) =>
            use.OneAsync(context, version, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapGet("/v1/settings/diff", (long from, long to, RequestContext context, SettingsHistory use, CancellationToken cancellationToken) =>
            use.DiffAsync(context, from, to, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapPost("/v1/settings/history/{version}/restore",
            (long version, RequestContext context, SettingsHistory use, HttpRequest http, HttpResponse response, CancellationToken cancellationToken) =>
                use.RestoreAsync(context, version, Routes.IfMatch(http), response, cancellationToken)).Requires(Capability.TenantAdmin)
            .Produces<SettingsView>().Produces<ApprovalWanted>(StatusCodes.Status202Accepted);
    }

    private async Task<Page<SettingsVersionView>> ListAsync(RequestContext context, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        var before = Cursor.Decode(cursor) is { } key ? long.TryParse(key, out var at) ? at : throw Problem.Invalid("cursor", "is not a cursor of this list") : long.MaxValue;
        var rows = await store.VersionsAsync(context.Tenant, before, size + 1, cancellationToken);
        return Cursor.Page([.. rows.Select(View)], size, static row => row.Version.ToString(CultureInfo.InvariantCulture));
    }

    private async Task<SettingsVersionView> OneAsync(RequestContext context, long version, CancellationToken cancellationToken) =>
        View(await FindAsync(context, version, cancellationToken));

    private async Task<SettingsDiff> DiffAsync(RequestContext context, long from, long to, CancellationToken cancellationToken)
    {
        var (before, after) = (await FindAsync(context, from, cancellationToken), await FindAsync(context, to, cancellationToken));
        return new SettingsDiff(from, to, JsonDiff.Between(Document(before), Document(after)));
    }

    private async Task<IResult> RestoreAsync(RequestContext context, long version, long expected, HttpResponse response, CancellationToken cancellationToken) =>
        change.Answer(await RestoreAsync(context, version, expected, cancellationToken), response);

    /// <summary>The old values under a new version: a change like any other, checked by today's rules.</summary>
    internal async Task<SettingsChange> RestoreAsync(RequestContext context, long version, long expected, CancellationToken cancellationToken)
    {
        var values = View(await FindAsync(context, version, cancellationToken)).Values;
        var request = new ChangeSettingsRequest(values.DisplayName, values.ResidencyRegions, values.RequestsPerMinute, values.DailyBudget);
        return await change.RunAsync(request, context, context.Tenant, expected, version, cancellationToken);
    }

    private async Task<SettingsVersionRow> FindAsync(RequestContext context, long version, CancellationToken cancellationToken)
    {
        // Before the first change the defaults held.
        if (version == 0) return new SettingsVersionRow(ServedSettings.Defaults(context.Tenant), "", 0, null);
        return (await store.VersionsAsync(context.Tenant, version == long.MaxValue ? version : version + 1, 1, cancellationToken)).Find(row => row.Settings.Version == version)
            ?? throw PlatformProblems.NotFound.Because($"The settings have no version {version}.");
    }

    private static SettingsVersionView View(SettingsVersionRow row) => new(
        row.Settings.Version, SettingsView.Hash(row.Settings), Values(row.Settings), row.ChangedBy.Length == 0 ? null : row.ChangedBy, row.ChangedAt.ToInstant(), row.RestoredFrom);

    private static SettingsValues Values(TenantSettings settings) =>
        new(settings.DisplayName, settings.ResidencyRegions, settings.RequestsPerMinute, settings.DailyBudgetNanos / 1_000_000_000m);

    private static JsonElement Document(SettingsVersionRow row) => JsonSerializer.SerializeToElement(Values(row.Settings), SettingsJson.Default.SettingsValues);
}
