using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

internal static class RoutingMetrics
{
    private static readonly Counter<long> Retries = Telemetry.Meter.CreateCounter<long>("somastack_model_retries_total", null, "Further tries of a model that had failed.");
    private static readonly Counter<long> Fallbacks = Telemetry.Meter.CreateCounter<long>("somastack_model_fallbacks_total", null, "Calls that went to a model after another had failed.");
    private static readonly Counter<long> Hedges = Telemetry.Meter.CreateCounter<long>("somastack_model_hedges_total", null, "Second attempts beside a silent one.");
    private static readonly Counter<long> Opened = Telemetry.Meter.CreateCounter<long>("somastack_model_circuits_opened_total", null, "Models that were taken out after failures.");
    private static readonly Counter<long> Cache = Telemetry.Meter.CreateCounter<long>("somastack_model_cache_total", null, "Requests that might be answered from memory.");

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_model_retries_total", "counter", "1", "Further tries of a model that had failed before its first byte.", "provider", "model"),
        new("somastack_model_fallbacks_total", "counter", "1", "Calls that went to this model after another had failed.", "provider", "model"),
        new("somastack_model_hedges_total", "counter", "1", "Second attempts that were started beside a silent one.", "provider", "model"),
        new("somastack_model_circuits_opened_total", "counter", "1", "Times that a model was taken out of use after failures.", "provider", "model"),
        new("somastack_model_cache_total", "counter", "1", "Requests that might be answered from memory; the outcome is hit or miss.", "outcome"),
    ];

    public static void Retried(KnownModel model) => Add(Retries, model);

    public static void FellBack(KnownModel model) => Add(Fallbacks, model);

    public static void Hedged(KnownModel model) => Add(Hedges, model);

    public static void CircuitOpened(KnownModel model) => Add(Opened, model);

    public static void Cached(bool hit) => Cache.Add(1, new KeyValuePair<string, object?>("outcome", hit ? "hit" : "miss"));

    private static void Add(Counter<long> counter, KnownModel model) =>
        counter.Add(1, new KeyValuePair<string, object?>("provider", model.Provider), new KeyValuePair<string, object?>("model", model.Id));
}
