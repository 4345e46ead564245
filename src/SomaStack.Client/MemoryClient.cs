using System.Text.Json;

namespace SomaStack.Client;

/// <summary>
/// What is remembered. Every write carries an idempotency key, one for all attempts of the call, so that a repetition never writes twice;
/// name the key yourself to make the call itself repeatable.
/// </summary>
public sealed class MemoryClient
{
    private readonly Transport _transport;

    internal MemoryClient(Transport transport) => _transport = transport;

    public Task<Remembered> RememberAsync(RememberRequest request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Post("/v1/remember", request, ClientJson.Default.RememberRequest, idempotencyKey), ClientJson.Default.Remembered, cancellationToken);

    /// <summary>1 to 256 items in one transaction, all or none.</summary>
    public Task<RememberedBatch> RememberManyAsync(IReadOnlyList<RememberRequest> items, string? @namespace = null, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Post("/v1/remember/batch", new RememberBatchBody(items, @namespace), ClientJson.Default.RememberBatchBody, idempotencyKey), ClientJson.Default.RememberedBatch, cancellationToken);

    public Task<Recollection> RecallAsync(RecallRequest request, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Ask("/v1/recall", request, ClientJson.Default.RecallRequest), ClientJson.Default.Recollection, cancellationToken);

    /// <summary>What is known about a question, packed into a context with citations.</summary>
    public Task<Retrieval> RetrieveAsync(RagRequest request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(
            request.Persist == true ? Call.Post("/v1/rag/retrieve", request, ClientJson.Default.RagRequest, idempotencyKey) : Call.Ask("/v1/rag/retrieve", request, ClientJson.Default.RagRequest),
            ClientJson.Default.Retrieval, cancellationToken);

    public Task<Linked> LinkAsync(LinkRequest request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Post("/v1/link", request, ClientJson.Default.LinkRequest, idempotencyKey), ClientJson.Default.Linked, cancellationToken);

    public Task UnlinkAsync(string link, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.NothingAsync(Delete("/v1/link/" + Uri.EscapeDataString(link), idempotencyKey), cancellationToken);

    public Task<Neighbors> NeighborsAsync(NeighborsQuery query, CancellationToken cancellationToken = default)
    {
        var path = new Query("/v1/graph/neighbors").With("id", query.Id).With("type", query.Type).With("direction", query.Direction).With("k_hop", query.KHop)
            .With("limit", query.Limit).With("as_of", query.AsOf).ToString();
        return _transport.JsonAsync(Call.Get(path), ClientJson.Default.Neighbors, cancellationToken);
    }

    /// <param name="maxLength">1 to 10 links.</param>
    public Task<GraphPath> PathAsync(string from, string to, int? maxLength = null, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Get(new Query("/v1/graph/path").With("from", from).With("to", to).With("max_length", maxLength).ToString()), ClientJson.Default.GraphPath, cancellationToken);

    /// <exception cref="SomaException">404 <c>memory_unknown</c> when there is none, or it is not yours.</exception>
    public Task<Memory> GetAsync(string id, CancellationToken cancellationToken = default) => OneAsync(Call.Get(Of(id)), cancellationToken);

    /// <summary>Every memory of a namespace, newest first; pages are fetched as they are needed.</summary>
    /// <param name="pageSize">1 to 200.</param>
    public IAsyncEnumerable<Memory> ListAsync(string? @namespace = null, int? pageSize = null, CancellationToken cancellationToken = default) => Pages.AllAsync(
        _transport, cursor => new Query("/v1/memory").With("namespace", @namespace).With("limit", pageSize).With("cursor", cursor).ToString(), ClientJson.Default.MemoryPage, cancellationToken);

    /// <summary>Every version, newest first.</summary>
    public IAsyncEnumerable<MemoryVersion> HistoryAsync(string id, int? pageSize = null, CancellationToken cancellationToken = default) => Pages.AllAsync(
        _transport, cursor => new Query(Of(id) + "/history").With("limit", pageSize).With("cursor", cursor).ToString(), ClientJson.Default.VersionPage, cancellationToken);

    /// <param name="etag">Of the memory as it was read; 412 <c>version_mismatch</c> when somebody changed it since.</param>
    public Task<Memory> UpdateAsync(string id, MemoryPatch patch, string etag, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        OneAsync(Call.Post(Of(id), patch, ClientJson.Default.MemoryPatch, idempotencyKey) with { Method = HttpMethod.Patch, IfMatch = etag }, cancellationToken);

    /// <summary>Makes what an earlier version held a new version.</summary>
    public Task<Memory> RestoreAsync(string id, long version, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        OneAsync(Call.Post(Of(id) + "/restore", new RestoreBody(version), ClientJson.Default.RestoreBody, idempotencyKey), cancellationToken);

    /// <summary>Erases the content for good.</summary>
    public Task DeleteAsync(string id, string? idempotencyKey = null, CancellationToken cancellationToken = default) => _transport.NothingAsync(Delete(Of(id), idempotencyKey), cancellationToken);

    /// <summary>Looks into every part of the server for what is left of an erased memory.</summary>
    public Task<Erasure> ErasureAsync(string id, CancellationToken cancellationToken = default) => _transport.JsonAsync(Call.Get(Of(id) + "/erasure"), ClientJson.Default.Erasure, cancellationToken);

    public Task<ForgetReport> ForgetAsync(ForgetRequest request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Post("/v1/memory/forget", request, ClientJson.Default.ForgetRequest, idempotencyKey), ClientJson.Default.ForgetReport, cancellationToken);

    /// <summary>A namespace as JSON objects, read while they arrive. <see cref="ImportAsync"/> takes them as they are.</summary>
    public IAsyncEnumerable<JsonElement> ExportAsync(string? @namespace = null, CancellationToken cancellationToken = default) =>
        Pages.LinesAsync(_transport, Call.Get(new Query("/v1/memory/export").With("namespace", @namespace).ToString()), cancellationToken);

    /// <summary>Sends the objects while they are read. Sent once: importing the same again changes nothing, so repeat the call after a failure.</summary>
    public Task<ImportReport> ImportAsync(IAsyncEnumerable<JsonElement> items, CancellationToken cancellationToken = default) => _transport.JsonAsync(
        new Call(HttpMethod.Post, "/v1/memory/import") { Content = () => new Lines(items), Repeats = false, Patience = TimeSpan.FromMinutes(10) }, ClientJson.Default.ImportReport, cancellationToken);

    /// <summary>What was read from a memory.</summary>
    public Task<MemoryFacts> FactsAsync(string id, CancellationToken cancellationToken = default) => _transport.JsonAsync(Call.Get(Of(id) + "/facts"), ClientJson.Default.MemoryFacts, cancellationToken);

    /// <summary>What is known of a subject, newest first; pages are fetched as they are needed.</summary>
    public IAsyncEnumerable<Fact> FindFactsAsync(FactsQuery query, CancellationToken cancellationToken = default) => Pages.AllAsync(
        _transport,
        cursor => new Query("/v1/facts").With("subject", query.Subject).With("predicate", query.Predicate).With("as_of", query.AsOf).With("known_at", query.KnownAt)
            .With("namespace", query.Namespace).With("universe", query.Universe).With("limit", query.PageSize).With("cursor", cursor).ToString(),
        ClientJson.Default.FactPage, cancellationToken);

    /// <summary>Puts a memory under legal hold: it is neither erased nor does it expire. The reason stays in the journal.</summary>
    public Task<HoldState> HoldAsync(string id, string reason, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Post(Of(id) + "/hold", new HoldBody(reason), ClientJson.Default.HoldBody, idempotencyKey), ClientJson.Default.HoldState, cancellationToken);

    public Task<HoldState> ReleaseAsync(string id, string reason, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Delete(new Query(Of(id) + "/hold").With("reason", reason).ToString(), idempotencyKey), ClientJson.Default.HoldState, cancellationToken);

    private async Task<Memory> OneAsync(Call call, CancellationToken cancellationToken)
    {
        var (memory, etag) = await _transport.TaggedAsync(call, ClientJson.Default.Memory, cancellationToken);
        return memory with { ETag = etag };
    }

    private static string Of(string id) => "/v1/memory/" + Uri.EscapeDataString(id);

    internal static Call Delete(string path, string? key) => new(HttpMethod.Delete, path) { IdempotencyKey = key ?? Guid.CreateVersion7().ToString() };
}
