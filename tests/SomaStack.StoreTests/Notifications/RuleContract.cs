using System.Text;
using System.Text.Json;
using SomaStack.Governance.Approvals;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Notifications;

/// <summary>Events of rooms and of other programs become notifications once, for those whom they concern; links decide once. On both databases.</summary>
public sealed class RuleContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task An_approval_is_told_to_deciders_and_taken_away_when_it_is_decided(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        await house.AddPersonAsync("ada", "demo", Capability.ApprovalDecide);
        await house.AddPersonAsync("bob", "demo", Capability.ApprovalDecide);
        var approval = await ProposeAsync(house, "ada");
        await HearAsync(house);
        await HearAsync(house);
        Assert.Empty(await house.SeenAsync("ada"));
        var told = (await house.SeenAsync("bob")).Single().Notification;
        Assert.Equal(("review", "approval/" + approval.Id, true, true), (told.Kind, told.Subject, told.RequiresAck, told.Untrusted));
        Assert.Equal((1L, 1L), await house.CountsAsync("bob"));

        await house.Db.WriteAsync("demo", work => house.Get<IDecisions>().DecideAsync(work, house.As("bob"), approval.Id, true, approval.Digest), Stop);
        await HearAsync(house);
        Assert.Equal(0, (await house.CountsAsync("bob")).Attention);
        Assert.Equal("approved", (await house.SeenAsync("bob")).Single().Notification.Resolution);
        Assert.Equal("Your request was approved", (await house.SeenAsync("ada")).Single().Notification.Title);
        Assert.Single(await house.JournalAsync(NotificationEvents.Resolved));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_concerns_the_installation_is_told_in_every_tenant_that_has_somebody_for_it(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        await house.AddPersonAsync("ada", "demo");
        await house.AddPersonAsync("ivy", "other");
        await AppendAsync(house, Db.AllTenants, PolicyEvents.KillSwitchChanged, JsonSerializer.Serialize(new KillSwitchChanged(true, "platform", "drill"), PolicyJson.Default.KillSwitchChanged));
        await HearAsync(house);
        Assert.Equal((1L, 1L), await house.CountsAsync("ada"));
        Assert.Single(await house.SeenAsync("ivy", 0, "other"));
        await AppendAsync(house, Db.AllTenants, PolicyEvents.KillSwitchChanged, JsonSerializer.Serialize(new KillSwitchChanged(false, "platform", "over"), PolicyJson.Default.KillSwitchChanged));
        await HearAsync(house);
        Assert.Equal((2L, 0L), await house.CountsAsync("ada"));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_past_is_not_told(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        await house.AddPersonAsync("ada", "demo");
        await AppendAsync(house, "demo", PolicyEvents.KillSwitchChanged, JsonSerializer.Serialize(new KillSwitchChanged(true, "tenant", "drill"), PolicyJson.Default.KillSwitchChanged));
        house.Clock.Advance(RoomEvents.Fresh + TimeSpan.FromSeconds(1));
        await HearAsync(house);
        Assert.Empty(await house.SeenAsync("ada"));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Messages_of_other_programs_are_taken_once_or_refused_with_the_reason(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        Task<string?> SendAsync(string value, string? id = null) => house.Get<ForeignNotifications>().TakeAsync(new ForeignMessage("notifications.events", "notifications.events/0@1", id, Encoding.UTF8.GetBytes(value)), Stop);
        Assert.Null(await SendAsync("""{"tenant_id":"demo","type":"alert","severity":"error","message":"Disk full","metadata":{"node":"7"},"timestamp":"2026-11-28T12:00:00"}""", "producer\n1"));
        Assert.Null(await SendAsync("""{"tenant_id":"demo","message":"Disk full, again told"}""", "producer\n1"));
        var told = (await house.SeenAsync("ada")).Single().Notification;
        Assert.Equal(("Disk full", "error", true, "notifications.events"), (told.Title, told.Severity, told.Untrusted, told.Source));
        foreach (var (value, reason) in new[]
        {
            ("no json", "no JSON object"), ("[]", "no JSON object"), ("null", "no JSON object"), ("""{"version":"v2","message":"x"}""", "version is 'v2'"), ("""{"tenant_id":"other","message":"x"}""", "no tenant"),
            ("""{"tenant_id":"*","message":"x"}""", "no tenant"), ("""{"message":"x","severity":"loud"}""", "severity"), ("""{"title":"a\r\nBcc: b"}""", "title"), ("""{}""", "title"),
            ("""{"message":"x","link":"javascript:alert(1)"}""", "link"), ("{\"message\":\"" + new string('x', 70_000) + "\"}", "bytes"),
        }) Assert.Contains(reason, await SendAsync(value), StringComparison.Ordinal);
        Assert.Single(await house.SeenAsync("ada"));
        Assert.Empty(await house.SeenAsync("ada", 0, "other"));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_link_is_one_person_s_and_is_spent_with_its_decision(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        foreach (var person in new[] { "ada", "bob", "eve" }) await house.AddPersonAsync(person, "demo", Capability.ApprovalDecide);
        var approval = await ProposeAsync(house, "ada");
        await HearAsync(house);
        var told = (await house.SeenAsync("bob")).Single().Notification;
        var made = house.Get<DecisionLinks>();
        Assert.Null(await made.ForAsync(told, "ada", Stop));
        Assert.Null(await made.ForAsync(told, "", Stop));
        var addresses = (await made.ForAsync(told, "bob", Stop))!;
        var token = addresses.Approve[(addresses.Approve.IndexOf('=', StringComparison.Ordinal) + 1)..];
        Assert.Null(await house.Get<LinkStore>().FindAsync("other", DecisionLinks.HashOf(token), Stop));
        var link = (await house.Get<LinkStore>().FindAsync("demo", DecisionLinks.HashOf(token), Stop))!;
        Assert.Equal(("bob", approval.Id, approval.Digest, true), (link.Principal, link.Approval, link.Digest, link.Approves));
        // A refusal by the approvals' own rules gives the link back.
        await Assert.ThrowsAsync<Problem>(() => SpendAsync(house, link, house.As("bob", held: CapabilitySet.None)));
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            try
            {
                await SpendAsync(house, link, house.As("bob"));
                return true;
            }
            catch (Problem)
            {
                return false;
            }
        }));
        Assert.Single(answers, static answer => answer);
        Assert.Null(await made.ForAsync(told, "eve", Stop));
    }

    private static Task SpendAsync(NotificationHouse house, DecisionLink link, RequestContext person) => house.Db.WriteAsync("demo", async work =>
    {
        if (!await LinkStore.SpendAsync(work, link, house.Now)) throw NotificationProblems.LinkSpent.Because("It was used.");
        await house.Get<IDecisions>().DecideAsync(work, person, link.Approval, link.Approves, link.Digest);
    }, Stop);

    private static Task<Approval> ProposeAsync(NotificationHouse house, string requester) => house.Db.WriteAsync(
        "demo", work => house.Get<IApprovals>().ProposeAsync(work, house.As(requester), new ApprovalRequest("tool.call", "shell", """{"command":"rm"}""", "c", 1, "Delete it all?")), Stop);

    private static Task<long> AppendAsync(NotificationHouse house, string tenant, string type, string json) => house.Db.WriteAsync(
        tenant, work => house.Get<Journal>().AppendAsync(work, RequestContext.ForSystem(tenant, DeploymentMode.Test), type, JsonDocument.Parse(json).RootElement.Clone(), SampleJson.Default.JsonElement), Stop);

    /// <summary>Every line from the beginning, as a bus that delivers again would bring them.</summary>
    private static async Task HearAsync(NotificationHouse house)
    {
        var reader = house.Get<JournalReader>();
        foreach (var line in await reader.ReadAsync(JournalPoint.Start, new JournalPoint(long.MaxValue, long.MaxValue), EventRules.Types, 1000, Stop))
            await house.Db.WriteAsync(line.Tenant, work => house.Get<RoomEvents>().TakeAsync(line, work), Stop);
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(JsonElement))]
internal sealed partial class SampleJson : System.Text.Json.Serialization.JsonSerializerContext;
