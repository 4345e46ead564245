using SomaStack.Governance.Constitution;
using SomaStack.Platform;
using SomaStack.StoreTests.Policy;
using static SomaStack.StoreTests.Constitution.ConstitutionContract;

namespace SomaStack.StoreTests.Constitution;

/// <summary>How many must sign, who says so, and that no way around lowers it.</summary>
public sealed class SignersTests(Databases databases) : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "soma-keys-" + Guid.CreateVersion7().ToString("N"));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory, MemberData(nameof(Names))]
    public async Task The_active_version_says_how_many_sign_the_next_one(string name)
    {
        var board = Board(3);
        await using var house = await House.StartAsync(await databases.CreateAsync(name), _folder);
        Ed25519Key[] all = [house.Get<PinnedKeys>().Installation, .. board];
        var two = Signers(2, board);
        await LoadAsync(house, Signed([all[0]], "demo", 2, more: two));
        await ActivateAsync(house, 2);
        // One is too few, one twice is one, and a pinned key that the rule does not name counts for nothing.
        foreach (var keys in new Ed25519Key[][] { [board[0]], [board[0], board[0]], [board[0], all[0]] })
            Assert.Equal("constitution_signature_invalid", await RefusedAsync(() => LoadAsync(house, Signed(keys, "demo", 3, more: Signers(1, board)))));
        // Lowering the number takes the old number.
        await LoadAsync(house, Signed([board[0], board[2]], "demo", 3, more: Signers(1, board)));
        Assert.Equal(3, (await ActivateAsync(house, 3)).Version);
        await LoadAsync(house, Signed([board[1]], "demo", 4));
        Assert.Equal(4, (await ActivateAsync(house, 4)).Version);
        Assert.Equal(4, (await house.Get<Governance.Constitution.Contracts.IConstitution>().ActiveAsync("demo", Stop)).Version);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_rollback_takes_as_many_signatures_as_a_new_document(string name)
    {
        var board = Board(2);
        await using var house = await House.StartAsync(await databases.CreateAsync(name), _folder);
        await LoadAsync(house, Signed([board[0]], "demo", 2));
        await ActivateAsync(house, 2);
        await LoadAsync(house, Signed([board[0]], "demo", 3, more: Signers(2, board)));
        await ActivateAsync(house, 3);
        var roll = house.Get<RollBackConstitution>();
        var approved = await ApproveAsync(house, Ada(), (await roll.RunAsync(Ada(), new RollBackRequest(2), Stop)).Wanted!);
        Assert.Equal("constitution_signature_invalid", await RefusedAsync(() => roll.RunAsync(approved, new RollBackRequest(2), Stop)));
        var again = Signed(board, "demo", 4);
        var request = new RollBackRequest(2, null, 4, again.IssuedAt, again.Signatures);
        Assert.Equal((4L, 2L), (await roll.RunAsync(approved, request, Stop)).Done is { } done ? (done.Version, done.RollbackOf!.Value) : default);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_database_alone_cannot_lower_the_number(string name)
    {
        var board = Board(2);
        await using var house = await House.StartAsync(await databases.CreateAsync(name), _folder);
        await LoadAsync(house, Signed([board[0]], "demo", 2, more: Signers(2, board)));
        await ActivateAsync(house, 2);
        await LoadAsync(house, Signed(board, "demo", 3));
        await ActivateAsync(house, 3);
        Func<DbWork, Task>[] attacks =
        [
            // One of the two signatures goes, with and without the seal that says two were needed.
            work => work.ExecuteAsync($"UPDATE constitution_versions SET signatures = {Only(board[0])} WHERE tenant = {"demo"} AND version = {3L}"),
            work => work.ExecuteAsync($"UPDATE constitution_versions SET activation = REPLACE(activation, '2', '1') WHERE tenant = {"demo"} AND version = {3L}"),
            work => work.ExecuteAsync($"UPDATE constitution_versions SET activation = {"x"} WHERE tenant = {"demo"} AND version = {3L}"),
        ];
        foreach (var attack in attacks)
        {
            await house.Db.WriteAsync("demo", attack, Stop);
            house.Clock.Advance(TimeSpan.FromSeconds(11));
            Assert.Equal("constitution_unverified", await RefusedAsync(() => house.Get<Governance.Constitution.Contracts.IConstitution>().ActiveAsync("demo", Stop).AsTask()));
        }
    }

    [Fact]
    public async Task What_is_pinned_beside_the_keys_is_the_least()
    {
        var board = Board(2);
        await File.WriteAllTextAsync(Path.Combine(_folder, "keys", "constitution-signers", "threshold"), "2\n", Stop);
        await using var house = await House.StartAsync(await databases.CreateAsync("sqlite"), _folder);
        // The starter has one signature: nothing governs until somebody loads what two have signed.
        Assert.Equal("constitution_unverified", await RefusedAsync(() => house.Get<Governance.Constitution.Contracts.IConstitution>().ActiveAsync("demo", Stop).AsTask()));
        Assert.Equal("constitution_signature_invalid", await RefusedAsync(() => LoadAsync(house, Signed([board[0]], "demo", 2))));
        await LoadAsync(house, Signed(board, "demo", 2));
        Assert.Equal(2, (await ActivateAsync(house, 2)).Version);
        Assert.Equal(2, (await house.Get<Governance.Constitution.Contracts.IConstitution>().ActiveAsync("demo", Stop)).Version);
    }

    [Fact]
    public async Task A_rule_that_nobody_here_can_meet_is_refused()
    {
        var board = Board(1);
        await using var house = await House.StartAsync(await databases.CreateAsync("sqlite"), _folder);
        var unpinned = """,'signers':{'threshold':2,'key_ids':['stranger-one','stranger-two']}""".Replace('\'', '"');
        foreach (var more in new[] { unpinned, Signers(2, board), ",\"signers\":{\"threshold\":0}", ",\"signers\":{\"threshold\":5}", ",\"signers\":[]" })
            Assert.Equal("invalid_request", await RefusedAsync(() => LoadAsync(house, Signed([board[0]], "demo", 2, more: more))));
    }

    private Ed25519Key[] Board(int size)
    {
        var signers = Path.Combine(_folder, "keys", "constitution-signers");
        Directory.CreateDirectory(signers);
        return [.. Enumerable.Range(0, size).Select(number =>
        {
            var key = Ed25519Key.LoadOrCreate(Path.Combine(_folder, $"board{number}.pem"));
            File.WriteAllText(Path.Combine(signers, $"board{number}.pub"), key.Public.X);
            return key;
        })];
    }

    private static string Signers(int threshold, Ed25519Key[] keys) =>
        $",\"signers\":{{\"threshold\":{threshold},\"key_ids\":[{string.Join(',', keys.Select(key => $"\"{key.KeyId}\""))}]}}";

    private static string Only(Ed25519Key key)
    {
        var signature = Signed([key], "demo", 3).Signatures[0];
        return $"[{{\"key_id\":\"{signature.KeyId}\",\"algorithm\":\"ed25519\",\"value\":\"{signature.Value}\"}}]";
    }

    private static Task<Microsoft.AspNetCore.Http.HttpResults.Ok<LoadAnswer>> LoadAsync(House house, LoadRequest request) => house.Get<LoadConstitution>().RunAsync(Ada(), request, Stop);
}
