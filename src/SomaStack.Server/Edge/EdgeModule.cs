using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SomaStack.Platform;

namespace SomaStack.Server.Edge;

/// <summary>The wiring of the edge: what every request meets before it reaches a room.</summary>
public static class EdgeModule
{
    public static readonly Room Room = new("Edge", typeof(EdgeModule).Assembly)
    {
        Add = static (services, options) =>
        {
            services.Configure<JsonOptions>(static json => HttpJson.Configure(json.SerializerOptions, SomaServer.Rooms));
            services.Configure<RouteHandlerOptions>(static routes => routes.ThrowOnBadRequest = true);
            services.Configure<KestrelServerOptions>(static kestrel =>
            {
                kestrel.AddServerHeader = false;
                // Wider than our own limits, which answer with a problem; these only end what no honest client sends.
                kestrel.Limits.MaxRequestLineSize = 2 * Limits.AddressMax;
                kestrel.Limits.MaxRequestHeadersTotalSize = 2 * Limits.HeadersMax;
            });
            if (options.Redis is { Length: > 0 } redis) services.TryAddSingleton(_ => new SharedRedis(redis));
            services.AddSingleton(CountersOf);
            services.AddSingleton<ReplayStore>();
            if (options.HasRole("worker")) services.AddHostedService<ReplayPurge>();
            services.AddSingleton<Health>().AddSingleton<Status>();
            services.AddSingleton<IReadiness, DatabaseProbe>().AddSingleton<IReadiness, ConstitutionProbe>().AddSingleton<IReadiness, EmbedderProbe>();
            ApiDocument.Add(services);
        },
        ServedByBrain = true,
        Map = static routes =>
        {
            Health.Map(routes);
            Status.Map(routes);
            ErrorsPage.Map(routes);
            ApiDocument.Map(routes);
            routes.MapPrometheusScrapingEndpoint("/metrics").Public();
        },
        Problems = [.. PlatformProblems.All, .. EdgeProblems.All],
        Json = EdgeJson.Default,
        Metrics = EdgeMetrics.All,
    };

    /// <summary>Shared where replicas may be several: by Redis when there is one, else by PostgreSQL. SQLite serves one process.</summary>
    private static ICounters CountersOf(IServiceProvider services)
    {
        var clock = services.GetRequiredService<TimeProvider>();
        if (services.GetService<SharedRedis>() is { } redis) return new RedisCounters(redis, clock);
        var db = services.GetRequiredService<Db>();
        return db.Name == "sqlite" ? new ProcessCounters(clock) : new DatabaseCounters(db, clock);
    }

    /// <summary>The way in, outermost first.</summary>
    public static void Use(WebApplication app)
    {
        var services = app.Services;
        var options = services.GetRequiredService<SomaOptions>();
        RequestDelegate Answering(RequestDelegate next) => new Refusals(next, services.GetRequiredService<Db>(), services.GetRequiredService<ILogger<Refusals>>()).InvokeAsync;
        app.Use(static next => new Frame(next).InvokeAsync);
        app.Use(Answering);
        app.UseWebSockets();
        app.UseRouting();
        app.Use(next => new Limits(next, options).InvokeAsync);
        app.Use(next => new Admission(next, services, options).InvokeAsync);
        app.Use(next => new Guards(next, services, options).InvokeAsync);
        app.Use(static next => new BufferedBody(next).InvokeAsync);
        app.Use(next => new Strictness(next, options, services.GetRequiredService<IOptions<JsonOptions>>()).InvokeAsync);
        // A refusal is an answer to keep as well, so it is written inside the recording.
        app.Use(next => new Replays(next, Answering(next), services.GetRequiredService<ReplayStore>(), services.GetRequiredService<ILogger<Replays>>()).InvokeAsync);
    }
}
