using System.Globalization;
using System.Text.Json;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;
using StackExchange.Redis;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// The buffer in Redis: one stream a key, its rows beside it. As durable as that server's append-only file: with <c>appendfsync always</c> an
/// accepted write survives its crash, with <c>everysec</c> a second of them may not.
/// </summary>
internal sealed class RedisBuffer(IDatabase redis, BufferLimits limits, TimeProvider clock, string prefix = "{soma-memory}") : IOfflineBuffer
{
    private const char Between = '\u001f';

    private readonly RedisKey[] _keys = [prefix + ":"];

    public string Name => "redis";

    public async Task<IReadOnlyList<BufferReceipt>> AddAsync(string tenant, IReadOnlyList<BufferItem> items, CancellationToken cancellationToken)
    {
        List<RedisValue> arguments = [tenant, clock.NowMicros(), limits.TenantItems, limits.TenantBytes, limits.AllItems, limits.AllBytes, items.Count];
        foreach (var item in items)
        {
            var record = JsonSerializer.Serialize(item with { Body = "" }, GatewayJson.Default.BufferItem);
            arguments.AddRange([item.Id, item.OrderKey, StreamOf(tenant, item.OrderKey), item.Digest, BufferStore.BytesOf(item), record, item.Body, item.Principal]);
        }
        var answer = (RedisResult[])(await RunAsync(RedisScripts.Add, [.. arguments], cancellationToken))!;
        if ((int)answer[0] == 0)
        {
            throw (string?)answer[1] switch
            {
                "tenant" => GatewayProblems.TenantIsFull(new BufferBound(limits.TenantItems, limits.TenantBytes)),
                "all" => GatewayProblems.AllIsFull(),
                _ => GatewayProblems.IsReused(items[(int)answer[2]].ClientId),
            };
        }
        var receipts = new List<BufferReceipt>(items.Count);
        for (var i = 1; i < answer.Length; i += 3) receipts.Add(new BufferReceipt((string)answer[i]!, (string)answer[i + 1]!, (int)answer[i + 2] == 1));
        return receipts;
    }

    public Task<bool> IsWaitingAsync(string tenant, string orderKey, CancellationToken cancellationToken) =>
        ReachAsync(() => redis.KeyExistsAsync(Key("q:" + StreamOf(tenant, orderKey))), cancellationToken);

    public async Task<IReadOnlyList<BufferKey>> DueAsync(string owner, int limit, CancellationToken cancellationToken)
    {
        var members = await ReachAsync(() => redis.SortedSetRangeByScoreAsync(Key("due"), double.NegativeInfinity, clock.NowMicros(), take: limit), cancellationToken);
        return [.. members.Select(static member => Split((string)member!))];
    }

    public async Task<BufferedItem?> TakeAsync(BufferKey key, string owner, TimeSpan claim, CancellationToken cancellationToken)
    {
        var now = clock.NowMicros();
        var fields = (RedisResult[])(await RunAsync(RedisScripts.Take, [key.Tenant, key.OrderKey, StreamOf(key.Tenant, key.OrderKey), owner, now, now + (long)claim.TotalMicroseconds], cancellationToken))!;
        if (fields.Length == 0) return null;
        var row = new Dictionary<string, RedisValue>(StringComparer.Ordinal);
        for (var i = 0; i + 1 < fields.Length; i += 2) row[(string)fields[i]!] = (RedisValue)fields[i + 1];
        return Map(key.Tenant, row);
    }

    public Task<bool> DoneAsync(BufferedItem item, CancellationToken cancellationToken) => SettleAsync(item, BufferState.Done, TimeSpan.Zero, 0, "", cancellationToken);

    public Task<bool> DeferAsync(BufferedItem item, TimeSpan pause, string reason, bool counts, CancellationToken cancellationToken) =>
        SettleAsync(item, BufferState.Queued, pause, counts ? 1 : 0, reason, cancellationToken);

    public Task<bool> BuryAsync(BufferedItem item, string reason, CancellationToken cancellationToken) => SettleAsync(item, BufferState.Dead, TimeSpan.Zero, 1, reason, cancellationToken);

    public async Task<bool> ReplayAsync(string tenant, string id, CancellationToken cancellationToken) =>
        (int)await RunAsync(RedisScripts.Replay, [tenant, id, clock.NowMicros()], cancellationToken) == 1;

