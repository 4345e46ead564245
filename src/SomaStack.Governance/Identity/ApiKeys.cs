using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <param name="Scopes">What the key may do: at most what both its principal and its maker hold.</param>
/// <param name="Principal">For whom the key acts; the caller by default.</param>
/// <param name="ExpiresAt">Null for a key that lives until it is revoked.</param>
internal sealed record CreateApiKeyRequest(string Name, IReadOnlyList<string> Scopes, string? Principal = null, DateTimeOffset? ExpiresAt = null);

/// <param name="OverlapSeconds">How long the old key still works beside the new one, 0 to 604800 (a week); 3600 by default.</param>
internal sealed record RotateApiKeyRequest(int? OverlapSeconds = null);

internal sealed record ApiKeyView(
    string Id, string Principal, string Name, string Prefix, IReadOnlyList<string> Scopes,
    DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, DateTimeOffset? LastUsedAt)
{
    public static ApiKeyView Of(ApiKeyRow row) => new(row.Id, row.Principal, row.Name, row.Prefix, row.Scopes, row.CreatedAt, row.ExpiresAt, row.RevokedAt, row.LastUsedAt);
}

/// <param name="Key">Shown this once; only its hash is kept.</param>
internal sealed record CreateApiKeyResponse(string Key, ApiKeyView ApiKey);

