using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// OpenTelemetry's semantic conventions for generative AI: names, units, attributes and bucket boundaries as "Semantic conventions for
/// generative AI metrics" gives them.
/// </summary>
internal static class GenAiMetrics
{
    private static readonly double[] Seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
    private static readonly double[] FirstSeconds = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
    private static readonly long[] TokenCounts = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];

    private static readonly Histogram<double> Duration = Times("gen_ai.client.operation.duration", "Duration of a model operation.", Seconds);
    private static readonly Histogram<double> FirstToken = Times("gen_ai.server.time_to_first_token", "Time to the first token of a successful answer.", FirstSeconds);
    private static readonly Histogram<long> Tokens = Telemetry.Meter.CreateHistogram(
        "gen_ai.client.token.usage", "{token}", "Input and output tokens, as the provider counted them.", null, new InstrumentAdvice<long> { HistogramBucketBoundaries = TokenCounts });

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("gen_ai_client_operation_duration_seconds", "histogram", "s", "Duration of a model operation; failed ones carry error_type.", "gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "error_type"),
        new("gen_ai_client_token_usage", "histogram", "{token}", "Tokens as the provider counted them.", "gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_token_type"),
        new("gen_ai_server_time_to_first_token_seconds", "histogram", "s", "Time to the first token of a complete answer, as seen from here.", "gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"),
    ];

    /// <summary>chat, embeddings, transcription or speech: the last two are not in the convention's list, which allows others.</summary>
    public static string OperationOf(string purpose) => purpose is "embeddings" or "transcription" or "speech" ? purpose : purpose is "caption" ? "transcription" : "chat";

    public static void Record(ModelCall call, string outcome)
    {
        var operation = new KeyValuePair<string, object?>("gen_ai.operation.name", OperationOf(call.Purpose));
        var provider = new KeyValuePair<string, object?>("gen_ai.provider.name", call.Model.Provider);
        var model = new KeyValuePair<string, object?>("gen_ai.request.model", call.Model.Id);
        if (outcome == "settled") Duration.Record(call.DurationMs / 1000, operation, provider, model);
        else Duration.Record(call.DurationMs / 1000, [operation, provider, model, new("error.type", outcome)]);
        if (call.Usage.InputTokens is { } input) Tokens.Record(input, [operation, provider, model, new("gen_ai.token.type", "input")]);
        if (call.Usage.OutputTokens is { } output) Tokens.Record(output, [operation, provider, model, new("gen_ai.token.type", "output")]);
        if (outcome == "settled" && call.FirstByteMs is { } first) FirstToken.Record(first / 1000, operation, provider, model);
    }

    private static Histogram<double> Times(string name, string meaning, double[] boundaries) =>
        Telemetry.Meter.CreateHistogram(name, "s", meaning, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });
}
