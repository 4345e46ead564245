using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <summary>The wiring of the room.</summary>
public static class BillingModule
{
    public static readonly Room Room = new("Billing", typeof(BillingModule).Assembly)
    {
        Add = static (services, options) =>
        {
            services.AddSingleton<PriceStore>().AddSingleton<PriceBook>().AddSingleton<AddPrice>().AddSingleton<LedgerStore>().AddSingleton<BillingReports>().AddSingleton<HeldReservations>();
            services.AddSingleton<LimitStore>().AddSingleton<ServedLimits>().AddSingleton<BindLimits>().AddSingleton<ChangeLimits>().AddSingleton<CostAnomalies>();
            services.AddSingleton<LedgerBilling>().AddSingleton<ReadBilling>().AddSingleton<ReadForecast>().AddSingleton<ReadAnomalies>().AddSingleton<ReleaseStale>();
            services.AddSingleton<IBilling>(static provider => provider.GetRequiredService<LedgerBilling>());
            services.AddSingleton<DatabaseWindows>();
            if (options.Redis is { Length: > 0 } redis)
            {
                services.TryAddSingleton(_ => new SharedRedis(redis));
                services.AddSingleton<IWindows>(static provider => new RedisWindows(
                    provider.GetRequiredService<SharedRedis>(), provider.GetRequiredService<DatabaseWindows>(), provider.GetRequiredService<TimeProvider>()));
            }
            else
            {
                services.AddSingleton<IWindows>(static provider => provider.GetRequiredService<DatabaseWindows>());
            }
            services.AddHostedService<WatchPrices>();
            if (options.HasRole("worker")) services.AddHostedService(static provider => provider.GetRequiredService<ReleaseStale>());
        },
        Map = static routes =>
        {
            ReadBilling.Map(routes);
            ChangeLimits.Map(routes);
            AddPrice.Map(routes);
            ReadForecast.Map(routes);
            ReadAnomalies.Map(routes);
        },
        Start = static (services, cancellationToken) => services.GetRequiredService<PriceBook>().StartAsync(cancellationToken),
        Problems = BillingProblems.All,
        Json = BillingJson.Default,
        Metrics = BillingMetrics.All,
    };
}
