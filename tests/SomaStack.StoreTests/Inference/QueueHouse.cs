using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Inference;

/// <summary>The queue over a fresh database with a clock that the test moves. Several may share a database, as replicas do.</summary>
internal sealed class QueueHouse(Db db, FakeTimeProvider clock) : IAsyncDisposable
{
    public Db Db => db;

    public FakeTimeProvider Clock => clock;

    public RequestStreams Streams { get; } = new();

    public RequestStore Store => field ??= new RequestStore(db, new RequestLines(new Journal(clock)), Streams, clock);

    public static async Task<QueueHouse> OpenAsync(Databases databases, string name) =>
        new(await databases.OpenAsync(name), new FakeTimeProvider(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero)));

    /// <summary>Another replica over the same database.</summary>
    public QueueHouse Replica() => new(db, clock);

    public async Task<RequestRow> AddAsync(string id = "r1", string tenant = "demo", string principal = "ada", long attemptsMax = 5, string words = "What is the journal?")
    {
        var context = Databases.Context(tenant, principal);
        var now = clock.NowMicros();
        var row = new RequestRow(tenant, id, "infer_sync", "chat", null, "s1", principal, "user", string.Join(' ', context.Capabilities.Names), "cli", context.TraceId,
            """{"ticket":7}""", new string('a', 64), RequestState.None with { AttemptsMax = attemptsMax }, null, now, 0, null, now, null, null) { ApiKey = "key-1" };
        var payload = JsonSerializer.Serialize(new RequestPayload(Prompt: words), QueueJson.Default.RequestPayload);
        return await Store.AddAsync(context, row, payload, TestContext.Current.CancellationToken);
    }

    /// <summary>So many waiting requests of a tenant at once, as if each had been sent.</summary>
    public async Task FillAsync(string tenant, int count)
    {
        var first = await AddAsync("r", tenant);
        await db.WriteAsync(tenant, async work =>
        {
            for (var i = 1; i < count; i++)
                await work.ExecuteAsync($"""
                    INSERT INTO inference_requests (tenant, id, mode, role, principal, principal_kind, capabilities, client_type, trace_id, payload, request_sha256, state, version, attempts,
                        attempts_max, dead, next_attempt_at, lease_until, created_at)
                    SELECT tenant, {$"r{i:D5}"}, mode, role, principal, principal_kind, capabilities, client_type, trace_id, payload, request_sha256, state, version, attempts,
                        attempts_max, dead, next_attempt_at, lease_until, created_at FROM inference_requests WHERE tenant = {tenant} AND id = {first.Id}
                    """);
        }, TestContext.Current.CancellationToken);
    }

    public SweepRequests Sweep(int requestsDays = 30, int measuresDays = 400) => new(
        Store, new DailyStore(db), new SomaOptions { RequestsKeepDays = requestsDays, MeasuresKeepDays = measuresDays }, clock, NullLogger<SweepRequests>.Instance);

    public Task<List<RequestRow>> ClaimAsync(int limit = 10, string owner = "one") => Store.ClaimAsync(owner, limit, row => Databases.Context(row.Tenant, row.Principal));

    public Task<(RequestRow? Row, RequestRefusal? Refusal)> DecideAsync(RequestRow row, RequestCommand command, RequestChange? change = null) =>
        Store.DecideAsync(Databases.Context(row.Tenant, row.Principal), row.Id, command, _ => change ?? RequestChange.None, TestContext.Current.CancellationToken);

    public static RequestResult Answer(string text) => new(text, null, "stop", [], [], "openai", "tiny", new RequestUsage(14, 8, 22, null, null), null, "call-1");

    /// <summary>The types of a request's lines, without prefix and version.</summary>
    public Task<List<string>> JournalAsync(string id, string tenant = "demo") => db.QueryAsync(tenant, reader => reader.GetString(0)["somastack.inference.request_".Length..^".v1".Length],
        $"SELECT type FROM journal WHERE tenant = {tenant} AND subject = {"request/" + id} ORDER BY version", TestContext.Current.CancellationToken);

    public async Task<List<string>> StreamAsync(string id, string tenant = "demo") =>
        [.. (await Store.EventsAsync(tenant, id, 0, 1000, TestContext.Current.CancellationToken)).Select(item => item.Type)];

    public ValueTask DisposeAsync() => db.DisposeAsync();
}
