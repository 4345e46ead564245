using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Agents.Voice;

internal static class VoiceMetrics
{
    public static readonly UpDownCounter<long> Open = Telemetry.Meter.CreateUpDownCounter<long>("somastack_voices_open", description: "Voices that are open on this replica.");

    public static readonly Counter<long> Utterances = Telemetry.Meter.CreateCounter<long>("somastack_voice_utterances", description: "Utterances by what became of them.");

    public static readonly Counter<double> Heard = Telemetry.Meter.CreateCounter<double>("somastack_voice_heard", "s", "Sound that was heard.");

    public static readonly Counter<double> Spoken = Telemetry.Meter.CreateCounter<double>("somastack_voice_spoken", "s", "Speech that was sent.");

    public static readonly Histogram<double> Reply = Telemetry.Meter.CreateHistogram<double>("somastack_voice_reply", "s", "From the end of speech to the first sound of the answer.");

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_voices_open", "gauge", "", "Voices that are open on this replica."),
        new("somastack_voice_utterances_total", "counter", "", "Utterances by what became of them.", "outcome"),
        new("somastack_voice_heard_seconds_total", "counter", "s", "Sound that was heard."),
        new("somastack_voice_spoken_seconds_total", "counter", "s", "Speech that was sent."),
        new("somastack_voice_reply_seconds", "histogram", "s", "From the end of speech to the first sound of the answer."),
    ];

    public static void Ended(string outcome) => Utterances.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
}
