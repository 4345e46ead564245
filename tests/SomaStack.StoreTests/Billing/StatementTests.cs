using System.Data.Common;
using SomaStack.Governance.Billing;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;
using SomaStack.StoreTests.Identity;

namespace SomaStack.StoreTests.Billing;

/// <summary>Every model call pays for these statements, so their number is held.</summary>
public sealed class StatementTests(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static RequestContext Ada => Databases.Context("demo", "ada");

    [Theory, MemberData(nameof(Databases.Names), MemberType = typeof(Databases))]
    public async Task A_call_takes_three_statements_to_reserve_and_four_to_settle(string name)
    {
        CountedDb? counted = null;
        await using var house = await Governed.StartAsync(await databases.CreateAsync(name), null, null, null, db => counted = new CountedDb(db));
        async Task<int> CountAsync(Func<DbWork, Task> work)
        {
            counted!.Statements = 0;
            await house.Db.WriteAsync("demo", work, Stop);
            return counted.Statements;
        }
        var billing = house.Get<IBilling>();
        // The first call reads the limits; for a second after that they are in memory.
        await CountAsync(work => billing.ReserveAsync(work, Ada, Request("r0")));
        Assert.Equal(3, await CountAsync(work => billing.ReserveAsync(work, Ada, Request("r1"))));
        Assert.Equal(4, await CountAsync(work => billing.SettleAsync(work, Ada, "r1", new TokenUsage(100, 10))));
        await CountAsync(work => billing.ReserveAsync(work, Ada, Request("r2")));
        Assert.Equal(3, await CountAsync(work => billing.ReleaseAsync(work, Ada, "r2", "test")));
        // A free call: its row, and its row again.
        Assert.Equal(1, await CountAsync(work => billing.ReserveAsync(work, Ada, new ReservationRequest("f", "somastack", "soma-extract", 10, 10, "test"))));
        Assert.Equal(1, await CountAsync(work => billing.SettleAsync(work, Ada, "f", new TokenUsage(10, 10))));
        // However many limits there are, one statement more on either side.
        foreach (var metric in Enum.GetValues<LimitMetric>()) await house.Get<ChangeLimits>().AddAsync(new LimitRequest(metric, LimitWindow.Day, 1_000_000), Ada, Stop);
        await CountAsync(work => billing.ReserveAsync(work, Ada, Request("r3")));
        Assert.Equal(4, await CountAsync(work => billing.ReserveAsync(work, Ada, Request("r4"))));
        Assert.Equal(5, await CountAsync(work => billing.SettleAsync(work, Ada, "r4", new TokenUsage(100, 10))));
    }

    private static ReservationRequest Request(string id) => new(id, "openai", "gpt-4o", 1_000, 100, "test");

    /// <summary>The database, with its statements counted.</summary>
    private sealed class CountedDb(Db inner) : Db
    {
        public int Statements { get; set; }

        public override string Name => inner.Name;

        public override string SkipLocked => inner.SkipLocked;

        public override string Held => inner.Held;

        public override Task<long> JournalHorizonAsync(CancellationToken cancellationToken) => inner.JournalHorizonAsync(cancellationToken);

        public override bool IsUniqueViolation(Exception exception) => inner.IsUniqueViolation(exception);

        public override Task<T> WriteAsync<T>(string tenant, Func<DbWork, Task<T>> work, CancellationToken cancellationToken) =>
            inner.WriteAsync(tenant, unit => work(new CountedWork(this, unit)), cancellationToken);

        public override Task<List<T>> QueryAsync<T>(string tenant, Func<DbDataReader, T> map, Sql sql, CancellationToken cancellationToken) => inner.QueryAsync(tenant, map, sql, cancellationToken);

        internal override Task MigrateAsync(Func<DbWork, Task> work, CancellationToken cancellationToken) => inner.MigrateAsync(work, cancellationToken);

        internal override Task SecureTablesAsync(CancellationToken cancellationToken) => inner.SecureTablesAsync(cancellationToken);

        public override ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class CountedWork : DbWork
    {
        private readonly CountedDb _db;
        private readonly DbWork _inner;

        public CountedWork(CountedDb db, DbWork inner)
        {
            (_db, _inner) = (db, inner);
            inner.OnCommit(Committed);
        }

        public override string Tenant => _inner.Tenant;

        public override Task<int> ExecuteAsync(Sql sql)
        {
            _db.Statements++;
            return _inner.ExecuteAsync(sql);
        }

        public override Task<List<T>> QueryAsync<T>(Func<DbDataReader, T> map, Sql sql)
        {
            _db.Statements++;
            return _inner.QueryAsync(map, sql);
        }
    }
}
