namespace SomaStack.Platform;

/// <summary>The roadmap's topic names for the events that they were meant for; everything else goes to one topic.</summary>
internal static class KafkaTopics
{
    public const string Default = "somastack.events";

    public static readonly IReadOnlyList<string> All = ["constitution.updated", "settings.changed", "mode.changed", "slm.requests", "slm.responses", "slm.metrics", "notifications.events", Default];

    public static string Of(string type) => type switch
    {
        "somastack.constitution.updated.v1" or "somastack.constitution.overlay_changed.v1" => "constitution.updated",
        "somastack.settings.changed.v1" or "somastack.settings.notification_preferences_changed.v1" => "settings.changed",
        "somastack.settings.mode_changed.v1" => "mode.changed",
        "somastack.inference.call_opened.v1" or "somastack.inference.request_queued.v1" => "slm.requests",
        "somastack.inference.request_completed.v1" => "slm.responses",
        "somastack.inference.call_settled.v1" or "somastack.inference.call_failed.v1" or "somastack.inference.call_lost.v1" => "slm.metrics",
        _ when type.StartsWith("somastack.notifications.", StringComparison.Ordinal) => "notifications.events",
        _ => Default,
    };
}
