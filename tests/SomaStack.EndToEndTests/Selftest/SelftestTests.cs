using System.Text.Json;
using System.Text.RegularExpressions;
using Npgsql;
using SomaStack.Bench;
using StackExchange.Redis;

namespace SomaStack.EndToEndTests.Selftest;

/// <summary>What an operator runs against servers of his own: real ones here, with something of his in them that must be there afterwards.</summary>
public sealed partial class SelftestTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_postgres_passes_and_holds_afterwards_what_it_held_before()
    {
        await using var postgres = await PrivatePostgres.StartAsync();
        Assert.SkipWhen(postgres is null, "PostgreSQL 15 or newer is not installed (apt-get install postgresql-15).");
        await postgres.CreateAsync();
        var before = await DatabasesAsync(postgres);
        var (exitCode, output, error) = await RunAsync("SOMA_TEST_POSTGRES", postgres.AddressFor(), "selftest", "postgres", "--only", "DbContract");
        Assert.True(exitCode == 0, output + error);
        Assert.True(Passed(output) >= 8, output);
        Assert.EndsWith(" passed, 0 failed", output.TrimEnd(), StringComparison.Ordinal);
        Assert.Equal(before, await DatabasesAsync(postgres));
    }

    [Fact]
    public async Task A_role_that_no_wall_binds_is_refused_before_anything_runs()
    {
        await using var postgres = await PrivatePostgres.StartAsync();
        Assert.SkipWhen(postgres is null, "PostgreSQL 15 or newer is not installed (apt-get install postgresql-15).");
        var (exitCode, output, error) = await RunAsync("SOMA_TEST_POSTGRES", postgres.AddressFor("app"), "selftest", "postgres", "--only", "DbContract");
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("(role_unfit)", error, StringComparison.Ordinal);
        Assert.Contains("ALTER ROLE", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redis_passes_keeps_what_is_its_owners_and_fails_with_reasons_when_it_takes_no_writes()
    {
        await using var redis = await PrivateRedis.StartAsync();
        await using var connection = await ConnectionMultiplexer.ConnectAsync(redis.Address + ",allowAdmin=true");
        var server = connection.GetServers()[0];
        await connection.GetDatabase().StringSetAsync("soma:limit:mine", "kept");
        var (exitCode, output, error) = await RunAsync(null, "", "selftest", "redis", "--address", redis.Address, "--only", "Contract", "--json");
        Assert.True(exitCode == 0, output + error);
        var result = JsonDocument.Parse(output).RootElement;
        Assert.Equal(("redis", 0), (result.GetProperty("server").GetString(), result.GetProperty("failed").GetInt32()));
        Assert.True(result.GetProperty("passed").GetInt32() >= 15, output);
        Assert.Equal(["soma:limit:mine"], server.Keys().Select(static key => key.ToString()));

        // It answers, but it lets nobody write.
        await server.ConfigSetAsync("min-replicas-to-write", "1");
        (exitCode, output, error) = await RunAsync("SOMA_TEST_REDIS", redis.Address, "selftest", "redis", "--only", "CountersContract");
        Assert.Equal(1, exitCode);
        Assert.Contains("FAILED  SomaStack.StoreTests.Edge.CountersContract.", output, StringComparison.Ordinal);
        Assert.Matches(@"\d+ passed, [1-9]\d* failed\s*$", output);
    }

    [Fact]
    public async Task What_cannot_be_tested_is_said_with_what_to_do()
    {
        await using var redis = await PrivateRedis.StartAsync();
        foreach (var (arguments, exit, words) in new[]
        {
            ("selftest", 2, "name"),
            ("selftest oracle", 2, "oracle"),
            ("selftest redis", 2, "Name it with --address 127.0.0.1:6379"),
            ("selftest redis --address 127.0.0.1:1", 1, "(unreachable)"),
            ("selftest kafka --address 127.0.0.1:1", 1, "(unreachable)"),
            ("selftest qdrant --address http://127.0.0.1:1/", 1, "(unreachable)"),
            ("selftest vault --address http://127.0.0.1:1/", 1, "(unreachable)"),
            ("selftest temporal --address 127.0.0.1:1", 1, "(unreachable)"),
            ("selftest postgres --address 127.0.0.1", 1, "(address_unreadable)"),
            ($"selftest redis --address {redis.Address} --only No_test_has_this_name", 1, "(suite_missing)"),
        })
        {
            var (exitCode, output, error) = await RunAsync(null, "", arguments.Split(' '));
            Assert.True(exitCode == exit && error.Contains(words, StringComparison.Ordinal) && !LastLine().IsMatch(output), $"{arguments}: {exitCode}\n{output}{error}");
        }
    }

    [Fact]
    public async Task A_password_is_printed_nowhere()
    {
        foreach (var (name, address) in new[] { ("postgres", "postgres://u:geh%20eim@127.0.0.1:1/x"), ("redis", "127.0.0.1:1,password=geh eim"), ("qdrant", "http://u:geh%20eim@127.0.0.1:1/") })
            foreach (var way in new[] { true, false })
            {
                var (exitCode, output, error) = way
                    ? await RunAsync("SOMA_TEST_" + name.ToUpperInvariant(), address, "selftest", name) : await RunAsync(null, "", "selftest", name, "--address", address);
                Assert.Equal(1, exitCode);
                Assert.Contains("***", error, StringComparison.Ordinal);
                Assert.DoesNotContain("eim", output + error, StringComparison.Ordinal);
                Assert.Equal(!way, error.Contains("can be read by every user", StringComparison.Ordinal));
            }
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(string? variable, string value, params string[] arguments) =>
        await SomaProcess.RunAsync(variable is null ? null : new Dictionary<string, string> { [variable] = value }, arguments);

    private static int Passed(string output) => int.Parse(LastLine().Match(output).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);

    private static async Task<List<string>> DatabasesAsync(PrivatePostgres postgres)
    {
        var address = new Uri(postgres.AddressFor());
        await using var connection = new NpgsqlConnection($"Host={address.Host};Port={address.Port};Username=soma;Database=postgres;Pooling=false");
        await connection.OpenAsync(Stop);
        await using var command = new NpgsqlCommand("SELECT datname FROM pg_database ORDER BY datname", connection);
        await using var reader = await command.ExecuteReaderAsync(Stop);
        var names = new List<string>();
        while (await reader.ReadAsync(Stop)) names.Add(reader.GetString(0));
        return names;
    }

    [GeneratedRegex(@"(\d+) passed, \d+ failed\s*$")]
    private static partial Regex LastLine();
}
