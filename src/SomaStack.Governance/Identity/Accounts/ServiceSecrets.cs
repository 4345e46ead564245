using System.Buffers.Text;
using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

internal sealed record ServiceSecretView(string Id, string Prefix, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt)
{
    public static ServiceSecretView Map(DbDataReader reader) => new(reader.GetString(0), reader.GetString(1), reader.Instant(2), reader.MaybeInstant(3), reader.MaybeInstant(4));
}

internal sealed record CreateSecretRequest(DateTimeOffset? ExpiresAt = null);

/// <param name="ClientId">What an OpenID Connect client sends with it.</param>
/// <param name="ClientSecret">Shown this once; only its hash is kept.</param>
internal sealed record CreateSecretResponse(string ClientId, string ClientSecret, ServiceSecretView Secret);

/// <summary>All SQL of client secrets. The hash never leaves this class.</summary>
internal sealed class ServiceSecretStore(Db db)
{
    /// <summary>A service that rotates needs two; more is forgetfulness.</summary>
    public const int PerServiceMax = 10;

    private const string Columns = "id, prefix, created_at, expires_at, revoked_at";

    public Task<List<ServiceSecretView>> ListAsync(string tenant, string principal, CancellationToken cancellationToken) => db.QueryAsync(tenant, ServiceSecretView.Map,
        $"SELECT {Columns:raw} FROM service_secrets WHERE tenant = {tenant} AND principal = {principal} ORDER BY id DESC LIMIT 200", cancellationToken);

    public async Task<bool> IsGoodAsync(string tenant, string principal, byte[] hash, long now, CancellationToken cancellationToken) => await db.NumberAsync(tenant, $"""
        SELECT COUNT(*) FROM service_secrets
        WHERE tenant = {tenant} AND principal = {principal} AND hash = {hash} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > {now})
        """, cancellationToken) > 0;

    public static Task<long?> GoodAsync(DbWork work, string tenant, string principal, long now) => work.NumberAsync($"""
        SELECT COUNT(*) FROM service_secrets WHERE tenant = {tenant} AND principal = {principal} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > {now})
        """);

    public static Task AddAsync(DbWork work, string tenant, string principal, ServiceSecretView row, byte[] hash) => work.ExecuteAsync($"""
        INSERT INTO service_secrets (tenant, id, principal, prefix, hash, created_at, expires_at)
        VALUES ({tenant}, {row.Id}, {principal}, {row.Prefix}, {hash}, {row.CreatedAt.ToMicros()}, {row.ExpiresAt?.ToMicros()})
        """);

    public static async Task<bool> RevokeAsync(DbWork work, string tenant, string principal, string id, long now) => await work.ExecuteAsync($"""
        UPDATE service_secrets SET revoked_at = {now} WHERE tenant = {tenant} AND principal = {principal} AND id = {id} AND revoked_at IS NULL
        """) == 1;
}

