using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Capsules;

/// <param name="PublicKey">Ed25519, the raw 32 bytes in base64url.</param>
internal sealed record PinKeyRequest(string Name, string PublicKey);

internal sealed record PinnedKey(string Id, string Name, string PublicKey, string AddedBy, DateTimeOffset AddedAt);

internal sealed record CapsuleKeyChanged(string Id, string Name, bool Pinned);

/// <summary>Keys whose signatures count. Never a key that comes with what it signs.</summary>
internal sealed class PinKeys(CapsuleStore store, Db db, Journal journal, TimeProvider clock)
{
    private const string Changed = "somastack.capsules.key_changed.v1";
    private const int KeysMax = 100;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/capsule-keys", static async (RequestContext context, PinKeys keys, CancellationToken cancellationToken) =>
            TypedResults.Ok(new Page<PinnedKey>(await keys.ListAsync(context, cancellationToken), null))).Requires(Capability.CapsuleReview).WithTags("capsules").WithSummary("List the keys whose attestations count.");
        routes.MapPost("/v1/capsule-keys", static (RequestContext context, PinKeyRequest request, PinKeys keys, CancellationToken cancellationToken) =>
            keys.PinAsync(context, request, cancellationToken)).Requires(Capability.TenantAdmin).WithTags("capsules").WithSummary("Pin a key.");
        routes.MapDelete("/v1/capsule-keys/{id}", static (RequestContext context, string id, PinKeys keys, CancellationToken cancellationToken) =>
            keys.UnpinAsync(context, id, cancellationToken)).Requires(Capability.TenantAdmin).WithTags("capsules").WithSummary("Take a key's pin away.");
    }

    private async Task<IReadOnlyList<PinnedKey>> ListAsync(RequestContext context, CancellationToken cancellationToken) =>
        [.. (await store.KeysAsync(context.Tenant, cancellationToken)).Select(static key => new PinnedKey(key.Id, key.Name, key.PublicKey, key.AddedBy, key.AddedAt))];

    private async Task<Created<PinnedKey>> PinAsync(RequestContext context, PinKeyRequest request, CancellationToken cancellationToken)
    {
        Check.That(request.Name is { Length: > 0 and <= 100 }, "name", "must have 1 to 100 characters").And(request.PublicKey is { Length: <= 100 }, "public_key", "must be 32 bytes in base64url").OrThrow();
        Ed25519PublicKey key;
        try
        {
            key = Ed25519PublicKey.Parse(request.PublicKey);
        }
        catch (FormatException)
        {
            throw Problem.Invalid("public_key", "must be an Ed25519 key: 32 bytes in base64url");
        }
        var row = new PinnedKeyRow(key.KeyId, request.Name, key.X, context.Principal.Id, clock.GetUtcNow());
        if ((await store.KeysAsync(context.Tenant, cancellationToken)).Count >= KeysMax) throw Problem.Invalid("public_key", $"would be the key after the {KeysMax}th; take one away first");
        try
        {
            await db.WriteAsync(context.Tenant, async work =>
            {
                await CapsuleStore.PinAsync(work, context.Tenant, row);
                await journal.AppendAsync(work, context, Changed, new CapsuleKeyChanged(row.Id, row.Name, true), CapsulesJson.Default.CapsuleKeyChanged);
            }, cancellationToken);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            throw PlatformProblems.Conflict.Because("The key is pinned already.", exception);
        }
        return TypedResults.Created("/v1/capsule-keys", new PinnedKey(row.Id, row.Name, row.PublicKey, row.AddedBy, row.AddedAt));
    }

    private async Task<NoContent> UnpinAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (!await CapsuleStore.UnpinAsync(work, context.Tenant, id)) throw CapsuleProblems.KeyUnknown.Because("No key of this id is pinned here.");
            await journal.AppendAsync(work, context, Changed, new CapsuleKeyChanged(id, "", false), CapsulesJson.Default.CapsuleKeyChanged);
        }, cancellationToken);
        return TypedResults.NoContent();
    }
}
