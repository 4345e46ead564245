using System.Text.Json;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;
using StackExchange.Redis;

namespace SomaStack.Governance.Constitution;

/// <summary>
/// Copies of active versions in Redis, shared by replicas. The database says which version is active, so a copy of an older one is never
/// asked for; a copy is verified like a row, and what does not verify is thrown away.
/// </summary>
internal sealed partial class ConstitutionCopies(SharedRedis redis, ILogger<ConstitutionCopies> logger, string prefix = "soma:constitution:")
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    /// <summary>What is left when the next reader renews the copy from the database, long before it would expire.</summary>
    private static readonly TimeSpan RenewAt = TimeSpan.FromSeconds(20);

    private const string Get = "return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}";

    private const string Set = "return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])";

    /// <returns>Null when there is none, when it is due for renewal, or when it is not what the database names or what its signers signed.</returns>
    public async Task<ConstitutionVersion?> FindAsync(string tenant, ConstitutionHead head, Func<ConstitutionVersion, string?> fault)
    {
        try
        {
            var answer = (RedisResult[])(await redis.RunAsync(Get, [Key(tenant, head.Version)], []))!;
            if (answer[0].IsNull || (long)answer[1] < RenewAt.TotalMilliseconds) return null;
            var copy = JsonSerializer.Deserialize((string)answer[0]!, ConstitutionJson.Default.ConstitutionVersion);
            var wrong = copy is null || copy.Tenant != tenant || copy.Version != head.Version || copy.Hash != head.Hash ? "it is another version" : fault(copy);
            if (wrong is null) return copy;
            LogRefused(logger, tenant, head.Version, wrong);
        }
        catch (JsonException)
        {
            LogRefused(logger, tenant, head.Version, "it is damaged");
        }
        catch (Problem)
        {
            // Redis is away; the database is asked instead.
        }
        return null;
    }

    public async Task KeepAsync(ConstitutionVersion version)
    {
        try
        {
            await redis.RunAsync(Set, [Key(version.Tenant, version.Version)], [JsonSerializer.Serialize(version, ConstitutionJson.Default.ConstitutionVersion), (long)Lifetime.TotalMilliseconds]);
        }
        catch (Problem)
        {
            // Without a copy the next reader asks the database.
        }
    }

    private RedisKey Key(string tenant, long version) => $"{prefix}{tenant}:{version}";

    [LoggerMessage(LogLevel.Critical, "The copy of tenant {Tenant}'s constitution, version {Version}, in Redis was refused: {Fault}")]
    private static partial void LogRefused(ILogger logger, string tenant, long version, string fault);
}
