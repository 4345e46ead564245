using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// Groups of people, provisioned by an identity provider, with the capabilities that membership gives: an extension attribute, which an
/// administrator sets. Whoever changes members or capabilities must hold what he gives and takes.
/// </summary>
internal sealed class ScimGroups(ScimStore store, ScimRights rights, PublicOrigin origin, Db db, Journal journal, TimeProvider clock)
{
    private const string Path = "/scim/v2/Groups";
    private const int MembersMax = 5000;

    private sealed record Wanted(string DisplayName, string? ExternalId, IReadOnlyList<string>? Capabilities, IReadOnlyList<string> Members);

    public static void Map(IEndpointRouteBuilder routes)
    {
        ScimUsers.Scim(routes.MapGet(Path, (HttpContext http, RequestContext context, ScimGroups use, CancellationToken cancellationToken) => use.ListAsync(http, context, cancellationToken)));
        ScimUsers.Scim(routes.MapPost(Path, (HttpContext http, RequestContext context, ScimGroups use, CancellationToken cancellationToken) => use.CreateAsync(http, context, cancellationToken)));
        ScimUsers.Scim(routes.MapGet(Path + "/{id}", (string id, HttpContext http, RequestContext context, ScimGroups use, CancellationToken cancellationToken) => use.GetAsync(id, http, context, cancellationToken)));
        ScimUsers.Scim(routes.MapPut(Path + "/{id}", (string id, HttpContext http, RequestContext context, ScimGroups use, CancellationToken cancellationToken) => use.ReplaceAsync(id, http, context, cancellationToken)));
        ScimUsers.Scim(routes.MapPatch(Path + "/{id}", (string id, HttpContext http, RequestContext context, ScimGroups use, CancellationToken cancellationToken) => use.PatchAsync(id, http, context, cancellationToken)));
        ScimUsers.Scim(routes.MapDelete(Path + "/{id}", (string id, HttpContext http, RequestContext context, ScimGroups use, CancellationToken cancellationToken) => use.RemoveAsync(id, http, context, cancellationToken)));
    }

    private async Task<IResult> ListAsync(HttpContext http, RequestContext context, CancellationToken cancellationToken)
    {
        var groups = await store.GroupsAsync(context.Tenant, cancellationToken);
        if (groups.Count > ScimStore.ListMax) throw ScimProblems.TooMany.Because($"The tenant has more than {ScimStore.ListMax} groups.");
        var members = (await store.MembersAsync(context.Tenant, null, null, cancellationToken)).ToLookup(static member => member.Group, StringComparer.Ordinal);
        return ScimMessage.Page(http, groups.Select(group => Show(group, members[group.Id].Select(static member => member.Principal))));
    }

    private async Task<IResult> GetAsync(string id, HttpContext http, RequestContext context, CancellationToken cancellationToken) =>
        ScimMessage.Answer(http, await ShowAsync(id, context, cancellationToken));

    private async Task<IResult> CreateAsync(HttpContext http, RequestContext context, CancellationToken cancellationToken)
    {
        var wanted = Read(await ScimMessage.ReadAsync(http.Request, cancellationToken));
        var now = clock.GetUtcNow();
        var group = new ScimGroup(Ids.New(clock), wanted.DisplayName, wanted.ExternalId, wanted.Capabilities ?? [], 1, now, now);
        await WriteAsync(context, null, group, wanted.Members, cancellationToken);
        return ScimMessage.Answer(http, await ShowAsync(group.Id, context, cancellationToken), StatusCodes.Status201Created);
    }

    private async Task<IResult> ReplaceAsync(string id, HttpContext http, RequestContext context, CancellationToken cancellationToken)
    {
        var current = await FindAsync(id, context, cancellationToken);
        return await ChangeAsync(current, Read(await ScimMessage.ReadAsync(http.Request, cancellationToken)), http, context, cancellationToken);
    }

    private async Task<IResult> PatchAsync(string id, HttpContext http, RequestContext context, CancellationToken cancellationToken)
    {
        var current = await FindAsync(id, context, cancellationToken);
        var message = await ScimMessage.ReadAsync(http.Request, cancellationToken);
        var resource = Show(current, (await store.MembersAsync(context.Tenant, id, null, cancellationToken)).Select(static member => member.Principal));
        // The patch speaks of capabilities plainly; the extension is only how they are shown.
        resource["capabilities"] = new JsonArray([.. current.Capabilities.Select(static name => (JsonNode)name)]);
        ScimPatch.Apply(resource, message);
        return await ChangeAsync(current, Read(resource), http, context, cancellationToken);
    }

    private async Task<IResult> ChangeAsync(ScimGroup current, Wanted wanted, HttpContext http, RequestContext context, CancellationToken cancellationToken)
    {
        ScimMessage.CheckVersion(http.Request, current.Version);
        // A provider that replaces a group does not know the extension, so leaving it out keeps what it is.
        var next = current with
        {
            DisplayName = wanted.DisplayName, ExternalId = wanted.ExternalId, Capabilities = wanted.Capabilities ?? current.Capabilities, Version = current.Version + 1, UpdatedAt = clock.GetUtcNow(),
        };
        await WriteAsync(context, current, next, wanted.Members, cancellationToken);
        return ScimMessage.Answer(http, await ShowAsync(current.Id, context, cancellationToken));
    }

    private async Task<IResult> RemoveAsync(string id, HttpContext http, RequestContext context, CancellationToken cancellationToken)
    {
        var current = await FindAsync(id, context, cancellationToken);
        ScimMessage.CheckVersion(http.Request, current.Version);
        await db.WriteAsync(context.Tenant, async work =>
        {
            await rights.BeginAsync(work, context.Tenant);
            var members = await ScimStore.MembersAsync(work, context.Tenant, id);
            if (!await ScimStore.RemoveGroupAsync(work, context.Tenant, id)) return;
            foreach (var member in members) await rights.ApplyAsync(work, context, member);
            await journal.AppendAsync(work, context, "group/" + id, current.Version + 1, OpenIdEvents.GroupRemoved, new GroupRemoved(id), OpenIdJson.Default.GroupRemoved);
        }, cancellationToken);
        return TypedResults.NoContent();
    }

