using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SomaStack.Operations.Notifications;

/// <summary>What an endpoint is sent: <c>{type, timestamp, data}</c>, never more than Standard Webhooks advises.</summary>
internal static class WebhookPayload
{
    public const string Published = "notification.published";
    public const string Test = "webhook.test";
    public const int BytesMax = 20_000;

    private const int BodyShortened = 1000;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Too large a one loses its metadata, then the end of its body, and says so in <c>truncated</c>.</summary>
    public static byte[] Of(Notification notification)
    {
        var whole = Write(notification, notification.Metadata, notification.Body, truncated: false);
        if (whole.Length <= BytesMax) return whole;
        var less = Write(notification, new Dictionary<string, string>(), notification.Body, truncated: true);
        return less.Length <= BytesMax ? less : Write(notification, new Dictionary<string, string>(), Start(notification.Body), truncated: true);
    }

    public static byte[] OfTest(string endpoint, DateTimeOffset now) => Enveloped(Test, now, writer =>
    {
        writer.WriteString("endpoint", endpoint);
        writer.WriteString("message", "This is a test. If you verified its signature, all is well.");
    });

    private static byte[] Write(Notification one, IReadOnlyDictionary<string, string> metadata, string body, bool truncated) => Enveloped(Published, one.CreatedAt, writer =>
    {
        writer.WriteString("id", one.Id);
        writer.WriteString("tenant", one.Tenant);
        writer.WriteNumber("sequence", one.Sequence);
        writer.WriteString("kind", one.Kind);
        writer.WriteString("severity", one.Severity);
        writer.WriteString("title", one.Title);
        writer.WriteString("body", body);
        writer.WriteString("link", one.Link);
        writer.WriteString("group", one.GroupKey);
        writer.WriteString("source", one.Source);
        writer.WriteString("subject", one.Subject);
        writer.WriteBoolean("untrusted", one.Untrusted);
        writer.WriteBoolean("requires_ack", one.RequiresAck);
        writer.WriteNumber("count", one.Count);
        writer.WriteString("created_at", one.CreatedAt);
        writer.WriteString("last_at", one.LastAt);
        if (one.ExpiresAt is { } expires) writer.WriteString("expires_at", expires);
        writer.WriteStartObject("metadata");
        foreach (var (key, value) in metadata) writer.WriteString(key, value);
        writer.WriteEndObject();
        writer.WriteBoolean("truncated", truncated);
    });

    private static byte[] Enveloped(string type, DateTimeOffset timestamp, Action<Utf8JsonWriter> data)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            writer.WriteString("type", type);
            writer.WriteString("timestamp", timestamp);
            writer.WriteStartObject("data");
            data(writer);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static string Start(string text)
    {
        var end = Math.Min(BodyShortened, text.Length);
        return text[..(end > 0 && char.IsHighSurrogate(text[end - 1]) ? end - 1 : end)];
    }
}
