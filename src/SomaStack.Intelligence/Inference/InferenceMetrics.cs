using System.Diagnostics;
using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

internal static class InferenceMetrics
{
    private static readonly Counter<long> Calls = Telemetry.Meter.CreateCounter<long>("somastack_model_calls_total", null, "Model calls, by outcome.");
    private static readonly Counter<long> Tokens = Telemetry.Meter.CreateCounter<long>("somastack_model_tokens_total", null, "Tokens as the provider counted them.");
    private static readonly Histogram<double> Duration = Telemetry.Meter.CreateHistogram<double>("somastack_model_call_duration_seconds", null, "From the request to the end of the answer.");
    private static readonly Histogram<double> Overhead = Telemetry.Meter.CreateHistogram<double>("somastack_model_call_overhead_seconds", null, "What this server added to the call.");
    private static readonly Counter<long> Lost = Telemetry.Meter.CreateCounter<long>("somastack_model_calls_lost_total", null, "Calls whose process ended before settling them.");

    private static readonly Counter<long> Refusals = Telemetry.Meter.CreateCounter<long>("somastack_model_refusals_total", null, "Answers that refuse, by what told so.");

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_model_calls_total", "counter", "1", "Model calls; the outcome is settled, client_closed or a problem's code.", "provider", "model", "outcome"),
        new("somastack_model_tokens_total", "counter", "1", "Tokens as the provider counted them; calls without a count add nothing.", "provider", "model", "direction"),
        new("somastack_model_call_duration_seconds", "histogram", "s", "From the request to the end of the answer.", "provider", "model"),
        new("somastack_model_call_overhead_seconds", "histogram", "s", "What this server added to the call, without the waits for the provider and the reader.", "provider", "model"),
        new("somastack_model_calls_lost_total", "counter", "1", "Calls whose process ended before settling them."),
        .. RoutingMetrics.All,
        new("somastack_model_refusals_total", "counter", "1", "Complete answers that refuse; the signal is refusal, content_filter, stop_reason, empty or phrase.", "provider", "model", "signal"),
        .. GenAiMetrics.All,
    ];

    public static void Record(ModelCall call, string outcome)
    {
        var provider = new KeyValuePair<string, object?>("provider", call.Model.Provider);
        var model = new KeyValuePair<string, object?>("model", call.Model.Id);
        Calls.Add(1, provider, model, new KeyValuePair<string, object?>("outcome", outcome));
        if (call.Usage.InputTokens is { } input && !call.Estimated) Tokens.Add(input, provider, model, new KeyValuePair<string, object?>("direction", "input"));
        if (call.Usage.OutputTokens is { } output && !call.Estimated) Tokens.Add(output, provider, model, new KeyValuePair<string, object?>("direction", "output"));
        Duration.Record(call.DurationMs / 1000, provider, model);
        Overhead.Record(call.OverheadMs / 1000, provider, model);
        if (outcome == "settled" && call.Watch.Signal is { } signal) Refusals.Add(1, provider, model, new KeyValuePair<string, object?>("signal", signal));
        GenAiMetrics.Record(call, outcome);
        Describe(call, outcome);
    }

    public static void RecordLost(int count) => Lost.Add(count);

    /// <summary>The request's span under OpenTelemetry's GenAI names; no content.</summary>
    private static void Describe(ModelCall call, string outcome)
    {
        if (Activity.Current is not { IsAllDataRequested: true } span) return;
        span.SetTag("gen_ai.operation.name", GenAiMetrics.OperationOf(call.Purpose));
        span.SetTag("gen_ai.provider.name", call.Model.Provider);
        span.SetTag("gen_ai.request.model", call.Model.Id);
        if (call.Usage.InputTokens is { } input) span.SetTag("gen_ai.usage.input_tokens", input);
        if (call.Usage.OutputTokens is { } output) span.SetTag("gen_ai.usage.output_tokens", output);
        if (outcome != "settled") span.SetTag("error.type", outcome);
    }
}
