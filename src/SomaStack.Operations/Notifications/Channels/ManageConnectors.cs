using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <param name="Url">email: smtp://host:port or smtps://host:port; sms: the provider's base address.</param>
/// <param name="Account">The user name of the relay, or the provider's account.</param>
/// <param name="Sender">The address or number that messages come from.</param>
/// <param name="Secret">The password or token. Left out, the one that is kept stays, as long as the address stays too.</param>
internal sealed record ConnectorRequest(string Url, string Sender, string? Account = null, string? Secret = null);

/// <param name="HasSecret">It is kept sealed and never shown.</param>
internal sealed record ConnectorView(string Channel, string Url, string Account, string Sender, bool HasSecret, long Version, DateTimeOffset UpdatedAt)
{
    public static ConnectorView Of(Connector row) => new(row.Channel, row.Url, row.Account, row.Sender, row.Secret is not null, row.Version, row.UpdatedAt);
}

internal sealed record ConnectorList(IReadOnlyList<ConnectorView> Data);

/// <summary><c>/v1/notifications/connectors</c>: the tenant's own mail relay and text message provider, by an administrator.</summary>
internal sealed class ManageConnectors(ConnectorStore store, Connectors connectors, OutgoingOrigins origins, Db db, Journal journal, TimeProvider clock)
{
    private const string Path = "/v1/notifications/connectors";
    private const int TextMax = 256;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, async (RequestContext context, ManageConnectors use, CancellationToken cancellationToken) =>
            TypedResults.Ok(new ConnectorList((await use.ListAsync(context, cancellationToken)).ConvertAll(ConnectorView.Of)))).Requires(Capability.TenantAdmin).WithTags("notifications")
            .WithSummary("List the tenant's connectors.");
        routes.MapGet(Path + "/{channel}", (string channel, RequestContext context, ManageConnectors use, HttpResponse response, CancellationToken cancellationToken) =>
            use.GetAsync(channel, context, response, cancellationToken)).Requires(Capability.TenantAdmin).WithTags("notifications").WithSummary("Read a connector.");
        routes.MapPut(Path + "/{channel}", (string channel, ConnectorRequest request, RequestContext context, ManageConnectors use, HttpRequest http, HttpResponse response, CancellationToken cancellationToken) =>
            use.PutAsync(channel, request, context, Routes.IfMatch(http), response, cancellationToken)).Requires(Capability.TenantAdmin).WithTags("notifications")
            .WithSummary("Save a connector; If-Match \"0\" makes the first.");
        routes.MapDelete(Path + "/{channel}", (string channel, RequestContext context, ManageConnectors use, CancellationToken cancellationToken) => use.DeleteAsync(channel, context, cancellationToken))
            .Requires(Capability.TenantAdmin).WithTags("notifications").WithSummary("Remove a connector.");
    }

    private Task<List<Connector>> ListAsync(RequestContext context, CancellationToken cancellationToken) => store.ListAsync(context.Tenant, cancellationToken);

    private async Task<Ok<ConnectorView>> GetAsync(string channel, RequestContext context, HttpResponse response, CancellationToken cancellationToken)
    {
        Known(channel);
        var row = await store.FindAsync(context.Tenant, channel, cancellationToken) ?? throw ChannelProblems.ConnectorUnknown.Because($"There is none for {channel}.");
        response.Headers.ETag = Routes.ETag(row.Version);
        return TypedResults.Ok(ConnectorView.Of(row));
    }

    internal async Task<Ok<ConnectorView>> PutAsync(string channel, ConnectorRequest request, RequestContext context, long expected, HttpResponse response, CancellationToken cancellationToken)
    {
        Known(channel);
        var email = channel == NotificationChannels.Email;
        var url = email ? origins.Check(request.Url, "url", false, "smtp", "smtps") : origins.Check(request.Url, "url", context.Mode.IsProduction(), "https", "http");
        Check.That(!email || url.PathAndQuery is "" or "/", "url", "must hold no path")
            .And(email ? AddressRules.IsEmail(request.Sender) : AddressRules.IsSmsSender(request.Sender), "sender", email ? AddressRules.EmailRule : AddressRules.SmsSenderRule)
            .And(IsPlain(request.Account), "account", $"must have at most {TextMax} characters without blanks").And(IsPlain(request.Secret), "secret", $"must have at most {TextMax} characters without blanks")
            .And(expected is >= 0 and < long.MaxValue, "if-match", "must name a version")
            .OrThrow();
        var there = await store.FindAsync(context.Tenant, channel, cancellationToken);
        // A secret is never sent to a server that whoever gave it did not mean.
        var kept = request.Secret is null && there is not null && there.Url == url.AbsoluteUri ? there.Secret : null;
        var row = new Connector(
            context.Tenant, channel, url.AbsoluteUri, request.Account ?? "", request.Sender, request.Secret is { Length: > 0 } secret ? connectors.Sealed(context.Tenant, channel, secret) : kept,
            expected + 1, clock.NowMicros().ToInstant());
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (!await ConnectorStore.TryWriteAsync(work, row, expected)) throw PlatformProblems.VersionMismatch.Because($"The connector is not at version {expected}.");
            await journal.AppendAsync(work, context, ChannelEvents.ConnectorChanged, new ConnectorChanged(channel, "saved", url.GetLeftPart(UriPartial.Authority), row.Version), ChannelsJson.Default.ConnectorChanged);
        }, cancellationToken);
        response.Headers.ETag = Routes.ETag(row.Version);
        return TypedResults.Ok(ConnectorView.Of(row));
    }

    private async Task<NoContent> DeleteAsync(string channel, RequestContext context, CancellationToken cancellationToken)
    {
        Known(channel);
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (await ConnectorStore.DeleteAsync(work, context.Tenant, channel) == 1)
                await journal.AppendAsync(work, context, ChannelEvents.ConnectorChanged, new ConnectorChanged(channel, "removed", null, 0), ChannelsJson.Default.ConnectorChanged);
        }, cancellationToken);
        return TypedResults.NoContent();
    }

    /// <exception cref="Problem">404 for a channel that needs no connector.</exception>
    public static void Known(string channel)
    {
        if (!Connectors.Channels.Contains(channel)) throw ChannelProblems.ChannelUnknown.Because("It must be email or sms.");
    }

    private static bool IsPlain(string? text) => text is null || (text.Length <= TextMax && !text.Any(static c => c is <= ' ' or '\x7f' || char.IsControl(c)));
}
