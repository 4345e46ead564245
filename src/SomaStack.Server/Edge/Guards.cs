using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Server.Edge;

/// <summary>What server state says about a tenant's request: may anything act now, may this region serve it, and how often.</summary>
internal sealed class Guards(RequestDelegate next, IServiceProvider services, SomaOptions options)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    /// <summary>What a training holds back: the acting routes of these capabilities.</summary>
    private static readonly string[] Trained = [Capability.SessionStart, Capability.MemoryWrite, Capability.CapsuleInstall];

    private readonly IKillSwitch? _killSwitch = services.GetService<IKillSwitch>();
    private readonly ISettings? _settings = services.GetService<ISettings>();
    private readonly ITraining? _training = services.GetService<ITraining>();
    private readonly ICounters _counters = services.GetRequiredService<ICounters>();

    public Task InvokeAsync(HttpContext http) => http.Features.Get<RequestContext>() is { } context ? GuardAsync(http, context) : next(http);

    private async Task GuardAsync(HttpContext http, RequestContext context)
    {
        var acts = !HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method);
        var open = http.GetEndpoint()!.Metadata.GetMetadata<OpenWhenStopped>() is not null;
        if (acts && !open) _killSwitch?.ThrowIfEngaged(context.Tenant);
        if (_training is not null && (acts || http.WebSockets.IsWebSocketRequest) && http.GetEndpoint()!.Metadata.GetMetadata<Access>()?.Capability is { } capability && Trained.Contains(capability))
            await _training.ThrowIfLockedAsync(context, http.RequestAborted);
        if (_settings is not null)
        {
            var settings = await _settings.OfTenantAsync(context.Tenant, http.RequestAborted);
            if (settings.ResidencyRegions.Count > 0 && !settings.ResidencyRegions.Contains(options.Region))
                throw EdgeProblems.ResidencyRefused.Because($"The tenant's data stays in {string.Join(", ", settings.ResidencyRegions)}; this is '{options.Region}'.");
            if (acts && !open && settings.RequestsPerMinute is { } limit) await CountAsync(http, context, limit);
        }
        await next(http);
    }

    /// <summary>Headers of draft-ietf-httpapi-ratelimit-headers: q = quota, w = window, r = remaining, t = seconds.</summary>
    private async Task CountAsync(HttpContext http, RequestContext context, long limit)
    {
        var answer = await _counters.AddAsync(context.Tenant + "/requests", limit, Window, http.RequestAborted);
        var wait = (long)Math.Ceiling(answer.RetryAfter.TotalSeconds);
        http.Response.Headers["RateLimit-Policy"] = string.Create(CultureInfo.InvariantCulture, $"\"tenant\";q={limit};w={(long)Window.TotalSeconds}");
        http.Response.Headers["RateLimit"] = string.Create(CultureInfo.InvariantCulture, $"\"tenant\";r={answer.Remaining};t={(answer.IsAllowed ? (long)Window.TotalSeconds : wait)}");
        if (!answer.IsAllowed)
            throw new Problem(PlatformProblems.RateLimited, $"The tenant may send {limit} acting requests a minute.") { RetryAfter = answer.RetryAfter };
    }
}
