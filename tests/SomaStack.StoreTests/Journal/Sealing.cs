using Microsoft.Extensions.Logging.Abstractions;
using SomaStack.Platform;

namespace SomaStack.StoreTests.JournalTests;

public sealed class Sealing(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task It_goes_on_from_the_last_checkpoint_and_every_line_has_a_proof(string name)
    {
        await using var setup = await JournalSetup.OpenAsync(databases, name);
        using var key = Sealer.Key(setup.Options);
        for (var round = 1; round <= 3; round++)
        {
            // A new sealer each time, as after a restart.
            using var lease = setup.Lease();
            using var sealer = NewSealer(setup, lease);
            for (var i = 0; i < 5; i++) await setup.AppendAsync($"{round}/{i}");
            await SealAllAsync(setup, sealer, key, round * 5);
        }
        var checkpoints = new Checkpoints(setup.Db);
        var head = (await checkpoints.LastAsync(Stop))!.Head;
        Assert.True(head.IsSignedBy([key.Public]));
        var lines = await setup.Reader.ReadAsync(JournalPoint.Start, head.Point, 100, Stop);
        for (var i = 0; i < lines.Count; i++)
        {
            var (index, proof) = await ProveLine.BuildAsync(setup.Reader, new JournalPoint(lines[i].Transaction, lines[i].Position), head, Stop);
            Assert.Equal(i, index);
            Assert.True(MerkleTree.VerifyInclusion(lines[i].Seal, index, head.TreeSize, proof, head.Root));
        }
        var first = (await checkpoints.FindAsync(5, Stop))!;
        var seals = lines.Select(line => line.Seal).ToArray();
        Assert.True(MerkleTree.VerifyConsistency(5, 15, first.Root, head.Root, MerkleTree.ConsistencyProof(seals, 5)));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_crash_between_witness_and_database_is_mended_at_the_next_start(string name)
    {
        await using var setup = await JournalSetup.OpenAsync(databases, name);
        using var key = Sealer.Key(setup.Options);
        using var lease = setup.Lease();
        using var sealer = NewSealer(setup, lease);
        for (var i = 0; i < 5; i++) await setup.AppendAsync($"{i}");
        await SealAllAsync(setup, sealer, key, 5);
        await setup.AppendAsync("after");
        await SealAllAsync(setup, sealer, key, 6);
        // A transaction of somebody else may hold lines back, so that five of them take more than one checkpoint.
        var witnessed = (await File.ReadAllLinesAsync(Witness.PathIn(setup.Folder), Stop)).Length;
        await setup.Db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"DELETE FROM journal_checkpoints WHERE tree_size = {6}"), Stop);
        using var again = NewSealer(setup, lease);
        await again.SealAsync(key, Stop);
        Assert.Null(again.Refusal);
        Assert.Equal(6, (await new Checkpoints(setup.Db).LastAsync(Stop))!.Head.TreeSize);
        var report = await AuditVerifier.VerifyAsync(setup.Db, [key.Public], Witness.PathIn(setup.Folder), Stop);
        Assert.Null(report.Fault);
        Assert.Equal(witnessed, report.WitnessLines);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Two_sealers_at_once_leave_one_chain(string name)
    {
        await using var setup = await JournalSetup.OpenAsync(databases, name);
        using var key = Sealer.Key(setup.Options);
        using var lease = setup.Lease();
        using var one = NewSealer(setup, lease);
        using var other = NewSealer(setup, lease);
        await setup.AppendAsync("first");
        await SealAllAsync(setup, one, key, 1);
        // The other has not heard of that checkpoint's successor when it goes on from the same tree.
        await other.SealAsync(key, Stop);
        await setup.AppendAsync("second");
        await SealAllAsync(setup, one, key, 2);
        await setup.AppendAsync("third");
        await JournalSetup.UntilAsync(async () => await setup.Reader.CountAsync(JournalPoint.Start, await setup.Reader.EndAsync(Stop), 100, Stop) == 3, "the lines to be final");
        var exception = await Record.ExceptionAsync(() => other.SealAsync(key, Stop));
        Assert.NotNull(exception);
        Assert.True(setup.Db.IsUniqueViolation(exception));
        Assert.Null((await AuditVerifier.VerifyAsync(setup.Db, [key.Public], Witness.PathIn(setup.Folder), Stop)).Fault);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_export_verifies_alone_and_a_changed_one_does_not(string name)
    {
        await using var setup = await JournalSetup.OpenAsync(databases, name);
        using var key = Sealer.Key(setup.Options);
        using var lease = setup.Lease();
        using var sealer = NewSealer(setup, lease);
        for (var i = 0; i < 6; i++) await setup.AppendAsync($"line {i} \u00e4\U0001F98A", tenant: i % 2 == 0 ? "demo" : "other");
        await SealAllAsync(setup, sealer, key, 6);
        foreach (var (tenant, count) in new[] { (Db.AllTenants, 6), ("demo", 3) })
        {
            var path = Path.Combine(setup.Folder, "export.ndjson");
            await using (var file = File.Create(path)) await AuditExport.WriteAsync(setup.Db, tenant, file, Stop);
            var honest = await File.ReadAllLinesAsync(path, Stop);
            var report = AuditExport.Verify(path, [key.Public]);
            Assert.Null(report.Fault);
            Assert.Equal((count, tenant == Db.AllTenants ? 6 : 0), (report.Lines, report.SealedLines));
            async Task<string?> KindAsync(IEnumerable<string> lines)
            {
                await File.WriteAllLinesAsync(path, lines, Stop);
                return AuditExport.Verify(path, [key.Public]).Fault?.Kind;
            }
            Assert.Equal(AuditFaults.FlippedByte, await KindAsync(honest.Select(line => line.Replace("line 2", "lime 2", StringComparison.Ordinal))));
            Assert.Equal(AuditFaults.LineMissing, await KindAsync(honest[..^1]));
            Assert.Equal(AuditFaults.LineMissing, await KindAsync([.. honest[..1], .. honest[2..]]));
            Assert.Equal(AuditFaults.LineReplaced, await KindAsync([honest[1], honest[0], .. honest[2..]]));
            Assert.Equal(AuditFaults.BadSignature, await KindAsync([.. honest[..^1], honest[^1].Replace("\"signed_at\":", "\"signed_at\":1", StringComparison.Ordinal)]));
        }
    }

    private static Sealer NewSealer(JournalSetup setup, Lease lease) =>
        new(setup.Db, setup.Reader, new Checkpoints(setup.Db), lease, setup.Options, TimeProvider.System, NullLogger<Sealer>.Instance);

    private static Task SealAllAsync(JournalSetup setup, Sealer sealer, Ed25519Key key, long size) => JournalSetup.UntilAsync(async () =>
    {
        await sealer.SealAsync(key, Stop);
        return (await new Checkpoints(setup.Db).LastAsync(Stop))?.Head.TreeSize == size;
    }, $"a checkpoint over {size} lines");
}
