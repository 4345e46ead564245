using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

internal static class WorkingMetrics
{
    public static readonly Counter<long> Admitted = Counter("somastack_memory_wm_admitted", AdmittedMeaning);
    public static readonly Counter<long> Merged = Counter("somastack_memory_wm_merged", MergedMeaning);
    public static readonly Counter<long> Evicted = Counter("somastack_memory_wm_evicted", EvictedMeaning);
    public static readonly Counter<long> Promoted = Counter("somastack_memory_wm_promoted", PromotedMeaning);
    public static readonly Counter<long> Hits = Counter("somastack_memory_wm_hits", HitsMeaning);
    public static readonly Counter<long> Misses = Counter("somastack_memory_wm_misses", MissesMeaning);

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_memory_wm_admitted_total", "counter", "", AdmittedMeaning),
        new("somastack_memory_wm_merged_total", "counter", "", MergedMeaning),
        new("somastack_memory_wm_evicted_total", "counter", "", EvictedMeaning),
        new("somastack_memory_wm_promoted_total", "counter", "", PromotedMeaning),
        new("somastack_memory_wm_hits_total", "counter", "", HitsMeaning),
        new("somastack_memory_wm_misses_total", "counter", "", MissesMeaning),
    ];

    private const string AdmittedMeaning = "Items taken into working memory as new ones.";
    private const string MergedMeaning = "Items that said the same as one that was there.";
    private const string EvictedMeaning = "Items that made room for others.";
    private const string PromotedMeaning = "Items that were made long-term memories.";
    private const string HitsMeaning = "Searches of a working memory that found something.";
    private const string MissesMeaning = "Searches of a working memory that found nothing.";

    private static Counter<long> Counter(string name, string description) => Telemetry.Meter.CreateCounter<long>(name, description: description);
}
