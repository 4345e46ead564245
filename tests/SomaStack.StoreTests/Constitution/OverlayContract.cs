using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SomaStack.Governance.Constitution;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Platform;
using SomaStack.StoreTests.Policy;
using static SomaStack.StoreTests.Constitution.ConstitutionContract;

namespace SomaStack.StoreTests.Constitution;

/// <summary>What a tenant adds to the constitution that governs it.</summary>
public sealed class OverlayContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task It_tightens_at_once_and_takes_two_to_take_something_back(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        var plain = await ActiveAsync(house);
        var strict = (await PutAsync(house, Ada(), """{"prohibitions":["capsule.install"],"ceilings":{"output_tokens":1000},"required_approvals":{"tool.call":1}}""", 0)).Done!;
        var active = await ActiveAsync(house);
        Assert.Equal((strict.EffectiveHash, 1L, 1L), (active.Hash, active.Version, active.OverlayVersion));
        // Recomputed here from the documented form, not by the code under test.
        var statement = $"{{\"base_sha256\":\"{plain.Hash}\",\"overlay_sha256\":\"{strict.Hash}\",\"type\":\"somastack.constitution.effective\"}}";
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(statement))), active.Hash);
        Assert.True(active.Rules.Prohibitions.Contains("capsule.install"));
        Assert.Equal("capsule.install", active.Document.GetProperty("enforcement").GetProperty("prohibitions")[0].GetString());
        Assert.Equal(plain.Hash, (await house.Get<IConstitution>().ActiveAsync("other", Stop)).Hash);
        Assert.Equal(active.Hash, (await house.CheckAsync(House.Caller())).ConstitutionHash);

        var stricter = await PutAsync(house, Ada(), """{"prohibitions":["capsule.install","tool.call"],"ceilings":{"output_tokens":10},"required_approvals":{"tool.call":2}}""", 1);
        Assert.Null(stricter.Wanted);
        // Less than before, and still no less than the constitution.
        var (asked, none) = await PutAsync(house, Ada(), "{}", 2);
        Assert.Null(none);
        Assert.Equal(2, (await ActiveAsync(house)).OverlayVersion);
        var done = (await PutAsync(house, await ApproveAsync(house, Ada(), asked!), "{}", 2)).Done!;
        Assert.Equal((3L, plain.Hash), (done.Version, done.EffectiveHash));
        Assert.Equal(plain.Hash, (await ActiveAsync(house)).Hash);
        Assert.Equal(3, (await house.JournalAsync("demo")).Count(type => type == ConstitutionEvents.OverlayChanged));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_would_loosen_is_refused_by_name(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        await house.Get<LoadConstitution>().RunAsync(Ada(), Signed(
            [house.Get<PinnedKeys>().Installation], "demo", 2, more: ""","enforcement":{"ceilings":{"output_tokens":500},"required_approvals":{"tool.call":2}}"""), Stop);
        await ActivateAsync(house, 2);
        foreach (var looser in new[]
        {
            """{"ceilings":{"output_tokens":501}}""", """{"required_approvals":{"tool.call":1}}""", """{"principles":[{"id":"one","title":"One","body":"Be unkind."}]}""",
        })
            Assert.Equal("constitution_overlay_loosens", await RefusedAsync(() => PutAsync(house, Ada(), looser, 0)));
        foreach (var odd in new[] { """{"enforcement":{}}""", """{"signers":{"threshold":1}}""", """{"ceilings":{"output_tokens":-1}}""", """{"required_approvals":{"tool.call":6}}""", """{"prohibitions":["Tool Call"]}""", "[]" })
            Assert.Equal("invalid_request", await RefusedAsync(() => PutAsync(house, Ada(), odd, 0)));
        Assert.Equal("version_mismatch", await RefusedAsync(() => PutAsync(house, Ada(), "{}", 7)));
        Assert.Null((await PutAsync(house, Ada(), """{"ceilings":{"output_tokens":500}}""", 0)).Wanted);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_constitution_that_becomes_stricter_is_not_loosened_by_an_older_overlay(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        await PutAsync(house, Ada(), """{"ceilings":{"output_tokens":1000}}""", 0);
        await house.Get<LoadConstitution>().RunAsync(Ada(), Signed([house.Get<PinnedKeys>().Installation], "demo", 2, more: ""","enforcement":{"ceilings":{"output_tokens":10}}"""), Stop);
        await ActivateAsync(house, 2);
        Assert.Equal(10, (await ActiveAsync(house)).Rules.Ceilings["output_tokens"]);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_altered_overlay_stops_its_tenant_and_no_other(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        await PutAsync(house, Ada(), """{"prohibitions":["tool.call"]}""", 0);
        await ActiveAsync(house);
        var sealedHash = ConstitutionSeal.Hash("""{"prohibitions":["tool.call"]}""");
        // Another text under the hash that was sealed, and others that have their hash and no seal.
        foreach (var (text, hash) in new[] { ("""{"prohibitions":[]}""", sealedHash), ("""{"prohibitions":[]}""", ConstitutionSeal.Hash("""{"prohibitions":[]}""")), ("not json", ConstitutionSeal.Hash("not json")) })
        {
            await house.Db.WriteAsync("demo", work => work.ExecuteAsync($"UPDATE constitution_overlays SET overlay = {text}, hash = {hash} WHERE tenant = {"demo"}"), Stop);
            house.Clock.Advance(TimeSpan.FromSeconds(11));
            Assert.Equal("constitution_unverified", await RefusedAsync(() => ActiveAsync(house)));
            Assert.Equal(1, (await house.Get<IConstitution>().ActiveAsync("other", Stop)).Version);
        }
    }

    private static Task<ActiveConstitution> ActiveAsync(House house) => house.Get<IConstitution>().ActiveAsync("demo", Stop).AsTask();

    private static async Task<(Governance.Approvals.Contracts.Approval? Wanted, OverlayAnswer? Done)> PutAsync(House house, RequestContext context, string overlay, long expected)
    {
        using var document = JsonDocument.Parse(overlay);
        return await house.Get<ChangeOverlay>().RunAsync(context, document.RootElement, expected, Stop);
    }
}
