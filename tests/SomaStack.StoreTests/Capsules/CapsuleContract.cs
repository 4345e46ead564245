using SomaStack.Agents.Capsules;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Capsules;

/// <summary>Submissions and pinned keys, on both databases.</summary>
public sealed class CapsuleContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task A_version_is_submitted_once_and_reviewed_once_and_stays_in_its_tenant(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var store = new CapsuleStore(db);
        var row = Row("s1", "digest_a", "1.0.0", 1);
        await db.WriteAsync("demo", work => CapsuleStore.InsertAsync(work, "demo", row), Stop);
        Assert.Equal(row, await store.FindAsync("demo", "s1", Stop));
        Assert.Null(await store.FindAsync("other", "s1", Stop));
        var twice = await Assert.ThrowsAnyAsync<Exception>(() => db.WriteAsync("demo", work => CapsuleStore.InsertAsync(work, "demo", row with { Id = "s2" }), Stop));
        Assert.True(db.IsUniqueViolation(twice));
        await db.WriteAsync("other", work => CapsuleStore.InsertAsync(work, "other", row), Stop);

        var at = DateTimeOffset.UnixEpoch.AddSeconds(9).ToMicros();
        Assert.True(await db.WriteAsync("demo", work => CapsuleStore.ReviewAsync(work, "demo", row, SubmissionStatus.Approved, "bob", null, at), Stop));
        Assert.False(await db.WriteAsync("demo", work => CapsuleStore.ReviewAsync(work, "demo", row, SubmissionStatus.Rejected, "eve", "no", at), Stop));
        var approved = (await store.FindAsync("demo", "s1", Stop))!;
        Assert.Equal((SubmissionStatus.Approved, "bob", 2L), (approved.Status, approved.Reviewer, approved.Version));
        Assert.True(await db.WriteAsync("demo", work => CapsuleStore.RevokeAsync(work, "demo", approved, "bob", "leaks", at), Stop));
        Assert.False(await db.WriteAsync("demo", work => CapsuleStore.RevokeAsync(work, "demo", approved, "bob", "leaks", at), Stop));
        Assert.Equal((SubmissionStatus.Revoked, "leaks"), ((await store.FindAsync("demo", "s1", Stop))!.Status, (await store.FindAsync("demo", "s1", Stop))!.Notes));
        Assert.Equal(SubmissionStatus.Pending, (await store.FindAsync("other", "s1", Stop))!.Status);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Submissions_are_listed_newest_first_by_state_and_author_page_by_page(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var store = new CapsuleStore(db);
        for (var i = 0; i < 5; i++)
        {
            var row = Row($"s{i}", $"capsule_{i % 2}", $"1.0.{i}", i / 2) with { Author = i == 3 ? "eve" : "ann" };
            await db.WriteAsync("demo", work => CapsuleStore.InsertAsync(work, "demo", row), Stop);
        }
        async Task<string> Ids(string? status, string? author, long at, string id, int limit) => string.Join(' ', (await store.ListAsync("demo", status, author, at, id, limit, Stop)).Select(static row => row.Id));
        Assert.Equal("s4 s3 s2 s1 s0", await Ids(null, null, long.MaxValue, "", 10));
        Assert.Equal("s4 s3", await Ids("pending", null, long.MaxValue, "", 2));
        Assert.Equal("s2 s1 s0", await Ids("pending", null, DateTimeOffset.UnixEpoch.AddSeconds(1).ToMicros(), "s3", 10));
        Assert.Equal("s3", await Ids(null, "eve", long.MaxValue, "", 10));
        Assert.Equal("", await Ids("approved", null, long.MaxValue, "", 10));
        Assert.Equal(["s0", "s2", "s4"], (await store.VersionsAsync("demo", "capsule_0", Stop)).Select(static row => row.Id));
        Assert.Equal(5, (await store.VersionsAsync("demo", null, Stop)).Count);
        Assert.Empty(await store.VersionsAsync("other", null, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Keys_are_pinned_once_and_taken_away(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var store = new CapsuleStore(db);
        var key = new PinnedKeyRow("k1", "Release", "abc", "ann", DateTimeOffset.UnixEpoch);
        await db.WriteAsync("demo", work => CapsuleStore.PinAsync(work, "demo", key), Stop);
        Assert.True(db.IsUniqueViolation(await Assert.ThrowsAnyAsync<Exception>(() => db.WriteAsync("demo", work => CapsuleStore.PinAsync(work, "demo", key), Stop))));
        Assert.Equal([key], await store.KeysAsync("demo", Stop));
        Assert.Null(await store.KeyAsync("other", "k1", Stop));
        Assert.True(await db.WriteAsync("demo", work => CapsuleStore.UnpinAsync(work, "demo", "k1"), Stop));
        Assert.False(await db.WriteAsync("demo", work => CapsuleStore.UnpinAsync(work, "demo", "k1"), Stop));
    }

    private static SubmissionRow Row(string id, string capsule, string version, long second) => new(
        id, capsule, version, SubmissionStatus.Pending, "A summary.", "capsule", "{}", "id: x", "d" + id, null, null, "[]", "ann", null, null, 1, DateTimeOffset.UnixEpoch.AddSeconds(second), null, null, null);
}
