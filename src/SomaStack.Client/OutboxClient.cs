namespace SomaStack.Client;

/// <summary>For clients that were offline: hands over what they kept, in order, once in effect.</summary>
public sealed class OutboxClient
{
    private readonly Transport _transport;

    internal OutboxClient(Transport transport) => _transport = transport;

    /// <summary>Sending the same ids again is harmless: they are counted as duplicates.</summary>
    public Task<OutboxAccepted> SubmitAsync(IReadOnlyList<OutboxItem> items, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Post("/v1/outbox", new OutboxBody(items), ClientJson.Default.OutboxBody, idempotencyKey), ClientJson.Default.OutboxAccepted, cancellationToken);

    /// <summary>In the order of acceptance.</summary>
    /// <param name="state">queued, dead or done.</param>
    public IAsyncEnumerable<OutboxEntry> ListAsync(string? state = null, int? pageSize = null, CancellationToken cancellationToken = default) => Pages.AllAsync(
        _transport, cursor => new Query("/v1/outbox").With("state", state).With("limit", pageSize).With("cursor", cursor).ToString(), ClientJson.Default.OutboxPage, cancellationToken);

    public Task<OutboxStatus> StatusAsync(CancellationToken cancellationToken = default) => _transport.JsonAsync(Call.Get("/v1/outbox/status"), ClientJson.Default.OutboxStatus, cancellationToken);

    public IAsyncEnumerable<DeadLetter> DeadLettersAsync(int? pageSize = null, CancellationToken cancellationToken = default) => Pages.AllAsync(
        _transport, cursor => new Query("/v1/outbox/dead-letters").With("limit", pageSize).With("cursor", cursor).ToString(), ClientJson.Default.LetterPage, cancellationToken);

    /// <summary>Queues a refused write again.</summary>
    public Task<OutboxEntry> ReplayAsync(string itemId, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(new Call(HttpMethod.Post, $"/v1/outbox/dead-letters/{Uri.EscapeDataString(itemId)}/replay"), ClientJson.Default.OutboxEntry, cancellationToken);
}
