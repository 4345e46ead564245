using System.Text;
using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Memory;

/// <summary>What is exported can be imported, once or twice, whole or in part, on both databases.</summary>
public sealed class ExportContract(Databases databases)
{
    private static readonly RequestContext Ada = Databases.Context("a");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task An_import_brings_everything_back_and_a_second_one_changes_nothing(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        for (var i = 0; i < 230; i++)
            await house.RememberAsync(Ada, new MemoryDraft($"sentence number {i} about \u00e4pples", i % 2 == 0 ? "episode" : "document", $"m{i:D3}", Tags: ["t" + i % 3], Metadata: """{"a":1}""", Source: "s.md", Line: i + 1));
        await house.RememberAsync(Ada, new MemoryDraft("Caroline lives in Oslo.", "fact", "k1", Key: "home"));
        house.Clock.Advance(TimeSpan.FromDays(1));
        await house.RememberAsync(Ada, new MemoryDraft("Caroline lives in Bergen.", "fact", "k2", Key: "home"));
        var row = await house.RowAsync("a", "m001");
        await house.Own.Change.RunAsync(Ada, row, row with { Text = "changed words" }, "changed", 1, Stop);
        await house.LinkAsync(Ada, "m000", "m200", "causes", 0.25);
        await house.Own.Memories.ForgetAsync(Ada, "m005", Stop);
        var exported = await ExportAsync(house, Ada);
        var lines = Encoding.UTF8.GetString(exported).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        // 232 written, one erased; versions of k1 and m001; one link.
        Assert.Equal(231 + 2 + 1, lines.Length);

        var bea = Databases.Context("b", "bea");
        var first = await house.Own.Import.RunAsync(new MemoryStream(exported), bea, Stop);
        Assert.Equal((234L, 0L, 0L), (first.Imported, first.Skipped, first.FailedTotal));
        var again = await house.Own.Import.RunAsync(new MemoryStream(exported), bea, Stop);
        Assert.Equal((0L, 234L, 0L), (again.Imported, again.Skipped, again.FailedTotal));
        var back = await house.Own.Import.RunAsync(new MemoryStream(exported), Ada, Stop);
        Assert.Equal((0L, 234L, 0L), (back.Imported, back.Skipped, back.FailedTotal));
        Assert.Equal(Same(lines), Same(Encoding.UTF8.GetString(await ExportAsync(house, bea)).Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal("k2", Assert.Single(await house.AskAsync(bea, new RecallQuery("where does Caroline live", 1))).Id);
        Assert.Equal(["k2"], (await house.RememberAsync(bea, new MemoryDraft("Caroline lives in Rome.", "fact", Key: "home"))).Superseded);
        Assert.Equal("sentence number 1 about \u00e4pples", (await VersionStore.FindAsync(house.Db, "b", "m001", 1, Stop))!.Text);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_bad_line_is_named_and_the_others_stay(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        await house.RememberAsync(Ada, new MemoryDraft("mine", "fact", "mine"));
        await house.RememberAsync(Ada, new MemoryDraft("gone", "fact", "gone"));
        await house.Own.Memories.ForgetAsync(Ada, "gone", Stop);
        string[] lines =
        [
            """{"type":"memory","id":"n1","text":"good one","kind":"fact","author":"eve","trust":1,"recorded_at":"2001-01-01T00:00:00Z"}""",
            "no json",
            """{"type":"memory","id":"n2","text":""}""",
            """{"type":"memory","id":"mine","text":"somebody else's words","kind":"fact"}""",
            """{"type":"memory","id":"gone","text":"back again","kind":"fact"}""",
            """{"type":"memory","id":"n3","text":"theirs","namespace":"conversation/somebody"}""",
            """{"type":"link","id":"x","from":"n1","to":"nowhere"}""",
            """{"type":"version","id":"mine","version":1,"text":"a false past","recorded_at":"2001-01-01T00:00:00Z"}""",
            "",
            """{"type":"memory","id":"n4","text":"half \ud800 a pair","kind":"fact"}""",
            new string('x', NdjsonLines.LineMax + 1),
            """{"type":"memory","id":"n5","text":"good two","kind":"fact"}""",
        ];
        var plain = Ada with { Capabilities = CapabilitySet.Of([Capability.MemoryRead, Capability.MemoryWrite]) };
        var outcome = await house.Own.Import.RunAsync(new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', lines))), plain, Stop);
        Assert.Equal(2, outcome.Imported);
        Assert.Equal(
            [(2, "malformed_request"), (3, "invalid_request"), (4, "memory_id_taken"), (5, "memory_id_taken"), (6, "namespace_private"), (7, "memory_unknown"), (10, "malformed_request"), (11, "too_large")],
            outcome.Failed.Select(failed => (failed.Line, failed.Code)));
        var good = await house.RowAsync("a", "n1");
        // Only who administers the tenant may say who said it, when, and how far it is trusted.
        Assert.Equal(("ada", 0.5, house.Clock.GetUtcNow()), (good.Author, good.Trust, good.RecordedAt));
        Assert.Equal("mine", (await house.RowAsync("a", "mine")).Text);
        Assert.Equal("good two", (await house.RowAsync("a", "n5")).Text);
    }

    private static async Task<byte[]> ExportAsync(RecordHouse house, RequestContext context)
    {
        using var buffer = new MemoryStream();
        await ExportMemories.WriteAsync(buffer, context, house.Own.Store, "default", house.Clock.GetUtcNow(), Stop);
        return buffer.ToArray();
    }

    /// <summary>Which change made the present version differs: an import says that it was one.</summary>
    private static IEnumerable<string> Same(IEnumerable<string> lines) => lines.Select(line =>
    {
        var node = System.Text.Json.Nodes.JsonNode.Parse(line)!.AsObject();
        if ((string?)node["type"] == "memory") node.Remove("change");
        if ((string?)node["type"] == "link") foreach (var own in (string[])["id", "author", "recorded_at"]) node.Remove(own);
        return node.ToJsonString();
    });
}
