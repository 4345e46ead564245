using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary><c>/v1/personas</c>: list, read, create, and update with If-Match.</summary>
internal static class SavePersona
{
    internal sealed record CreateRequest(string Id, string Name, string Instructions, string? Model = null, IReadOnlyList<string>? Tools = null);

    internal sealed record UpdateRequest(string Name, string Instructions, string? Model = null, IReadOnlyList<string>? Tools = null);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/personas", async (RequestContext context, PersonaStore personas, string? cursor, int? limit, CancellationToken cancellationToken) =>
            TypedResults.Ok(await personas.ListAsync(context, cursor, Cursor.Limit(limit), cancellationToken))).Requires(Capability.SessionRead).WithTags("personas").WithSummary("List personas.");
        routes.MapGet("/v1/personas/{id}", async (string id, RequestContext context, PersonaStore personas, HttpContext http, CancellationToken cancellationToken) =>
            Tagged(http, await personas.GetAsync(context, id, cancellationToken))).Requires(Capability.SessionRead).WithTags("personas").WithSummary("Read a persona.");
        routes.MapPost("/v1/personas", CreateAsync).Requires(Capability.TenantAdmin).WithTags("personas").WithSummary("Create a persona.");
        routes.MapPut("/v1/personas/{id}", UpdateAsync).Requires(Capability.TenantAdmin).WithTags("personas").WithSummary("Change a persona; needs If-Match.");
    }

    private static async Task<Created<PersonaView>> CreateAsync(CreateRequest request, RequestContext context, PersonaStore personas, HttpContext http, CancellationToken cancellationToken)
    {
        Check.That(request.Id.Length is > 0 and <= 64 && request.Id.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' or '_'), "id", "must have 1 to 64 characters of a-z, 0-9, - and _").OrThrow();
        Checked(request.Name, request.Instructions, request.Model, request.Tools);
        var persona = await personas.CreateAsync(context, request.Id, request.Name, request.Instructions, request.Model, request.Tools ?? [], cancellationToken);
        http.Response.Headers.ETag = Routes.ETag(persona.Version);
        return TypedResults.Created($"/v1/personas/{persona.Id}", persona);
    }

    private static async Task<Ok<PersonaView>> UpdateAsync(string id, UpdateRequest request, RequestContext context, PersonaStore personas, HttpContext http, CancellationToken cancellationToken)
    {
        Checked(request.Name, request.Instructions, request.Model, request.Tools);
        return Tagged(http, await personas.UpdateAsync(context, id, request.Name, request.Instructions, request.Model, request.Tools, Routes.IfMatch(http.Request), cancellationToken));
    }

    private static void Checked(string name, string instructions, string? model, IReadOnlyList<string>? tools) =>
        Check.That(!string.IsNullOrWhiteSpace(name) && name.Length <= 200, "name", "must have 1 to 200 characters")
            .And(!string.IsNullOrWhiteSpace(instructions) && instructions.Length <= 16_000, "instructions", "must have 1 to 16000 characters")
            .And(model is null or { Length: > 0 and <= 200 }, "model", "must have 1 to 200 characters").And(TurnChecks.AreNames(tools), "tools", TurnChecks.NamesRule).OrThrow();

    private static Ok<PersonaView> Tagged(HttpContext http, PersonaView persona)
    {
        http.Response.Headers.ETag = Routes.ETag(persona.Version);
        return TypedResults.Ok(persona);
    }
}
