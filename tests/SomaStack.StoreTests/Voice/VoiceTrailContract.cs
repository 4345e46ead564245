using SomaStack.Agents.Voice;
using SomaStack.Agents.Voice.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Voice;

/// <summary>What of a voice lasts: its lines in the journal.</summary>
public sealed class VoiceTrailContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task Lines_of_a_voice_stand_in_their_order_under_its_own_subject_and_tenant_however_they_come(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var journal = new Platform.Journal(TimeProvider.System);
        using var one = new VoiceTrail(db, journal, Databases.Context(), "v1");
        using var other = new VoiceTrail(db, journal, Databases.Context("other"), "v1");
        await one.OpenedAsync(new VoiceOpened(true, "me", "push_to_talk", "en", null, "guide", "pocketsphinx", "flite", "slt"));
        await other.OpenedAsync(new VoiceOpened(true, "you", "hands_free", null, "s", "guide", "whisper", null, null));
        // An answer that is kept is spoken over by the next utterance: lines are written at the same time.
        await Task.WhenAll(Enumerable.Range(1, 20).Select(n => one.SpokenAsync(new VoiceSpoken(n, "t" + n, 1, 0.5, n % 2 == 0))));
        await one.ClosedAsync(new VoiceClosed("stop", 20, 1, 10, 0, 60));

        var lines = await db.QueryAsync("demo", reader => (Version: reader.GetInt64(0), Type: reader.GetString(1)),
            $"SELECT version, type FROM journal WHERE tenant = {"demo"} AND subject = {"voice/v1"} ORDER BY version", Stop);
        Assert.Equal(Enumerable.Range(1, 22).Select(static n => (long)n), lines.Select(static line => line.Version));
        Assert.Equal((VoiceEvents.Opened, VoiceEvents.Closed), (lines[0].Type, lines[^1].Type));
        Assert.All(lines.Skip(1).Take(20), static line => Assert.Equal(VoiceEvents.Spoken, line.Type));
        Assert.Equal(1, await db.NumberAsync("other", $"SELECT COUNT(*) FROM journal WHERE tenant = {"other"} AND subject = {"voice/v1"}", Stop));
    }
}
