using Confluent.Kafka;
using Confluent.Kafka.Admin;
using SomaStack.Platform;
using StackExchange.Redis;

namespace SomaStack.Cli;

/// <summary>A kind of server that contract suites exist for, and how its address is written.</summary>
/// <param name="Name">As the trait <c>Server</c> of its tests says it.</param>
/// <param name="Variable">The environment variable by which the tests learn the address.</param>
/// <param name="Example">An address.</param>
/// <param name="Needs">What the suites need there beyond an answer; null for nothing.</param>
internal sealed record TestedServer(string Name, string Variable, string Example, string? Needs)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static readonly IReadOnlyList<TestedServer> All =
    [
        new("postgres", "SOMA_TEST_POSTGRES", "postgres://soma@127.0.0.1:5432/postgres", "The role must be allowed to make databases for the test, and be no superuser: ALTER ROLE soma CREATEDB"),
        new("redis", "SOMA_TEST_REDIS", "127.0.0.1:6379", null),
        new("kafka", "SOMA_TEST_KAFKA", "127.0.0.1:9092", null),
        new("qdrant", "SOMA_TEST_QDRANT", "http://127.0.0.1:6333/", "A key comes from SOMA_TEST_QDRANT_KEY."),
        new("vault", "SOMA_TEST_VAULT", "http://127.0.0.1:8200", "SOMA_TEST_VAULT_TOKEN must be a token that may write and remove below secret/soma."),
        new("temporal", "SOMA_TEST_TEMPORAL", "127.0.0.1:7233", null),
    ];

    /// <summary>Asks the server for the least that shows it is one of its kind and lets us in.</summary>
    /// <exception cref="ServerUnfitException">It is not there, is something else, does not let us in, or the address is none.</exception>
    public async Task ReachAsync(string address, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            await (Name switch
            {
                "postgres" => PostgresAsync(address, limit.Token),
                "redis" => RedisAsync(address).WaitAsync(limit.Token),
                "kafka" => KafkaAsync(address).WaitAsync(limit.Token),
                "qdrant" => HttpAsync(address, "collections", "api-key", "SOMA_TEST_QDRANT_KEY", limit.Token),
                "vault" => HttpAsync(address, "v1/auth/token/lookup-self", "X-Vault-Token", "SOMA_TEST_VAULT_TOKEN", limit.Token),
                _ => TcpAsync(address, limit.Token),
            });
        }
        catch (Exception exception) when (exception is not ServerUnfitException && !cancellationToken.IsCancellationRequested)
        {
            var reason = exception is OperationCanceledException ? $"no answer within {Patience.TotalSeconds:0} s" : exception.GetBaseException().Message;
            throw new ServerUnfitException("unreachable", $"The {Name} at {Masked(address, address)} does not answer: {reason}", $"Is it running, and is the address right? One looks like this: {Example}{(Needs is null ? "" : "\n      " + Needs)}");
        }
    }

    /// <summary>The parts of the address and of what belongs to it that nobody may read.</summary>
    private IReadOnlyList<string> SecretsOf(string address)
    {
        var found = new List<string?> { Environment.GetEnvironmentVariable(Variable + "_KEY"), Environment.GetEnvironmentVariable(Variable + "_TOKEN") };
        if (Uri.TryCreate(address, UriKind.Absolute, out var url) && url.UserInfo.IndexOf(':', StringComparison.Ordinal) is >= 0 and var cut)
        {
            found.Add(url.UserInfo[(cut + 1)..]);
            found.Add(Uri.UnescapeDataString(url.UserInfo[(cut + 1)..]));
        }
        foreach (var part in address.Split(',', '?', '&'))
            if (part.Trim() is var setting && setting.StartsWith("password=", StringComparison.OrdinalIgnoreCase))
            {
                found.Add(setting["password=".Length..]);
                found.Add(Uri.UnescapeDataString(setting["password=".Length..]));
            }
        return [.. found.OfType<string>().Where(static secret => secret.Length > 0).Distinct(StringComparer.Ordinal).OrderByDescending(static secret => secret.Length)];
    }

    /// <summary>A text in which none of them can be read.</summary>
    public string Masked(string text, string address) => SecretsOf(address).Aggregate(text, static (rest, secret) => rest.Replace(secret, "***", StringComparison.Ordinal));

    private async Task PostgresAsync(string address, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme is not ("postgres" or "postgresql")) throw Unreadable(address);
        await using var db = Db.Open(address);
        var fit = await db.QueryAsync(Db.AllTenants, static reader => reader.GetBoolean(0), $"SELECT rolcreatedb AND NOT (rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = current_user", cancellationToken);
        if (fit is [true]) return;
        throw new ServerUnfitException("role_unfit", $"The role of {Masked(address, address)} may make no databases, or bypasses row-level security.", Needs!);
    }

    private static async Task RedisAsync(string address)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(address + ",connectTimeout=5000,abortConnect=true");
        await connection.GetDatabase().PingAsync();
    }

    private static async Task KafkaAsync(string address)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = address }).SetLogHandler(static (_, _) => { }).SetErrorHandler(static (_, _) => { }).Build();
        await admin.DescribeClusterAsync(new DescribeClusterOptions { RequestTimeout = TimeSpan.FromSeconds(8) });
    }

    private async Task HttpAsync(string address, string path, string header, string variable, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")) throw Unreadable(address);
        using var http = new HttpClient { Timeout = Patience };
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } key) http.DefaultRequestHeaders.Add(header, key);
        using var response = await http.GetAsync(new Uri(url, path), cancellationToken);
        if (response.IsSuccessStatusCode) return;
        throw new ServerUnfitException("unreachable", $"What answers at {Masked(address, address)} said {(int)response.StatusCode} to GET /{path}.", $"Is it a {Name}, and does it let us in? {Needs}");
    }

    private async Task TcpAsync(string address, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate("tcp://" + address, UriKind.Absolute, out var url) || url.Port <= 0) throw Unreadable(address);
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(url.Host, url.Port, cancellationToken);
    }

    private ServerUnfitException Unreadable(string address) => new("address_unreadable", $"'{Masked(address, address)}' is no address of a {Name}.", "One looks like this: " + Example);
}

/// <summary>The server that an operator named cannot be tested; says what to do.</summary>
internal sealed class ServerUnfitException(string code, string message, string remedy) : Exception(message)
{
    public string Code => code;

    public string Remedy => remedy;
}
