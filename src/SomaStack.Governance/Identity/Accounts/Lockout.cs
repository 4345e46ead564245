using System.Globalization;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <param name="Free">Failures within the window that delay nothing.</param>
internal sealed record LockoutRule(int Free)
{
    public static readonly TimeSpan Window = TimeSpan.FromHours(1);
    public static readonly TimeSpan DelayMax = TimeSpan.FromMinutes(15);

    /// <summary>A person forgets his password four times an hour.</summary>
    public static readonly LockoutRule Account = new(4);

    /// <summary>Many people may sit behind one address.</summary>
    public static readonly LockoutRule Address = new(24);

    /// <summary>2 s after the first failure that is not free, twice as long after each further one, 15 minutes at most.</summary>
    public TimeSpan Delay(int failures)
    {
        var over = failures - Free;
        if (over <= 0) return TimeSpan.Zero;
        return over >= 10 ? DelayMax : TimeSpan.FromSeconds(Math.Min(DelayMax.TotalSeconds, Math.Pow(2, over)));
    }

    /// <summary>A program with a wrong secret asks again and again; 256 random bits are not guessed in twenty tries.</summary>
    public static readonly LockoutRule Client = new(19);

    /// <summary>Until when the next try has to wait; a time that has passed when it need not.</summary>
    /// <param name="times">Of failures, oldest first, in microseconds.</param>
    public DateTimeOffset Until(IReadOnlyList<long> times, DateTimeOffset now)
    {
        var recent = Recent(times, now);
        return recent.Count == 0 ? DateTimeOffset.MinValue : recent[^1].ToInstant() + Delay(recent.Count);
    }

    public static List<long> Recent(IReadOnlyList<long> times, DateTimeOffset now)
    {
        var oldest = (now - Window).ToMicros();
        return [.. times.Where(time => time > oldest)];
    }
}

/// <summary>All SQL of failed sign-ins. Keys are digests: what somebody types for a name may be his password.</summary>
internal sealed class AttemptStore(Db db)
{
    /// <summary>More than delays let through in one window.</summary>
    private const int TimesMax = 64;

    /// <summary>The times under a key; its row stays locked until the transaction ends, so that of many tries at once each sees those before it.</summary>
    public static async Task<List<long>> LockAsync(DbWork work, string key)
    {
        var rows = await work.QueryAsync(static reader => reader.GetString(0), $"""
            INSERT INTO signin_attempts (tenant, key, times) VALUES ({Db.AllTenants}, {key}, '')
            ON CONFLICT (tenant, key) DO UPDATE SET times = signin_attempts.times RETURNING times
            """);
        return [.. rows[0].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static text => long.Parse(text, CultureInfo.InvariantCulture))];
    }

    public static Task WriteAsync(DbWork work, string key, IEnumerable<long> times)
    {
        var text = string.Join(',', times.TakeLast(TimesMax).Select(static time => time.ToString(CultureInfo.InvariantCulture)));
        return work.ExecuteAsync($"UPDATE signin_attempts SET times = {text} WHERE tenant = {Db.AllTenants} AND key = {key}");
    }

    public static Task ForgetAsync(DbWork work, string key) => work.ExecuteAsync($"DELETE FROM signin_attempts WHERE tenant = {Db.AllTenants} AND key = {key}");

    /// <summary>Rows whose window is over say nothing more.</summary>
    public Task PurgeAsync(long oldest, CancellationToken cancellationToken)
    {
        // All times have sixteen digits until the year 2286, so texts compare as numbers do; the last of a list is its newest.
        var text = oldest.ToString("D16", CultureInfo.InvariantCulture);
        return db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"DELETE FROM signin_attempts WHERE tenant = {Db.AllTenants} AND (times = '' OR SUBSTR(times, LENGTH(times) - 15) < {text})"), cancellationToken);
    }
}
