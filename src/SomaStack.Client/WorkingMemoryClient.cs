namespace SomaStack.Client;

/// <summary>What a session has in mind: bounded in tokens, the pinned stays.</summary>
public sealed class WorkingMemoryClient
{
    private readonly Transport _transport;

    internal WorkingMemoryClient(Transport transport) => _transport = transport;

    /// <summary>Most salient first.</summary>
    public async Task<IReadOnlyList<WorkingItem>> ListAsync(string session, CancellationToken cancellationToken = default) =>
        (await _transport.JsonAsync(Call.Get(new Query("/v1/wm").With("session", session).ToString()), ClientJson.Default.WorkingPage, cancellationToken)).Data ?? [];

    public Task<Admitted> AdmitAsync(AdmitRequest request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Post("/v1/wm/admit", request, ClientJson.Default.AdmitRequest, idempotencyKey), ClientJson.Default.Admitted, cancellationToken);

    public Task<WorkingRecollection> RecallAsync(string session, string query, int? topK = null, CancellationToken cancellationToken = default) => _transport.JsonAsync(
        Call.Ask("/v1/wm/recall", new WorkingRecallBody(session, query, topK), ClientJson.Default.WorkingRecallBody), ClientJson.Default.WorkingRecollection, cancellationToken);

    public Task<WorkingItem> PinAsync(string session, string id, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Item("/v1/wm/pin", session, id, null, idempotencyKey), ClientJson.Default.WorkingItem, cancellationToken);

    public Task<WorkingItem> UnpinAsync(string session, string id, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Item("/v1/wm/unpin", session, id, null, idempotencyKey), ClientJson.Default.WorkingItem, cancellationToken);

    public Task RemoveAsync(string session, string id, string? idempotencyKey = null, CancellationToken cancellationToken = default) => _transport.NothingAsync(
        MemoryClient.Delete(new Query("/v1/wm/" + Uri.EscapeDataString(id)).With("session", session).ToString(), idempotencyKey), cancellationToken);

    /// <returns>How many items there were.</returns>
    public async Task<int> ClearAsync(string session, string? idempotencyKey = null, CancellationToken cancellationToken = default)
    {
        var call = Call.Post("/v1/wm/clear", new WorkingSessionBody(session), ClientJson.Default.WorkingSessionBody, idempotencyKey);
        return (await _transport.JsonAsync(call, ClientJson.Default.Cleared, cancellationToken)).Count;
    }

    public Task<WorkingStatus> StatusAsync(string session, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Get(new Query("/v1/wm/status").With("session", session).ToString()), ClientJson.Default.WorkingStatus, cancellationToken);

    /// <summary>Makes an item a memory; the reason is kept with it.</summary>
    public Task<Promoted> PromoteAsync(string session, string id, string reason, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Item("/v1/wm/promote", session, id, reason, idempotencyKey), ClientJson.Default.Promoted, cancellationToken);

    private static Call Item(string path, string session, string id, string? reason, string? key) => Call.Post(path, new WorkingItemBody(session, id, reason), ClientJson.Default.WorkingItemBody, key);
}
