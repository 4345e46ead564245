using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SomaStack.Intelligence.Benchmarks.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

/// <summary>The wiring of the room.</summary>
public static class BenchmarksModule
{
    public static readonly Room Room = new("Benchmarks", typeof(BenchmarksModule).Assembly)
    {
        Add = Add,
        Map = Map,
        Problems = BenchmarkProblems.All,
        Json = BenchmarksJson.Default,
        Metrics = BenchmarkMetrics.All,
    };

    private static void Add(IServiceCollection services, SomaOptions options)
    {
        var schedule = Schedule.Of(options.BenchmarkAt);
        services.AddSingleton(schedule).AddSingleton<CapsuleShelf>().AddSingleton<RunStore>().AddSingleton<PromotionStore>();
        // The one place that says where primary models come from.
        services.AddSingleton<PrimaryFromOptions>().TryAddSingleton<IPrimaryModels, PrimaryFromProfiles>();
        services.AddSingleton<Examiner>().AddSingleton<ReadScores>().AddSingleton<ReadRuns>().AddSingleton<StartRun>().AddSingleton<DecidePromotions>();
        services.AddSingleton<IBenchmarks>(static provider => provider.GetRequiredService<StartRun>());
        if (!options.HasRole("worker")) return;
        services.AddHostedService<ExecuteRuns>().AddHostedService<SweepRuns>();
        if (schedule.IsSet) services.AddHostedService<NightlyRuns>();
    }

    private static void Map(IEndpointRouteBuilder routes)
    {
        StartRun.Map(routes);
        ReadRuns.Map(routes);
        ReadScores.Map(routes);
        DecidePromotions.Map(routes);
    }
}
