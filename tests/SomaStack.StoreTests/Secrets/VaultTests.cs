using Microsoft.Extensions.Time.Testing;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Secrets;

/// <summary>What is Vault's own: tokens that end, are renewed or revoked, and a Vault that is away.</summary>
public sealed class VaultTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_is_renewed_when_two_thirds_of_it_are_over_and_a_revoked_one_is_replaced()
    {
        await using var vault = await LoopbackVault.StartAsync();
        vault.Fields["A"] = "1";
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 28, 12, 0, 0, TimeSpan.Zero));
        using var secrets = VaultSecrets.Connect(new VaultOptions(vault.Address, "/secret/soma/test/", null, LoopbackVault.RoleId, LoopbackVault.SecretId, null), clock);
        Assert.Equal("1", await secrets.FindAsync("A", Stop));
        await secrets.FindAsync("A", Stop);
        Assert.Equal(["POST /v1/auth/approle/login", "GET /v1/secret/data/soma/test"], vault.Seen);
        clock.Advance(TimeSpan.FromSeconds(2399));
        await secrets.FindAsync("A", Stop);
        Assert.DoesNotContain("POST /v1/auth/token/renew-self", vault.Seen);
        clock.Advance(TimeSpan.FromSeconds(61));
        await secrets.FindAsync("A", Stop);
        Assert.Contains("POST /v1/auth/token/renew-self", vault.Seen);
        vault.RevokeAll();
        vault.Fields["A"] = "2";
        clock.Advance(VaultSecrets.Freshness);
        Assert.Equal("2", await secrets.FindAsync("A", Stop));
        Assert.Equal(2, vault.Seen.Count(line => line == "POST /v1/auth/approle/login"));
        // One that cannot be renewed is replaced by a login too.
        vault.Renewable = false;
        vault.RevokeAll();
        clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal("2", await secrets.FindAsync("A", Stop));
    }

    [Fact]
    public async Task What_was_read_holds_ten_minutes_while_vault_is_away_and_no_longer()
    {
        await using var vault = await LoopbackVault.StartAsync();
        vault.Fields["A"] = "kept";
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 28, 12, 0, 0, TimeSpan.Zero));
        using var secrets = VaultSecrets.Connect(new VaultOptions(vault.Address, "secret/soma/test", vault.Issue(), null, null, null), clock);
        Assert.Equal("kept", await secrets.FindAsync("A", Stop));
        vault.Open = false;
        clock.Advance(VaultSecrets.Patience - TimeSpan.FromSeconds(1));
        Assert.Equal("kept", await secrets.FindAsync("A", Stop));
        clock.Advance(TimeSpan.FromSeconds(1));
        var refusal = await Assert.ThrowsAsync<Problem>(() => secrets.FindAsync("A", Stop).AsTask());
        Assert.Equal("unavailable", refusal.Code.Code);
        Assert.DoesNotContain("hvs.", refusal.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("kept", refusal.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_login_says_so_without_repeating_it_and_an_empty_path_holds_nothing()
    {
        await using var vault = await LoopbackVault.StartAsync();
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 28, 12, 0, 0, TimeSpan.Zero));
        using var wrong = VaultSecrets.Connect(new VaultOptions(vault.Address, "secret/soma/test", null, LoopbackVault.RoleId, "guess", null), clock);
        Assert.DoesNotContain("guess", (await Assert.ThrowsAsync<Problem>(() => wrong.FindAsync("A", Stop).AsTask())).ToString(), StringComparison.Ordinal);
        using var stranger = VaultSecrets.Connect(new VaultOptions(vault.Address, "secret/soma/test", "hvs.guess", null, null, null), clock);
        Assert.DoesNotContain("hvs.guess", (await Assert.ThrowsAsync<Problem>(() => stranger.FindAsync("A", Stop).AsTask())).ToString(), StringComparison.Ordinal);
        using var right = VaultSecrets.Connect(new VaultOptions(vault.Address, "secret/soma/test", vault.Issue(), null, null, null), clock);
        Assert.Null(await right.FindAsync("A", Stop));
    }
}
