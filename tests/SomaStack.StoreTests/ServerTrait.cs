using Xunit.Sdk;

namespace SomaStack.StoreTests;

/// <summary>
/// Which server a test is about, as the trait <c>Server</c>: <c>soma selftest</c> picks tests by it and runs them against a server that its
/// operator names. What needs two servers at once has no such trait.
/// </summary>
internal static class ServerTrait
{
    public const string Name = "Server";

    private static readonly Dictionary<string, string> Servers = new(StringComparer.Ordinal)
    {
        ["postgres"] = "postgres", ["redis"] = "redis", ["kafka-server"] = "kafka", ["qdrant"] = "qdrant", ["vault"] = "vault", ["temporal"] = "temporal",
    };

    /// <summary>Marks each row by the one server that its words name.</summary>
    public static TRows Marked<TRows>(this TRows rows)
        where TRows : IEnumerable<ITheoryDataRow>
    {
        foreach (var row in rows)
        {
            var named = row.GetData().OfType<string>().Select(static word => Servers.GetValueOrDefault(word)).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
            if (named.Count == 1) ((TheoryDataRowBase)row).Traits[Name] = [named[0]];
        }
        return rows;
    }
}
