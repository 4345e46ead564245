using SomaStack.Platform;
using StackExchange.Redis;

namespace SomaStack.Governance.Billing;

/// <summary>
/// Windows of requests and tokens in Redis, counted by one script for all limits of a call; money stays in the database beside its ledger.
/// Redis is asked last, so what the database refuses is not counted. A transaction that fails after that leaves its count until the
/// window ends: never too much passes, a little less may. All keys of a tenant share a hash tag, so that a cluster keeps them in one slot.
/// </summary>
internal sealed class RedisWindows(SharedRedis redis, DatabaseWindows database, TimeProvider clock, string prefix = "soma:limit:") : IWindows
{
    /// <summary>A settlement may come this long after its window has ended.</summary>
    private const long KeptMilliseconds = 2 * 3_600_000;

    /// <summary>
    /// KEYS[1]: the reservation, then one window each. ARGV: per window bound, used, cap, milliseconds to keep. Checks all, then adds all.
    /// Answers the numbers of the windows that do not hold it. A reservation that was counted is not counted again.
    /// </summary>
    private const string TakeAll = """
        if redis.call('EXISTS', KEYS[1]) == 1 then return {} end
        local full = {}
        for i = 2, #KEYS do
          local a = (i - 2) * 4
          local known = redis.call('HMGET', KEYS[i], 'bound', 'used')
          if (tonumber(known[1]) or 0) + (tonumber(known[2]) or 0) + tonumber(ARGV[a + 1]) + tonumber(ARGV[a + 2]) > tonumber(ARGV[a + 3]) then
            table.insert(full, i - 2)
          end
        end
        if #full > 0 then return full end
        for i = 2, #KEYS do
          local a = (i - 2) * 4
          redis.call('HINCRBY', KEYS[i], 'bound', ARGV[a + 1])
          redis.call('HINCRBY', KEYS[i], 'used', ARGV[a + 2])
          redis.call('PEXPIRE', KEYS[i], ARGV[a + 4])
        end
        redis.call('SET', KEYS[1], '1', 'PX', 600000)
        return full
        """;

    /// <summary>KEYS: windows. ARGV: per window bound, used, milliseconds to keep.</summary>
    private const string CorrectAll = """
        for i = 1, #KEYS do
          local a = (i - 1) * 3
          redis.call('HINCRBY', KEYS[i], 'bound', ARGV[a + 1])
          redis.call('HINCRBY', KEYS[i], 'used', ARGV[a + 2])
          redis.call('PEXPIRE', KEYS[i], ARGV[a + 3])
        end
        """;

    private static readonly RedisValue[] Fields = ["bound", "used"];

    public async Task<IReadOnlyList<Take>> TakeAsync(DbWork work, string tenant, string reservationId, IReadOnlyList<Take> takes)
    {
        var money = takes.Where(static take => take.Limit.Metric == LimitMetric.Money).ToList();
        if (money.Count > 0 && await database.TakeAsync(work, tenant, reservationId, money) is { Count: > 0 } refused) return refused;
        if (money.Count == takes.Count) return [];
        var counted = takes.Where(static take => take.Limit.Metric != LimitMetric.Money).ToList();
        var (keys, arguments) = (new RedisKey[counted.Count + 1], new RedisValue[counted.Count * 4]);
        keys[0] = Base(tenant) + "r:" + reservationId;
        for (var i = 0; i < counted.Count; i++)
        {
            var take = counted[i];
            keys[i + 1] = Window(tenant, take.Limit.Id, take.Start);
            (arguments[i * 4], arguments[i * 4 + 1], arguments[i * 4 + 2], arguments[i * 4 + 3]) = (take.Bound, take.Used, take.Limit.Amount, Keep(take.End));
        }
        var full = (RedisResult[])(await redis.RunAsync(TakeAll, keys, arguments))!;
        return full.Length == 0 ? [] : [.. full.Select(place => counted[(int)place])];
    }

    public async Task CorrectAsync(DbWork work, string tenant, IReadOnlyList<Bind> binds, IReadOnlyList<WindowChange> changes)
    {
        var money = changes.Where(change => IsMoney(binds, change)).ToList();
        if (money.Count > 0) await database.CorrectAsync(work, tenant, binds, money);
        if (money.Count == changes.Count) return;
        var counted = changes.Where(change => !IsMoney(binds, change)).ToList();
        var (keys, arguments) = (new RedisKey[counted.Count], new RedisValue[counted.Count * 3]);
        for (var i = 0; i < counted.Count; i++)
        {
            keys[i] = Window(tenant, counted[i].LimitId, counted[i].Start);
            (arguments[i * 3], arguments[i * 3 + 1], arguments[i * 3 + 2]) = (counted[i].Bound, counted[i].Used, Keep(counted[i].End));
        }
        work.OnCommit(() => redis.Send(CorrectAll, keys, arguments));
    }

    public async Task<IReadOnlyDictionary<string, (long Bound, long Used)>> OpenAsync(string tenant, IReadOnlyList<Limit> limits, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var counted = limits.Where(static limit => limit.Metric != LimitMetric.Money).ToList();
        var open = new Dictionary<string, (long, long)>(await database.OpenAsync(tenant, limits, now, cancellationToken), StringComparer.Ordinal);
        var values = await redis.ReadAsync([.. counted.Select(limit => (RedisKey)Window(tenant, limit.Id, Limit.WindowOf(limit.Window, now).Start))], Fields);
        for (var i = 0; i < counted.Count; i++) open[counted[i].Id] = ((long)values[i][0], (long)values[i][1]);
        return open;
    }

    private static bool IsMoney(IReadOnlyList<Bind> binds, WindowChange change)
    {
        foreach (var bind in binds)
            if (bind.LimitId == change.LimitId) return bind.Metric == LimitMetric.Money;
        return false;
    }

    private long Keep(long end) => Math.Max(0, (end - clock.NowMicros()) / 1000) + KeptMilliseconds;

    private string Base(string tenant) => prefix + "{" + tenant + "}:";

    private string Window(string tenant, string limitId, long start) => FormattableString.Invariant($"{Base(tenant)}w:{limitId}:{start}");
}
