using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging.Abstractions;
using SomaStack.Platform;

namespace SomaStack.StoreTests.JournalTests;

internal sealed record Happened(string Text);

[JsonSerializable(typeof(Happened))]
internal sealed partial class HappenedJson : JsonSerializerContext;

/// <summary>A database with the journal and one sample table, and the journal's parts over it.</summary>
internal sealed class JournalSetup : IAsyncDisposable
{
    public static readonly IReadOnlyList<Room> Rooms = [JournalModule.Room, new Room("Sample", typeof(DbContract).Assembly)];

    public required Db Db { get; init; }

    public required string Url { get; init; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("soma-journal-").FullName;

    public Platform.Journal Journal { get; } = new(TimeProvider.System);

    public JournalReader Reader => field ??= new JournalReader(Db);

    public SomaOptions Options => field ??= new SomaOptions { DataDirectory = Folder, Database = Url };

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<JournalSetup> OpenAsync(Databases databases, string name)
    {
        var url = await databases.CreateAsync(name);
        var db = Db.Open(url);
        await Migrator.RunAsync(db, Rooms, TimeProvider.System, Stop);
        return new JournalSetup { Db = db, Url = url };
    }

    public Task<long> AppendAsync(string text, string tenant = "demo", string type = "somastack.test.happened.v1") =>
        Db.WriteAsync(tenant, work => AppendAsync(work, text, tenant, type), Stop);

    public Task<long> AppendAsync(DbWork work, string text, string tenant = "demo", string type = "somastack.test.happened.v1") =>
        Journal.AppendAsync(work, Databases.Context(tenant), type, new Happened(text), HappenedJson.Default.Happened);

    public Lease Lease() => new(Db, Options, TimeProvider.System, NullLogger<Lease>.Instance);

    public DeadLetters DeadLetters() => new(Db, Journal, TimeProvider.System);

    public Delivery Delivery(int attempts = 3) =>
        new(Db, DeadLetters(), TimeProvider.System, NullLogger<Delivery>.Instance) { Attempts = attempts, FirstPause = TimeSpan.FromMilliseconds(1) };

    /// <summary>Waits for a condition; the test's own deadline is what ends a wait in vain.</summary>
    /// <param name="seen">What there is instead, for the reader of a failure.</param>
    public static async Task UntilAsync(Func<Task<bool>> holds, string what, Func<Task<string>>? seen = null)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        while (!await holds())
        {
            if (deadline.IsCancellationRequested) Assert.Fail($"Waited in vain for: {what}{(seen is null ? "" : "; " + await seen())}");
            await Task.Delay(5, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Db.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
