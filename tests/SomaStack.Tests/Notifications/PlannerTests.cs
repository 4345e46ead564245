using CsCheck;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications;
using SomaStack.Operations.Notifications.Contracts;

namespace SomaStack.Tests.Notifications;

/// <summary>What becomes of a notification for one person: never in the night, never dropped, never twice.</summary>
public sealed class PlannerTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Midnight = new(2026, 11, 28, 23, 30, 0, TimeSpan.Zero);
    private static readonly QuietHours Night = new("22:00", "07:00", "UTC");

    [Fact]
    public void By_day_it_goes_at_once_and_by_night_in_the_morning()
    {
        Assert.Equal((Fate.Now, Noon), One(Some("warning"), Person(Night), Noon));
        Assert.Equal((Fate.Later, new DateTimeOffset(2026, 11, 29, 7, 0, 0, TimeSpan.Zero)), One(Some("warning"), Person(Night), Midnight));
    }

    [Fact]
    public void What_is_critical_pierces_the_night_unless_the_person_forbids_it()
    {
        Assert.Equal((Fate.Now, Midnight), One(Some("critical"), Person(Night), Midnight));
        Assert.Equal(Fate.Later, One(Some("critical"), Person(Night with { CriticalPierces = false }), Midnight).Fate);
        Assert.Equal(Fate.Now, One(Some("critical"), Person(Night with { CriticalPierces = false }), Noon).Fate);
        Assert.Equal(Fate.Later, One(Some("error"), Person(Night), Midnight).Fate);
    }

    [Fact]
    public void Beyond_the_cap_it_waits_in_the_digest_and_without_an_address_for_an_hour()
    {
        var full = new Dictionary<string, long> { ["email"] = 30, ["sms"] = 6 };
        Assert.Equal(Fate.Digest, One(Some("error"), Person() with { SentLastHour = full }, Noon).Fate);
        Assert.Equal(Fate.Now, One(Some("critical"), Person() with { SentLastHour = full }, Noon).Fate);
        var phone = Person() with { SentLastHour = full, Targets = [Target("sms")] };
        Assert.Equal((Fate.Later, Noon + Planner.CapWait), One(Some("error"), phone, Noon));
        var late = new DateTimeOffset(2026, 11, 28, 21, 30, 0, TimeSpan.Zero);
        Assert.Equal((Fate.Later, new DateTimeOffset(2026, 11, 29, 7, 0, 0, TimeSpan.Zero)), One(Some("error"), phone with { Preferences = phone.Preferences with { QuietHours = Night } }, late));
    }

    [Fact]
    public void The_chatter_of_a_group_is_gathered_and_its_grave_words_are_not()
    {
        var person = Person() with { GroupJustSent = ["email"] };
        Assert.Equal(Fate.Digest, One(Some("warning"), person, Noon).Fate);
        Assert.Equal(Fate.Now, One(Some("error"), person, Noon).Fate);
    }

    [Theory]
    [InlineData("group", "costs", null)]
    [InlineData("kind", "alert", null)]
    [InlineData("source", "api", 60)]
    public void What_is_muted_stays_in_the_inbox_until_the_mute_ends(string scope, string value, int? minutes)
    {
        DateTimeOffset? until = minutes is { } some ? Noon.AddMinutes(some) : null;
        var person = Person() with { Mutes = [new Mute(scope, value, until, Noon)] };
        Assert.Equal(Fate.InboxOnly, One(Some("critical"), person, Noon).Fate);
        if (until is { } end) Assert.Equal(Fate.Now, One(Some("critical"), person, end).Fate);
        Assert.Equal(Fate.Now, One(Some("warning"), Person() with { Mutes = [new Mute(scope, value + "x", null, Noon)] }, Noon).Fate);
    }

    [Fact]
    public void Each_threshold_each_kind_and_each_unsubscription_holds()
    {
        Assert.Equal(Fate.InboxOnly, One(Some("info"), Person(threshold: "warning"), Noon).Fate);
        Assert.Equal(Fate.InboxOnly, One(Some("warning"), Person() with { Targets = [Target("email") with { SeverityThreshold = "error" }] }, Noon).Fate);
        Assert.Equal(Fate.InboxOnly, One(Some("error"), Person() with { Targets = [Target("email") with { Kinds = ["budget"] }] }, Noon).Fate);
        Assert.Equal(Fate.InboxOnly, One(Some("critical"), Person() with { Targets = [Target("email") with { Unsubscribed = ["*"] }] }, Noon).Fate);
        Assert.Equal(Fate.InboxOnly, One(Some("error") with { ResolvedAt = Noon }, Person(), Noon).Fate);
        Assert.Equal(Fate.InboxOnly, One(Some("error") with { ExpiresAt = Noon }, Person(), Noon).Fate);
        Assert.Equal(Fate.Digest, One(Some("info"), Person() with { Preferences = Person().Preferences with { Digest = new DigestPreference("08:00", "UTC", "warning") } }, Noon).Fate);
    }

    [Fact]
    public void Whatever_is_wanted_leaves_the_house_once_and_never_by_night()
    {
        Cases.Sample((notification, person, at) =>
        {
            var plan = Planner.Plan(notification, person, at);
            Assert.Equal(person.Targets, plan.Select(static one => one.Target));
            foreach (var one in plan)
            {
                var quiet = person.Preferences.QuietHours;
                var pierces = notification.Severity == "critical" && quiet is not { CriticalPierces: false };
                if (one.Fate is Fate.Now or Fate.Later)
                {
                    Assert.True(one.DueAt >= at && one.DueAt - at < TimeSpan.FromHours(50), $"{one.DueAt - at}");
                    Assert.Equal(one.Fate == Fate.Now, one.DueAt == at);
                    Assert.True(pierces || quiet is null || !quiet.Contains(one.DueAt), $"{one.DueAt:O} is quiet");
                }
                if (pierces && one.Fate != Fate.InboxOnly) Assert.Equal(Fate.Now, one.Fate);
                // The digest goes by e-mail, so nothing may wait for one that cannot come.
                if (one.Fate == Fate.Digest) Assert.Contains(person.Targets, static target => target.Channel == "email" && !target.Unsubscribed.Contains("*"));
                Assert.Equal(Wanted(notification, person, one.Target, at), one.Fate != Fate.InboxOnly);
            }
            Assert.Equal(plan, Planner.Plan(notification, person, at));
        }, iter: 5000);
    }

    private static readonly Gen<(Notification, PersonFacts, DateTimeOffset)> Cases = Gen.Select(
        OneOf("info", "warning", "error", "critical"), OneOf("Europe/Zurich", "America/New_York", "Australia/Lord_Howe"), Gen.Int[0, 1439], Gen.Int[0, 1439], Gen.Int[0, 31_500_000], Gen.Int[0, 127],
        OneOf("info", "warning", "error", "critical")).Where(static one => one.Item3 != one.Item4).Select(static one =>
        {
            var (severity, zone, start, end, second, bits, threshold) = one;
            bool Bit(int bit) => (bits >> bit & 1) == 1;
            var quiet = Bit(0) ? null : new QuietHours($"{start / 60:00}:{start % 60:00}", $"{end / 60:00}:{end % 60:00}", zone, Bit(1));
            List<Target> targets = [Target("sms"), Target("webhook")];
            if (Bit(2)) targets.Add(Target("email") with { Unsubscribed = Bit(3) ? ["*"] : [] });
            var person = Person(quiet, threshold) with
            {
                Targets = targets,
                SentLastHour = Bit(4) ? new Dictionary<string, long> { ["sms"] = 6, ["email"] = 30, ["webhook"] = 600 } : new Dictionary<string, long>(),
                GroupJustSent = Bit(5) ? ["sms", "email"] : [],
                Mutes = Bit(6) && Bit(0) ? [new Mute("group", "costs", null, Noon)] : [],
            };
            return (Some(severity), person, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(second));
        });

    private static bool Wanted(Notification notification, PersonFacts person, Target target, DateTimeOffset at) =>
        !person.Mutes.Any(mute => mute.Covers(notification, at)) && !target.Unsubscribed.Contains("*")
        && Severities.Rank(notification.Severity) >= Severities.Rank(person.Preferences.Channels.Single(channel => channel.Channel == target.Channel).SeverityThreshold);

    private static (Fate Fate, DateTimeOffset DueAt) One(Notification notification, PersonFacts person, DateTimeOffset at) => Planner.Plan(notification, person, at).Single() is var one ? (one.Fate, one.DueAt) : default;

    private static PersonFacts Person(QuietHours? quiet = null, string threshold = "info") => new(
        new NotificationPreferences([.. NotificationChannels.All.Select(channel => new ChannelPreference(channel, true, threshold))], quiet), [Target("email")], [], new Dictionary<string, long>(), []);

    private static Target Target(string channel) => new(channel, channel + "-target", "info", [], []);

    internal static Notification Some(string severity) => new(
        "demo", "n1", 1, NotificationKinds.Alert, severity, "Title", "Body", null, null, "costs", null, "api", null, false, new Dictionary<string, string>(), Audience.Tenant, false, "system",
        Noon, null, 1, Noon, null, null, null, null);

    private static Gen<T> OneOf<T>(params T[] all) => Gen.Int[0, all.Length - 1].Select(i => all[i]);
}