/// <summary>
/// Secrets with which a service gets tokens at the OpenID Connect server. 32 random bytes need no slow hash: SHA-256 of one is as far from being
/// guessed as the secret itself.
/// </summary>
internal sealed class ServiceSecrets(IdentityStore principals, ServiceSecretStore store, RefusalLog refusals, Db db, Journal journal, TimeProvider clock)
{
    public const string Prefix = "soma_cs_";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/service-accounts/{id}/secrets", (string id, CreateSecretRequest request, RequestContext context, ServiceSecrets use, CancellationToken cancellationToken) =>
            use.CreateAsync(id, request, context, cancellationToken)).Requires(Capability.TenantAdmin).WithoutReplay();
        routes.MapGet("/v1/service-accounts/{id}/secrets", (string id, RequestContext context, ServiceSecrets use, CancellationToken cancellationToken) =>
            use.ListAsync(id, context, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapDelete("/v1/service-accounts/{id}/secrets/{secret}", (string id, string secret, RequestContext context, ServiceSecrets use, CancellationToken cancellationToken) =>
            use.RevokeAsync(id, secret, context, cancellationToken).ThenNoContentAsync()).Requires(Capability.TenantAdmin);
    }

    /// <summary>Names a service in all of the installation; neither half holds a slash.</summary>
    public static string ClientIdOf(string tenant, string principal) => $"{tenant}/{principal}";

    /// <summary>The active service behind a client id and secret; null otherwise, with the refusal noted.</summary>
    /// <param name="address">Who asks, for the summary of refusals.</param>
    public async Task<PrincipalRow?> VerifyAsync(string clientId, string secret, string? address, CancellationToken cancellationToken)
    {
        var slash = clientId.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && secret.Length is > 8 and <= 128 && Rules.IsTenantId(clientId[..slash]) && Rules.IsPrincipalId(clientId[(slash + 1)..]))
        {
            var (tenant, principal) = (clientId[..slash], clientId[(slash + 1)..]);
            if (await store.IsGoodAsync(tenant, principal, HashOf(secret), clock.NowMicros(), cancellationToken)
                && await principals.FindPrincipalAsync(tenant, principal, cancellationToken) is { Active: true, Kind: "service" } row) return row;
        }
        refusals.Note("client_secret", address);
        return null;
    }

    internal async Task<Created<CreateSecretResponse>> CreateAsync(string id, CreateSecretRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        Check.That(request.ExpiresAt is null || (request.ExpiresAt > now && request.ExpiresAt < now.AddYears(100)), "expires_at", "must be in the future, within a century").OrThrow();
        var service = await ServiceAsync(id, context, cancellationToken);
        // Whoever has the secret can be the service.
        foreach (var capability in service.Capabilities) Rules.MustHold(context, capability);
        var secret = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var row = new ServiceSecretView(Ids.New(clock), secret[..(Prefix.Length + 4)], now, request.ExpiresAt?.ToUniversalTime(), null);
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (await ServiceSecretStore.GoodAsync(work, context.Tenant, id, now.ToMicros()) >= ServiceSecretStore.PerServiceMax)
                throw IdentityProblems.SecretLimit.Because($"A service has at most {ServiceSecretStore.PerServiceMax} secrets at once.");
            await ServiceSecretStore.AddAsync(work, context.Tenant, id, row, HashOf(secret));
            await Hands.NoteAsync(work, context, context.Tenant, id, now.ToMicros());
            await journal.AppendAsync(work, context, "service_secret/" + row.Id, 1, IdentityEvents.ServiceSecretCreated, new ServiceSecretChanged(row.Id, id), IdentityJson.Default.ServiceSecretChanged);
        }, cancellationToken);
        return TypedResults.Created($"/v1/service-accounts/{id}/secrets", new CreateSecretResponse(ClientIdOf(context.Tenant, id), secret, row));
    }

    internal async Task<Page<ServiceSecretView>> ListAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        await ServiceAsync(id, context, cancellationToken);
        return new Page<ServiceSecretView>(await store.ListAsync(context.Tenant, id, cancellationToken), null);
    }

    internal async Task RevokeAsync(string id, string secret, RequestContext context, CancellationToken cancellationToken) => await db.WriteAsync(context.Tenant, async work =>
    {
        if (!await ServiceSecretStore.RevokeAsync(work, context.Tenant, id, secret, clock.NowMicros())) throw PlatformProblems.NotFound.Because("The service has no such secret.");
        await journal.AppendAsync(work, context, "service_secret/" + secret, 2, IdentityEvents.ServiceSecretRevoked, new ServiceSecretChanged(secret, id), IdentityJson.Default.ServiceSecretChanged);
    }, cancellationToken);

    private async Task<PrincipalRow> ServiceAsync(string id, RequestContext context, CancellationToken cancellationToken) =>
        await principals.FindPrincipalAsync(context.Tenant, id, cancellationToken) is { Kind: "service" } row ? row : throw IdentityProblems.PrincipalUnknown.Because("The tenant has no such service account.");

    private static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
