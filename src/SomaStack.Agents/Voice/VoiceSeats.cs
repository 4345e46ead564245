using SomaStack.Platform;

namespace SomaStack.Agents.Voice;

/// <summary>How many voices are open on this replica, and whose.</summary>
internal sealed class VoiceSeats
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _taken = new(StringComparer.Ordinal);
    private int _all;

    /// <exception cref="Problem">429 when the principal, the tenant or the replica has as many as it may.</exception>
    public Seat Take(string tenant, string principal)
    {
        var person = tenant + "\n" + principal;
        lock (_lock)
        {
            if (_taken.GetValueOrDefault(person) >= VoiceLimits.VoicesOfPrincipal) throw TooMany($"One principal may have {VoiceLimits.VoicesOfPrincipal} voices on a replica.");
            if (_taken.GetValueOrDefault(tenant) >= VoiceLimits.VoicesOfTenant) throw TooMany($"One tenant may have {VoiceLimits.VoicesOfTenant} voices on a replica.");
            if (_all >= VoiceLimits.Voices) throw TooMany($"This replica has {VoiceLimits.Voices} voices.");
            Count(tenant, person, 1);
        }
        VoiceMetrics.Open.Add(1);
        return new Seat(this, tenant, person);
    }

    private void Leave(string tenant, string person)
    {
        lock (_lock) Count(tenant, person, -1);
        VoiceMetrics.Open.Add(-1);
    }

    private void Count(string tenant, string person, int change)
    {
        _all += change;
        foreach (var key in (ReadOnlySpan<string>)[tenant, person])
            if ((_taken[key] = _taken.GetValueOrDefault(key) + change) == 0) _taken.Remove(key);
    }

    private static Problem TooMany(string detail) => new(VoiceProblems.TooMany, detail) { RetryAfter = TimeSpan.FromSeconds(5) };

    internal sealed class Seat(VoiceSeats seats, string tenant, string person) : IDisposable
    {
        private bool _left;

        public void Dispose()
        {
            if (_left) return;
            _left = true;
            seats.Leave(tenant, person);
        }
    }
}
