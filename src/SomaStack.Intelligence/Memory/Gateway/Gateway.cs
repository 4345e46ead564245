using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;
using StackExchange.Redis;

namespace SomaStack.Intelligence.Memory;

/// <summary>The wiring of the gateway: where the brain is, and what happens while it is away.</summary>
internal static class Gateway
{
    /// <summary>True where memory routes are forwarded: a brain is named, and this replica is none.</summary>
    public static bool IsRemote(SomaOptions options) => options.Brain is { Length: > 0 } && !options.HasRole("brain");

    public static void Add(IServiceCollection services, SomaOptions options)
    {
        services.AddSingleton(new BufferLimits());
        services.AddSingleton<BufferStore>();
        services.AddSingleton(static provider => new Buffers(provider.GetRequiredService<BufferStore>(), provider.GetService<RedisBuffer>()));
        if (options.Redis is { Length: > 0 } redis)
        {
            services.AddSingleton<IConnectionMultiplexer>(_ => ConnectionMultiplexer.Connect(redis + ",abortConnect=false"));
            services.AddSingleton(provider => new RedisBuffer(
                SharedRedis.Keys(provider.GetRequiredService<IConnectionMultiplexer>(), redis), provider.GetRequiredService<BufferLimits>(), provider.GetRequiredService<TimeProvider>()));
        }
        services.AddSingleton<BrainTokens>().AddSingleton<BufferMonitor>();
        services.AddSingleton<IReadiness>(static provider => provider.GetRequiredService<BufferMonitor>());
        services.AddHostedService(static provider => provider.GetRequiredService<BufferMonitor>());
        if (IsRemote(options))
        {
            services.AddSingleton<RemoteBrain>().AddSingleton<Forward>();
            services.AddSingleton<IBrain>(static provider => provider.GetRequiredService<RemoteBrain>());
            services.AddSingleton<IMemory, RemoteMemory>();
        }
        else
        {
            services.AddSingleton<IBrain, InProcessBrain>();
        }
        if (options.HasRole("worker")) services.AddHostedService<Reconciler>();
    }

    /// <param name="edge">Routes that are always of this replica.</param>
    /// <param name="routes">Routes that go to the brain where it is remote.</param>
    public static void Map(IEndpointRouteBuilder edge, IEndpointRouteBuilder routes)
    {
        PostOutbox.Map(edge);
        ReadOutbox.Map(edge);
        BrainWrite.Map(routes);
    }
}
