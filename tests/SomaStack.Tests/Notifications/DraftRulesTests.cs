using SomaStack.Operations.Notifications;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Tests.Notifications;

/// <summary>What may be told, and what of it may be shown.</summary>
public sealed class DraftRulesTests
{
    private static readonly NotificationDraft Good = new("alert", "info", "Title", "Body\n\tmore", Audience.Tenant);

    [Theory]
    [InlineData("/approvals/1", true)]
    [InlineData("/", true)]
    [InlineData("https://example.org/a?b=c#d", true)]
    [InlineData("//evil.example", false)]
    [InlineData("/\\evil.example", false)]
    [InlineData("http://example.org/", false)]
    [InlineData("javascript:alert(1)", false)]
    [InlineData("https://user:pass@example.org/", false)]
    [InlineData("https://example.org/\r\nSet-Cookie: a", false)]
    [InlineData("", false)]
    public void A_link_leads_here_or_to_https(string link, bool holds) => Assert.Equal(holds, DraftRules.IsLink(link));

    [Fact]
    public void Each_fault_is_named()
    {
        DraftRules.Check(Good);
        (NotificationDraft Draft, string Field)[] bad =
        [
            (Good with { Kind = "joke" }, "kind"), (Good with { Severity = "loud" }, "severity"), (Good with { Title = "" }, "title"), (Good with { Title = "a\r\nBcc: x" }, "title"),
            (Good with { Title = "a\u2028b" }, "title"), (Good with { Title = new string('x', 201) }, "title"), (Good with { Body = new string('x', 4001) }, "body"), (Good with { Body = "\u0007" }, "body"),
            (Good with { GroupKey = " " }, "group"), (Good with { DedupeKey = "a\nb" }, "dedupe_key"), (Good with { DedupeWindow = TimeSpan.Zero }, "dedupe_seconds"),
            (Good with { Audience = new Audience() }, "audience"), (Good with { Audience = new Audience(["a"], "tenant:admin") }, "audience"), (Good with { Audience = Audience.Holders("fly") }, "audience"),
            (Good with { Audience = new Audience([]) }, "audience"), (Good with { Metadata = new Dictionary<string, string> { ["a\nb"] = "c" } }, "metadata"),
        ];
        foreach (var (draft, field) in bad) Assert.Equal(field, Assert.Throws<Problem>(() => DraftRules.Check(draft)).Errors.Single().Field);
    }

    [Fact]
    public void The_ancestor_s_body_becomes_a_title_and_a_body()
    {
        var draft = SendNotification.DraftOf(new SendNotification.Request("demo", "ops", "\nDisk full\nNode 7", "error", new Dictionary<string, string> { ["node"] = "7" }));
        Assert.Equal(("Disk full", "\nDisk full\nNode 7", "error", "ops", true), (draft.Title, draft.Body, draft.Severity, draft.Channel, draft.Audience.Everybody));
        DraftRules.Check(draft);
        var cut = SendNotification.DraftOf(new SendNotification.Request(Message: new string('x', 198) + "😀😀")).Title;
        Assert.Equal(new string('x', 198) + "…", cut);
        Assert.Throws<Problem>(() => SendNotification.DraftOf(new SendNotification.Request()));
        Assert.Throws<Problem>(() => SendNotification.DraftOf(new SendNotification.Request(Message: "a", Title: "b")));
    }

    [Theory]
    [InlineData("info", 0)]
    [InlineData("warning", 1)]
    [InlineData("error", 2)]
    [InlineData("critical", 2)]
    public void Escalation_has_an_end(string severity, int steps)
    {
        var at = DateTimeOffset.UnixEpoch;
        for (var step = 0; step < steps; step++) at = EscalationRule.Due(severity, step, at)!.Value;
        Assert.Null(EscalationRule.Due(severity, steps, at));
        Assert.Equal(steps > 0, at > DateTimeOffset.UnixEpoch);
    }
}
