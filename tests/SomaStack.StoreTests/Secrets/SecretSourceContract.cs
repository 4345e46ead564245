using System.Net.Http.Json;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Secrets;

/// <summary>
/// One suite for every source of secrets: the environment, files, Vault's API on loopback, and a real Vault when <c>SOMA_TEST_VAULT</c> names
/// one (with <c>SOMA_TEST_VAULT_TOKEN</c>, a token that may write and remove below <c>secret/soma</c>; each test has an entry of its own there).
/// </summary>
public sealed class SecretSourceContract
{
    private const string Field = "SOMA_TEST_SECRET";
    private const string Second = "the second one, with \u00fc and \"quotes\"";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => new TheoryData<string>("environment", "file", "vault-loopback", "vault").Marked();

    [Theory, MemberData(nameof(Names))]
    public async Task A_secret_is_found_an_unknown_one_is_null_and_a_rotated_one_is_seen(string name)
    {
        await using var side = await SideAsync(name);
        await side.SetAsync(Field, "first");
        Assert.Equal("first", await side.Source.FindAsync(Field, Stop));
        Assert.Null(await side.Source.FindAsync("SOMA_TEST_NOTHING", Stop));
        Assert.Equal("first", await side.Source.FindAsync(Field, Stop));
        await side.SetAsync(Field, Second);
        side.Clock.Advance(VaultSecrets.Freshness);
        Assert.Equal(Second, await side.Source.FindAsync(Field, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Many_who_ask_at_once_get_the_same(string name)
    {
        await using var side = await SideAsync(name);
        await side.SetAsync(Field, "shared");
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => side.Source.FindAsync(Field, Stop).AsTask())), secret => Assert.Equal("shared", secret));
    }

    private static async Task<Side> SideAsync(string name)
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 28, 12, 0, 0, TimeSpan.Zero));
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal);
        return name switch
        {
            "environment" => new Side(new EnvironmentSecrets(environment.GetValueOrDefault), clock, (field, value) => { environment[field] = value; return Task.CompletedTask; }, static () => ValueTask.CompletedTask),
            "file" => Files(clock, environment),
            "vault-loopback" => Loopback(clock, await LoopbackVault.StartAsync()),
            _ => Real(clock),
        };
    }

    private static Side Files(FakeTimeProvider clock, Dictionary<string, string?> environment)
    {
        var folder = Directory.CreateTempSubdirectory("soma-secret-").FullName;
        return new Side(
            new EnvironmentSecrets(environment.GetValueOrDefault), clock,
            async (field, value) =>
            {
                environment[field + "_FILE"] = Path.Combine(folder, field);
                await File.WriteAllTextAsync(Path.Combine(folder, field), value + "\n", Stop);
            },
            () => { Directory.Delete(folder, recursive: true); return ValueTask.CompletedTask; });
    }

    private static Side Loopback(FakeTimeProvider clock, LoopbackVault vault) => new(
        VaultSecrets.Connect(new VaultOptions(vault.Address, "secret/soma/test", null, LoopbackVault.RoleId, LoopbackVault.SecretId, null), clock), clock,
        (field, value) => { vault.Fields[field] = value; return Task.CompletedTask; }, vault.DisposeAsync);

    private static Side Real(FakeTimeProvider clock)
    {
        var address = Environment.GetEnvironmentVariable("SOMA_TEST_VAULT");
        Assert.SkipWhen(address is null, "No Vault: set SOMA_TEST_VAULT to its address and SOMA_TEST_VAULT_TOKEN to a token that may write and remove below secret/soma.");
        var entry = $"soma/selftest-{Ids.New()}";
        var token = Environment.GetEnvironmentVariable("SOMA_TEST_VAULT_TOKEN") ?? "";
        var http = new HttpClient { BaseAddress = new Uri(address!) };
        http.DefaultRequestHeaders.Add("X-Vault-Token", token);
        return new Side(
            VaultSecrets.Connect(new VaultOptions(new Uri(address!), "secret/" + entry, token, null, null, null), clock), clock,
            async (field, value) => (await http.PostAsJsonAsync("v1/secret/data/" + entry, new { data = new Dictionary<string, string> { [field] = value } }, Stop)).EnsureSuccessStatusCode(),
            async () =>
            {
                using (http) (await http.DeleteAsync(new Uri("v1/secret/metadata/" + entry, UriKind.Relative), CancellationToken.None)).EnsureSuccessStatusCode();
            });
    }

    private sealed record Side(ISecretSource Source, FakeTimeProvider Clock, Func<string, string, Task> SetAsync, Func<ValueTask> End) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            (Source as IDisposable)?.Dispose();
            await End();
        }
    }
}
