using StackExchange.Redis;

namespace SomaStack.Platform;

/// <summary>Sliding windows that all replicas share in Redis: one script reads, decides and counts.</summary>
public sealed class RedisCounters(SharedRedis redis, TimeProvider clock, string prefix = "soma:counter:") : ICounters
{
    /// <summary>
    /// KEYS: the counter. ARGV: window index, elapsed, window (microseconds), limit. Answers allowed, index, previous, current.
    /// A window that another replica opened by a clock that is ahead is joined at its beginning.
    /// </summary>
    private const string Add = """
        local index, elapsed, window, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
        local known = redis.call('HMGET', KEYS[1], 'i', 'p', 'c')
        local i, previous, current = tonumber(known[1]) or index, tonumber(known[2]) or 0, tonumber(known[3]) or 0
        if i == index - 1 then
          i, previous, current = index, current, 0
        elseif i < index then
          i, previous, current = index, 0, 0
        elseif i > index then
          elapsed = 0
        end
        local allowed = 0
        if previous * (1 - elapsed / window) + current + 1 <= limit then
          allowed, current = 1, current + 1
          redis.call('HSET', KEYS[1], 'i', string.format('%d', i), 'p', previous, 'c', current)
          redis.call('PEXPIRE', KEYS[1], math.ceil(window / 500))
        end
        return {allowed, i, previous, current}
        """;

    public async ValueTask<CounterAnswer> AddAsync(string key, long limit, TimeSpan window, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var (now, micros) = (clock.NowMicros(), (long)window.TotalMicroseconds);
        var answer = (RedisResult[])(await redis.RunAsync(Add, [prefix + key], [now / micros, now % micros, micros, limit]))!;
        return SlidingWindow.Answer((long)answer[0] == 1, new CounterState((long)answer[1], (long)answer[2], (long)answer[3]), now, limit, micros);
    }
}
