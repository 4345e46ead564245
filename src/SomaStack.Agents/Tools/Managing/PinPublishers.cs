using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <param name="PublicKey">32 raw bytes in base64url, as <c>soma tool sign</c> prints it.</param>
/// <param name="Scope">tenant (by default), or installation, which needs <c>platform:admin</c>.</param>
internal sealed record PinRequest(string Name, string PublicKey, string? Scope = null);

/// <param name="Scope">tenant, installation or file (put beside the server by an operator; only he takes it away).</param>
internal sealed record PublisherView(string KeyId, string Name, string PublicKey, string Scope, string? PinnedBy, DateTimeOffset? PinnedAt);

/// <summary>Whose signatures count. The service holds no publisher's private key: it can believe, and never sign, a manifest.</summary>
internal sealed class PinPublishers(AdapterStore store, Publishers publishers, Db db, Journal journal, TimeProvider clock)
{
    private const string Path = "/v1/tool-publishers";
    private const string Installation = "installation";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, static (RequestContext context, PinPublishers use, string? cursor, int? limit, CancellationToken cancellationToken) => use.ListAsync(context, cursor, limit, cancellationToken))
            .Requires(Capability.ToolManage).WithTags("tools").WithSummary("List publisher keys whose signatures count.");
        routes.MapPost(Path, static (PinRequest request, RequestContext context, PinPublishers use, CancellationToken cancellationToken) => use.PinAsync(context, request, cancellationToken))
            .Requires(Capability.ToolManage).RequiresStepUp().WithTags("tools").WithSummary("Pin a publisher's key.");
        routes.MapDelete(Path + "/{keyId}", static (string keyId, RequestContext context, PinPublishers use, string? scope, CancellationToken cancellationToken) =>
            use.UnpinAsync(context, keyId, scope, cancellationToken))
            .Requires(Capability.ToolManage).OpenWhenStopped().WithTags("tools").WithSummary("Take a publisher's key back; what it signed stops at once.");
    }

    internal async Task<Ok<Page<PublisherView>>> ListAsync(RequestContext context, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        var after = Cursor.Decode(cursor) ?? "";
        var rows = (await store.PublishersAsync(context.Tenant, after, size + 1, cancellationToken)).Concat(await store.PublishersAsync(Db.AllTenants, after, size + 1, cancellationToken))
            .Select(static row => new PublisherView(row.KeyId, row.Name, row.PublicKey, row.Tenant == Db.AllTenants ? Installation : "tenant", row.PinnedBy, row.PinnedAt))
            .Concat(publishers.FromFiles.Where(key => string.CompareOrdinal(key.KeyId, after) > 0).Select(static key => new PublisherView(key.KeyId, "", key.X, "file", null, null)))
            .OrderBy(static view => view.KeyId, StringComparer.Ordinal).DistinctBy(static view => view.KeyId).Take(size + 1).ToList();
        return TypedResults.Ok(Cursor.Page(rows, size, static view => view.KeyId));
    }

    internal async Task<Ok<PublisherView>> PinAsync(RequestContext context, PinRequest request, CancellationToken cancellationToken)
    {
        Check.That(request.Name.Trim().Length is >= 1 and <= 100 && !request.Name.Any(char.IsControl), "name", "must have 1 to 100 characters on one line").OrThrow();
        var target = Target(context, request.Scope);
        Ed25519PublicKey key;
        try
        {
            key = Ed25519PublicKey.Parse(request.PublicKey);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            throw Problem.Invalid("public_key", "must be the 32 bytes of an Ed25519 public key in base64url");
        }
        var row = new PublisherRow(target, key.KeyId, request.Name, key.X, context.Principal.Id, clock.NowMicros().ToInstant());
        try
        {
            await db.WriteAsync(target, async work =>
            {
                await AdapterStore.InsertAsync(work, row);
                await SayAsync(work, context with { Tenant = target }, row, "pinned");
                work.OnCommit(() => publishers.Changed(target));
            }, cancellationToken);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            throw PlatformProblems.Conflict.Because("The key is pinned already.", exception);
        }
        return TypedResults.Ok(new PublisherView(row.KeyId, row.Name, row.PublicKey, target == Db.AllTenants ? Installation : "tenant", row.PinnedBy, row.PinnedAt));
    }

    internal async Task<NoContent> UnpinAsync(RequestContext context, string keyId, string? scope, CancellationToken cancellationToken)
    {
        var target = Target(context, scope);
        await db.WriteAsync(target, async work =>
        {
            var row = await AdapterStore.PublisherAsync(work, target, keyId) ?? throw ToolProblems.PublisherUnknown.Because("No such key is pinned in this scope.");
            if (!await AdapterStore.UnpinAsync(work, target, keyId)) return;
            await SayAsync(work, context with { Tenant = target }, row, "unpinned");
            work.OnCommit(() => publishers.Changed(target));
        }, cancellationToken);
        return TypedResults.NoContent();
    }

    private static string Target(RequestContext context, string? scope)
    {
        if (scope is null or "tenant") return context.Tenant;
        if (scope != Installation) throw Problem.Invalid("scope", "must be tenant or installation");
        context.Require(Capability.PlatformAdmin);
        return Db.AllTenants;
    }

    private Task<long> SayAsync(DbWork work, RequestContext context, PublisherRow row, string change) =>
        journal.AppendAsync(work, context, ToolFactTypes.PublisherChanged, new PublisherChanged(row.KeyId, row.Name, change), ToolsJson.Default.PublisherChanged);
}
