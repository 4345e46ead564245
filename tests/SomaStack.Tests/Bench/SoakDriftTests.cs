using SomaStack.Bench;

namespace SomaStack.Tests.Bench;

public sealed class SoakDriftTests
{
    [Fact]
    public void A_line_has_its_slope_and_a_peak_does_not_move_it()
    {
        var readings = Enumerable.Range(0, 3600).Select(static second => ((double)second, 200 + second / 60.0)).ToList();
        readings[1800] = (1800, 900);
        var drift = SoakDrift.Of(readings);
        Assert.Equal(60, drift.MibPerHour, 3);
        Assert.Equal(900, drift.Largest);
        Assert.InRange(drift.Percent, 22, 24);
    }

    [Fact]
    public void Warm_up_is_no_drift()
    {
        var readings = Enumerable.Range(0, 600).Select(static second => ((double)second, second < 60 ? 100.0 + second : 160.0)).ToList();
        var drift = SoakDrift.Of(readings);
        Assert.Equal((0, 0), (drift.MibPerHour, drift.Percent));
    }

    [Fact]
    public void Too_few_readings_say_nothing() => Assert.Throws<InvalidOperationException>(() => SoakDrift.Of([(0, 1), (1, 2)]));
}
