namespace SomaStack.Agents.Voice;

/// <summary>
/// No more sound than somebody can say: what comes faster than twice as fast as it is spoken runs ahead, and five seconds ahead the reader waits
/// (a leaky bucket). TCP then holds the sender back, so nothing is lost. Pure but for its own level.
/// </summary>
internal sealed class Pace
{
    public const double Speed = 2;

    public static readonly TimeSpan AheadMax = TimeSpan.FromSeconds(5);

    private double _ahead;
    private TimeSpan _at;

    /// <param name="at">Since the connection opened.</param>
    /// <returns>How long to read nothing; zero while it comes no faster than it may.</returns>
    public TimeSpan Take(int bytes, TimeSpan at)
    {
        _ahead = Math.Max(0, _ahead - Speed * (at - _at).TotalSeconds) + (double)bytes / VoiceLimits.BytesOfSecond;
        _at = at;
        return _ahead > AheadMax.TotalSeconds ? TimeSpan.FromSeconds((_ahead - AheadMax.TotalSeconds) / Speed) : TimeSpan.Zero;
    }
}
