using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using SomaStack.Client;

namespace SomaStack.EndToEndTests.Clients;

/// <summary>The scenario's names for what the .NET client does. Everything goes through its typed records, in and out.</summary>
internal static class DotnetCalls
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private delegate Task<JsonNode?> Run(SomaClient soma, JsonObject a, string? key, CancellationToken stop);

    private static readonly Dictionary<string, Run> Calls = new(StringComparer.Ordinal)
    {
        ["remember"] = async (soma, a, key, stop) => Out(await soma.Memory.RememberAsync(In<RememberRequest>(a), key, stop)),
        ["remember_batch"] = async (soma, a, key, stop) => Out(await soma.Memory.RememberManyAsync(In<List<RememberRequest>>(a["items"]!), Text(a, "namespace"), key, stop)),
        ["recall"] = async (soma, a, _, stop) => Out(await soma.Memory.RecallAsync(In<RecallRequest>(a), stop)),
        ["rag_retrieve"] = async (soma, a, key, stop) => Out(await soma.Memory.RetrieveAsync(In<RagRequest>(a), key, stop)),
        ["link"] = async (soma, a, key, stop) => Out(await soma.Memory.LinkAsync(In<LinkRequest>(a), key, stop)),
        ["unlink"] = (soma, a, key, stop) => Nothing(soma.Memory.UnlinkAsync(Id(a), key, stop)),
        ["neighbors"] = async (soma, a, _, stop) => Out(await soma.Memory.NeighborsAsync(In<NeighborsQuery>(a), stop)),
        ["path"] = async (soma, a, _, stop) => Out(await soma.Memory.PathAsync(Text(a, "from")!, Text(a, "to")!, a["max_length"]?.GetValue<int>(), stop)),
        ["get"] = async (soma, a, _, stop) => Out(await soma.Memory.GetAsync(Id(a), stop)),
        ["list"] = (soma, a, _, stop) => AllAsync(soma.Memory.ListAsync(Text(a, "namespace"), a["page_size"]?.GetValue<int>(), stop)),
        ["history"] = (soma, a, _, stop) => AllAsync(soma.Memory.HistoryAsync(Id(a), cancellationToken: stop)),
        ["update"] = async (soma, a, key, stop) => Out(await soma.Memory.UpdateAsync(Id(a), In<MemoryPatch>(a["patch"]!), Text(a, "if_match")!, key, stop)),
        ["restore"] = async (soma, a, key, stop) => Out(await soma.Memory.RestoreAsync(Id(a), a["version"]!.GetValue<long>(), key, stop)),
        ["delete"] = (soma, a, key, stop) => Nothing(soma.Memory.DeleteAsync(Id(a), key, stop)),
        ["erasure"] = async (soma, a, _, stop) => Out(await soma.Memory.ErasureAsync(Id(a), stop)),
        ["forget"] = async (soma, a, key, stop) => Out(await soma.Memory.ForgetAsync(In<ForgetRequest>(a), key, stop)),
        ["export"] = (soma, a, _, stop) => AllAsync(soma.Memory.ExportAsync(Text(a, "namespace"), stop)),
        ["import"] = async (soma, a, _, stop) => Out(await soma.Memory.ImportAsync(In<List<JsonElement>>(a["items"]!).ToAsyncEnumerable(), stop)),
        ["facts"] = async (soma, a, _, stop) => Out(await soma.Memory.FactsAsync(Id(a), stop)),
        ["find_facts"] = (soma, a, _, stop) => AllAsync(soma.Memory.FindFactsAsync(In<FactsQuery>(a), stop)),
        ["hold"] = async (soma, a, key, stop) => Out(await soma.Memory.HoldAsync(Id(a), Text(a, "reason")!, key, stop)),
        ["release"] = async (soma, a, key, stop) => Out(await soma.Memory.ReleaseAsync(Id(a), Text(a, "reason")!, key, stop)),
        ["wm_list"] = async (soma, a, _, stop) => Out(await soma.WorkingMemory.ListAsync(Session(a), stop)),
        ["wm_admit"] = async (soma, a, key, stop) => Out(await soma.WorkingMemory.AdmitAsync(In<AdmitRequest>(a), key, stop)),
        ["wm_recall"] = async (soma, a, _, stop) => Out(await soma.WorkingMemory.RecallAsync(Session(a), Text(a, "query")!, a["top_k"]?.GetValue<int>(), stop)),
        ["wm_pin"] = async (soma, a, key, stop) => Out(await soma.WorkingMemory.PinAsync(Session(a), Id(a), key, stop)),
        ["wm_unpin"] = async (soma, a, key, stop) => Out(await soma.WorkingMemory.UnpinAsync(Session(a), Id(a), key, stop)),
        ["wm_remove"] = (soma, a, key, stop) => Nothing(soma.WorkingMemory.RemoveAsync(Session(a), Id(a), key, stop)),
        ["wm_clear"] = async (soma, a, key, stop) => Out(await soma.WorkingMemory.ClearAsync(Session(a), key, stop)),
        ["wm_status"] = async (soma, a, _, stop) => Out(await soma.WorkingMemory.StatusAsync(Session(a), stop)),
        ["wm_promote"] = async (soma, a, key, stop) => Out(await soma.WorkingMemory.PromoteAsync(Session(a), Id(a), Text(a, "reason")!, key, stop)),
        ["outbox_submit"] = async (soma, a, key, stop) => Out(await soma.Outbox.SubmitAsync(In<List<OutboxItem>>(a["items"]!), key, stop)),
        ["outbox_list"] = (soma, a, _, stop) => AllAsync(soma.Outbox.ListAsync(Text(a, "state"), cancellationToken: stop)),
        ["outbox_status"] = async (soma, _, _, stop) => Out(await soma.Outbox.StatusAsync(stop)),
        ["outbox_dead_letters"] = (soma, _, _, stop) => AllAsync(soma.Outbox.DeadLettersAsync(cancellationToken: stop)),
        ["outbox_replay"] = async (soma, a, _, stop) => Out(await soma.Outbox.ReplayAsync(Text(a, "item_id")!, stop)),
        ["constitution_version"] = async (soma, _, _, stop) => Out(await soma.Constitution.VersionAsync(stop)),
        ["constitution_get"] = async (soma, _, _, stop) => Out(await soma.Constitution.GetAsync(stop)),
        ["constitution_checksum"] = async (soma, _, _, stop) => Out(await soma.Constitution.ChecksumAsync(stop)),
        ["session_start"] = async (soma, a, key, stop) => Out(await soma.StartSessionAsync(Text(a, "prompt")!, idempotencyKey: key, cancellationToken: stop)),
        ["session_follow"] = (soma, a, _, stop) => AllAsync(soma.FollowAsync(Session(a), a["after"]!.GetValue<long>(), untilIdle: true, stop)),
    };

    public static Task<JsonNode?> RunAsync(SomaClient soma, string call, JsonObject arguments, string? key, CancellationToken cancellationToken) =>
        Calls.TryGetValue(call, out var run) ? run(soma, arguments, key, cancellationToken) : throw new InvalidDataException("The scenario uses an unknown call: " + call);

    public static JsonObject Describe(SomaException refusal) => new()
    {
        ["status"] = refusal.Status,
        ["code"] = refusal.Code,
        ["detail"] = refusal.Message,
        ["remedy"] = refusal.Remedy,
        ["trace_id"] = refusal.TraceId,
        ["retry_after"] = refusal.RetryAfter?.TotalSeconds,
        ["reasons"] = Out(refusal.Reasons),
        ["errors"] = Out(refusal.Errors),
    };

    private static T In<T>(JsonNode arguments) => arguments.Deserialize<T>(Json)!;

    private static JsonNode? Out<T>(T value) => JsonSerializer.SerializeToNode(value, Json);

    private static string Id(JsonObject arguments) => Text(arguments, "id")!;

    private static string Session(JsonObject arguments) => Text(arguments, "session")!;

    private static string? Text(JsonObject arguments, string name) => arguments[name]?.GetValue<string>();

    private static async Task<JsonNode?> Nothing(Task task)
    {
        await task;
        return null;
    }

    private static async Task<JsonNode?> AllAsync<T>(IAsyncEnumerable<T> items)
    {
        var list = new List<T>();
        await foreach (var item in items) list.Add(item);
        return Out(list);
    }
}
