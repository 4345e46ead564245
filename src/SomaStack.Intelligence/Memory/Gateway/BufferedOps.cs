using System.Text;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>Which writes may wait, which route applies each, and what must stay in order.</summary>
internal static class BufferedOps
{
    public const string Remember = "remember";
    public const string Batch = "batch";
    public const string Link = "link";
    public const string Forget = "forget";

    /// <summary>What a turn remembers in its own transaction.</summary>
    public const string Write = "write";

    private static readonly (string Op, string Path)[] Routes =
        [(Remember, "/remember"), (Batch, "/remember/batch"), (Link, "/link"), (Forget, "/memory/forget"), ("wm_admit", "/wm/admit")];

    public static string PathOf(string op) => op == Write ? "/v1/brain/write" : "/v1" + Array.Find(Routes, route => route.Op == op).Path;

    /// <summary>Null for a route whose writes do not wait.</summary>
    public static string? OpOf(string path)
    {
        var bare = path.StartsWith("/v1/", StringComparison.Ordinal) ? path[3..] : path;
        foreach (var (op, route) in Routes)
            if (route == bare) return op;
        return null;
    }

    /// <summary>The id that the handler of a route gives to what it makes; the same as <see cref="Platform.Ids.For"/> with the edge's key.</summary>
    public static string MadeId(string tenant, string principal, string purpose, string path, string idempotencyKey) =>
        Platform.Ids.Derive($"{tenant}\n{principal}\n{purpose}\nPOST {path}\n{idempotencyKey}");

    /// <summary>
    /// A conversation is kept in order, else what has the same key, else each write stands alone. A batch whose items belong to several
    /// conversations is whole, and in no order with other writes.
    /// </summary>
    public static string OrderKey(string op, JsonElement body, string id)
    {
        if (op != Batch) return OrderKey(body) ?? "i/" + id;
        if (body.ValueKind != JsonValueKind.Object || !body.TryGetProperty("items", out var items) || items.ValueKind != JsonValueKind.Array) return "i/" + id;
        string? common = null;
        foreach (var item in items.EnumerateArray())
        {
            if (OrderKey(item) is not { } key || common is not null && common != key) return "i/" + id;
            common = key;
        }
        return common ?? "i/" + id;
    }

    /// <summary>The event is as old as the client's word for it, not as old as its arrival: adds <c>event_time</c> where a remember has none.</summary>
    public static string Stamped(string op, JsonElement body, DateTimeOffset at)
    {
        if (op is not (Remember or Batch) || body.ValueKind != JsonValueKind.Object) return body.GetRawText();
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            if (op == Remember) WriteStamped(json, body, at);
            else WriteBatch(json, body, at);
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    public static string Digest(string path, string body) => TextDigest.Of(path + "\n" + body);

    private static void WriteBatch(Utf8JsonWriter json, JsonElement body, DateTimeOffset at)
    {
        json.WriteStartObject();
        foreach (var property in body.EnumerateObject())
        {
            if (property.Name != "items" || property.Value.ValueKind != JsonValueKind.Array)
            {
                property.WriteTo(json);
                continue;
            }
            json.WriteStartArray("items");
            foreach (var item in property.Value.EnumerateArray())
            {
                if (item.ValueKind == JsonValueKind.Object) WriteStamped(json, item, at);
                else item.WriteTo(json);
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static void WriteStamped(Utf8JsonWriter json, JsonElement item, DateTimeOffset at)
    {
        var known = item.TryGetProperty("event_time", out _) || item.TryGetProperty("payload", out var payload) && payload.ValueKind == JsonValueKind.Object && payload.TryGetProperty("timestamp", out _);
        json.WriteStartObject();
        foreach (var property in item.EnumerateObject()) property.WriteTo(json);
        if (!known) json.WriteString("event_time", at);
        json.WriteEndObject();
    }

    private static string? OrderKey(JsonElement body) =>
        Text(body, "conversation") is { } conversation ? "c/" + conversation
        : Text(body, "session_id") is { } session ? "c/" + session
        : (Text(body, "key") ?? Text(body, "coord")) is { } key ? "k/" + key
        : null;

    private static string? Text(JsonElement body, string name) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
}
