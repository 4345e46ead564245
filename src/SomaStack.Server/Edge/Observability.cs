using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using SomaStack.Platform;

namespace SomaStack.Server.Edge;

/// <summary>
/// Metrics are always there for <c>/metrics</c>; traces, metrics and logs also go to an OTLP collector when one is configured.
/// Without one nothing samples, so a span costs nothing.
/// </summary>
internal static class Observability
{
    /// <summary>
    /// The source of Microsoft.Extensions.AI's <c>UseOpenTelemetry</c>. Its meter is left out: the inference room records the GenAI metrics
    /// for every call, and those that go through its clients would count twice.
    /// </summary>
    private const string ModelCalls = "Experimental.Microsoft.Extensions.AI";

    private static readonly string[] Meters =
        [Telemetry.SourceName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime"];

    public static void Add(WebApplicationBuilder builder, SomaOptions options)
    {
        AddLogs(builder.Logging);
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("somastack", serviceVersion: Status.Version).AddAttributes([new("deployment.region", options.Region)]))
            .WithMetrics(static metrics => metrics.AddMeter(Meters).AddPrometheusExporter(static exporter => exporter.ScrapeResponseCacheDurationMilliseconds = 0));
        if (options.Otlp is not { } endpoint) return;
        void Target(OtlpExporterOptions exporter) => exporter.Endpoint = new Uri(endpoint);
        telemetry.WithMetrics(metrics => metrics.AddOtlpExporter(Target));
        telemetry.WithTracing(traces => traces.AddSource(Telemetry.SourceName, ModelCalls).AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddOtlpExporter(Target));
        builder.Logging.AddOpenTelemetry(logs => logs.AddOtlpExporter(Target));
    }

    /// <summary>One line each on stderr: stdout belongs to what a command prints. <c>Logging__LogLevel__Default</c> changes the level.</summary>
    private static void AddLogs(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning);
        // Failures reach our own log with a trace id; Kestrel and the diagnostics would print them twice.
        logging.AddFilter("Microsoft.AspNetCore.Diagnostics", LogLevel.None);
        logging.AddSimpleConsole(static console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.ColorBehavior = LoggerColorBehavior.Disabled;
        });
        logging.Services.Configure<ConsoleLoggerOptions>(static console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }
}
