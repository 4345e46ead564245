using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

internal static class ChannelMetrics
{
    public static readonly IReadOnlyList<MetricDescription> All = [];
}
