using SomaStack.Platform;

namespace SomaStack.StoreTests;

/// <summary>What every database must do for the rooms; the same tests run on both.</summary>
public sealed class DbContract(Databases databases)
{
    private static readonly Room Sample = new("Sample", typeof(DbContract).Assembly);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task A_hole_in_the_text_is_a_parameter_and_never_sql(string name)
    {
        await using var db = await databases.OpenAsync(name, [Sample]);
        const string hostile = "x'); DROP TABLE sample; --";
        await db.WriteAsync("a", work => work.ExecuteAsync($"INSERT INTO sample (tenant, id, body) VALUES ({"a"}, {"1"}, {hostile})"), Stop);
        var read = await db.QueryAsync("a", reader => reader.GetString(0), $"SELECT body FROM sample WHERE tenant = {"a"} AND id = {"1"}", Stop);
        Assert.Equal([hostile], read);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_exception_rolls_back_its_own_write_and_no_other(string name)
    {
        await using var db = await databases.OpenAsync(name, [Sample]);
        var writes = Enumerable.Range(0, 100).Select(i => db.WriteAsync("a", async work =>
        {
            await work.ExecuteAsync($"INSERT INTO sample (tenant, id, body) VALUES ({"a"}, {i.ToString()}, {"text"})");
            if (i % 10 == 0) throw new InvalidOperationException("no");
            return i;
        }, Stop)).ToList();
        var failed = 0;
        foreach (var write in writes)
        {
            try { await write; } catch (InvalidOperationException) { failed++; }
        }
        Assert.Equal(10, failed);
        Assert.Equal(90, await db.NumberAsync("a", $"SELECT COUNT(*) FROM sample WHERE tenant = {"a"}", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_taken_key_is_recognised_as_a_unique_violation(string name)
    {
        await using var db = await databases.OpenAsync(name, [Sample]);
        Task<int> Insert() => db.WriteAsync("a", work => work.ExecuteAsync($"INSERT INTO sample (tenant, id, body) VALUES ({"a"}, {"1"}, {"x"})"), Stop);
        await Insert();
        var exception = await Record.ExceptionAsync(Insert);
        Assert.NotNull(exception);
        Assert.True(db.IsUniqueViolation(exception));
        Assert.False(db.IsUniqueViolation(new InvalidOperationException()));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Every_type_comes_back_as_it_went_in(string name)
    {
        await using var db = await databases.OpenAsync(name, [Sample]);
        byte[] bytes = [0, 1, 255];
        var sent = "1e5 \u00e4 \U0001F98A";
        await db.WriteAsync("a", work => work.ExecuteAsync($"""
            INSERT INTO sample (tenant, id, body, number, ratio, flag, bytes) VALUES ({"a"}, {"1"}, {sent}, {long.MaxValue}, {0.1}, {true}, {bytes})
            """), Stop);
        var row = (await db.QueryAsync("a", reader => (reader.GetString(0), reader.GetInt64(1), reader.GetDouble(2), reader.GetBoolean(3), reader.Bytes(4)),
            $"SELECT body, number, ratio, flag, bytes FROM sample WHERE tenant = {"a"}", Stop)).Single();
        Assert.Equal((sent, long.MaxValue, 0.1, true), (row.Item1, row.Item2, row.Item3, row.Item4));
        Assert.Equal(bytes, row.Item5);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Text_that_one_database_cannot_hold_is_refused_by_both(string name)
    {
        await using var db = await databases.OpenAsync(name, [Sample]);
        foreach (var text in new[] { "a\0b", "\ud800", "x\udc00" })
            await Assert.ThrowsAsync<Problem>(() => db.WriteAsync("a", work => work.ExecuteAsync($"INSERT INTO sample (tenant, id, body) VALUES ({"a"}, {"1"}, {text})"), Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_runs_on_commit_sees_the_row_and_precedes_the_answer(string name)
    {
        await using var db = await databases.OpenAsync(name, [Sample]);
        var seen = false;
        await db.WriteAsync("a", async work =>
        {
            await work.ExecuteAsync($"INSERT INTO sample (tenant, id, body) VALUES ({"a"}, {"1"}, {"x"})");
            work.OnCommit(() => seen = true);
            Assert.False(seen);
        }, Stop);
        Assert.True(seen);
    }

    [Fact, Trait(ServerTrait.Name, "postgres")]
    public async Task On_postgres_a_statement_that_forgets_its_tenant_reaches_no_other()
    {
        await using var db = await databases.OpenAsync("postgres", [Sample]);
        Assert.Null(await db.WarningAsync(Stop));
        await db.WriteAsync("a", work => work.ExecuteAsync($"INSERT INTO sample (tenant, id, body) VALUES ({"a"}, {"1"}, {"secret"})"), Stop);
        Assert.Equal(0, await db.NumberAsync("b", $"SELECT COUNT(*) FROM sample", Stop));
        Assert.Equal(1, await db.NumberAsync(Db.AllTenants, $"SELECT COUNT(*) FROM sample", Stop));
        Assert.Equal(0, await db.WriteAsync("b", work => work.ExecuteAsync($"UPDATE sample SET body = 'mine'"), Stop));
        Assert.Equal(0, await db.WriteAsync("b", work => work.ExecuteAsync($"DELETE FROM sample"), Stop));
        await Assert.ThrowsAnyAsync<Exception>(() => db.WriteAsync("b", work => work.ExecuteAsync($"INSERT INTO sample (tenant, id, body) VALUES ({"a"}, {"2"}, {"planted"})"), Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Migrations_run_once_and_a_changed_one_is_refused(string name)
    {
        var url = await databases.CreateEmptyAsync(name);
        await using var db = Db.Open(url);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Migrator.RunAsync(db, [Sample], TimeProvider.System, Stop)));
        await db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"UPDATE schema_migrations SET checksum = 'other'"), Stop);
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => Migrator.RunAsync(db, [Sample], TimeProvider.System, Stop));
        Assert.Contains("was changed", exception.Message, StringComparison.Ordinal);
    }
}
