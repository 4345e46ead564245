using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Server.Edge;

/// <summary>
/// Who asks, and may they: verifies the credential, builds the <see cref="RequestContext"/> from it and from server state alone,
/// and lets a request pass only when its route declares who may call it. It runs before the body is bound.
/// </summary>
internal sealed class Admission(RequestDelegate next, IServiceProvider services, SomaOptions options)
{
    public const string SessionCookie = "soma_session";

    private static readonly string[] ClientTypes = ["web", "ide", "mobile", "cli", "bot", "sdk"];

    private readonly IIdentity? _identity = services.GetService<IIdentity>();
    private readonly ISettings? _settings = services.GetService<ISettings>();
    private readonly TimeProvider _clock = services.GetRequiredService<TimeProvider>();

    public Task InvokeAsync(HttpContext http)
    {
        // Endpoints that routing itself makes (405, 415) only set a status.
        if (http.GetEndpoint() is not RouteEndpoint endpoint) return next(http);
        var access = endpoint.Metadata.GetMetadata<Access>() ?? throw EdgeProblems.AccessUndeclared.Because("The route declares no capability, so nobody may call it.");
        if (endpoint.Metadata.GetMetadata<ContentPolicy>() is { } policy) http.Response.Headers.ContentSecurityPolicy = policy.Value;
        return access.Capability is null ? next(http) : AdmitAsync(http, access.Capability);
    }

    private async Task AdmitAsync(HttpContext http, string capability)
    {
        if (_identity is null) throw PlatformProblems.Unavailable.Because("Credentials cannot be verified here.");
        var credential = Credential(http.Request) ?? throw PlatformProblems.Unauthenticated.Because("No access token and no API key was sent.");
        var caller = await _identity.AuthenticateAsync(credential, http.RequestAborted);
        if (caller is null)
        {
            http.Response.Headers.WWWAuthenticate = "Bearer realm=\"somastack\", error=\"invalid_token\"";
            _identity.NoteRefusal(credential.StartsWith("soma_sk_", StringComparison.Ordinal) ? "api_key" : "token", http.Connection.RemoteIpAddress?.ToString());
            throw PlatformProblems.Unauthenticated.Because("The access token or API key is not valid now.");
        }
        var context = new RequestContext(
            caller.Tenant, caller.Principal, caller.Capabilities, ClientType(http.Request),
            _settings?.Mode ?? throw PlatformProblems.Unavailable.Because("The deployment mode is not known yet."), options.Region, Frame.TraceId(http))
        {
            MfaAt = caller.MfaAt,
            StepUpDemanded = caller.MfaEnrolled || _settings.Mode.IsProduction(),
            TokenConstitution = caller.Constitution,
            Approval = http.Request.Headers[ApprovalHeader.Name] is [{ Length: > 0 and <= 64 } approval] ? approval : null,
        };
        if (capability.Length > 0 && !caller.Capabilities.Has(capability))
        {
            http.Response.Headers.WWWAuthenticate = $"Bearer realm=\"somastack\", error=\"insufficient_scope\", scope=\"{capability}\"";
            context.Require(capability);
        }
        if (IsDangerous(http, capability)) context.RequireStepUp(_clock);
        http.Features.Set(context);
        if (http.GetEndpoint()!.Metadata.GetMetadata<CountsItself>() is not null) http.Features.Set(new Presented(credential, caller.ExpiresAt));
        await next(http);
    }

    private static bool IsDangerous(HttpContext http, string capability) =>
        http.GetEndpoint()!.Metadata.GetMetadata<StepUpRoute>() is not null
        || (Capability.Dangerous.Contains(capability) && !HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method));

    internal static string? Credential(HttpRequest request)
    {
        var header = request.Headers.Authorization;
        if (header.Count == 1 && header[0] is { } value && value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) return value["Bearer ".Length..].Trim();
        if (header.Count > 0) return null;
        // Where Anthropic's clients put their key. No page of another site can send it unasked, so it needs no check of the origin.
        if (request.Headers["x-api-key"] is [{ Length: > 0 } key]) return key.Trim();
        return MayUseCookie(request) ? request.Cookies[SessionCookie] : null;
    }

    /// <summary>
    /// A browser adds the cookie to whatever page asks, so it counts only for requests that change nothing and that our own pages
    /// make. A WebSocket handshake is a GET: its Origin is checked like any other.
    /// </summary>
    internal static bool MayUseCookie(HttpRequest request)
    {
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method)) return false;
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site is not ("" or "same-origin" or "none")) return false;
        var origin = request.Headers.Origin.ToString();
        return origin.Length == 0 || string.Equals(origin, $"{request.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase);
    }

    private static string ClientType(HttpRequest request)
    {
        var sent = request.Headers["X-Client-Type"].ToString();
        if (sent.Length == 0) return "sdk";
        return Array.IndexOf(ClientTypes, sent) >= 0 ? sent : throw Problem.Invalid("X-Client-Type", "must be one of web, ide, mobile, cli, bot, sdk");
    }
}
