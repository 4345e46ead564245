using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// The people of a tenant, provisioned by its identity provider. A user is a principal of the kind user: its id is the lower-cased
/// userName of the day it was made, and stays when the name changes. Deleting deactivates and takes back what groups gave.
/// </summary>
internal sealed class ScimUsers(ScimStore store, ScimRights rights, PublicOrigin origin, Db db, TimeProvider clock)
{
    private const string Path = "/scim/v2/Users";

    private static readonly string[] Kept = ["name", "nickName", "title", "userType", "preferredLanguage", "locale", "timezone", "emails", "phoneNumbers"];
    private const int ProfileMax = 16 << 10;

    public static void Map(IEndpointRouteBuilder routes)
    {
        Scim(routes.MapGet(Path, (HttpContext http, RequestContext context, ScimUsers use, CancellationToken cancellationToken) => use.ListAsync(http, context, cancellationToken)));
        Scim(routes.MapPost(Path, (HttpContext http, RequestContext context, ScimUsers use, CancellationToken cancellationToken) => use.CreateAsync(http, context, cancellationToken)));
        Scim(routes.MapGet(Path + "/{id}", (string id, HttpContext http, RequestContext context, ScimUsers use, CancellationToken cancellationToken) => use.GetAsync(id, http, context, cancellationToken)));
        Scim(routes.MapPut(Path + "/{id}", (string id, HttpContext http, RequestContext context, ScimUsers use, CancellationToken cancellationToken) => use.ReplaceAsync(id, http, context, cancellationToken)));
        Scim(routes.MapPatch(Path + "/{id}", (string id, HttpContext http, RequestContext context, ScimUsers use, CancellationToken cancellationToken) => use.PatchAsync(id, http, context, cancellationToken)));
        Scim(routes.MapDelete(Path + "/{id}", (string id, HttpContext http, RequestContext context, ScimUsers use, CancellationToken cancellationToken) => use.RemoveAsync(id, http, context, cancellationToken)));
    }

    public static void Scim(RouteHandlerBuilder route) => route.Requires(Capability.TenantAdmin).WithScimErrors().ExcludeFromDescription();

    private async Task<IResult> ListAsync(HttpContext http, RequestContext context, CancellationToken cancellationToken)
    {
        // What providers ask before every change needs no walk over everybody.
        var filter = http.Request.Query["filter"].ToString() is { Length: > 0 } text ? ScimFilterParser.Parse(text) : null;
        var users = filter is ScimComparison { Path: { Name: "username", Sub: null }, Operator: "eq", Value: string name }
            ? await store.UsersByNameAsync(context.Tenant, name.ToLowerInvariant(), cancellationToken) : await store.UsersAsync(context.Tenant, cancellationToken);
        if (users.Count > ScimStore.ListMax) throw ScimProblems.TooMany.Because($"The tenant has more than {ScimStore.ListMax} users; filter by userName.");
        var groups = (await store.MembersAsync(context.Tenant, null, null, cancellationToken)).ToLookup(static member => member.Principal, StringComparer.Ordinal);
        return ScimMessage.Page(http, users.Select(user => Show(user, groups[user.Id])));
    }

    private async Task<IResult> GetAsync(string id, HttpContext http, RequestContext context, CancellationToken cancellationToken) =>
        ScimMessage.Answer(http, await ShowAsync(id, context, cancellationToken));

