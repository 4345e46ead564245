namespace SomaStack.Governance.Identity;

/// <summary>
/// How often an unknown key id may send us to the database: five times at once, then once in two seconds. Key ids are the sender's to
/// choose, so without a bound each forged token would cost a query; without the burst a fresh key would not be believed at once.
/// </summary>
internal sealed class KeySearch(TimeProvider clock)
{
    private const double Burst = 5;
    private static readonly TimeSpan Refill = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private double _left = Burst;
    private DateTimeOffset _at = clock.GetUtcNow();

    public bool MayLook()
    {
        lock (_lock)
        {
            var now = clock.GetUtcNow();
            _left = Math.Min(Burst, _left + Math.Max(0, (now - _at) / Refill));
            _at = now;
            if (_left < 1) return false;
            _left--;
            return true;
        }
    }
}
