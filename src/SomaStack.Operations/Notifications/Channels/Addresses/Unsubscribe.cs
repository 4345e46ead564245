using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <param name="Channel">email, sms or webhook.</param>
/// <param name="Scope">* for everything, a kind, or digest.</param>
internal sealed record UnsubscribeRequest(string Channel, string Scope);

internal sealed record UnsubscribeList(IReadOnlyList<UnsubscribeView> Data);

/// <summary>
/// <c>/v1/notifications/unsubscribe</c> is what a message's link leads to: reading it changes nothing (mail scanners open every link),
/// posting to it ends what it names, without a sign-in. <c>/v1/notifications/unsubscribes</c> is the same for who is signed in.
/// </summary>
internal sealed class Unsubscribe(UnsubscribeLinks links, UnsubscribeStore store, ISettings settings, Db db, Journal journal, TimeProvider clock)
{
    private const string Path = "/v1/notifications/unsubscribes";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(UnsubscribeLinks.Path, (string? token, HttpResponse response, Unsubscribe use) => use.Ask(token, response)).Public().WithTags("notifications").WithSummary("The page behind a message's link.");
        routes.MapPost(UnsubscribeLinks.Path, (string? token, HttpResponse response, Unsubscribe use, CancellationToken cancellationToken) => use.ByLinkAsync(token, response, cancellationToken))
            .Public().WithoutReplay().WithTags("notifications").WithSummary("End what a message's link names (RFC 8058).");
        routes.MapGet(Path, async (RequestContext context, Unsubscribe use, CancellationToken cancellationToken) => TypedResults.Ok(new UnsubscribeList(await use.ListAsync(context, cancellationToken))))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("What you want no more.");
        routes.MapPut(Path, (UnsubscribeRequest request, RequestContext context, Unsubscribe use, CancellationToken cancellationToken) => use.AddAsync(request, context, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("Want no more of something by a channel.");
        routes.MapDelete(Path + "/{channel}/{scope}", (string channel, string scope, RequestContext context, Unsubscribe use, CancellationToken cancellationToken) =>
            use.RemoveAsync(new UnsubscribeRequest(channel, scope), context, cancellationToken)).ForAnyPrincipal().WithTags("notifications").WithSummary("Want it again.");
    }

    private ContentHttpResult Ask(string? token, HttpResponse response)
    {
        var read = Read(token);
        return Page(response, "No more of this?", $"""
            <h1>No more of this?</h1><p>{Encode(Named(read))} will not be sent any more by {Encode(read.Channel)}. In the console it stays.</p>
            <form method="post" action="{UnsubscribeLinks.Path}?token={Encode(Uri.EscapeDataString(token!))}"><button type="submit">Send no more</button></form>
            """);
    }

    internal async Task<ContentHttpResult> ByLinkAsync(string? token, HttpResponse response, CancellationToken cancellationToken)
    {
        var read = Read(token);
        // Whoever holds the link acts for its person, and for nothing else.
        var context = RequestContext.ForSystem(read.Tenant, settings.Mode) with { Principal = new Principal(read.Principal, "user"), Capabilities = CapabilitySet.None };
        await WriteAsync(context, read, "link", cancellationToken);
        return Page(response, "Done", $"<h1>Done</h1><p>{Encode(Named(read))} will not be sent any more by {Encode(read.Channel)}. To have it again, sign in and change your notification preferences.</p>");
    }

    private Task<List<UnsubscribeView>> ListAsync(RequestContext context, CancellationToken cancellationToken) => store.ListAsync(context.Tenant, context.Principal.Id, cancellationToken);

    internal async Task<NoContent> AddAsync(UnsubscribeRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        await WriteAsync(context, Checked(request, context), "principal", cancellationToken);
        return TypedResults.NoContent();
    }

    internal async Task<NoContent> RemoveAsync(UnsubscribeRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var token = Checked(request, context);
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (await UnsubscribeStore.RemoveAsync(work, token) == 1)
                await journal.AppendAsync(work, context, ChannelEvents.Resubscribed, new Unsubscribed(token.Principal, token.Channel, token.Scope, "principal"), ChannelsJson.Default.Unsubscribed);
        }, cancellationToken);
        return TypedResults.NoContent();
    }

    private Task WriteAsync(RequestContext context, UnsubscribeToken token, string by, CancellationToken cancellationToken) => db.WriteAsync(token.Tenant, async work =>
    {
        if (await UnsubscribeStore.AddAsync(work, token, clock.GetUtcNow()))
            await journal.AppendAsync(work, context, ChannelEvents.Unsubscribed, new Unsubscribed(token.Principal, token.Channel, token.Scope, by), ChannelsJson.Default.Unsubscribed);
    }, cancellationToken);

    private static UnsubscribeToken Checked(UnsubscribeRequest request, RequestContext context)
    {
        Check.That(NotificationChannels.All.Contains(request.Channel) && request.Channel != NotificationChannels.InApp, "channel", "must be email, sms or webhook")
            .And(request.Scope is "*" or EmailChannel.DigestScope || NotificationKinds.All.Contains(request.Scope), "scope", "must be *, digest or one of " + string.Join(", ", NotificationKinds.All))
            .OrThrow();
        return new UnsubscribeToken(context.Tenant, context.Principal.Id, request.Channel, request.Scope);
    }

    private UnsubscribeToken Read(string? token) => links.Read(token) ?? throw ChannelProblems.LinkRefused.Because("It was not signed here, or not whole.");

    private static string Named(UnsubscribeToken token) => token.Scope switch
    {
        "*" => "Everything", EmailChannel.DigestScope => "The daily digest", _ => $"Notifications of the kind {token.Scope}",
    } + $" of tenant {token.Tenant}";

    private static ContentHttpResult Page(HttpResponse response, string title, string body)
    {
        response.Headers.CacheControl = "no-store";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
        return TypedResults.Content($"""
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
            <title>{title} - SomaStack</title></head><body><main>
            {body}
            </main></body></html>
            """, "text/html; charset=utf-8");
    }

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
