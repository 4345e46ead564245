using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary><c>/v1/templates</c>: list, read, create, and update with If-Match. A template names one version of its capsule.</summary>
internal sealed class SaveTemplate(Db db, TemplateStore store, ICapsules capsules, TimeProvider clock)
{
    private const int DefaultsMost = 64 * 1024;

    /// <param name="Version">Null for the newest approved one, as of now.</param>
    internal sealed record CreateRequest(string Id, string Name, string Capsule, string? Version = null, JsonElement? Defaults = null);

    internal sealed record UpdateRequest(string Name, string Capsule, string? Version = null, JsonElement? Defaults = null);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/templates", async (RequestContext context, TemplateStore store, string? cursor, int? limit, CancellationToken cancellationToken) =>
        {
            var most = Cursor.Limit(limit);
            return TypedResults.Ok(Cursor.Page(await store.ListAsync(context.Tenant, Cursor.Decode(cursor) ?? "", most + 1, cancellationToken), most, static row => row.Id));
        }).Requires(Capability.RunRead).WithTags("templates").WithSummary("List templates.");
        routes.MapGet("/v1/templates/{id}", async (string id, RequestContext context, TemplateStore store, HttpContext http, CancellationToken cancellationToken) =>
            Tagged(http, await store.GetAsync(context.Tenant, id, cancellationToken))).Requires(Capability.RunRead).WithTags("templates").WithSummary("Read a template.");
        routes.MapPost("/v1/templates", (CreateRequest request, RequestContext context, SaveTemplate use, HttpContext http, CancellationToken cancellationToken) => use.CreateAsync(request, context, http, cancellationToken))
            .Requires(Capability.RunManage).WithTags("templates").WithSummary("Keep a capsule with inputs of your own under a name.");
        routes.MapPut("/v1/templates/{id}", (string id, UpdateRequest request, RequestContext context, SaveTemplate use, HttpContext http, CancellationToken cancellationToken) =>
                use.UpdateAsync(id, request, context, http, cancellationToken))
            .Requires(Capability.RunManage).WithTags("templates").WithSummary("Change a template; needs If-Match.");
    }

    public async Task<RunTemplateView> OfAsync(string id, string name, string capsule, string? version, JsonElement? defaults, RequestContext context, CancellationToken cancellationToken)
    {
        Check.That(id.Length is > 0 and <= 64 && id.All(static c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' or '_'), "id", "must have 1 to 64 characters of a-z, 0-9, - and _")
            .And(!string.IsNullOrWhiteSpace(name) && name.Length <= 200, "name", "must have 1 to 200 characters")
            .And(capsule.Length is > 0 and <= 128, "capsule", "must have 1 to 128 characters")
            .And(defaults is not { } given || (given.ValueKind == JsonValueKind.Object && given.GetRawText().Length <= DefaultsMost), "defaults", $"must be an object of at most {DefaultsMost} bytes").OrThrow();
        var approved = await capsules.ApprovedAsync(context, capsule, version, cancellationToken);
        if (defaults is { } named)
            foreach (var member in named.EnumerateObject())
                if (approved.Inputs.All(input => input.Name != member.Name)) throw Problem.Invalid($"defaults.{member.Name}", $"is no input of {approved.Id} {approved.Version}");
        using var none = JsonDocument.Parse("{}");
        var now = clock.GetUtcNow();
        return new RunTemplateView(id, name, approved.Id, approved.Version, defaults ?? none.RootElement.Clone(), context.Principal.Id, 1, now, now);
    }

    private async Task<Created<RunTemplateView>> CreateAsync(CreateRequest request, RequestContext context, HttpContext http, CancellationToken cancellationToken)
    {
        var template = await OfAsync(request.Id, request.Name, request.Capsule, request.Version, request.Defaults, context, cancellationToken);
        await db.WriteAsync(context.Tenant, work => store.CreateAsync(work, context, template), cancellationToken);
        http.Response.Headers.ETag = Routes.ETag(1);
        return TypedResults.Created($"/v1/templates/{template.Id}", await store.GetAsync(context.Tenant, template.Id, cancellationToken));
    }

    private async Task<Ok<RunTemplateView>> UpdateAsync(string id, UpdateRequest request, RequestContext context, HttpContext http, CancellationToken cancellationToken)
    {
        var expected = Routes.IfMatch(http.Request);
        await store.GetAsync(context.Tenant, id, cancellationToken);
        var template = await OfAsync(id, request.Name, request.Capsule, request.Version, request.Defaults, context, cancellationToken);
        await db.WriteAsync(context.Tenant, work => store.ReplaceAsync(work, context, template, expected), cancellationToken);
        return Tagged(http, await store.GetAsync(context.Tenant, id, cancellationToken));
    }

    private static Ok<RunTemplateView> Tagged(HttpContext http, RunTemplateView template)
    {
        http.Response.Headers.ETag = Routes.ETag(template.Version);
        return TypedResults.Ok(template);
    }
}
