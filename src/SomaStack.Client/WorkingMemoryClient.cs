using System.Text.Json;

namespace SomaStack.Client;

/// <summary>What a session has in mind: bounded in tokens, the pinned stays.</summary>
public sealed class WorkingMemoryClient
{
    private readonly Transport _transport;

    internal WorkingMemoryClient(Transport transport) => _transport = transport;

    /// <summary>The items of a session, as the server answers them.</summary>
    public Task<JsonElement> GetAsync(string session, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Get(new Query("/v1/wm").With("session", session).ToString()), ClientJson.Default.JsonElement, cancellationToken);

    public Task<JsonElement> AdmitAsync(AdmitRequest request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Post("/v1/wm/admit", request, ClientJson.Default.AdmitRequest, idempotencyKey), ClientJson.Default.JsonElement, cancellationToken);

    public Task<JsonElement> RecallAsync(WorkingRecallRequest request, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Post("/v1/wm/recall", request, ClientJson.Default.WorkingRecallRequest), ClientJson.Default.JsonElement, cancellationToken);

    public Task PinAsync(string session, string id, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.NothingAsync(Item("/v1/wm/pin", session, id, null, idempotencyKey), cancellationToken);

    public Task UnpinAsync(string session, string id, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.NothingAsync(Item("/v1/wm/unpin", session, id, null, idempotencyKey), cancellationToken);

    public Task RemoveAsync(string session, string id, string? idempotencyKey = null, CancellationToken cancellationToken = default) => _transport.NothingAsync(
        MemoryClient.Delete(new Query("/v1/wm/" + Uri.EscapeDataString(id)).With("session", session).ToString(), idempotencyKey), cancellationToken);

    public Task ClearAsync(string session, string? idempotencyKey = null, CancellationToken cancellationToken = default) => _transport.NothingAsync(
        Call.Post("/v1/wm/clear", new WorkingSessionBody(session), ClientJson.Default.WorkingSessionBody, idempotencyKey), cancellationToken);

    public Task<WorkingStatus> StatusAsync(string session, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Get(new Query("/v1/wm/status").With("session", session).ToString()), ClientJson.Default.WorkingStatus, cancellationToken);

    /// <summary>Makes an item a memory; the reason is kept with it.</summary>
    public Task<Promoted> PromoteAsync(string session, string id, string reason, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Item("/v1/wm/promote", session, id, reason, idempotencyKey), ClientJson.Default.Promoted, cancellationToken);

    private static Call Item(string path, string session, string id, string? reason, string? key) => Call.Post(path, new WorkingItemBody(session, id, reason), ClientJson.Default.WorkingItemBody, key);
}
