using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <param name="Url">http or https; in a production mode https.</param>
/// <param name="Scope">mine (the default) or tenant, which needs <c>tenant:admin</c>.</param>
/// <param name="SeverityThreshold">The lowest severity that is sent; info by default.</param>
/// <param name="Kinds">Only these; empty for all.</param>
internal sealed record CreateWebhookRequest(string Url, string? Scope = null, string? Description = null, string? SeverityThreshold = null, IReadOnlyList<string>? Kinds = null);

/// <summary>What is left out stays.</summary>
/// <param name="Enabled">True switches on again what was switched off.</param>
internal sealed record ChangeWebhookRequest(string? Url = null, string? Description = null, string? SeverityThreshold = null, IReadOnlyList<string>? Kinds = null, bool? Enabled = null);

/// <param name="OverlapSeconds">How long the old secret still signs beside the new one, 0 to 604800 (a week); a day by default.</param>
internal sealed record RotateWebhookRequest(int? OverlapSeconds = null);

/// <summary><c>/v1/webhooks</c>: everybody's own endpoints; the tenant's by an administrator.</summary>
internal sealed class ManageWebhooks(WebhookStore store, ISealedSecrets secrets, OutgoingOrigins origins, Db db, Journal journal, TimeProvider clock)
{
    public const int EndpointsMax = 20;

