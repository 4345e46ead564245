using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace SomaStack.Operations.Notifications;

/// <summary>One message to followers, encoded once however many get it. Its bytes are shared and never change.</summary>
/// <param name="sequence">Of the notification; 0 for what has no place in the order.</param>
/// <param name="cursor">Whoever has this frame has everything for him up to here; null where the frame says nothing of that.</param>
internal sealed class Frame(string type, long sequence, long? cursor, byte[] data)
{
    private byte[]? _socket;
    private byte[]? _stream;

    public string Type => type;

    public long Sequence => sequence;

    public long? Cursor => cursor;

    /// <summary><c>{"type":…,"cursor":…,"data":…}</c>; without a cursor where it has none.</summary>
    public byte[] ForSocket => _socket ??= [.. Encoding.UTF8.GetBytes(cursor is { } at ? $"{{\"type\":\"{type}\",\"cursor\":{Text(at)},\"data\":" : $"{{\"type\":\"{type}\",\"data\":"), .. data, (byte)'}'];

    /// <summary>An event; a heartbeat only moves the reader's last event id on.</summary>
    public byte[] ForStream => _stream ??= type == Heartbeat
        ? Encoding.UTF8.GetBytes($"id: {Text(cursor!.Value)}\n\n")
        : [.. Encoding.UTF8.GetBytes((cursor is { } at ? $"id: {Text(at)}\n" : "") + $"event: {type}\ndata: "), .. data, (byte)'\n', (byte)'\n'];

    public const string Heartbeat = "heartbeat";

    public static Frame Of<T>(string type, long sequence, long? cursor, T data, JsonTypeInfo<T> shape) => new(type, sequence, cursor, JsonSerializer.SerializeToUtf8Bytes(data, shape));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