    private async Task<IResult> CreateAsync(HttpContext http, RequestContext context, CancellationToken cancellationToken)
    {
        var message = await ScimMessage.ReadAsync(http.Request, cancellationToken);
        var wanted = Read(message);
        var id = wanted.Profile.UserName;
        if (!Rules.IsPrincipalId(id)) throw ScimProblems.InvalidValue.Because($"'userName' {Rules.PrincipalIdRule} (case does not matter).");
        await db.WriteAsync(context.Tenant, async work =>
        {
            await rights.BeginAsync(work, context.Tenant);
            var known = await ScimStore.FindProfileAsync(work, context.Tenant, id);
            if (known is not { Deleted: true } && await ScimStore.HolderOfNameAsync(work, context.Tenant, id) is not null) throw ScimProblems.Uniqueness.Because("The userName is taken.");
            // A name that comes back is a person again, with nothing of what it once could do.
            var current = await ScimStore.FindPrincipalAsync(work, context.Tenant, id);
            if (current is not null) ScimRights.MayChange(context, current, [], wanted.Active);
            var now = clock.GetUtcNow();
            var next = current is null
                ? new PrincipalRow(context.Tenant, id, "user", wanted.DisplayName, wanted.Active, [], 1, 1, now, now)
                : current with { DisplayName = wanted.DisplayName, Active = wanted.Active, Capabilities = [], Extra = [], Roles = [] };
            if (current is not null && wanted.Profile.ExternalId is { } external && external != known?.ExternalId) await Hands.NoteAsync(work, context, context.Tenant, id, now.ToMicros());
            await rights.WriteAsync(work, context, current, next);
            await ScimStore.WriteProfileAsync(work, context.Tenant, wanted.Profile with { Principal = id });
        }, cancellationToken);
        return ScimMessage.Answer(http, await ShowAsync(id, context, cancellationToken), StatusCodes.Status201Created);
    }

    private async Task<IResult> ReplaceAsync(string id, HttpContext http, RequestContext context, CancellationToken cancellationToken)
    {
        var user = await FindAsync(id, context, cancellationToken);
        var message = await ScimMessage.ReadAsync(http.Request, cancellationToken);
        return await ChangeAsync(user, message, http, context, cancellationToken);
    }

    private async Task<IResult> PatchAsync(string id, HttpContext http, RequestContext context, CancellationToken cancellationToken)
    {
        var user = await FindAsync(id, context, cancellationToken);
        var message = await ScimMessage.ReadAsync(http.Request, cancellationToken);
        var resource = Show(user, []);
        ScimPatch.Apply(resource, message);
        return await ChangeAsync(user, resource, http, context, cancellationToken);
    }

    private async Task<IResult> ChangeAsync(ScimUser user, JsonObject resource, HttpContext http, RequestContext context, CancellationToken cancellationToken)
    {
        ScimMessage.CheckVersion(http.Request, user.Version);
        var wanted = Read(resource);
        await db.WriteAsync(context.Tenant, async work =>
        {
            await rights.BeginAsync(work, context.Tenant);
            var current = await ScimStore.FindPrincipalAsync(work, context.Tenant, user.Id);
            if (current is null || current.Version != user.Version) throw PlatformProblems.VersionMismatch.Because("Somebody else changed the user meanwhile.");
            if (wanted.Profile.UserName != user.Profile.UserName && await ScimStore.HolderOfNameAsync(work, context.Tenant, wanted.Profile.UserName) is { } holder && holder != user.Id)
                throw ScimProblems.Uniqueness.Because("The userName is taken.");
            ScimRights.MayChange(context, current, [.. current.Capabilities.Order(StringComparer.Ordinal)], wanted.Active);
            // Another name at the outside issuer is another way into an account that is there already.
            if (wanted.Profile.ExternalId is { } external && external != user.Profile.ExternalId) await Hands.NoteAsync(work, context, context.Tenant, user.Id, clock.NowMicros());
            await rights.WriteAsync(work, context, current, current with { DisplayName = wanted.DisplayName, Active = wanted.Active });
            var granted = (await ScimStore.FindProfileAsync(work, context.Tenant, user.Id))?.Granted ?? [];
            await ScimStore.WriteProfileAsync(work, context.Tenant, wanted.Profile with { Principal = user.Id, Granted = granted });
        }, cancellationToken);
        return ScimMessage.Answer(http, await ShowAsync(user.Id, context, cancellationToken));
    }

    private async Task<IResult> RemoveAsync(string id, HttpContext http, RequestContext context, CancellationToken cancellationToken)
    {
        var user = await FindAsync(id, context, cancellationToken);
        ScimMessage.CheckVersion(http.Request, user.Version);
        await db.WriteAsync(context.Tenant, async work =>
        {
            await rights.BeginAsync(work, context.Tenant);
            var current = await ScimStore.FindPrincipalAsync(work, context.Tenant, id);
            if (current is null || current.Version != user.Version) throw PlatformProblems.VersionMismatch.Because("Somebody else changed the user meanwhile.");
            var profile = await ScimStore.FindProfileAsync(work, context.Tenant, id) ?? ScimProfile.Of(id);
            var (own, _) = ScimRights.Combine(current.Extra, [.. profile.Granted], []);
            var held = await RoleStore.EffectiveAsync(work, context.Tenant, current.Roles, own);
            ScimRights.MayChange(context, current, held, active: false);
            await rights.WriteAsync(work, context, current, current with { Active = false, Capabilities = held, Extra = own });
            await ScimStore.LeaveAllAsync(work, context.Tenant, id);
            await ScimStore.WriteProfileAsync(work, context.Tenant, profile with { Granted = [], Deleted = true });
        }, cancellationToken);
        return TypedResults.NoContent();
    }

