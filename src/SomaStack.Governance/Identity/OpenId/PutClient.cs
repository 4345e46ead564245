using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.IdentityModel.Tokens;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <param name="Scopes">The capabilities that the client may have at most; its maker must hold them all.</param>
/// <param name="Confidential">True for a client that can keep a secret: a server, not an app or a page.</param>
/// <param name="Principal">The service principal as which it acts with its own credentials; needed for client_credentials.</param>
/// <param name="PublicKeys">A JSON Web Key Set; then the client signs assertions and has no secret.</param>
/// <param name="RotateSecret">True for a new secret in place of the present one.</param>
internal sealed record PutClientRequest(
    string Name, IReadOnlyList<string> Grants, IReadOnlyList<string> Scopes, IReadOnlyList<string>? RedirectUris = null, IReadOnlyList<string>? LogoutUris = null,
    bool Confidential = false, string? Principal = null, JsonElement? PublicKeys = null, bool RotateSecret = false);

internal sealed record ClientView(
    string Id, string ClientId, string Name, bool Confidential, IReadOnlyList<string> Grants, IReadOnlyList<string> Scopes, IReadOnlyList<string> RedirectUris,
    IReadOnlyList<string> LogoutUris, string? Principal, bool HasSecret, bool HasPublicKeys, long Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static ClientView Of(OAuthClient client) => new(
        client.Id, client.WireId, client.Name, client.IsConfidential, client.Grants, client.Scopes ?? [], client.RedirectUris, client.LogoutUris, client.Principal,
        client.SecretHash is not null, client.PublicKeys is not null, client.Version, client.CreatedAt, client.UpdatedAt);
}

/// <param name="ClientSecret">Shown this once; only its hash is kept. Null when none was made.</param>
internal sealed record PutClientResponse(ClientView Client, string? ClientSecret);