internal sealed class ApiKeys(IdentityStore principals, ApiKeyStore store, CredentialCache cache, Db db, Journal journal, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/api-keys", (CreateApiKeyRequest request, RequestContext context, ApiKeys use, CancellationToken cancellationToken) =>
            use.CreateAsync(request, context, cancellationToken)).Requires(Capability.TenantAdmin).WithoutReplay();
        routes.MapGet("/v1/api-keys", (RequestContext context, ApiKeys use, string? cursor, int? limit, string? principal, string? state, CancellationToken cancellationToken) =>
            use.ListAsync(context, principal, state, cursor, limit, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapPost("/v1/api-keys/{id}/rotate", (string id, RotateApiKeyRequest request, RequestContext context, ApiKeys use, CancellationToken cancellationToken) =>
            use.RotateAsync(id, request, context, cancellationToken)).Requires(Capability.TenantAdmin).WithoutReplay();
        routes.MapDelete("/v1/api-keys/{id}", (string id, RequestContext context, ApiKeys use, CancellationToken cancellationToken) =>
            use.RevokeAsync(id, context, cancellationToken)).Requires(Capability.TenantAdmin);
    }

    public static byte[] HashOf(string key) => SHA256.HashData(Encoding.ASCII.GetBytes(key));

    internal async Task<Created<CreateApiKeyResponse>> CreateAsync(CreateApiKeyRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var principal = request.Principal ?? context.Principal.Id;
        Check.That(Rules.IsName(request.Name), "name", Rules.NameRule)
            .And(Rules.IsPrincipalId(principal), "principal", Rules.PrincipalIdRule)
            .And(Rules.IsShortList(request.Scopes) && request.Scopes.Count > 0, "scopes", "must have 1 to 64 names")
            .And(request.ExpiresAt is null || (request.ExpiresAt > now && request.ExpiresAt < now.AddYears(100)), "expires_at", "must be in the future, within a century")
            .OrThrow();
        var scopes = CapabilitySet.Of(request.Scopes).Names;
        var holder = await principals.FindPrincipalAsync(context.Tenant, principal, cancellationToken)
            ?? throw IdentityProblems.PrincipalUnknown.Because("The tenant has no such principal.");
        if (!holder.Active) throw IdentityProblems.PrincipalInactive.Because("It was deactivated.");
        Rules.MayLend(context, principal, scopes);
        foreach (var name in scopes)
        {
            Rules.MustHold(context, name);
            if (!holder.Capabilities.Contains(name)) throw IdentityProblems.CapabilityNotHeld.Because($"The principal does not hold '{name}'.");
        }
        var key = ApiKeyText.Write(RandomNumberGenerator.GetBytes(32));
        var row = new ApiKeyRow(context.Tenant, Ids.New(clock), principal, request.Name, key[..(ApiKeyText.Prefix.Length + 4)],
            [.. scopes.Order(StringComparer.Ordinal)], now, request.ExpiresAt?.ToUniversalTime(), null, null);
        await db.WriteAsync(context.Tenant, async work =>
        {
            await ApiKeyStore.AddAsync(work, row, HashOf(key));
            await Hands.NoteAsync(work, context, context.Tenant, principal, now.ToMicros());
            await journal.AppendAsync(work, context, "api_key/" + row.Id, 1, IdentityEvents.ApiKeyCreated,
                new ApiKeyCreated(row.Id, principal, row.Name, row.Scopes, row.ExpiresAt), IdentityJson.Default.ApiKeyCreated);
        }, cancellationToken);
        return TypedResults.Created($"/v1/api-keys/{row.Id}", new CreateApiKeyResponse(key, ApiKeyView.Of(row)));
    }

    /// <summary>A new key that may do and last what the old one did; the old one ends after the overlap.</summary>
    internal async Task<Created<CreateApiKeyResponse>> RotateAsync(string id, RotateApiKeyRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var overlap = request.OverlapSeconds ?? 3600;
        Check.That(overlap is >= 0 and <= 7 * 86_400, "overlap_seconds", "must be between 0 and 604800").OrThrow();
        var now = clock.GetUtcNow();
        var old = await store.FindAsync(context.Tenant, id, cancellationToken) ?? throw PlatformProblems.NotFound.Because("The tenant has no such API key.");
        if (old.RevokedAt is not null || old.ExpiresAt <= now) throw IdentityProblems.KeyEnded.Because("The key was revoked or has expired; make a new one.");
        // The caller comes to know the new key, so he must hold what it may do.
        foreach (var name in old.Scopes) Rules.MustHold(context, name);
        Rules.MayLend(context, old.Principal, old.Scopes);
        var key = ApiKeyText.Write(RandomNumberGenerator.GetBytes(32));
        var row = old with
        {
            Id = Ids.New(clock), Prefix = key[..(ApiKeyText.Prefix.Length + 4)], CreatedAt = now, ExpiresAt = old.ExpiresAt is { } end ? now + (end - old.CreatedAt) : null, LastUsedAt = null,
        };
        await db.WriteAsync(context.Tenant, async work =>
        {
            await cache.ChangedAsync(work, context.Tenant);
            if (!await ApiKeyStore.EndAsync(work, context.Tenant, id, now.AddSeconds(overlap).ToMicros())) throw IdentityProblems.KeyEnded.Because("The key was revoked meanwhile.");
            await ApiKeyStore.AddAsync(work, row, HashOf(key));
            await Hands.NoteAsync(work, context, context.Tenant, row.Principal, now.ToMicros());
            await journal.AppendAsync(work, context, "api_key/" + row.Id, 1, IdentityEvents.ApiKeyRotated,
                new ApiKeyRotated(row.Id, id, row.Principal, now.AddSeconds(overlap)), IdentityJson.Default.ApiKeyRotated);
        }, cancellationToken);
        return TypedResults.Created($"/v1/api-keys/{row.Id}", new CreateApiKeyResponse(key, ApiKeyView.Of(row)));
    }

    /// <param name="state">active, expired or revoked; null for all.</param>
    internal async Task<Page<ApiKeyView>> ListAsync(RequestContext context, string? principal, string? state, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        Check.That(state is null or "active" or "expired" or "revoked", "state", "must be active, expired or revoked")
            .And(principal is null || Rules.IsPrincipalId(principal), "principal", Rules.PrincipalIdRule).OrThrow();
        var size = Cursor.Limit(limit);
        var rows = await store.ListAsync(context.Tenant, principal, state, clock.NowMicros(), Cursor.Decode(cursor), size + 1, cancellationToken);
        return Cursor.Page([.. rows.Select(ApiKeyView.Of)], size, static key => key.Id);
    }

    internal async Task<ApiKeyView> RevokeAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        var row = await store.FindAsync(context.Tenant, id, cancellationToken) ?? throw PlatformProblems.NotFound.Because("The tenant has no such API key.");
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (!await ApiKeyStore.RevokeAsync(work, context.Tenant, id, clock.NowMicros())) return;
            await journal.AppendAsync(work, context, "api_key/" + id, 2, IdentityEvents.ApiKeyRevoked, new ApiKeyRevoked(id, row.Principal), IdentityJson.Default.ApiKeyRevoked);
            await cache.ChangedAsync(work, context.Tenant);
        }, cancellationToken);
        return ApiKeyView.Of((await store.FindAsync(context.Tenant, id, cancellationToken))!);
    }
}