    private const string Path = "/v1/webhooks";
    private const string Tenants = "tenant";
    private const int OverlapMax = 604_800;
    private const int OverlapDefault = 86_400;
    private const int DescriptionMax = 200;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(Path, (CreateWebhookRequest request, RequestContext context, ManageWebhooks use, CancellationToken cancellationToken) => use.CreateAsync(request, context, cancellationToken))
            .ForAnyPrincipal().WithoutReplay().WithTags("webhooks").WithSummary("Add an endpoint; its secret is shown this once.");
        routes.MapGet(Path, (RequestContext context, ManageWebhooks use, string? cursor, int? limit, CancellationToken cancellationToken) => use.ListAsync(context, cursor, limit, cancellationToken))
            .ForAnyPrincipal().WithTags("webhooks").WithSummary("List your endpoints, and with tenant:admin the tenant's.");
        routes.MapGet(Path + "/{id}", (string id, RequestContext context, ManageWebhooks use, HttpResponse response, CancellationToken cancellationToken) => use.GetAsync(id, context, response, cancellationToken))
            .ForAnyPrincipal().WithTags("webhooks").WithSummary("Read an endpoint.");
        routes.MapPatch(Path + "/{id}", (string id, ChangeWebhookRequest request, RequestContext context, ManageWebhooks use, HttpRequest http, HttpResponse response, CancellationToken cancellationToken) =>
            use.ChangeAsync(id, request, context, Routes.IfMatch(http), response, cancellationToken)).ForAnyPrincipal().WithTags("webhooks").WithSummary("Change an endpoint, or switch it on again.");
        routes.MapDelete(Path + "/{id}", (string id, RequestContext context, ManageWebhooks use, CancellationToken cancellationToken) => use.DeleteAsync(id, context, cancellationToken))
            .ForAnyPrincipal().WithTags("webhooks").WithSummary("Delete an endpoint.");
        routes.MapPost(Path + "/{id}/rotate", (string id, RotateWebhookRequest request, RequestContext context, ManageWebhooks use, CancellationToken cancellationToken) =>
            use.RotateAsync(id, request, context, cancellationToken)).ForAnyPrincipal().WithoutReplay().WithTags("webhooks").WithSummary("Give an endpoint a new secret; both sign for a while.");
    }

    internal async Task<Created<WebhookWithSecret>> CreateAsync(CreateWebhookRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        Check.That(request.Scope is null or "mine" or Tenants, "scope", "must be mine or tenant").OrThrow();
        if (request.Scope == Tenants) context.Require(Capability.TenantAdmin);
        Checked(request.Description, request.SeverityThreshold, request.Kinds);
        var url = origins.Check(request.Url, "url", context.Mode.IsProduction(), "https", "http");
        var (id, secret, now) = (Ids.New(clock), WebhookSignature.NewSecret(), clock.NowMicros().ToInstant());
        var row = new WebhookEndpoint(
            context.Tenant, id, request.Scope == Tenants ? "" : context.Principal.Id, url.AbsoluteUri, request.Description ?? "", request.SeverityThreshold ?? Severities.All[0],
            request.Kinds?.Distinct(StringComparer.Ordinal).ToList() ?? [], Sealed(context.Tenant, id, secret), null, null, null, null, null, context.Principal.Id, now, 1);
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (await WebhookStore.CountAsync(work, context.Tenant, row.Principal) >= EndpointsMax) throw ChannelProblems.TooManyWebhooks.Because($"There are {EndpointsMax} already.");
            await WebhookStore.InsertAsync(work, row);
            await SayAsync(work, context, row, "created");
        }, cancellationToken);
        return TypedResults.Created(Path + "/" + id, new WebhookWithSecret(WebhookSignature.Shown(secret), WebhookView.Of(row, now)));
    }

    internal async Task<Ok<Page<WebhookView>>> ListAsync(RequestContext context, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        var rows = await store.ListAsync(context.Tenant, context.Principal.Id, context.Capabilities.Has(Capability.TenantAdmin), Cursor.Decode(cursor) ?? "", size + 1, cancellationToken);
        var now = clock.GetUtcNow();
        return TypedResults.Ok(Cursor.Page([.. rows.Select(row => WebhookView.Of(row, now))], size, static view => view.Id));
    }

    internal async Task<Ok<WebhookView>> GetAsync(string id, RequestContext context, HttpResponse response, CancellationToken cancellationToken)
    {
        var row = await FindAsync(context, id, cancellationToken);
        response.Headers.ETag = Routes.ETag(row.Version);
        return TypedResults.Ok(WebhookView.Of(row, clock.GetUtcNow()));
    }

    internal async Task<Ok<WebhookView>> ChangeAsync(string id, ChangeWebhookRequest request, RequestContext context, long expected, HttpResponse response, CancellationToken cancellationToken)
    {
        var row = await FindAsync(context, id, cancellationToken);
        Checked(request.Description, request.SeverityThreshold, request.Kinds);
        var url = request.Url is null ? row.Url : origins.Check(request.Url, "url", context.Mode.IsProduction(), "https", "http").AbsoluteUri;
        var now = clock.NowMicros().ToInstant();
        var next = row with
        {
            Url = url, Description = request.Description ?? row.Description, SeverityThreshold = request.SeverityThreshold ?? row.SeverityThreshold,
            Kinds = request.Kinds?.Distinct(StringComparer.Ordinal).ToList() ?? row.Kinds, Version = expected + 1,
            DisabledAt = request.Enabled switch { true => null, false => row.DisabledAt ?? now, _ => row.DisabledAt },
            DisabledReason = request.Enabled switch { true => null, false => row.DisabledReason ?? "Switched off by hand.", _ => row.DisabledReason },
            FailingSince = request.Enabled == true || url != row.Url ? null : row.FailingSince,
        };
        await WriteAsync(context, next, expected, request.Enabled == false ? "disabled" : "updated", cancellationToken);
        response.Headers.ETag = Routes.ETag(next.Version);
        return TypedResults.Ok(WebhookView.Of(next, now));
    }

    internal async Task<NoContent> DeleteAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        var row = await FindAsync(context, id, cancellationToken);
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (await WebhookStore.DeleteAsync(work, context.Tenant, id) == 1) await SayAsync(work, context, row with { Version = row.Version + 1 }, "deleted");
        }, cancellationToken);
        return TypedResults.NoContent();
    }

    internal async Task<Ok<WebhookWithSecret>> RotateAsync(string id, RotateWebhookRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        Check.That(request.OverlapSeconds is null or (>= 0 and <= OverlapMax), "overlap_seconds", $"must be from 0 to {OverlapMax}").OrThrow();
        var row = await FindAsync(context, id, cancellationToken);
        var (secret, now) = (WebhookSignature.NewSecret(), clock.NowMicros().ToInstant());
        var next = row with
        {
            Secret = Sealed(context.Tenant, id, secret), OldSecret = row.Secret, OldUntil = now + TimeSpan.FromSeconds(request.OverlapSeconds ?? OverlapDefault), Version = row.Version + 1,
        };
        await WriteAsync(context, next, row.Version, "rotated", cancellationToken);
        return TypedResults.Ok(new WebhookWithSecret(WebhookSignature.Shown(secret), WebhookView.Of(next, now)));
    }

    /// <exception cref="Problem">404 for what is not one's own, nor the tenant's for an administrator.</exception>
    public async Task<WebhookEndpoint> FindAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        var row = await store.FindAsync(context.Tenant, id, cancellationToken);
        if (row is null || !(row.Principal == context.Principal.Id || (row.Principal.Length == 0 && context.Capabilities.Has(Capability.TenantAdmin))))
            throw ChannelProblems.WebhookUnknown.Because("No endpoint that you may see has this id.");
        return row;
    }

    private Task WriteAsync(RequestContext context, WebhookEndpoint next, long expected, string change, CancellationToken cancellationToken) => db.WriteAsync(context.Tenant, async work =>
    {
        if (!await WebhookStore.UpdateAsync(work, next, expected)) throw PlatformProblems.VersionMismatch.Because($"The endpoint is not at version {expected}.");
        await SayAsync(work, context, next, change);
    }, cancellationToken);

    private Task<long> SayAsync(DbWork work, RequestContext context, WebhookEndpoint row, string change) => journal.AppendAsync(
        work, context, ChannelEvents.WebhookChanged, new WebhookChanged(row.Id, row.Principal, change, new Uri(row.Url).GetLeftPart(UriPartial.Authority), row.Version),
        ChannelsJson.Default.WebhookChanged);

    private byte[] Sealed(string tenant, string id, byte[] secret) => secrets.Seal(WebhookChannel.SecretPurpose, WebhookChannel.OwnerOf(tenant, id), secret);

    private static void Checked(string? description, string? severity, IReadOnlyList<string>? kinds) =>
        Check.That(description is null || description.Length == 0 || DraftRules.IsLine(description, 1, DescriptionMax), "description", $"must have at most {DescriptionMax} characters on one line")
            .And(severity is null || Severities.Rank(severity) >= 0, "severity_threshold", "must be one of " + string.Join(", ", Severities.All))
            .And(kinds is null || kinds.All(static kind => NotificationKinds.All.Contains(kind)), "kinds", "must be among " + string.Join(", ", NotificationKinds.All))
            .OrThrow();
}
