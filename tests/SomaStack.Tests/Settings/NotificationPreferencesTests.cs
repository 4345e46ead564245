using SomaStack.Governance.Settings;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Tests.Settings;

public sealed class NotificationPreferencesTests
{
    /// <summary>Zurich is one hour ahead of UTC until 29 March 2026, 01:00 UTC, and two from then on.</summary>
    [Theory]
    [InlineData("22:00", "07:00", "2026-03-28T20:59:00Z", false)]
    [InlineData("22:00", "07:00", "2026-03-28T21:00:00Z", true)]
    [InlineData("22:00", "07:00", "2026-03-29T04:59:00Z", true)]
    [InlineData("22:00", "07:00", "2026-03-29T05:00:00Z", false)]
    [InlineData("12:00", "13:00", "2026-07-01T10:00:00Z", true)]
    [InlineData("12:00", "13:00", "2026-07-01T11:00:00Z", false)]
    [InlineData("12:00", "13:00", "2026-12-01T10:30:00Z", false)]
    public void Quiet_hours_are_those_of_the_wall_clock(string start, string end, string instant, bool quiet) =>
        Assert.Equal(quiet, new QuietHours(start, end, "Europe/Zurich").Contains(DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture)));

    [Fact]
    public void What_nobody_could_act_on_is_refused()
    {
        ChangeNotificationPreferences.Checked(new NotificationPreferences([new ChannelPreference("email", true, "warning"), new ChannelPreference("in_app")], new QuietHours("22:00", "07:00", "America/Argentina/Buenos_Aires")));
        ChangeNotificationPreferences.Checked(new NotificationPreferences([]));
        foreach (var wrong in new NotificationPreferences[]
        {
            new([new ChannelPreference("pigeon")]), new([new ChannelPreference("email"), new ChannelPreference("email")]), new([new ChannelPreference("email", true, "urgent")]),
            new([], new QuietHours("24:00", "07:00", "Europe/Zurich")), new([], new QuietHours("7:00", "22:00", "Europe/Zurich")), new([], new QuietHours("07:00", "07:00", "Europe/Zurich")),
            new([], new QuietHours("22:00", "07:00", "Europe/Atlantis")), new([], new QuietHours("22:00", "07:00", "../../etc/passwd")), new([], new QuietHours("22:00", "07:00", "W. Europe Standard Time")),
        })
            Assert.Equal("invalid_request", Assert.Throws<Problem>(() => ChangeNotificationPreferences.Checked(wrong)).Code.Code);
    }

    [Fact]
    public void Severities_are_ordered() => Assert.True(Severities.Rank("info") < Severities.Rank("warning") && Severities.Rank("error") < Severities.Rank("critical") && Severities.Rank("other") == -1);
}