    private Task WriteAsync(RequestContext context, ScimGroup? current, ScimGroup next, IReadOnlyList<string> members, CancellationToken cancellationToken) => db.WriteAsync(context.Tenant, async work =>
    {
        await rights.BeginAsync(work, context.Tenant);
        foreach (var name in next.Capabilities.Union(current?.Capabilities ?? [], StringComparer.Ordinal)) Rules.MustHold(context, name);
        if (await ScimStore.IsGroupNameTakenAsync(work, context.Tenant, next.DisplayName, next.Id)) throw ScimProblems.Uniqueness.Because("The displayName is taken.");
        if (!await ScimStore.TryWriteGroupAsync(work, context.Tenant, next, current?.Version ?? 0)) throw PlatformProblems.VersionMismatch.Because("Somebody else changed the group meanwhile.");
        var before = current is null ? [] : await ScimStore.MembersAsync(work, context.Tenant, next.Id);
        var (joined, left) = (members.Except(before, StringComparer.Ordinal).ToList(), before.Except(members, StringComparer.Ordinal).ToList());
        foreach (var member in joined)
        {
            if (await ScimStore.FindPrincipalAsync(work, context.Tenant, member) is not { Kind: "user" }) throw ScimProblems.InvalidValue.Because("A member is no user of the tenant; groups in groups are not kept.");
            await ScimStore.AddMemberAsync(work, context.Tenant, next.Id, member);
        }
        foreach (var member in left) await ScimStore.RemoveMemberAsync(work, context.Tenant, next.Id, member);
        var affected = current is not null && current.Capabilities.SequenceEqual(next.Capabilities) ? joined.Concat(left) : members.Union(left, StringComparer.Ordinal);
        foreach (var member in affected) await rights.ApplyAsync(work, context, member);
        await journal.AppendAsync(work, context, "group/" + next.Id, next.Version, OpenIdEvents.GroupChanged,
            new GroupChanged(next.Id, next.DisplayName, next.Capabilities, members.Count, next.Version), OpenIdJson.Default.GroupChanged);
    }, cancellationToken);

    private async Task<ScimGroup> FindAsync(string id, RequestContext context, CancellationToken cancellationToken) =>
        await store.FindGroupAsync(context.Tenant, id, cancellationToken) ?? throw PlatformProblems.NotFound.Because("The tenant has no such group.");

    private async Task<JsonObject> ShowAsync(string id, RequestContext context, CancellationToken cancellationToken) =>
        Show(await FindAsync(id, context, cancellationToken), (await store.MembersAsync(context.Tenant, id, null, cancellationToken)).Select(static member => member.Principal));

    private JsonObject Show(ScimGroup group, IEnumerable<string> members)
    {
        var resource = new JsonObject { ["schemas"] = new JsonArray(ScimDocuments.GroupSchema, ScimDocuments.GroupExtension), ["id"] = group.Id, ["displayName"] = group.DisplayName };
        if (group.ExternalId is { } external) resource["externalId"] = external;
        resource["members"] = new JsonArray([.. members.Select(member => (JsonNode)new JsonObject { ["value"] = member, ["type"] = "User", ["$ref"] = origin.Of("/scim/v2/Users/" + Uri.EscapeDataString(member)) })]);
        resource[ScimDocuments.GroupExtension] = new JsonObject { ["capabilities"] = new JsonArray([.. group.Capabilities.Select(static name => (JsonNode)name)]) };
        resource["meta"] = ScimDocuments.Meta("Group", origin.Of($"{Path}/{group.Id}"), group.Version, group.CreatedAt, group.UpdatedAt);
        return resource;
    }

    private static Wanted Read(JsonObject message)
    {
        var name = ScimMessage.Text(message, "displayName") is { } sent && Rules.IsName(sent) ? sent : throw ScimProblems.InvalidValue.Because($"'displayName' {Rules.NameRule}.");
        var externalId = ScimMessage.Text(message, "externalId");
        if (externalId is { Length: > 255 }) throw ScimProblems.InvalidValue.Because("'externalId' may have 255 characters.");
        var members = (ScimFilter.Find(message, "members") as JsonArray ?? []).Select(static member =>
            (member is JsonObject complex ? ScimMessage.Text(complex, "value") : null) ?? throw ScimProblems.InvalidValue.Because("A member needs a value."));
        var distinct = members.Distinct(StringComparer.Ordinal).ToList();
        if (distinct.Count > MembersMax) throw ScimProblems.TooMany.Because($"A group may have {MembersMax} members.");
        var list = ScimFilter.Find(message, "capabilities") ?? (ScimFilter.Find(message, ScimDocuments.GroupExtension) as JsonObject is { } extension ? ScimFilter.Find(extension, "capabilities") : null);
        return new Wanted(name, externalId, list is null ? null : Capabilities(list), distinct);
    }

    private static List<string> Capabilities(JsonNode list)
    {
        if (list is not JsonArray names || names.Count > 64 || !names.All(static name => name is JsonValue value && value.GetValueKind() == System.Text.Json.JsonValueKind.String))
            throw ScimProblems.InvalidValue.Because("'capabilities' must be a list of names.");
        var texts = names.Select(static name => name!.GetValue<string>()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        return texts.Find(static name => !Capability.All.Contains(name)) is null ? texts : throw ScimProblems.InvalidValue.Because("A capability is not published.");
    }
}
