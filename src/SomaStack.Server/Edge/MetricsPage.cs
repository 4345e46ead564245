using System.Text;
using SomaStack.Platform;

namespace SomaStack.Server.Edge;

/// <summary><c>docs/metrics.md</c>, made from what the rooms declare.</summary>
internal static class MetricsPage
{
    public static IReadOnlyList<MetricDescription> Metrics { get; } =
        [.. SomaServer.Rooms.SelectMany(static room => room.Metrics).OrderBy(static metric => metric.Name, StringComparer.Ordinal)];

    public static string Markdown()
    {
        var text = new StringBuilder("# Metrics\n\n")
            .Append("> Truth first: real servers, real data, exact mathematics. No mocks passed off as the thing, no bypasses, no invented values; what is unknown is shown as unknown.\n\n")
            .Append("`curl http://127.0.0.1:8080/metrics` shows them in Prometheus' text format. A series appears when its first value does.\n")
            .Append("This page is generated from what the rooms declare; tests fail when it is stale, when a listed metric is never emitted and when an emitted one is not listed. `SOMA_UPDATE=1` rewrites it.\n\n")
            .Append("| metric | kind | unit | labels | meaning |\n|---|---|---|---|---|\n");
        foreach (var metric in Metrics)
            text.Append("| `").Append(metric.Name).Append("` | ").Append(metric.Kind).Append(" | ").Append(metric.Unit).Append(" | ")
                .Append(metric.Labels.Length == 0 ? "" : "`" + string.Join("`, `", metric.Labels) + "`").Append(" | ").Append(metric.Meaning).Append(" |\n");
        return text.Append("""

            Beside them come the platform's own: `http_server_*` and `kestrel_*` (ASP.NET Core), `http_client_*` and `dotnet_*` (the runtime).

            """.ReplaceLineEndings("\n")).ToString();
    }
}
