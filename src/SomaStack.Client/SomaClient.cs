using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace SomaStack.Client;

/// <summary>Talks to a SomaStack server. One instance serves many threads; the <see cref="HttpClient"/> stays the caller's.</summary>
public sealed class SomaClient
{
    /// <summary>A model may think for long.</summary>
    private static readonly TimeSpan ModelPatience = TimeSpan.FromMinutes(5);

    private readonly HttpClient _http;
    private readonly Transport _transport;

    /// <param name="http">With its base address; with its credential too, unless it goes by <paramref name="credential"/>.</param>
    /// <param name="credential">An access token or an API key.</param>
    public SomaClient(HttpClient http, SomaClientOptions? options = null, string? credential = null)
    {
        _http = http;
        _transport = new Transport(http, options ?? new SomaClientOptions(), credential is null ? null : new AuthenticationHeaderValue("Bearer", credential));
        Memory = new MemoryClient(_transport);
        WorkingMemory = new WorkingMemoryClient(_transport);
        Outbox = new OutboxClient(_transport);
        Constitution = new ConstitutionClient(_transport);
    }

    public MemoryClient Memory { get; }

    public WorkingMemoryClient WorkingMemory { get; }

    public OutboxClient Outbox { get; }

    public ConstitutionClient Constitution { get; }

    /// <summary>A client for an address, presenting an access token or an API key.</summary>
    public static SomaClient Connect(Uri address, string credential, SomaClientOptions? options = null)
    {
        // The limits of time are those of the options; this one would cut long streams short.
        var http = new HttpClient { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", credential);
        return new SomaClient(http, options);
    }

    /// <summary>Starts a session and waits for the answer to its first message.</summary>
    /// <param name="idempotencyKey">The same key never starts a second session.</param>
    /// <exception cref="SomaException">When the server refuses.</exception>
    public Task<Turn> StartSessionAsync(string prompt, string? persona = null, string? model = null, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        TurnAsync("/v1/sessions/start", new StartBody(prompt, persona, model, false), ClientJson.Default.StartBody, idempotencyKey, cancellationToken);

    public Task<Turn> SendMessageAsync(string session, string text, string? model = null, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        TurnAsync($"/v1/sessions/{Uri.EscapeDataString(session)}/messages", new MessageBody(text, model, false), ClientJson.Default.MessageBody, idempotencyKey, cancellationToken);

    /// <summary>Starts a session (<paramref name="session"/> null) or goes on with it, and yields its events until the turn has ended.</summary>
    public IAsyncEnumerable<SessionEvent> StreamAsync(string? session, string text, string? persona = null, string? model = null, CancellationToken cancellationToken = default)
    {
        var call = session is null
            ? new Call(HttpMethod.Post, "/v1/sessions/start") { Content = () => JsonContent.Create(new StartBody(text, persona, model, true), ClientJson.Default.StartBody) }
            : new Call(HttpMethod.Post, $"/v1/sessions/{Uri.EscapeDataString(session)}/messages") { Content = () => JsonContent.Create(new MessageBody(text, model, true), ClientJson.Default.MessageBody) };
        // Opened once: a repetition would be a second message.
        return EventStream.OnceAsync(_transport, call with { Streams = true, Repeats = false, Patience = ModelPatience }, cancellationToken);
    }

    /// <summary>Follows a session from the event after <paramref name="after"/> on. A connection that breaks is opened again after the last event seen.</summary>
    /// <param name="untilIdle">Ends when nothing is being answered; otherwise it goes on until it is cancelled.</param>
    public IAsyncEnumerable<SessionEvent> FollowAsync(string session, long after, bool untilIdle = false, CancellationToken cancellationToken = default) => EventStream.ResumingAsync(
        _transport, last => new Query($"/v1/sessions/{Uri.EscapeDataString(session)}/events").With("after", last).With("until", untilIdle ? "idle" : null).ToString(), after, cancellationToken);

    public Task<SessionDetail> GetSessionAsync(string session, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Get($"/v1/sessions/{Uri.EscapeDataString(session)}"), ClientJson.Default.SessionDetail, cancellationToken);

    public Task CancelAsync(string session, CancellationToken cancellationToken = default) =>
        _transport.NothingAsync(new Call(HttpMethod.Post, $"/v1/sessions/{Uri.EscapeDataString(session)}/cancel"), cancellationToken);

    /// <summary>Remembers up to 256 items in one transaction; the key makes a retry harmless.</summary>
    public Task<JsonElement> RememberAsync(IReadOnlyList<MemoryItem> items, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Post("/v1/remember/batch", new MemoryBatch(items), ClientJson.Default.MemoryBatch, idempotencyKey), ClientJson.Default.JsonElement, cancellationToken);

    /// <summary>Any GET that answers JSON.</summary>
    public Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken = default) => _transport.JsonAsync(Call.Get(path), ClientJson.Default.JsonElement, cancellationToken);

    /// <summary>Any call that answers JSON, with its headers. It is sent once unless its key makes a repetition harmless.</summary>
    /// <param name="ifMatch">The version that a change replaces.</param>
    /// <param name="approval">The approval of exactly this call, where the server asked for one with status 202.</param>
    public async Task<RawAnswer> SendAsync(
        HttpMethod method, string path, JsonElement? body = null, string? ifMatch = null, string? approval = null, CancellationToken cancellationToken = default)
    {
        var call = new Call(method, path)
        {
            Content = body is { } value ? () => JsonContent.Create(value, ClientJson.Default.JsonElement) : null, IfMatch = ifMatch, Approval = approval,
            Repeats = method == HttpMethod.Get, Patience = ModelPatience,
        };
        using var response = await _transport.SendAsync(call, cancellationToken);
        var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(static header => header.Key, static header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        var empty = response.StatusCode == System.Net.HttpStatusCode.NoContent;
        return new RawAnswer((int)response.StatusCode, empty ? default : await response.Content.ReadFromJsonAsync(ClientJson.Default.JsonElement, cancellationToken), headers);
    }

    /// <summary>Any GET whose answer is to be copied as it comes, e.g. an export.</summary>
    public async Task CopyAsync(string path, Stream target, CancellationToken cancellationToken = default)
    {
        using var response = await _transport.SendAsync(Call.Get(path) with { Streams = true }, cancellationToken);
        await response.Content.CopyToAsync(target, cancellationToken);
    }

    /// <summary>What <c>/readyz?verbose</c> says, whether or not the server is ready.</summary>
    public async Task<(bool Ready, JsonElement Checks)> ReadinessAsync(CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_transport.Options.AttemptTimeout);
        try
        {
            using var response = await _http.GetAsync("/readyz?verbose", limit.Token);
            return (response.IsSuccessStatusCode, await response.Content.ReadFromJsonAsync(ClientJson.Default.JsonElement, limit.Token));
        }
        catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException("The server did not answer in time.", late);
        }
    }

    private Task<Turn> TurnAsync<T>(string path, T body, JsonTypeInfo<T> shape, string? key, CancellationToken cancellationToken) =>
        _transport.JsonAsync(Call.Post(path, body, shape, key) with { Patience = ModelPatience }, ClientJson.Default.Turn, cancellationToken);
}

/// <param name="Status">HTTP status, 200 to 299.</param>
/// <param name="Body">Undefined when the answer has none.</param>
/// <param name="Headers">By name, whatever its case; several values are joined by a comma.</param>
public sealed record RawAnswer(int Status, JsonElement Body, IReadOnlyDictionary<string, string> Headers);
