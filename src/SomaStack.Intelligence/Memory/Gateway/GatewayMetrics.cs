using System.Diagnostics.Metrics;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>The buffer's instruments. Gauges report what this process last saw, once a second.</summary>
internal static class GatewayMetrics
{
    public static readonly Counter<long> Replayed = Telemetry.Meter.CreateCounter<long>("somastack_memory_buffer_replayed", description: "Buffered writes that this process applied.");

    private static readonly Counter<long> Accepted = Telemetry.Meter.CreateCounter<long>("somastack_memory_buffer_accepted", description: "Writes accepted into the buffer.");
    private static volatile View? _view;

    private sealed record View(BufferTotals Totals, double Age, double Rate, BreakerState? Breaker);

    static GatewayMetrics()
    {
        Gauge("somastack_memory_buffer_depth", null, "Writes that wait for the brain.", static view => view.Totals.Queued);
        Gauge("somastack_memory_buffer_bytes", null, "Size of waiting writes and dead letters.", static view => view.Totals.Bytes);
        Gauge("somastack_memory_buffer_oldest_age_seconds", "s", "Age of the oldest write that waits.", static view => view.Age);
        Gauge("somastack_memory_buffer_replay_rate", null, "Writes a second that this process applied, over the last minute.", static view => view.Rate);
        Gauge("somastack_memory_dead_letters", null, "Buffered writes that were refused and wait for a person.", static view => view.Totals.Dead);
        Gauge("somastack_memory_brain_breaker", null, "0 closed, 1 half open, 2 open; only where the brain is remote.", static view => view.Breaker is { } state ? (double)state : null);
    }

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_memory_buffer_depth", "gauge", "items", "Writes that wait for the brain."),
        new("somastack_memory_buffer_bytes", "gauge", "bytes", "Size of waiting writes and dead letters."),
        new("somastack_memory_buffer_oldest_age_seconds", "gauge", "seconds", "Age of the oldest write that waits."),
        new("somastack_memory_buffer_replay_rate", "gauge", "items a second", "Writes a second that this process applied, over the last minute."),
        new("somastack_memory_buffer_replayed_total", "counter", "items", "Buffered writes that this process applied."),
        new("somastack_memory_buffer_accepted_total", "counter", "items", "Writes accepted into the buffer."),
        new("somastack_memory_dead_letters", "gauge", "items", "Buffered writes that were refused and wait for a person."),
        new("somastack_memory_brain_breaker", "gauge", "", "0 closed, 1 half open, 2 open; only where the brain is remote."),
    ];

    public static void Taken(int items) => Accepted.Add(items);

    public static void Show(BufferTotals totals, TimeSpan age, double rate, RemoteBrain? remote) => _view = new View(totals, age.TotalSeconds, rate, remote?.Breaker);

    private static void Gauge(string name, string? unit, string meaning, Func<View, double?> read) => Telemetry.Meter.CreateObservableGauge(
        name, () => _view is { } view && read(view) is { } value ? [new Measurement<double>(value)] : Array.Empty<Measurement<double>>(), unit, meaning);
}
