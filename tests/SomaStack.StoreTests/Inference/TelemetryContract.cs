using System.Text.Json;
using SomaStack.Intelligence.Inference;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Inference;

/// <summary>The daily counts, on both databases.</summary>
public sealed class TelemetryContract(Databases databases)
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string> Names => Databases.Names;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Names))]
    public async Task Ends_of_calls_add_up_by_day_model_and_outcome(string name)
    {
        await using var db = await databases.OpenAsync(name);
        await HearAsync(db, "demo", Noon, Settled(10, 5, 100, 20, false));
        await HearAsync(db, "demo", Noon, Settled(10, 7, 100.1, 20, false));
        await HearAsync(db, "demo", Noon, Settled(null, 7, 900, 20, true));
        await HearAsync(db, "demo", Noon.AddDays(-1), Settled(1, 1, 100, 20, false));
        await HearAsync(db, "demo", Noon, InferenceEvents.CallFailed, new CallFailed("f", "openai", "gpt-4o", "provider_timeout", null, null, null, null, null, "USD", null, 50, "chat"), InferenceJson.Default.CallFailed);
        await HearAsync(db, "demo", Noon, InferenceEvents.CallFailed, new CallFailed("g", "openai", "gpt-4o", "client_closed", null, null, null, null, null, "USD", null, 50), InferenceJson.Default.CallFailed);
        await HearAsync(db, "demo", Noon, InferenceEvents.CallLost, new CallLost("l", "openai", "gpt-4o", Noon, null, null, null), InferenceJson.Default.CallLost);
        await HearAsync(db, "other", Noon, Settled(99, 99, 1, 1, false));

        var store = new DailyStore(db);
        var rows = await store.SinceAsync("demo", "2026-11-22", Stop);
        // 100 and 100.1 ms share a bucket, so the two answers are one row.
        Assert.Equal(
            ["answered 2 2 20 12", "client_closed 1 0 0 0", "failed 1 0 0 0", "lost 1 0 0 0", "refused 1 0 0 0"],
            rows.Select(static row => $"{row.Outcome} {row.Calls} {row.Counted} {row.InputTokens} {row.OutputTokens}"));
        Assert.Equal(DailyStore.Unknown, rows.Single(static row => row.Outcome == "lost").DurationBucket);
        var item = ModelTelemetry.Sum("openai", "gpt-4o", await store.SinceAsync("demo", "2026-11-21", Stop));
        Assert.Equal((7, 4, 21L), (item.Calls, item.Completed, item.InputTokens));
        Assert.Equal(0.25, item.RefusalRate!.Value);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Days_that_are_old_enough_are_deleted_in_batches(string name)
    {
        await using var db = await databases.OpenAsync(name);
        // Each row of its own: no two last equally long.
        for (var i = 0; i < 30; i++) await HearAsync(db, i % 2 == 0 ? "demo" : "other", Noon.AddDays(-401), Settled(1, 1, Math.Pow(2, i), 1, false));
        await HearAsync(db, "demo", Noon.AddDays(-399), Settled(1, 1, 5, 1, false));
        var store = new DailyStore(db);
        var deleted = new List<int>();
        for (var i = 0; i < 4; i++) deleted.Add(await store.DeleteAsync("2025-10-18", 12, Stop));
        Assert.Equal([12, 12, 6, 0], deleted);
        Assert.Equal(1, Assert.Single(await store.SinceAsync("demo", "2020-01-01", Stop)).Calls);
        Assert.Empty(await store.SinceAsync("other", "2020-01-01", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_line_of_before_the_fields_were_there_is_counted_too(string name)
    {
        await using var db = await databases.OpenAsync(name);
        const string old = """{"call_id":"c","provider":"openai","model":"gpt-4o","input_tokens":3,"output_tokens":4,"cached_input_tokens":null,"reasoning_tokens":null,"cost_nanos":null,"currency":"USD","first_byte_ms":null,"duration_ms":7.5,"overhead_ms":0.5}""";
        var line = new JournalLine(1, 1, "1", "demo", "call/c", 2, InferenceEvents.CallSettled, Noon, "ada", "t", old, []);
        await db.WriteAsync("demo", work => CountDaily.HearAsync(line, work), Stop);
        var row = Assert.Single(await new DailyStore(db).SinceAsync("demo", "2026-11-22", Stop));
        Assert.Equal(("unjudged", 1, DailyStore.Unknown), (row.Outcome, row.Calls, row.FirstBucket));
    }

    private static CallSettled Settled(long? input, long output, double duration, double first, bool refused) =>
        new("c", "openai", "gpt-4o", input, output, null, null, null, "USD", first, duration, 1, refused, "chat");

    private static Task HearAsync(Db db, string tenant, DateTimeOffset at, CallSettled settled) => HearAsync(db, tenant, at, InferenceEvents.CallSettled, settled, InferenceJson.Default.CallSettled);

    private static Task HearAsync<T>(Db db, string tenant, DateTimeOffset at, string type, T data, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> shape)
    {
        var line = new JournalLine(1, 1, "1", tenant, "call/c", 2, type, at, "ada", "t", JsonSerializer.Serialize(data, shape), []);
        return db.WriteAsync(tenant, work => CountDaily.HearAsync(line, work), Stop);
    }
}
