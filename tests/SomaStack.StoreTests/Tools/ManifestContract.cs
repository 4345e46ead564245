using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using SomaStack.Agents.Tools;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Governance.Approvals;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Tools;

/// <summary>Nothing comes into force without a signature that counts and a second person, on both databases.</summary>
public sealed class ManifestContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task A_changed_manifest_counts_only_after_a_second_persons_yes_to_its_difference(string name)
    {
        await using var house = await ToolHouse.StartAsync(databases, name);
        await ToolHouse.RefusedAsync("adapter_unknown", () => house.CallAsync());
        var first = await house.LetInAsync(ToolHouse.Manifest());
        Assert.Equal(("enabled", "1.0.0", "unsigned"), (first.Adapter.Status, first.Adapter.Version, first.Adapter.Source));
        // The rug: a new version that reaches further.
        var changed = ToolHouse.Manifest("1.1.0", ""","egress":["https://evil.example"]""", "\"risk\":\"high\",\"idempotent\":false");
        var wanted = Assert.IsType<Accepted<ApprovalWanted>>(await house.RegisterAsync(changed)).Value!.Approval;
        Assert.Equal("1.0.0", (await house.Get<ReadAdapters>().GetAsync(ToolHouse.Caller(), "counter", Stop)).Adapter.Version);
        await house.CallAsync("before");
        Assert.Contains("\"version\":\"1.0.0\"", (await house.JournalAsync(ToolEvents.CallOpened))[0], StringComparison.Ordinal);
        var shown = (await house.Get<ReadApprovals>().GetAsync(ToolHouse.Caller("bob"), wanted.Id, Stop)).Value!;
        Assert.Contains("Replace version 1.0.0", shown.Approval.Summary, StringComparison.Ordinal);
        Assert.Contains("2 of these widen", shown.Approval.Summary, StringComparison.Ordinal);
        Assert.Equal(["egress https://evil.example", "risk add"], shown.Arguments.GetProperty("changes").EnumerateArray().Select(change => change.GetProperty("what").GetString() + " " + change.GetProperty("name").GetString()));
        // Nobody is both keys, and no yes is for another document.
        await ToolHouse.RefusedAsync("approval_own", () => house.Get<DecideApproval>().RunAsync(ToolHouse.Caller(), wanted.Id, new DecideRequest(ApprovalVote.Approve, wanted.Digest), Stop));
        await house.ApproveAsync(wanted.Id, wanted.Digest);
        await ToolHouse.RefusedAsync("approval_void", () => house.RegisterAsync(ToolHouse.Manifest("1.2.0"), context: ToolHouse.Caller() with { Approval = wanted.Id }));
        Assert.Equal("1.0.0", (await house.Get<ReadAdapters>().GetAsync(ToolHouse.Caller(), "counter", Stop)).Adapter.Version);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_version_never_changes_and_older_ones_come_back_with_two_keys(string name)
    {
        await using var house = await ToolHouse.StartAsync(databases, name);
        await house.LetInAsync(ToolHouse.Manifest());
        await ToolHouse.RefusedAsync("manifest_version_taken", () => house.RegisterAsync(ToolHouse.Manifest(action: "\"risk\":\"high\",\"idempotent\":true")));
        Assert.IsType<Ok<AdapterView>>(await house.RegisterAsync(ToolHouse.Manifest()));
        await house.LetInAsync(ToolHouse.Manifest("2.0.0"));
        var register = house.Get<RegisterManifest>();
        var wanted = Assert.IsType<Accepted<ApprovalWanted>>(await register.ActivateAsync(ToolHouse.Caller(), "counter", "1.0.0", Stop)).Value!.Approval;
        await house.ApproveAsync(wanted.Id, wanted.Digest);
        Assert.Equal("1.0.0", Assert.IsType<Ok<AdapterView>>(await register.ActivateAsync(ToolHouse.Caller() with { Approval = wanted.Id }, "counter", "1.0.0", Stop)).Value!.Adapter.Version);
        var versions = (await house.Get<ReadAdapters>().VersionsAsync(ToolHouse.Caller(), "counter", null, null, Stop)).Value!.Data;
        Assert.Equal(["1.0.0 active", "2.0.0 replaced"], versions.Select(one => $"{one.Version} {one.State}").Order(StringComparer.Ordinal));
        await ToolHouse.RefusedAsync("manifest_version_unknown", () => register.ActivateAsync(ToolHouse.Caller(), "counter", "9.0.0", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Only_a_pinned_publishers_signature_counts_outside_developer_modes(string name)
    {
        await using var house = await ToolHouse.StartAsync(databases, name);
        var production = ToolHouse.Caller() with { Mode = DeploymentMode.Production };
        var folder = Directory.CreateTempSubdirectory("soma-publisher");
        try
        {
            using var key = Ed25519Key.LoadOrCreate(Path.Combine(folder.FullName, "publisher.pem"));
            var (signature, manifest) = (ManifestSignature.Sign(key, ManifestReader.Read(ToolHouse.Manifest()).Digest), ToolHouse.Manifest());
            await ToolHouse.RefusedAsync("manifest_unsigned", () => house.RegisterAsync(manifest, context: production));
            await ToolHouse.RefusedAsync("manifest_unsigned", () => house.RegisterAsync(manifest, context: production with { Mode = DeploymentMode.Test }));
            await ToolHouse.RefusedAsync("manifest_unsigned", () => house.RegisterAsync(manifest, signature, production));
            var pins = house.Get<PinPublishers>();
            await pins.PinAsync(production, new PinRequest("Counters Ltd", key.Public.X), Stop);
            await ToolHouse.RefusedAsync("conflict", () => pins.PinAsync(production, new PinRequest("Again", key.Public.X), Stop));
            await ToolHouse.RefusedAsync("manifest_signature_invalid", () => house.RegisterAsync(ToolHouse.Manifest("1.0.1"), signature, production));
            Assert.Equal("signed", (await house.LetInAsync(manifest, signature, production)).Adapter.Source);
            await house.CallAsync("a", context: production);
            // Taken back, it stops what it signed at once.
            await pins.UnpinAsync(production, key.KeyId, null, Stop);
            await ToolHouse.RefusedAsync("manifest_unsigned", () => house.CallAsync("b", context: production));
            Assert.Equal("untrusted", (await house.Get<ReadAdapters>().GetAsync(production, "counter", Stop)).Adapter.Status);
            Assert.Empty(await house.Get<ITools>().OfferedAsync(production, ["counter"], Stop));
            Assert.Equal(2, (await house.JournalAsync("somastack.tools.publisher_changed")).Count);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_is_unsigned_stops_when_the_mode_becomes_one_of_production(string name)
    {
        await using var house = await ToolHouse.StartAsync(databases, name);
        await house.LetInAsync(ToolHouse.Manifest());
        await ToolHouse.RefusedAsync("manifest_unsigned", () => house.CallAsync(context: ToolHouse.Caller() with { Mode = DeploymentMode.Production }));
        Assert.Equal(0, house.Kind.Done);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_document_that_was_altered_in_the_database_is_not_used(string name)
    {
        await using var house = await ToolHouse.StartAsync(databases, name);
        await house.LetInAsync(ToolHouse.Manifest());
        var document = ManifestReader.Read(ToolHouse.Manifest(action: "\"risk\":\"high\",\"idempotent\":true")).Text;
        await house.Db.WriteAsync("demo", work => work.ExecuteAsync($"UPDATE tool_manifests SET document = {document}, digest = {new string('0', 64)} WHERE tenant = {"demo"}"), Stop);
        await ToolHouse.RefusedAsync("manifest_signature_invalid", () => house.CallAsync());
        Assert.Equal(0, house.Kind.Done);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Off_is_one_key_and_revoked_is_for_good(string name)
    {
        await using var house = await ToolHouse.StartAsync(databases, name);
        await house.LetInAsync(ToolHouse.Manifest());
        var switching = house.Get<SwitchAdapter>();
        await switching.SwitchAsync(ToolHouse.Caller(), "counter", AdapterRow.Disabled, "It misbehaves.", Stop);
        Assert.Contains("It misbehaves.", (await ToolHouse.RefusedAsync("adapter_disabled", () => house.CallAsync())).Detail, StringComparison.Ordinal);
        // A new manifest does not switch it on again.
        Assert.Equal("disabled", (await house.LetInAsync(ToolHouse.Manifest("1.0.1"))).Adapter.Status);
        await switching.SwitchAsync(ToolHouse.Caller(), "counter", AdapterRow.Enabled, null, Stop);
        await house.CallAsync();
        await switching.RevokeAsync(ToolHouse.Caller(), "counter", new RevokeAdapterRequest("A hole."), Stop);
        await ToolHouse.RefusedAsync("adapter_unknown", () => house.CallAsync("after"));
        await ToolHouse.RefusedAsync("manifest_revoked", () => house.RegisterAsync(ToolHouse.Manifest("1.0.1")));
        Assert.Equal("enabled", (await house.LetInAsync(ToolHouse.Manifest("1.0.2"))).Adapter.Status);
        await ToolHouse.RefusedAsync("adapter_unknown", () => switching.SwitchAsync(ToolHouse.Caller(), "none", AdapterRow.Disabled, null, Stop));
        // The platform's own are switched too.
        await switching.SwitchAsync(ToolHouse.Caller(), "approvals", AdapterRow.Disabled, null, Stop);
        Assert.DoesNotContain(await house.Get<ITools>().OfferedAsync(ToolHouse.Caller(), null, Stop), offer => offer.Adapter == "approvals");
        await ToolHouse.RefusedAsync("adapter_reserved", () => house.RegisterAsync(ToolHouse.Manifest().Replace("\"counter\"", "\"notify\"", StringComparison.Ordinal)));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_secret_reaches_the_tool_and_nothing_else(string name)
    {
        await using var house = await ToolHouse.StartAsync(databases, name);
        await house.LetInAsync(ToolHouse.Manifest());
        await house.Get<BindSecrets>().BindAsync(ToolHouse.Caller(), "counter", "TOKEN", new BindSecretRequest("plover-4711"), Stop);
        IReadOnlyDictionary<string, string>? bound = null;
        house.Kind.Act = (call, _) =>
        {
            bound = call.Secrets;
            return Task.FromResult(new AdapterAnswer(false, "done"));
        };
        await house.CallAsync();
        Assert.Equal("plover-4711", bound!["TOKEN"]);
        var boxes = await house.Get<AdapterStore>().BoxesAsync("demo", "counter", Stop);
        Assert.DoesNotContain("plover", Encoding.Latin1.GetString(Assert.Single(boxes).Box), StringComparison.Ordinal);
        var view = await house.Get<ReadAdapters>().GetAsync(ToolHouse.Caller(), "counter", Stop);
        Assert.Equal("TOKEN", Assert.Single(view.Secrets).Name);
        Assert.DoesNotContain(await house.JournalAsync("somastack."), line => line.Contains("plover", StringComparison.Ordinal));
        await house.Get<BindSecrets>().RemoveAsync(ToolHouse.Caller(), "counter", "TOKEN", Stop);
        await house.CallAsync("again");
        Assert.Empty(bound!);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_dry_run_says_what_would_happen_and_does_nothing(string name)
    {
        await using var house = await ToolHouse.StartAsync(databases, name);
        await house.LetInAsync(ToolHouse.Manifest());
        var provision = house.Get<Provision>();
        var (one, bad) = (JsonDocument.Parse("""{"n":1}""").RootElement, JsonDocument.Parse("""{"n":"x"}""").RootElement);
        ProvisionRequest asked = new("d1", [new("counter", "add", one), new("counter", "add", bad), new("none", "add", one)]);
        var dry = (await provision.RunAsync(ToolHouse.Caller(), asked, Stop)).Value!;
        Assert.Equal(["would_run", "would_refuse", "would_refuse"], dry.Results.Select(result => result.Status));
        Assert.Equal("would_ask", (await provision.RunAsync(ToolHouse.Caller(), asked with { Taints = ["web"] }, Stop)).Value!.Results[0].Status);
        Assert.Equal(("allow", 0), (dry.Results[0].Gate!.Verdict, house.Kind.Done));
        var real = (await provision.RunAsync(ToolHouse.Caller(), asked with { DryRun = false }, Stop)).Value!;
        Assert.Equal(["completed", "refused", "skipped"], real.Results.Select(result => result.Status));
        Assert.Equal(["completed", "refused", "skipped"], (await provision.RunAsync(ToolHouse.Caller(), asked with { DryRun = false }, Stop)).Value!.Results.Select(result => result.Status));
        Assert.Equal(1, house.Kind.Done);
    }
}
