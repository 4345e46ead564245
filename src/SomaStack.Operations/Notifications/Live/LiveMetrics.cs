using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

internal static class LiveMetrics
{
    public static readonly IReadOnlyList<MetricDescription> All = [];
}
