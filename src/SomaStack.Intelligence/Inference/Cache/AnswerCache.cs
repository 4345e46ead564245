using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <param name="IsEvents">The body is a stream's events with their end mark, else one JSON answer.</param>
/// <param name="Usage">As the provider counted it then.</param>
internal sealed record CachedAnswer(byte[] Body, bool Stream, bool IsEvents, KnownModel Model, TokenUsage Usage);

/// <summary>
/// Complete answers to exactly equal requests, for tenants or requests that ask for it. The key is a SHA-256 over tenant, principal,
/// model, format, form and the canonical request, so no answer ever serves another tenant or principal. In memory of this process,
/// at most <see cref="BytesMax"/>, the least recently used go first, and none is older than <see cref="KeptFor"/>.
/// </summary>
internal sealed class AnswerCache(TimeProvider clock)
{
    public const long BytesMax = 64 << 20;
    public const int AnswerBytesMax = 1 << 20;
    public static readonly TimeSpan KeptFor = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _used = new();
    private long _bytes;

    /// <summary>The caller's header decides, else the profile.</summary>
    public static bool Wanted(HttpContext http, Route route) => http.Request.Headers.TryGetValue(AnswerHeaders.Cache, out var said)
        ? said == "use"
        : route.Profile?.Cache == true;

    /// <returns>No key when the request cannot be put into one form, and is not cached.</returns>
    public (string? Key, CachedAnswer? Answer) Find(ModelCall call, KnownModel model, WireFormat format, Envelope envelope, ReadOnlyMemory<byte> body)
    {
        if (KeyOf(call.Context, model, format, envelope, body) is not { } one) return default;
        // What is kept was moderated under that policy.
        var key = $"{one}/{call.Decision.PolicyVersion}";
        var found = Find(key);
        RoutingMetrics.Cached(found is not null);
        return (key, found);
    }

    public CachedAnswer? Find(string key)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var node)) return null;
            _used.Remove(node);
            if (clock.GetElapsedTime(node.Value.At) >= KeptFor)
            {
                _entries.Remove(key);
                _bytes -= node.Value.Size;
                return null;
            }
            _used.AddFirst(node);
            return node.Value.Answer;
        }
    }

    /// <summary>Refusals and answers beyond <see cref="AnswerBytesMax"/> are not kept.</summary>
    public void Keep(string key, CachedAnswer answer)
    {
        if (answer.Body.Length > AnswerBytesMax || IsRefusal(answer.Body)) return;
        lock (_lock)
        {
            if (_entries.Remove(key, out var old))
            {
                _used.Remove(old);
                _bytes -= old.Value.Size;
            }
            var entry = new Entry(key, answer, clock.GetTimestamp());
            _entries[key] = _used.AddFirst(entry);
            _bytes += entry.Size;
            while (_bytes > BytesMax)
            {
                var last = _used.Last!;
                _used.RemoveLast();
                _entries.Remove(last.Value.Key);
                _bytes -= last.Value.Size;
            }
        }
    }

    /// <summary>
    /// What does not change the answer is left out: <c>user</c>, <c>metadata</c> and the model's other names. Streams and whole
    /// answers differ in their bytes and are kept apart, streams also by whether they show their usage.
    /// </summary>
    internal static string? KeyOf(RequestContext context, KnownModel model, WireFormat format, Envelope envelope, ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = CanonicalJson.MaxDepth });
            var fields = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
            foreach (var field in document.RootElement.EnumerateObject())
                if (field.Name is not ("stream" or "stream_options" or "user" or "metadata" or "model" or "safety_identifier") && !fields.TryAdd(field.Name, field.Value)) return null;
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var part in (ReadOnlySpan<string>)[
                context.Tenant, context.Principal.Kind, context.Principal.Id, model.Provider, model.Id, format.ToString(), envelope.Stream ? envelope.WantsUsage ? "stream+usage" : "stream" : "whole"])
                Append(hash, Encoding.UTF8.GetBytes(part));
            var output = new ArrayBufferWriter<byte>(body.Length + 64);
            foreach (var (name, value) in fields)
            {
                Append(hash, Encoding.UTF8.GetBytes(name));
                output.ResetWrittenCount();
                CanonicalJson.Write(value, output);
                Append(hash, output.WrittenSpan);
            }
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        catch (Exception exception) when (exception is FormatException or JsonException or InvalidOperationException)
        {
            // Outside I-JSON, e.g. a key that stands twice: two readers may see two requests in it.
            return null;
        }
    }

    /// <summary>Each part after its length, so that no two lists of parts are alike.</summary>
    private static void Append(IncrementalHash hash, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(length, part.Length);
        hash.AppendData(length);
        hash.AppendData(part);
    }

    private static bool IsRefusal(ReadOnlySpan<byte> body) =>
        body.IndexOf("content_filter"u8) >= 0 || Says(body, "\"refusal\""u8, "\""u8) || Says(body, "\"stop_reason\""u8, "\"refusal\""u8);

    private static bool Says(ReadOnlySpan<byte> body, ReadOnlySpan<byte> field, ReadOnlySpan<byte> value)
    {
        for (var at = body.IndexOf(field); at >= 0; at = body.IndexOf(field))
        {
            body = body[(at + field.Length)..];
            var after = body.TrimStart(" \t\r\n"u8);
            if (after.IsEmpty || after[0] != ':') continue;
            after = after[1..].TrimStart(" \t\r\n"u8);
            if (after.StartsWith(value)) return true;
        }
        return false;
    }

    private sealed record Entry(string Key, CachedAnswer Answer, long At)
    {
        /// <summary>With what surrounds it in memory, roughly.</summary>
        public long Size => Answer.Body.Length + 512;
    }
}

/// <summary>A stream's events as they are passed on, up to what the cache takes.</summary>
internal sealed class StreamCopy
{
    private ArrayBufferWriter<byte>? _bytes = new(4096);

    /// <summary>Null when it grew too long.</summary>
    public byte[]? Whole => _bytes?.WrittenSpan.ToArray();

    public void Add(ReadOnlySpan<byte> events)
    {
        if (_bytes is null) return;
        if (_bytes.WrittenCount + events.Length > AnswerCache.AnswerBytesMax) _bytes = null;
        else _bytes.Write(events);
    }
}
