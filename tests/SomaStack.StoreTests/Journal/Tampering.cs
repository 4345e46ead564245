using Microsoft.Extensions.Logging.Abstractions;
using SomaStack.Platform;

namespace SomaStack.StoreTests.JournalTests;

/// <summary>Whatever is done to the journal behind its back is found, and named.</summary>
public sealed class Tampering(Databases databases)
{
    private const int Lines = 12;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    public static TheoryData<string, string> Columns
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var name in new[] { "sqlite", "postgres" })
                foreach (var change in new[]
                {
                    "data = REPLACE(data, 'line', 'lime')", "actor = 'eve'", "tenant = 'other'", "occurred_at = occurred_at + 1", "occurred_at = 9223372036854775807",
                    "version = version + 1", "type = type || 'x'", "trace_id = ''", "id = 'x' || id", "subject = 'fact/x'",
                })
                    all.Add(name, change);
            return all.Marked();
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_honest_journal_passes_with_every_line_counted(string name)
    {
        await using var setup = await SealedAsync(name);
        await setup.AppendAsync("not sealed yet");
        var report = await VerifyAsync(setup);
        Assert.Null(report.Fault);
        Assert.Equal((Lines + 1L, (long)Lines, 2L, 2L), (report.Lines, report.SealedLines, report.Checkpoints, report.WitnessLines!.Value));
    }

    [Theory, MemberData(nameof(Columns))]
    public async Task A_changed_field_is_a_flipped_byte_at_its_position(string name, string change)
    {
        await using var setup = await SealedAsync(name);
        var position = await PositionAsync(setup, 5);
        await RunAsync(setup, $"UPDATE journal SET {change:raw} WHERE position = {position}");
        await FindsAsync(setup, AuditFaults.FlippedByte, position);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_changed_seal_is_found_even_when_it_fits_the_changed_line(string name)
    {
        await using var setup = await SealedAsync(name);
        var position = await PositionAsync(setup, 5);
        var line = (await setup.Reader.FindAsync("demo", position, Stop))!;
        await RunAsync(setup, $"UPDATE journal SET seal = {new byte[32]} WHERE position = {position}");
        await FindsAsync(setup, AuditFaults.FlippedByte, position);
        var forged = Platform.Journal.Seal(line.Id, line.Tenant, line.Subject, line.Version, line.Type, line.OccurredAt.ToMicros(), "eve", line.TraceId, line.Data);
        await RunAsync(setup, $"UPDATE journal SET actor = {"eve"}, seal = {forged} WHERE position = {position}");
        await FindsAsync(setup, AuditFaults.LineReplaced, position);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_changed_line_that_is_not_sealed_yet_is_found_too(string name)
    {
        await using var setup = await SealedAsync(name);
        var position = await setup.AppendAsync("fresh");
        await RunAsync(setup, $"UPDATE journal SET data = {"{}"} WHERE position = {position}");
        await FindsAsync(setup, AuditFaults.FlippedByte, position);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_deleted_line_is_missing_at_its_position_first_middle_and_last(string name)
    {
        foreach (var index in new[] { 0, 5, Lines - 1 })
        {
            await using var setup = await SealedAsync(name);
            var position = await PositionAsync(setup, index);
            await RunAsync(setup, $"DELETE FROM journal WHERE position = {position}");
            await FindsAsync(setup, AuditFaults.LineMissing, position);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_cut_tail_is_missing_even_when_its_checkpoint_went_with_it(string name)
    {
        await using var setup = await SealedAsync(name);
        var last = await PositionAsync(setup, Lines - 1);
        await RunAsync(setup, $"DELETE FROM journal WHERE position > {await PositionAsync(setup, 7)}");
        await RunAsync(setup, $"DELETE FROM journal_checkpoints WHERE tree_size = {(long)Lines}");
        await FindsAsync(setup, AuditFaults.LineMissing, last);
        using var key = Sealer.Key(setup.Options);
        await using var sealer = Restart(setup);
        Assert.Equal(0, await sealer.Value.SealAsync(key, Stop));
        Assert.Contains("witness", sealer.Value.Refusal, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Two_lines_that_changed_places_are_named(string name)
    {
        await using var setup = await SealedAsync(name);
        var (one, other) = (await PositionAsync(setup, 3), await PositionAsync(setup, 8));
        var (first, second) = ((await setup.Reader.FindAsync("demo", one, Stop))!, (await setup.Reader.FindAsync("demo", other, Stop))!);
        await RunAsync(setup, $"UPDATE journal SET subject = {"away"} WHERE position = {one}");
        await PutAsync(setup, other, first);
        await PutAsync(setup, one, second);
        await FindsAsync(setup, AuditFaults.LineReplaced, one);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_line_slipped_in_among_sealed_ones_is_named(string name)
    {
        await using var setup = await SealedAsync(name);
        var position = await PositionAsync(setup, 4);
        var line = (await setup.Reader.FindAsync("demo", position, Stop))!;
        var seal = Platform.Journal.Seal("x", "demo", "fact/x", 1, line.Type, 1, "eve", "", "{}");
        // Position 0 comes before everything that was ever appended.
        await RunAsync(setup, name == "postgres"
            ? (Sql)$"INSERT INTO journal (position, tx, id, tenant, subject, version, type, occurred_at, actor, trace_id, data, seal) OVERRIDING SYSTEM VALUE VALUES ({0}, {1}, {"x"}, {"demo"}, {"fact/x"}, {1}, {line.Type}, {1}, {"eve"}, {""}, {"{}"}, {seal})"
            : (Sql)$"INSERT INTO journal (position, tx, id, tenant, subject, version, type, occurred_at, actor, trace_id, data, seal) VALUES ({0}, {0}, {"x"}, {"demo"}, {"fact/x"}, {1}, {line.Type}, {1}, {"eve"}, {""}, {"{}"}, {seal})");
        await FindsAsync(setup, AuditFaults.LineAdded, 0);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_rewritten_checkpoint_is_found_with_the_witness_and_without(string name)
    {
        foreach (var change in new[] { "tree_size = tree_size + 1", "position = position + 1", "signed_at = signed_at + 1" })
        {
            await using var setup = await SealedAsync(name);
            await RunAsync(setup, $"UPDATE journal_checkpoints SET {change:raw} WHERE tree_size = {(long)Lines}");
            var report = await VerifyAsync(setup);
            Assert.Contains(report.Fault?.Kind, new[] { AuditFaults.CheckpointRewritten, AuditFaults.BadSignature });
            File.Delete(Witness.PathIn(setup.Folder));
            await FindsAsync(setup, AuditFaults.BadSignature, null);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_history_signed_anew_with_the_stolen_key_is_contradicted_by_the_witness(string name)
    {
        await using var setup = await SealedAsync(name);
        var last = (await new Checkpoints(setup.Db).LastAsync(Stop))!;
        using var key = Sealer.Key(setup.Options);
        var forged = Checkpoint.Sign(Lines, new byte[32], last.Head.Point, last.Head.LinesHash, 1, key);
        await RunAsync(setup, $"UPDATE journal_checkpoints SET root = {forged.Root}, signed_at = {1}, signature = {forged.Signature} WHERE tree_size = {(long)Lines}");
        await FindsAsync(setup, AuditFaults.CheckpointRewritten, null);
        File.Delete(Witness.PathIn(setup.Folder));
        await FindsAsync(setup, AuditFaults.CheckpointRewritten, null);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_checkpoint_taken_from_the_chain_or_with_another_key_is_found(string name)
    {
        await using var setup = await SealedAsync(name);
        using var stranger = Ed25519Key.LoadOrCreate(Path.Combine(setup.Folder, "stranger.pem"));
        Assert.Equal(AuditFaults.BadSignature, (await AuditVerifier.VerifyAsync(setup.Db, [stranger.Public], null, Stop)).Fault?.Kind);
        await RunAsync(setup, $"DELETE FROM journal_checkpoints WHERE tree_size < {(long)Lines}");
        await FindsAsync(setup, AuditFaults.CheckpointRewritten, null);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_changed_list_of_lines_or_witness_file_is_found(string name)
    {
        await using var setup = await SealedAsync(name);
        var witness = Witness.PathIn(setup.Folder);
        var honest = await File.ReadAllTextAsync(witness, Stop);
        await File.WriteAllTextAsync(witness, honest.Replace("\"position\":", "\"position\":1", StringComparison.Ordinal), Stop);
        await FindsAsync(setup, AuditFaults.WitnessMismatch, null);
        await File.WriteAllTextAsync(witness, "nonsense\n" + honest, Stop);
        await FindsAsync(setup, AuditFaults.WitnessMismatch, null);
        await File.WriteAllTextAsync(witness, honest + "{\"half", Stop);
        Assert.True((await VerifyAsync(setup)).Passed);
        await RunAsync(setup, $"UPDATE journal_checkpoints SET lines = {new byte[] { 1, 2, 3, 4, 5, 6 }} WHERE tree_size = {(long)Lines}");
        await FindsAsync(setup, AuditFaults.CheckpointRewritten, null);
    }

    private async Task<JournalSetup> SealedAsync(string name)
    {
        var setup = await JournalSetup.OpenAsync(databases, name);
        using var key = Sealer.Key(setup.Options);
        await using var sealer = Restart(setup);
        for (var i = 0; i < Lines; i++)
        {
            await setup.AppendAsync($"line {i}");
            if (i is not 6 and not Lines - 1) continue;
            // Another test's open transaction may hold the last lines back for a moment.
            var wanted = i + 1;
            await JournalSetup.UntilAsync(async () => await setup.Reader.CountAsync(JournalPoint.Start, await setup.Reader.EndAsync(Stop), 100, Stop) == wanted, "the lines to be final");
            await sealer.Value.SealAsync(key, Stop);
        }
        return setup;
    }

    private static Owned<Sealer> Restart(JournalSetup setup)
    {
        var lease = setup.Lease();
        return new Owned<Sealer>(new Sealer(setup.Db, setup.Reader, new Checkpoints(setup.Db), lease, setup.Options, TimeProvider.System, NullLogger<Sealer>.Instance), lease);
    }

    private static async Task<AuditReport> VerifyAsync(JournalSetup setup) =>
        await AuditVerifier.VerifyAsync(setup.Db, [AuditVerifier.KeyIn(setup.Options)!], Witness.PathIn(setup.Folder), Stop);

    private static async Task FindsAsync(JournalSetup setup, string kind, long? position)
    {
        var report = await VerifyAsync(setup);
        Assert.Equal((kind, position), (report.Fault?.Kind, report.Fault?.Position));
    }

    private static async Task<long> PositionAsync(JournalSetup setup, int index) =>
        (await setup.Reader.ReadAsync(JournalPoint.Start, new JournalPoint(long.MaxValue, long.MaxValue), 100, Stop))[index].Position;

    private static Task<int> RunAsync(JournalSetup setup, Sql sql) => setup.Db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync(sql), Stop);

    private static Task<int> PutAsync(JournalSetup setup, long position, JournalLine line) => RunAsync(setup, $"""
        UPDATE journal SET id = {line.Id}, subject = {line.Subject}, version = {line.Version}, occurred_at = {line.OccurredAt.ToMicros()},
            actor = {line.Actor}, trace_id = {line.TraceId}, data = {line.Data}, seal = {line.Seal}
        WHERE position = {position}
        """);

    private sealed record Owned<T>(T Value, Lease Lease) : IAsyncDisposable where T : IDisposable
    {
        public ValueTask DisposeAsync()
        {
            Value.Dispose();
            Lease.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