/// <summary>Registers a program that asks for tokens. Its maker must hold what it may have, so that nobody rises through a client.</summary>
internal sealed class PutClient(ClientStore store, IdentityStore principals, GrantRevocation revocation, Db db, Journal journal, TimeProvider clock)
{
    private const int AddressesMax = 16;
    private const int KeysMax = 8192;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPut("/v1/auth/clients/{id}", (string id, PutClientRequest request, RequestContext context, PutClient use, HttpRequest http, HttpResponse response, CancellationToken cancellationToken) =>
            use.RunAsync(id, request, context, http, response, cancellationToken)).Requires(Capability.TenantAdmin).RequiresStepUp().WithoutReplay();
        routes.MapGet("/v1/auth/clients", (RequestContext context, PutClient use, string? cursor, int? limit, CancellationToken cancellationToken) =>
            use.ListAsync(context, cursor, limit, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapGet("/v1/auth/clients/{id}", (string id, RequestContext context, PutClient use, HttpResponse response, CancellationToken cancellationToken) =>
            use.FindAsync(id, context, response, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapDelete("/v1/auth/clients/{id}", (string id, RequestContext context, PutClient use, CancellationToken cancellationToken) =>
            use.RemoveAsync(id, context, cancellationToken)).Requires(Capability.TenantAdmin);
    }

    private async Task<PutClientResponse> RunAsync(string id, PutClientRequest request, RequestContext context, HttpRequest http, HttpResponse response, CancellationToken cancellationToken)
    {
        var current = await store.FindAsync(context.Tenant, id, cancellationToken);
        var expected = current is null && http.Headers.IfMatch.Count == 0 ? 0 : Routes.IfMatch(http);
        if (expected != (current?.Version ?? 0)) throw PlatformProblems.VersionMismatch.Because($"The version is {current?.Version ?? 0}.");
        Check(id, request);
        await CheckRightsAsync(request, context, cancellationToken);

        var needsSecret = request is { Confidential: true, PublicKeys: null };
        var secret = needsSecret && (request.RotateSecret || current?.SecretHash is null) ? OpaqueToken.New(OpaqueToken.Secret) : null;
        var now = clock.GetUtcNow();
        var next = new OAuthClient(context.Tenant, id, request.Name, request.Confidential, request.Grants, request.RedirectUris ?? [], request.LogoutUris ?? [], request.Scopes, request.Principal,
            needsSecret ? secret is null ? current!.SecretHash : OpaqueToken.HashOf(secret) : null, request.PublicKeys?.GetRawText(), expected + 1, current?.CreatedAt ?? now, now);
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (!await ClientStore.TryWriteAsync(work, next, expected)) throw PlatformProblems.VersionMismatch.Because("Somebody else changed the client meanwhile.");
            // Whoever has the client's secret or key can be its service.
            if (next.Principal is { } service) await Hands.NoteAsync(work, context, context.Tenant, service, now.ToMicros());
            // A client that was removed and made again goes on with a history of its own, so the event is a fact and not a version.
            await journal.AppendAsync(work, context, OpenIdEvents.ClientChanged,
                new ClientChanged(next.WireId, next.Name, next.IsConfidential, next.Grants, next.Scopes ?? [], next.Principal, next.Version), OpenIdJson.Default.ClientChanged);
        }, cancellationToken);
        response.Headers.ETag = Routes.ETag(next.Version);
        response.Headers.CacheControl = "no-store";
        if (current is null) response.StatusCode = StatusCodes.Status201Created;
        return new PutClientResponse(ClientView.Of(next), secret);
    }

    private async Task<Page<ClientView>> ListAsync(RequestContext context, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        var rows = await store.ListAsync(context.Tenant, Cursor.Decode(cursor) ?? "", size + 1, cancellationToken);
        return Cursor.Page([.. rows.Select(ClientView.Of)], size, static client => client.Id);
    }

    private async Task<ClientView> FindAsync(string id, RequestContext context, HttpResponse response, CancellationToken cancellationToken)
    {
        var client = await store.FindAsync(context.Tenant, id, cancellationToken) ?? throw OpenIdProblems.ClientUnknown.Because("The tenant has no such client.");
        response.Headers.ETag = Routes.ETag(client.Version);
        return ClientView.Of(client);
    }

    /// <summary>Ends the client and everything that was ever granted to it.</summary>
    private async Task<NoContent> RemoveAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        var client = await store.FindAsync(context.Tenant, id, cancellationToken) ?? throw OpenIdProblems.ClientUnknown.Because("The tenant has no such client.");
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (!await ClientStore.RemoveAsync(work, context.Tenant, id)) return;
            await journal.AppendAsync(work, context, OpenIdEvents.ClientRemoved, new ClientRemoved(client.WireId), OpenIdJson.Default.ClientRemoved);
            await revocation.RunForClientAsync(work, context, client.WireId);
        }, cancellationToken);
        return TypedResults.NoContent();
    }

    private static void Check(string id, PutClientRequest request)
    {
        var redirects = request.RedirectUris ?? [];
        var logouts = request.LogoutUris ?? [];
        Platform.Check.That(Rules.IsPrincipalId(id), "id", Rules.PrincipalIdRule)
            .And(Rules.IsName(request.Name), "name", Rules.NameRule)
            .And(request.Grants.Count is > 0 and <= 4 && request.Grants.All(OAuthClient.AllGrants.Contains), "grants", "must name some of " + string.Join(", ", OAuthClient.AllGrants))
            .And(Rules.IsShortList(request.Scopes), "scopes", Rules.ListRule)
            .And(redirects.Count <= AddressesMax && redirects.All(static uri => uri is not null && RedirectUris.IsRegistrable(uri)), "redirect_uris", RedirectUris.Rule)
            .And(logouts.Count <= AddressesMax && logouts.All(static uri => uri is not null && RedirectUris.IsRegistrable(uri)), "logout_uris", RedirectUris.Rule)
            .And(!request.Grants.Contains(OAuthClient.Code) || redirects.Count > 0, "redirect_uris", "must have one for authorization_code")
            .And(!request.Grants.Contains(OAuthClient.Credentials) || request is { Confidential: true, Principal: not null }, "grants", "may hold client_credentials for a confidential client with a principal only")
            .And(request.PublicKeys is null || (request.Confidential && ArePublic(request.PublicKeys.Value)), "public_keys", "must be a JSON Web Key Set of public EC or RSA keys, for a confidential client")
            .OrThrow();
    }

    private async Task CheckRightsAsync(PutClientRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        foreach (var name in CapabilitySet.Of(request.Scopes).Names) Rules.MustHold(context, name);
        if (request.Principal is not { } id) return;
        var principal = await principals.FindPrincipalAsync(context.Tenant, id, cancellationToken) ?? throw IdentityProblems.PrincipalUnknown.Because("The tenant has no such principal.");
        if (principal.Kind != "service") throw Problem.Invalid("principal", "must be a service principal");
    }

    /// <summary>A private key that is sent here is none any more, so it is refused rather than kept.</summary>
    private static bool ArePublic(JsonElement keys)
    {
        if (keys.ValueKind != JsonValueKind.Object || keys.GetRawText().Length > KeysMax) return false;
        try
        {
            var set = new JsonWebKeySet(keys.GetRawText());
            return set.Keys.Count is > 0 and <= 8 && set.Keys.All(static key => key is { HasPrivateKey: false, Kty: "EC" or "RSA" });
        }
        catch (Exception exception) when (exception is ArgumentException or JsonException)
        {
            return false;
        }
    }
}
