using System.Globalization;
using System.Text;
using Confluent.Kafka;

namespace SomaStack.Platform;

/// <summary>
/// A journal line as a CloudEvents 1.0 message in Kafka's binary mode: attributes in <c>ce_</c> headers, the data as the value, the
/// tenant as the key. The extension attributes carry what a line has beyond CloudEvents, so that a consumer gets the line back whole.
/// </summary>
internal static class KafkaEvent
{
    private const string Source = "/somastack/journal";

    public static Message<string, byte[]> Of(JournalLine line) => new()
    {
        Key = line.Tenant,
        Value = Encoding.UTF8.GetBytes(line.Data),
        Timestamp = new Timestamp(line.OccurredAt),
        Headers = Headers(
            ("ce_specversion", "1.0"), ("ce_id", line.Id), ("ce_source", Source), ("ce_type", line.Type), ("ce_subject", line.Subject),
            ("ce_time", line.OccurredAt.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture)), ("content-type", "application/json"),
            ("ce_tenant", line.Tenant), ("ce_position", Text(line.Position)), ("ce_transaction", Text(line.Transaction)), ("ce_subjectversion", Text(line.Version)),
            ("ce_actor", line.Actor), ("ce_traceid", line.TraceId), ("ce_seal", Convert.ToBase64String(line.Seal))),
    };

    /// <summary>Null when the message is not one of ours.</summary>
    public static JournalLine? Read(Message<string, byte[]> message)
    {
        string? Header(string name) => message.Headers is not null && message.Headers.TryGetLastBytes(name, out var bytes) ? Encoding.UTF8.GetString(bytes) : null;
        long? Number(string name) => long.TryParse(Header(name), CultureInfo.InvariantCulture, out var number) ? number : null;
        if (Header("ce_source") != Source || Header("ce_specversion") != "1.0" || message.Value is null) return null;
        if (Number("ce_position") is not { } position || Number("ce_transaction") is not { } transaction || Number("ce_subjectversion") is not { } version) return null;
        if (Header("ce_id") is not { } id || Header("ce_tenant") is not { } tenant || Header("ce_type") is not { } type || Header("ce_subject") is not { } subject) return null;
        if (!DateTimeOffset.TryParse(Header("ce_time"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)) return null;
        var seal = new byte[MerkleTree.HashBytes];
        if (!Convert.TryFromBase64String(Header("ce_seal") ?? "", seal, out var written) || written != seal.Length) return null;
        return new JournalLine(position, transaction, id, tenant, subject, version, type, time, Header("ce_actor") ?? "", Header("ce_traceid") ?? "", Encoding.UTF8.GetString(message.Value), seal);
    }

    /// <summary>What a foreign producer names its message by: source and id together are unique (CloudEvents 1.0, 3.1).</summary>
    public static string? ForeignId(Message<string, byte[]> message)
    {
        string? Header(string name) => message.Headers is not null && message.Headers.TryGetLastBytes(name, out var bytes) && bytes is { Length: > 0 and <= 512 } ? Encoding.UTF8.GetString(bytes) : null;
        return Header("ce_id") is { } id ? $"{Header("ce_source")}\n{id}" : null;
    }

    private static Headers Headers(params ReadOnlySpan<(string Name, string Value)> pairs)
    {
        var headers = new Headers();
        foreach (var (name, value) in pairs) headers.Add(name, Encoding.UTF8.GetBytes(value));
        return headers;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
