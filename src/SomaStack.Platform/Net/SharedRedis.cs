using StackExchange.Redis;
using StackExchange.Redis.KeyspaceIsolation;

namespace SomaStack.Platform;

/// <summary>
/// The Redis that replicas count in. A command fails at once while it is away instead of waiting for it: what cannot be counted is
/// refused. It reconnects by itself. A <c>channelPrefix</c> in the address stands before keys as well as channels.
/// </summary>
public sealed class SharedRedis(string address) : IAsyncDisposable
{
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);

    private readonly byte[]? _prefix = PrefixOf(address);
    private readonly Lock _connecting = new();
    private Task<ConnectionMultiplexer>? _connection;

    /// <summary>Runs a script alone, as one step.</summary>
    /// <exception cref="Problem">503 <c>counters_unavailable</c> when Redis does not answer within a second.</exception>
    public async Task<RedisResult> RunAsync(string script, RedisKey[] keys, RedisValue[] arguments)
    {
        try
        {
            return await Keys(await ConnectAsync(), _prefix).ScriptEvaluateAsync(script, keys, arguments);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            throw Away(exception);
        }
    }

    /// <summary>The fields of a hash for each key, in one round trip.</summary>
    /// <exception cref="Problem">503 <c>counters_unavailable</c> when Redis does not answer within a second.</exception>
    public async Task<RedisValue[][]> ReadAsync(IReadOnlyList<RedisKey> keys, RedisValue[] fields)
    {
        try
        {
            var database = Keys(await ConnectAsync(), _prefix);
            return await Task.WhenAll(keys.Select(key => database.HashGetAsync(key, fields)));
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            throw Away(exception);
        }
    }

    /// <summary>Sends a script without waiting for its answer; later commands of this process run after it. Lost while Redis is away.</summary>
    public void Send(string script, RedisKey[] keys, RedisValue[] arguments)
    {
        if (_connection is not { IsCompletedSuccessfully: true } connected) return;
        try
        {
            _ = Keys(connected.Result, _prefix).ScriptEvaluateAsync(script, keys, arguments, CommandFlags.FireAndForget);
        }
        catch (RedisException)
        {
            // Its caller has committed already: what this would have freed stays bound until its window ends.
        }
    }

    /// <summary>Tells whoever listens now, in every process, without waiting. Lost while Redis is away.</summary>
    public void Tell(string channel, string message)
    {
        if (ConnectAsync() is not { IsCompletedSuccessfully: true } connected) return;
        try
        {
            connected.Result.GetSubscriber().Publish(RedisChannel.Literal(channel), message, CommandFlags.FireAndForget);
        }
        catch (RedisException)
        {
            // It was only a hint: the truth is in the database.
        }
    }

    /// <summary>Hands over what is told on the channel, in its order; goes on by itself after Redis was away, without what was told meanwhile.</summary>
    /// <exception cref="RedisException">Redis does not answer yet.</exception>
    public async Task ListenAsync(string channel, Action<string> heard)
    {
        var queue = await (await ConnectAsync()).GetSubscriber().SubscribeAsync(RedisChannel.Literal(channel));
        queue.OnMessage(message => heard(message.Message.ToString()));
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is { IsCompletedSuccessfully: true } connected) await connected.Result.DisposeAsync();
    }

    /// <summary>The keys of this installation: those with the address's <c>channelPrefix</c>, or all when it names none.</summary>
    public static IDatabase Keys(IConnectionMultiplexer connection, string address) => Keys(connection, PrefixOf(address));

    private static IDatabase Keys(IConnectionMultiplexer connection, byte[]? prefix) => prefix is null ? connection.GetDatabase() : connection.GetDatabase().WithKeyPrefix(prefix);

    private static byte[]? PrefixOf(string address) => ConfigurationOptions.Parse(address).ChannelPrefix is { IsNullOrEmpty: false } prefix ? (byte[])prefix! : null;

    private Task<ConnectionMultiplexer> ConnectAsync()
    {
        var known = Volatile.Read(ref _connection);
        if (known is not null && !known.IsFaulted) return known;
        lock (_connecting)
        {
            if (_connection is null or { IsFaulted: true }) _connection = ConnectionMultiplexer.ConnectAsync(Configuration());
            return _connection;
        }
    }

    private ConfigurationOptions Configuration()
    {
        var configuration = ConfigurationOptions.Parse(address);
        configuration.AbortOnConnectFail = false;
        configuration.BacklogPolicy = BacklogPolicy.FailFast;
        configuration.ConnectTimeout = 1000;
        configuration.AsyncTimeout = 1000;
        configuration.ReconnectRetryPolicy = new LinearRetry(500);
        return configuration;
    }

    private static Problem Away(Exception cause) => new(PlatformProblems.CountersUnavailable, "The Redis that counts for all replicas does not answer.", cause) { RetryAfter = TryAgain };
}
