using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>RFC 8628, 3.2.</summary>
internal sealed record DeviceResponse(string DeviceCode, string UserCode, string VerificationUri, string VerificationUriComplete, int ExpiresIn, int Interval);

/// <summary>A device without a browser asks for a code that its owner confirms elsewhere.</summary>
internal sealed class AskDevice(ClientAuthentication clients, DeviceStore store, PublicOrigin origin, Attempts attempts, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);
    public const int Interval = 5;

    private const int PerMinute = 60;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/auth/device", (HttpContext http, AskDevice use, CancellationToken cancellationToken) => use.RunAsync(http, cancellationToken))
            .Public().WithoutReplay().WithBodyLimit(Form.BytesMax).WithOAuthErrors().ExcludeFromDescription();

    private async Task<JsonHttpResult<DeviceResponse>> RunAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var form = await Form.ReadAsync(http, cancellationToken);
        var client = await clients.RunAsync(http.Request, form, cancellationToken);
        if (!client.Grants.Contains(OAuthClient.Device)) throw OpenIdProblems.UnauthorizedClient.Because("The client may not use device codes.");
        var scopes = Scopes.Parse(form.Find("scope")) ?? throw OpenIdProblems.InvalidScope.Because("A scope is not known here.");
        // Each live code is one more that a guess can hit, so strangers make only so many.
        await attempts.CountAsync($"{Db.AllTenants}/device/{http.Connection.RemoteIpAddress}", PerMinute, TimeSpan.FromMinutes(1), cancellationToken);
        var (device, user) = (OpaqueToken.New(), UserCode.New());
        var row = new DeviceRow(OpaqueToken.HashOf(device), client.WireId, scopes, "pending", null, null, Interval, null, clock.GetUtcNow() + Lifetime);
        await store.AddAsync(row, OpaqueToken.HashOf(user), cancellationToken);
        http.Response.Headers.CacheControl = "no-store";
        var address = origin.Of(VerifyDevice.Path);
        return TypedResults.Json(new DeviceResponse(device, UserCode.Show(user), address, $"{address}?user_code={UserCode.Show(user)}", (int)Lifetime.TotalSeconds, Interval),
            OpenIdJson.Default.DeviceResponse);
    }
}
