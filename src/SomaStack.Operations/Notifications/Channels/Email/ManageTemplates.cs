using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>Liquid; which names each template may use stands in docs/notifications-channels.md.</summary>
internal sealed record TemplateRequest(string Subject, string BodyText, string BodyHtml);

/// <param name="Own">False for the built-in one.</param>
/// <param name="Version">What a change sends in If-Match; 0 for the built-in one.</param>
internal sealed record TemplateView(string Name, bool Own, string Subject, string BodyText, string BodyHtml, long Version);

internal sealed record TemplateList(IReadOnlyList<TemplateView> Data);

/// <summary>What would be sent, with made-up values.</summary>
internal sealed record TemplatePreview(string Subject, string BodyText, string BodyHtml);

/// <summary><c>/v1/notifications/templates</c>: the tenant's own words in e-mail. What cannot be parsed or names what there is not is refused when it is saved.</summary>
internal sealed class ManageTemplates(TemplateStore store, EmailTemplates templates, Db db, Journal journal, TimeProvider clock)
{
    private const string Path = "/v1/notifications/templates";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, (RequestContext context, ManageTemplates use, CancellationToken cancellationToken) => use.ListAsync(context, cancellationToken))
            .Requires(Capability.TenantAdmin).WithTags("notifications").WithSummary("List the templates of e-mail.");
        routes.MapGet(Path + "/{name}", (string name, RequestContext context, ManageTemplates use, HttpResponse response, CancellationToken cancellationToken) => use.GetAsync(name, context, response, cancellationToken))
            .Requires(Capability.TenantAdmin).WithTags("notifications").WithSummary("Read a template.");
        routes.MapPut(Path + "/{name}", (string name, TemplateRequest request, RequestContext context, ManageTemplates use, HttpRequest http, HttpResponse response, CancellationToken cancellationToken) =>
            use.PutAsync(name, request, context, Routes.IfMatch(http), response, cancellationToken)).Requires(Capability.TenantAdmin).WithTags("notifications").WithSummary("Replace a template by the tenant's own.");
        routes.MapPost(Path + "/{name}/preview", (string name, TemplateRequest request, RequestContext context, ManageTemplates use) => use.PreviewAsync(name, request, context))
            .Requires(Capability.TenantAdmin).WithoutReplay().WithTags("notifications").WithSummary("See what a template makes of made-up values.");
        routes.MapDelete(Path + "/{name}", (string name, RequestContext context, ManageTemplates use, CancellationToken cancellationToken) => use.ResetAsync(name, context, cancellationToken))
            .Requires(Capability.TenantAdmin).WithTags("notifications").WithSummary("Go back to the built-in template.");
    }

    private async Task<Ok<TemplateList>> ListAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var views = new List<TemplateView>();
        foreach (var name in EmailTemplates.Names) views.Add(View(name, await store.FindAsync(context.Tenant, name, cancellationToken)));
        return TypedResults.Ok(new TemplateList(views));
    }

    private async Task<Ok<TemplateView>> GetAsync(string name, RequestContext context, HttpResponse response, CancellationToken cancellationToken)
    {
        Known(name);
        var view = View(name, await store.FindAsync(context.Tenant, name, cancellationToken));
        response.Headers.ETag = Routes.ETag(view.Version);
        return TypedResults.Ok(view);
    }

    internal async Task<Ok<TemplateView>> PutAsync(string name, TemplateRequest request, RequestContext context, long expected, HttpResponse response, CancellationToken cancellationToken)
    {
        await RenderAsync(name, request, context);
        Check.That(expected is >= 0 and < long.MaxValue, "if-match", "must name a version").OrThrow();
        var row = new TemplateRow(context.Tenant, name, new TemplateParts(request.Subject, request.BodyText, request.BodyHtml), expected + 1, clock.NowMicros().ToInstant());
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (!await TemplateStore.TryWriteAsync(work, row, expected)) throw PlatformProblems.VersionMismatch.Because($"The template is not at version {expected}.");
            await journal.AppendAsync(work, context, ChannelEvents.TemplateChanged, new TemplateChanged(name, "saved", row.Version), ChannelsJson.Default.TemplateChanged);
        }, cancellationToken);
        response.Headers.ETag = Routes.ETag(row.Version);
        return TypedResults.Ok(View(name, row));
    }

    private async Task<Ok<TemplatePreview>> PreviewAsync(string name, TemplateRequest request, RequestContext context)
    {
        var content = await RenderAsync(name, request, context);
        return TypedResults.Ok(new TemplatePreview(EmailMessage.Line(content.Subject), content.Text, content.Html));
    }

    private async Task<NoContent> ResetAsync(string name, RequestContext context, CancellationToken cancellationToken)
    {
        Known(name);
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (await TemplateStore.DeleteAsync(work, context.Tenant, name) == 1)
                await journal.AppendAsync(work, context, ChannelEvents.TemplateChanged, new TemplateChanged(name, "reset", 0), ChannelsJson.Default.TemplateChanged);
        }, cancellationToken);
        return TypedResults.NoContent();
    }

    /// <exception cref="Problem">404 for another name, 422 with what is wrong and where.</exception>
    private async Task<EmailContent> RenderAsync(string name, TemplateRequest request, RequestContext context)
    {
        Known(name);
        try
        {
            return await EmailTemplates.RenderAsync(new TemplateParts(request.Subject, request.BodyText, request.BodyHtml), templates.Sample(context.Tenant, name, clock.GetUtcNow()));
        }
        catch (TemplateFault fault)
        {
            throw ChannelProblems.TemplateRefused.Because(fault.Message);
        }
    }

    private static void Known(string name)
    {
        if (!EmailTemplates.Names.Contains(name)) throw ChannelProblems.TemplateUnknown.Because("It must be one of " + string.Join(", ", EmailTemplates.Names) + ".");
    }

    private static TemplateView View(string name, TemplateRow? row)
    {
        var parts = row?.Parts ?? DefaultTemplates.All[name];
        return new TemplateView(name, row is not null, parts.Subject, parts.Text, parts.Html, row?.Version ?? 0);
    }
}
