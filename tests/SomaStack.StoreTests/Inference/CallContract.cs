using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Intelligence.Inference;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Inference;

/// <summary>What is recorded around a model call, on both databases. The gate and the ledger here only note what they are asked.</summary>
public sealed class CallContract(Databases databases)
{
    private static readonly KnownModel Tiny = new("tiny", "openai-compatible", null, null, 4096);

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
    private readonly NotedBilling _billing = new();

    public static TheoryData<string> Names => Databases.Names;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Names))]
    public async Task A_call_is_opened_and_settled_with_its_usage(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var calls = Calls(db);
        var call = await OpenAsync(calls, "demo");
        Assert.Equal(["call_opened"], await JournalAsync(db, "demo", call.Id));
        call.Usage = new TokenUsage(14, 8, 3, null);
        await calls.SettleAsync(call);
        Assert.Equal(["call_opened", "call_settled"], await JournalAsync(db, "demo", call.Id));
        Assert.Equal([$"reserve {call.Id} 100 7", $"settle {call.Id} 14 8"], _billing.Notes);
        var settled = await DataAsync(db, "demo", call.Id, 2);
        Assert.Equal((14, 8, 3), (settled.GetProperty("input_tokens").GetInt64(), settled.GetProperty("output_tokens").GetInt64(), settled.GetProperty("cached_input_tokens").GetInt64()));
        Assert.Equal(JsonValueKind.Null, settled.GetProperty("reasoning_tokens").ValueKind);
        Assert.Equal(0, await OpenRowsAsync(db));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_call_that_the_provider_refused_gives_its_reservation_back(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var calls = Calls(db);
        var call = await OpenAsync(calls, "demo");
        call.UpstreamStatus = 429;
        await calls.FailAsync(call, "provider_rate_limited", reached: false);
        Assert.Equal([$"reserve {call.Id} 100 7", $"release {call.Id} provider_rate_limited"], _billing.Notes);
        var failed = await DataAsync(db, "demo", call.Id, 2);
        Assert.Equal(("provider_rate_limited", 429), (failed.GetProperty("code").GetString(), failed.GetProperty("upstream_status").GetInt32()));
        Assert.Equal(JsonValueKind.Null, failed.GetProperty("cost_nanos").ValueKind);
        Assert.Equal(0, await OpenRowsAsync(db));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_call_that_nobody_renews_is_found_lost_with_unknown_usage(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var dead = await OpenAsync(Calls(db), "demo");
        var calls = Calls(db);
        var living = await OpenAsync(calls, "other");
        _clock.Advance(ModelCalls.Lease - TimeSpan.FromSeconds(1));
        Assert.Equal(0, await calls.ReconcileAsync(DeploymentMode.Test, Stop));
        await calls.RenewAsync(Stop);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, await calls.ReconcileAsync(DeploymentMode.Test, Stop));
        Assert.Equal(0, await calls.ReconcileAsync(DeploymentMode.Test, Stop));
        Assert.Equal(["call_opened", "call_lost"], await JournalAsync(db, "demo", dead.Id));
        Assert.Equal(JsonValueKind.Null, (await DataAsync(db, "demo", dead.Id, 2)).GetProperty("input_tokens").ValueKind);
        Assert.Equal(["call_opened"], await JournalAsync(db, "other", living.Id));
        Assert.Contains($"release {dead.Id} lost", _billing.Notes);
        Assert.Equal(1, await OpenRowsAsync(db));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_slow_process_still_books_a_call_that_was_declared_lost(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var slow = Calls(db);
        var call = await OpenAsync(slow, "demo");
        _clock.Advance(ModelCalls.Lease + TimeSpan.FromSeconds(1));
        Assert.Equal(1, await Calls(db).ReconcileAsync(DeploymentMode.Test, Stop));
        call.Usage = new TokenUsage(1, 2);
        await slow.SettleAsync(call);
        Assert.Equal(["call_opened", "call_lost", "call_settled"], await JournalAsync(db, "demo", call.Id));
        Assert.Contains($"settle {call.Id} 1 2", _billing.Notes);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_the_budget_does_not_hold_leaves_no_trace(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var calls = Calls(db);
        _billing.Full = true;
        var call = await PermitAsync(calls, "demo");
        await Assert.ThrowsAsync<Problem>(() => calls.OpenAsync(call));
        Assert.Empty(await JournalAsync(db, "demo", call.Id));
        Assert.Equal(0, await OpenRowsAsync(db));
        Assert.Empty(calls.UnderWay);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Settlements_that_nobody_waits_for_are_all_written_when_the_drain_returns(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var calls = Calls(db);
        var opened = new List<ModelCall>();
        for (var i = 0; i < 40; i++) opened.Add(await OpenAsync(calls, i % 2 == 0 ? "demo" : "other"));
        foreach (var call in opened)
        {
            call.Usage = new TokenUsage(14, 8);
            await calls.SettleLaterAsync(call);
        }
        await calls.DrainAsync(Stop);
        foreach (var call in opened) Assert.Equal(["call_opened", "call_settled"], await JournalAsync(db, call.Context.Tenant, call.Id));
        Assert.Empty(calls.UnderWay);
        Assert.Equal(0, await OpenRowsAsync(db));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Openings_that_share_a_transaction_fail_each_for_itself(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var calls = Calls(db);
        var wanted = new List<ModelCall>();
        for (var i = 0; i < 24; i++) wanted.Add(await PermitAsync(calls, i % 3 == 0 ? "other" : "demo"));
        _billing.Refused = wanted[7].Id;
        // While one write holds the others up they gather.
        using var go = new ManualResetEventSlim();
        var first = Task.Run(() => db.WriteAsync("demo", _ => { go.Wait(Stop); return Task.CompletedTask; }, Stop), Stop);
        var opening = wanted.ConvertAll(call => calls.OpenAsync(call, sure: true));
        go.Set();
        await first;
        for (var i = 0; i < wanted.Count; i++)
        {
            if (i == 7) await Assert.ThrowsAsync<Problem>(() => opening[7]);
            else await opening[i];
            Assert.Equal(i == 7 ? [] : ["call_opened"], await JournalAsync(db, wanted[i].Context.Tenant, wanted[i].Id));
        }
        Assert.Equal(23, await OpenRowsAsync(db));
        Assert.Equal(23, calls.UnderWay.Count());
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_settlement_waits_for_a_database_that_is_away_and_follows_what_was_declared_meanwhile(string name)
    {
        await using var inner = await databases.OpenAsync(name);
        var away = new AwayDb(inner);
        var slow = Calls(away);
        var (kept, late) = (await OpenAsync(slow, "demo"), await OpenAsync(slow, "demo"));
        away.IsAway = true;
        foreach (var call in (ModelCall[])[kept, late])
        {
            call.Usage = new TokenUsage(3, 4);
            await slow.SettleLaterAsync(call);
        }
        Assert.Equal(2, slow.UnderWay.Count());
        // A crash would leave it so: what is found lost gives its reservation back.
        _clock.Advance(ModelCalls.Lease + TimeSpan.FromSeconds(1));
        Assert.Equal(2, await Calls(inner).ReconcileAsync(DeploymentMode.Test, Stop));
        Assert.Equal(["call_opened", "call_lost"], await JournalAsync(inner, "demo", late.Id));
        away.IsAway = false;
        var drained = slow.DrainAsync(Stop);
        while (!drained.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }
        await drained;
        foreach (var call in (ModelCall[])[kept, late]) Assert.Equal(["call_opened", "call_lost", "call_settled"], await JournalAsync(inner, "demo", call.Id));
        Assert.Empty(slow.UnderWay);
    }

    private ModelCalls Calls(Db db) => new(db, new Journal(_clock), new CallStore(db), new FixedGate(), _billing, _clock, NullLogger<ModelCalls>.Instance);

    private static ValueTask<ModelCall> PermitAsync(ModelCalls calls, string tenant) =>
        calls.PermitAsync(Databases.Context(tenant), Tiny, "chat", false, new string('a', 64), 100, 7, Stop);

    private static async Task<ModelCall> OpenAsync(ModelCalls calls, string tenant)
    {
        var call = await PermitAsync(calls, tenant);
        await calls.OpenAsync(call);
        return call;
    }

    private static async Task<List<string>> JournalAsync(Db db, string tenant, string id) =>
        await db.QueryAsync(tenant, reader => reader.GetString(0)["somastack.inference.".Length..^".v1".Length],
            $"SELECT type FROM journal WHERE tenant = {tenant} AND subject = {"call/" + id} ORDER BY version", Stop);

    private static async Task<JsonElement> DataAsync(Db db, string tenant, string id, long version)
    {
        var rows = await db.QueryAsync(tenant, reader => reader.GetString(0), $"SELECT data FROM journal WHERE tenant = {tenant} AND subject = {"call/" + id} AND version = {version}", Stop);
        return JsonDocument.Parse(rows.Single()).RootElement;
    }

    private static Task<long?> OpenRowsAsync(Db db) => db.NumberAsync(Db.AllTenants, $"SELECT COUNT(*) FROM inference_open_calls", Stop);

    internal sealed class FixedGate : IGate
    {
        public ValueTask<Decision> CheckAsync(RequestContext context, GatedAction action, CancellationToken cancellationToken) =>
            ValueTask.FromResult(new Decision(Verdict.Allow, 0.9, 0.7, [], [], new string('c', 64), 1, new string('d', 64)));
    }

    internal sealed class NotedBilling : IBilling
    {
        public ValueTask<bool> IsSureAsync(RequestContext context, ReservationRequest request) => ValueTask.FromResult(false);

        public List<string> Notes { get; } = [];

        public bool Full { get; set; }

        /// <summary>The one reservation that is refused.</summary>
        public string? Refused { get; set; }

        public ModelPrice? PriceOf(string provider, string model) => null;

        public long? CostNanos(ModelPrice? price, TokenUsage usage) => null;

        public Task ReserveAsync(DbWork work, RequestContext context, ReservationRequest request)
        {
            if (Full || request.Id == Refused) throw PlatformProblems.Busy.Because("The budget is used up.");
            Notes.Add($"reserve {request.Id} {request.InputTokensMax} {request.OutputTokensMax}");
            return Task.CompletedTask;
        }

        public Task<Settlement> SettleAsync(DbWork work, RequestContext context, string reservationId, TokenUsage usage)
        {
            Notes.Add($"settle {reservationId} {usage.InputTokens} {usage.OutputTokens}");
            return Task.FromResult(new Settlement(reservationId, null, "USD", usage));
        }

        public Task ReleaseAsync(DbWork work, RequestContext context, string reservationId, string reason)
        {
            Notes.Add($"release {reservationId} {reason}");
            return Task.CompletedTask;
        }

        public ValueTask<double?> BudgetRatioAsync(string tenant, CancellationToken cancellationToken) => ValueTask.FromResult<double?>(null);
    }

    /// <summary>A database that cannot be written to for a while.</summary>
    private sealed class AwayDb(Db inner) : Db
    {
        public bool IsAway { get; set; }

        public override string Name => inner.Name;

        public override string SkipLocked => inner.SkipLocked;

        public override string Held => inner.Held;

        public override Task<long> JournalHorizonAsync(CancellationToken cancellationToken) => inner.JournalHorizonAsync(cancellationToken);

        public override bool IsUniqueViolation(Exception exception) => inner.IsUniqueViolation(exception);

        public override Task<T> WriteAsync<T>(string tenant, Func<DbWork, Task<T>> work, CancellationToken cancellationToken) =>
            IsAway ? Task.FromException<T>(new IOException("The database is away.")) : inner.WriteAsync(tenant, work, cancellationToken);

        public override Task<List<T>> QueryAsync<T>(string tenant, Func<System.Data.Common.DbDataReader, T> map, Sql sql, CancellationToken cancellationToken) =>
            inner.QueryAsync(tenant, map, sql, cancellationToken);

        internal override Task MigrateAsync(Func<DbWork, Task> work, CancellationToken cancellationToken) => inner.MigrateAsync(work, cancellationToken);

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
