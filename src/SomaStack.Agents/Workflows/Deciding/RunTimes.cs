using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SomaStack.Agents.Capsules.Contracts;

namespace SomaStack.Agents.Workflows;

/// <summary>Times in a run, in microseconds since 1970.</summary>
internal static class RunTimes
{
    private static readonly TimeSpan FirstDefault = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDefault = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Exponential back-off of which the second half is spread ("equal jitter"). The spread comes from run, path and attempt, so it is the
    /// same in every replay and differs between runs.
    /// </summary>
    public static long BackOff(CapsuleRetry retry, string run, string path, int attempt, int tries)
    {
        var longest = (retry.Longest ?? LongestDefault).TotalMicroseconds;
        var whole = Math.Min(longest, (retry.First ?? FirstDefault).TotalMicroseconds * Math.Pow(retry.Factor, Math.Max(0, tries - 1)));
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(RunPath.Key(run, path, attempt)), hash);
        var spread = (BinaryPrimitives.ReadUInt64BigEndian(hash) >> 11) * (1.0 / (1UL << 53));
        return (long)(whole / 2 * (1 + spread));
    }

    /// <summary>When a <c>wait.timer</c> is over; null when its parameters say no time.</summary>
    public static long? Due(string parameters, long at)
    {
        if (RunActions.Text(parameters, "until") is { } until)
            return DateTimeOffset.TryParse(until, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? Micros(time) : null;
        return RunActions.Text(parameters, "for") is { } length && CapsuleTimes.TryParse(length, out var span) ? at + (long)span.TotalMicroseconds : null;
    }

    public static string Text(long micros) =>
        DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond).ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private static long Micros(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
