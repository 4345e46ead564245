using System.Text.Json;
using System.Text.Json.Serialization;
using SomaStack.Agents.Tools;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Agents.Workflows;
using SomaStack.Agents.Workflows.Contracts;
using SomaStack.Governance.Approvals;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Billing;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Governance.Constitution;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Identity;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Intelligence.Benchmarks;
using SomaStack.Intelligence.Benchmarks.Contracts;
using SomaStack.Intelligence.Inference;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Operations.Notifications;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Tests.Notifications;

/// <summary>Each rule hears the real event of its room, as the room writes it.</summary>
public sealed class EventRulesTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string, string, string> Events()
    {
        var data = new TheoryData<string, string, string>();
        void Add<T>(string type, T what, JsonSerializerContext shape, string expected) where T : class => data.Add(type, JsonSerializer.Serialize(what, typeof(T), shape), expected);
        Add(ApprovalEvents.Proposed, new ApprovalProposed("a1", "tool.call", "shell", new string('d', 64), "ada", "Delete it all?", null, true, At.AddHours(1)), ApprovalsJson.Default, "warning review approval:decide-ada ack approval/a1 untrusted");
        Add(ApprovalEvents.Decided, new ApprovalDecided("a1", "approve", "bob", null, "ada", null), ApprovalsJson.Default, "-approval/a1=approved, info success ada");
        Add(ApprovalEvents.Decided, new ApprovalDecided("a1", "reject", "bob", "No.", "ada", null), ApprovalsJson.Default, "-approval/a1=rejected, warning alert ada untrusted");
        Add(ApprovalEvents.Returned, new ApprovalReturned("a1", "expired", "Nobody used it in time.", "ada", null), ApprovalsJson.Default, "-approval/a1=expired, warning alert ada");
        Add(ApprovalEvents.Returned, new ApprovalReturned("a1", "withdrawn", "Taken back.", "ada", null), ApprovalsJson.Default, "-approval/a1=withdrawn");
        Add(PolicyEvents.KillSwitchChanged, new KillSwitchChanged(true, "tenant", "drill"), PolicyJson.Default, "critical alert everybody ack killswitch/tenant/ untrusted");
        Add(PolicyEvents.KillSwitchChanged, new KillSwitchChanged(false, "tool", "over", "shell"), PolicyJson.Default, "-killswitch/tool/shell=released, info success everybody untrusted");
        Add(SettingsEvents.ModeChanged, new ModeChanged("test", "production", null, null, "launch", "ada", "operator", "a1", 2), SettingsJson.Default, "warning alert tenant:admin installation untrusted");
        Add(SettingsEvents.ModeChanged, new ModeChanged("production", "production-debug", At, "production", "look", "ada", "operator", null, 3), SettingsJson.Default, "warning alert tenant:admin installation untrusted");
        Add(SettingsEvents.ModeChanged, new ModeChanged("production", "test", null, null, "down", "ada", "operator", "a1", 4), SettingsJson.Default, "error alert tenant:admin installation untrusted");
        Add(ConstitutionEvents.Updated, new ConstitutionUpdated(3, "abc", At, ["k"]), ConstitutionJson.Default, "warning alert tenant:admin");
        Add(ConstitutionEvents.Refused, new ConstitutionRefused("signature", "It is not signed.", 4), ConstitutionJson.Default, "error alert tenant:admin untrusted");
        Add(PolicyEvents.PolicyUpdated, new PolicyUpdated(7, "abc"), PolicyJson.Default, "info alert tenant:admin");
        Add(BillingEvents.CostAnomaly, new CostAnomaly("r1", "openai", "gpt", "chat", "price_unknown", 1, 2, null, null, "USD"), BillingJson.Default, "warning budget billing:read");
        Add(BillingEvents.LimitChanged, new LimitChanged("l1", "spend", "day", 5, null, null, null, null, 1), BillingJson.Default, "info budget billing:read");
        Add(BillingEvents.LimitRemoved, new LimitChanged("l1", "spend", "day", 5, null, null, null, null, 2), BillingJson.Default, "info budget billing:read");
        Add(PolicyEvents.ModerationStrike, new ModerationStrike("eve", "r", "high", 1, true, false, false, 1), PolicyJson.Default, "");
        Add(PolicyEvents.ModerationStrike, new ModerationStrike("eve", "r", "high", 2, true, true, false, 1), PolicyJson.Default, "warning alert moderation:review-eve strikes/eve");
        Add(PolicyEvents.ModerationStrike, new ModerationStrike("eve", "r", "high", 3, true, true, true, 1), PolicyJson.Default, "error alert moderation:review-eve ack strikes/eve, error alert eve");
        Add(PolicyEvents.ModerationAppealed, new ModerationAppealed("eve", "p1", "abc"), PolicyJson.Default, "warning review moderation:review-eve ack appeal/p1");
        Add(PolicyEvents.ModerationAppealDecided, new ModerationAppealDecided("eve", "p1", "reset", "Fair."), PolicyJson.Default, "-appeal/p1=reset, warning success eve untrusted");
        Add(IdentityEvents.TrainingStarted, new TrainingStarted("ada", "new tools", At.AddHours(1)), IdentityJson.Default, "warning alert everybody training untrusted");
        Add(IdentityEvents.TrainingStopped, new TrainingStopped("ada", null), IdentityJson.Default, "-training=stopped, info success everybody");
        Add(IdentityEvents.CredentialsRefused, new CredentialsRefused(At, At, [new CredentialRefusal("token", "10.0.0.1", 5)]), IdentityJson.Default, "");
        Add(IdentityEvents.CredentialsRefused, new CredentialsRefused(At, At, [new CredentialRefusal("sign_in_delayed", "10.0.0.1", 5)]), IdentityJson.Default, "warning alert platform:admin installation");
        Add(IdentityEvents.PasswordChanged, new PasswordChanged("ada"), IdentityJson.Default, "warning alert ada");
        Add(IdentityEvents.MfaChanged, new MfaChanged("ada", false), IdentityJson.Default, "warning alert ada");
        Add(IdentityEvents.RecoveryCodeUsed, new RecoveryCodeUsed("ada"), IdentityJson.Default, "warning alert ada");
        Add(IdentityEvents.ApiKeyCreated, new ApiKeyCreated("k1", "ada", "ci", [], null), IdentityJson.Default, "warning alert ada");
        Add(IdentityEvents.Invited, new Invited("i1", "bob", [], [], At), IdentityJson.Default, "info alert tenant:admin");
        Add(IdentityEvents.InvitationAccepted, new InvitationAccepted("i1", "bob"), IdentityJson.Default, "info success tenant:admin");
        Add(BenchmarkEvents.PromotionSuggested, new PromotionSuggested("p1", "r1", "chat", "qa", "old", "new", .5, .4, .6, .7, .6, .8, 20, "better"), BenchmarksJson.Default, "warning review tenant:admin ack promotion/p1");
        Add(BenchmarkEvents.RollbackSuggested, new PromotionSuggested("p1", "r1", "chat", "qa", "old", null, .5, .4, .6, null, null, null, 20, "worse"), BenchmarksJson.Default, "warning review tenant:admin ack promotion/p1");
        Add(BenchmarkEvents.PromotionDecided, new PromotionDecided("p1", "accepted", "chat", "old", "new"), BenchmarksJson.Default, "-promotion/p1=accepted");
        Add(BenchmarkEvents.RunFinished, new RunFinished("r1", "done", null, 10, 0, 0), BenchmarksJson.Default, "");
        Add(BenchmarkEvents.RunFinished, new RunFinished("r1", "failed", "no model", 0, 10, 0), BenchmarksJson.Default, "error alert benchmark:run untrusted");
        Add(RequestEvents.Completed, new RequestCompleted("v1", "q1", null, "chat", "chat", "succeeded", 1, null, null, null, null, null, false), QueueJson.Default, "");
        Add(RequestEvents.Completed, new RequestCompleted("v1", "q1", null, "chat", "chat", "failed", 5, null, null, null, null, "model_failed", true), QueueJson.Default, "error alert actor");
        Add(ToolEvents.Notify, new ToolNotice("n1", "error", "Disk is full", "/var", ["bob"], null, "ada", null, "r1"), ToolsJson.Default, "error alert bob untrusted");
        Add(ToolEvents.Notify, new ToolNotice("n2", "loud", "Look", "", null, null, "ada", null, null), ToolsJson.Default, "info alert ada untrusted");
        Add(ToolEvents.Notify, new ToolNotice("n3", "info", "Look", "", null, Capability.RunManage, "ada", null, null), ToolsJson.Default, "info alert run:manage untrusted");
        Add(RunEvents.Ended, new RunEnded("r1", "c", "Two looks", "ada", "failed", "tool_failed", "Keep", null, 3, 0, 0, 9, "abc", null), WorkflowsJson.Default, "error alert ada untrusted");
        Add(RunEvents.Ended, new RunEnded("r1", "c", "Two looks", "ada", "failed", "tool_failed", "Keep", "r0", 3, 0, 0, 9, "abc", null), WorkflowsJson.Default, "");
        Add(RunEvents.Ended, new RunEnded("r1", "c", "Two looks", "ada", "completed", null, null, null, 3, 0, 0, 9, "abc", null), WorkflowsJson.Default, "");
        Add(RunEvents.Ended, new RunEnded("r1", "c", "Two looks", "ada", "completed", null, null, null, 3, 0, 0, 9, "abc", "ops"), WorkflowsJson.Default, "info success ada untrusted");
        Add(RunEvents.FormAsked, new RunFormAsked("r1", "c", "Ask", 1, "Which one?", "ada", "bob"), WorkflowsJson.Default, "warning review bob ack form/r1/Ask/1 untrusted");
        Add(RunEvents.FormAsked, new RunFormAsked("r1", "c", "Ask", 1, "Which one?", "ada", null), WorkflowsJson.Default, "warning review ada ack form/r1/Ask/1 untrusted");
        Add(RunEvents.FormEnded, new RunFormEnded("r1", "Ask", 1), WorkflowsJson.Default, "-form/r1/Ask/1=answered");
        Add(DeadLettered.Type, new DeadLettered("d1", "memory.episodes", "somastack.sessions.turn_completed.v1", 9, 8), JournalJson.Default, "error alert tenant:admin");
        return data;
    }

    [Theory, MemberData(nameof(Events))]
    public void Each_event_tells_whom_it_concerns(string type, string json, string expected)
    {
        var effects = EventRules.Of(Line(type, json));
        Assert.Equal(expected, string.Join(", ", effects.Select(Show)));
        Assert.All(effects.OfType<Tell>(), tell => Assert.Equal(type, tell.Draft.Source));
        foreach (var tell in effects.OfType<Tell>()) DraftRules.Check(tell.Draft);
    }

    [Fact]
    public void Every_rule_is_tested_with_an_event_of_its_room()
    {
        var tested = Events().Select(static row => row.Data.Item1).Append(PolicyEvents.Notify).ToHashSet();
        Assert.DoesNotContain(EventRules.Types, type => !tested.Contains(type));
    }

    [Fact]
    public void A_policy_s_obligation_to_notify_is_told_as_it_says()
    {
        var tell = Assert.IsType<Tell>(EventRules.Of(Line(PolicyEvents.Notify, Notice("error", "Large transfer", "session/1"))).Single());
        Assert.Equal(("error", "Large transfer", "session/1", true), (tell.Draft.Severity, tell.Draft.Title, tell.Draft.Body, tell.Draft.Untrusted));
        Assert.Equal("warning", ((Tell)EventRules.Of(Line(PolicyEvents.Notify, Notice("loud", "x", ""))).Single()).Draft.Severity);
    }

    [Theory]
    [InlineData("money", "money per month: 0.5 USD.")]
    [InlineData("tokens", "tokens per month: 500000000.")]
    public void A_limit_is_told_in_the_unit_that_people_set_it_in(string metric, string expected)
    {
        var changed = JsonSerializer.Serialize(new LimitChanged("l1", metric, "month", 500_000_000, null, null, null, null, 1), BillingJson.Default.LimitChanged);
        Assert.Equal(expected, Assert.IsType<Tell>(EventRules.Of(Line(BillingEvents.LimitChanged, changed)).Single()).Draft.Body);
    }

    [Fact]
    public void A_policy_s_notice_goes_to_the_holders_of_the_capability_that_it_names_or_to_the_administrators()
    {
        Audience Whom(string target) => Assert.IsType<Tell>(EventRules.Of(Line(PolicyEvents.Notify, Notice("info", "Seen", "call/1", target))).Single()).Draft.Audience;
        Assert.Equal("billing:read", Whom("billing:read").Capability);
        Assert.Equal("tenant:admin", Whom("treasury").Capability);
    }

    private static string Notice(string severity, string title, string subject, string target = "treasury") =>
        JsonSerializer.Serialize(new PolicyNotice(severity, title, subject, target, "tell", "model.call", "gpt-4o", 1), PolicyJson.Default.PolicyNotice);

    [Fact]
    public void What_people_wrote_never_breaks_a_notification()
    {
        var hostile = "Subject\r\nBcc: all@example.org\u2028" + new string('x', 10_000) + "😀";
        foreach (var (type, json) in new[]
        {
            (ApprovalEvents.Proposed, JsonSerializer.Serialize(new ApprovalProposed("a1", hostile, hostile, "d", "ada", hostile, null, false, At), ApprovalsJson.Default.ApprovalProposed)),
            (PolicyEvents.KillSwitchChanged, JsonSerializer.Serialize(new KillSwitchChanged(true, "tool", hostile, hostile[..100]), PolicyJson.Default.KillSwitchChanged)),
            (BillingEvents.CostAnomaly, JsonSerializer.Serialize(new CostAnomaly("r", hostile, hostile, "chat", "zero_cost", 1, 1, 0, 0, "USD"), BillingJson.Default.CostAnomaly)),
            (PolicyEvents.Notify, Notice("error", hostile, hostile)),
        })
            foreach (var tell in EventRules.Of(Line(type, json)).OfType<Tell>())
            {
                DraftRules.Check(tell.Draft);
                Assert.DoesNotContain('\n', tell.Draft.Title);
            }
    }

    private static string Show(SomaStack.Operations.Notifications.RuleEffect effect)
    {
        if (effect is Resolve over) return $"-{over.Subject}={over.Resolution}";
        var tell = (Tell)effect;
        var draft = tell.Draft;
        var audience = draft.Audience.Everybody ? "everybody" : draft.Audience.Capability is { } capability ? capability + (draft.Audience.Except is { } except ? "-" + except : "") : string.Join('+', draft.Audience.Principals!);
        string[] parts = [draft.Severity, draft.Kind, audience, tell.Installation ? "installation" : "", draft.RequiresAck ? "ack" : "", draft.Subject ?? "", draft.Untrusted ? "untrusted" : ""];
        return string.Join(' ', parts.Where(static part => part.Length > 0));
    }

    private static JournalLine Line(string type, string json) => new(1, 0, "l1", "demo", "s", 1, type, At, "actor", "t", json, []);
}
