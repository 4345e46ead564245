using System.Text;
using System.Text.Json;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// The room's contract where the brain is another process. A write is a row in the caller's own transaction, applied right after its commit; a recall
/// is a call as the acting principal, and an empty answer with its reason while nobody answers.
/// </summary>
internal sealed class RemoteMemory(RemoteBrain brain, Buffers buffers, TimeProvider clock) : IMemory
{
    public Task<PreparedMemory> PrepareAsync(RequestContext context, MemoryDraft draft, CancellationToken cancellationToken)
    {
        MemoryLimits.Check(draft);
        var hash = TextDigest.Of(draft.Text);
        return Task.FromResult(new PreparedMemory(draft, draft.Id ?? Ids.New(clock), hash, null, null));
    }

    public async Task<string> WriteAsync(DbWork work, RequestContext context, PreparedMemory memory)
    {
        var draft = memory.Draft with { Id = memory.Id, EventTime = memory.Draft.EventTime ?? clock.GetUtcNow() };
        var orderKey = draft.Conversation is { } conversation ? "c/" + conversation : draft.Key is { } key ? "k/" + key : "i/" + memory.Id;
        var item = new BufferItem(
            Ids.Derive($"write\n{context.Tenant}\n{memory.Id}"), orderKey, BufferedOps.Write, BufferedOps.PathOf(BufferedOps.Write), "write-" + Ids.Derive(memory.Id),
            JsonSerializer.Serialize(draft, GatewayJson.Default.MemoryDraft), "", context.Principal.Id, BrainTokens.UsefulOf(context), context.ClientType, context.TraceId, memory.Id);
        await buffers.Database.AddAsync(work, [item], bounded: false);
        work.OnCommit(buffers.Accepted.Ring);
        work.OnCommit(static () => GatewayMetrics.Taken(1));
        return memory.Id;
    }

    public async Task<Recollection> RecallAsync(RequestContext context, RecallQuery query, CancellationToken cancellationToken)
    {
        MemoryLimits.Check(query);
        try
        {
            using var response = await brain.AskAsync(context, "v1/recall", Body(query), cancellationToken);
            if (response.IsSuccessStatusCode)
            {
                using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
                return Read(answer.RootElement);
            }
            if ((int)response.StatusCode >= 500) return Nothing(GatewayProblems.Unreachable.Code);
            var (code, _) = await RemoteBrain.ProblemOfAsync(response, cancellationToken);
            return Nothing($"brain_refused_{code ?? response.StatusCode.ToString()}");
        }
        catch (Exception exception) when (exception is BrainUnreachableException or HttpRequestException or IOException or JsonException)
        {
            return Nothing(GatewayProblems.Unreachable.Code);
        }
    }

    private static Recollection Nothing(string reason) => new([], [reason], 0, true);

    private static string Body(RecallQuery query)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("query", query.Text);
            json.WriteNumber("limit", query.Limit);
            json.WriteString("namespace", query.Namespace);
            if (query.Universe != MemoryDraft.Real) json.WriteString("universe", query.Universe);
            if (query.Conversation is not null) json.WriteString("conversation", query.Conversation);
            if (query.Kind is not null) json.WriteString("kind", query.Kind);
            if (query.MinScore is { } score) json.WriteNumber("min_score", score);
            if (query.From is { } from) json.WriteString("from", from);
            if (query.To is { } to) json.WriteString("to", to);
            if (query.AsOf is { } asOf) json.WriteString("as_of", asOf);
            if (query.KnownAt is { } knownAt) json.WriteString("known_at", knownAt);
            if (query.Superseded) json.WriteBoolean("include_superseded", true);
            if (query.Tags is { Count: > 0 } tags)
            {
                json.WriteStartArray("tags");
                foreach (var tag in tags) json.WriteStringValue(tag);
                json.WriteEndArray();
            }
            json.WriteBoolean("explain", true);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static Recollection Read(JsonElement answer)
    {
        var memories = answer.GetProperty("results").EnumerateArray().Select(Hit).ToList();
        var reasons = answer.TryGetProperty("degraded_reasons", out var given) ? given.EnumerateArray().Select(static reason => reason.GetString()!).ToList() : [];
        var confidence = answer.TryGetProperty("confidence", out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : 0;
        return new Recollection(memories, reasons, confidence, answer.TryGetProperty("abstained", out var abstained) && abstained.ValueKind == JsonValueKind.True);
    }

    private static RecalledMemory Hit(JsonElement hit)
    {
        var signals = new Dictionary<string, double>(StringComparer.Ordinal);
        if (hit.TryGetProperty("signals", out var given) && given.ValueKind == JsonValueKind.Object)
            foreach (var signal in given.EnumerateObject()) signals[signal.Name] = signal.Value.GetDouble();
        return new RecalledMemory(
            hit.GetProperty("id").GetString()!, hit.GetProperty("text").GetString()!, hit.GetProperty("score").GetDouble(), hit.GetProperty("kind").GetString()!, Text(hit, "source"),
            hit.TryGetProperty("line", out var line) && line.ValueKind == JsonValueKind.Number ? line.GetInt32() : null, hit.GetProperty("trust").GetDouble(),
            hit.GetProperty("event_time").GetDateTimeOffset(), signals)
        {
            Key = Text(hit, "key"), Conversation = Text(hit, "conversation"), SupersededBy = Text(hit, "superseded_by"), ValidFrom = Time(hit, "valid_from"), ValidTo = Time(hit, "valid_to"),
            Tags = hit.TryGetProperty("tags", out var tags) && tags.ValueKind == JsonValueKind.Array ? [.. tags.EnumerateArray().Select(static tag => tag.GetString()!)] : [],
        };
    }

    private static string? Text(JsonElement hit, string name) => hit.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static DateTimeOffset? Time(JsonElement hit, string name) => hit.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetDateTimeOffset() : null;
}