    private async Task<ScimUser> FindAsync(string id, RequestContext context, CancellationToken cancellationToken) =>
        await store.FindUserAsync(context.Tenant, id, cancellationToken) ?? throw PlatformProblems.NotFound.Because("The tenant has no such user.");

    private async Task<JsonObject> ShowAsync(string id, RequestContext context, CancellationToken cancellationToken) =>
        Show(await FindAsync(id, context, cancellationToken), await store.MembersAsync(context.Tenant, null, id, cancellationToken));

    private JsonObject Show(ScimUser user, IEnumerable<ScimMember> groups)
    {
        var profile = JsonNode.Parse(user.Profile.Profile)!.AsObject();
        var resource = new JsonObject
        {
            ["schemas"] = new JsonArray(ScimDocuments.UserSchema), ["id"] = user.Id, ["userName"] = profile["userName"]?.GetValue<string>() ?? user.Profile.UserName,
            ["displayName"] = user.DisplayName, ["active"] = user.Active,
        };
        if (user.Profile.ExternalId is { } external) resource["externalId"] = external;
        foreach (var name in Kept)
            if (profile[name] is { } value) resource[name] = value.DeepClone();
        var memberships = groups.Select(group => (JsonNode)new JsonObject { ["value"] = group.Group, ["display"] = group.Display, ["type"] = "direct", ["$ref"] = origin.Of("/scim/v2/Groups/" + group.Group) }).ToArray();
        if (memberships.Length > 0) resource["groups"] = new JsonArray(memberships);
        resource["meta"] = ScimDocuments.Meta("User", origin.Of($"{Path}/{Uri.EscapeDataString(user.Id)}"), user.Version, user.CreatedAt, user.UpdatedAt);
        return resource;
    }

    /// <summary>What a message wants a user to be; attributes that we do not keep are passed over, as RFC 7644, 3.3 allows.</summary>
    private static (string DisplayName, bool Active, ScimProfile Profile) Read(JsonObject message)
    {
        var userName = ScimMessage.Text(message, "userName") is { Length: > 0 } sent ? sent : throw ScimProblems.InvalidValue.Because("'userName' is needed.");
        if (!Rules.IsName(userName)) throw ScimProblems.InvalidValue.Because($"'userName' {Rules.NameRule}.");
        var externalId = ScimMessage.Text(message, "externalId");
        if (externalId is { Length: > 255 }) throw ScimProblems.InvalidValue.Because("'externalId' may have 255 characters.");
        var profile = new JsonObject { ["userName"] = userName };
        foreach (var name in Kept)
            if (ScimFilter.Find(message, name) is { } value) profile[name] = value.DeepClone();
        var text = profile.ToJsonString();
        if (text.Length > ProfileMax) throw ScimProblems.InvalidValue.Because($"The profile may have {ProfileMax} characters.");
        var displayName = ScimMessage.Text(message, "displayName") ?? (profile["name"] is JsonObject person ? ScimMessage.Text(person, "formatted") ?? Joined(person) : null) ?? userName;
        if (!Rules.IsName(displayName)) throw ScimProblems.InvalidValue.Because($"'displayName' {Rules.NameRule}.");
        return (displayName, ScimMessage.Flag(message, "active") ?? true, new ScimProfile("", userName.ToLowerInvariant(), externalId, text, [], false));
    }

    private static string? Joined(JsonObject name) =>
        string.Join(' ', new[] { ScimMessage.Text(name, "givenName"), ScimMessage.Text(name, "familyName") }.Where(static part => !string.IsNullOrWhiteSpace(part))) is { Length: > 0 } joined ? joined : null;
}