    public async Task<BufferedItem?> FindAsync(string tenant, string id, CancellationToken cancellationToken)
    {
        var entries = await ReachAsync(() => redis.HashGetAllAsync(Key($"i:{tenant}:{id}")), cancellationToken);
        return entries.Length == 0 ? null : Map(tenant, entries.ToDictionary(static entry => (string)entry.Name!, static entry => entry.Value, StringComparer.Ordinal));
    }

    public async Task<IReadOnlyList<BufferedItem>> ListAsync(string tenant, string? principal, string? state, long afterSeq, int limit, CancellationToken cancellationToken)
    {
        var found = new List<BufferedItem>();
        for (var after = afterSeq; found.Count < limit;)
        {
            var start = after;
            var ids = await ReachAsync(() => redis.SortedSetRangeByScoreWithScoresAsync(Key("l:" + tenant), start, double.PositiveInfinity, Exclude.Start, take: 200), cancellationToken);
            if (ids.Length == 0) break;
            foreach (var entry in ids)
            {
                after = (long)entry.Score;
                if (await FindAsync(tenant, (string)entry.Element!, cancellationToken) is not { } item) continue;
                if ((principal is null || item.Item.Principal == principal) && (state is null || item.State == state)) found.Add(item);
                if (found.Count == limit) break;
            }
        }
        return found;
    }

    public async Task<BufferTotals> TotalsAsync(string? tenant, CancellationToken cancellationToken)
    {
        var counts = await ReachAsync(() => redis.HashGetAsync(Key(tenant is null ? "all" : "t:" + tenant), ["queued", "dead", "bytes"]), cancellationToken);
        var oldest = await ReachAsync(() => redis.SortedSetRangeByRankWithScoresAsync(Key(tenant is null ? "age" : "age:" + tenant), 0, 0), cancellationToken);
        return new BufferTotals((long)counts[0], (long)counts[1], (long)counts[2], oldest.Length == 0 ? null : ((long)oldest[0].Score).ToInstant());
    }

    public async Task<int> PurgeAsync(CancellationToken cancellationToken) =>
        (int)await RunAsync(RedisScripts.Purge, [clock.NowMicros() - (long)BufferLimits.DoneKept.TotalMicroseconds], cancellationToken);

    private async Task<bool> SettleAsync(BufferedItem item, string to, TimeSpan pause, int attempts, string error, CancellationToken cancellationToken)
    {
        var now = clock.NowMicros();
        return (int)await RunAsync(RedisScripts.Settle, [item.Tenant, item.Item.Id, item.Owner, to, now, now + (long)pause.TotalMicroseconds, attempts, error], cancellationToken) == 1;
    }

    private Task<RedisResult> RunAsync(string script, RedisValue[] arguments, CancellationToken cancellationToken) => ReachAsync(() => redis.ScriptEvaluateAsync(script, _keys, arguments), cancellationToken);

    /// <summary>The client has its own time limit (5 s); a caller who leaves earlier is not held.</summary>
    private static async Task<T> ReachAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return await call().WaitAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is RedisConnectionException or RedisTimeoutException or TimeoutException)
        {
            throw new Problem(PlatformProblems.Unavailable, "The memory buffer's Redis does not answer.", exception) { RetryAfter = GatewayProblems.TryAgain };
        }
    }

    private RedisKey Key(string name) => prefix + ":" + name;

    /// <summary>A name without the caller's characters; the tenant is part of it.</summary>
    private static string StreamOf(string tenant, string orderKey) => TextDigest.Of(tenant + Between + orderKey)[..32];

    private static BufferKey Split(string member)
    {
        var cut = member.IndexOf(Between, StringComparison.Ordinal);
        return new BufferKey(member[..cut], member[(cut + 1)..]);
    }

    private static BufferedItem Map(string tenant, Dictionary<string, RedisValue> row)
    {
        var item = JsonSerializer.Deserialize((string)row["record"]!, GatewayJson.Default.BufferItem)!;
        var error = (string?)row["error"];
        return new BufferedItem(
            tenant, item with { Body = row.TryGetValue("body", out var body) ? (string)body! : "" }, (long)row["seq"], (string)row["state"]!, (long)row["attempts"],
            Micros(row["created"]), Micros(row["next"]), string.IsNullOrEmpty(error) ? null : error, (long)row["bytes"], (string)row["owner"]!);
    }

    private static DateTimeOffset Micros(RedisValue value) => long.Parse((string)value!, CultureInfo.InvariantCulture).ToInstant();
}
