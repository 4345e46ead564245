using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Agents.Workflows.Contracts;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Intelligence.Benchmarks.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>What a rule asks for: tell people, or take away the attention of what is over.</summary>
internal abstract record RuleEffect;

/// <param name="Installation">An event of the installation (tenant <c>*</c>): every tenant that has people of the audience hears of it.</param>
internal sealed record Tell(NotificationDraft Draft, bool Installation = false) : RuleEffect;

/// <param name="Subject">As the notifications have it.</param>
internal sealed record Resolve(string Subject, string Resolution) : RuleEffect;

/// <summary>
/// Every event of the rooms that somebody must hear of, who that is and how grave it is: one table, read from top to bottom. Pure. Texts that
/// people or models wrote make a notification untrusted.
/// </summary>
internal static class EventRules
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private static readonly (string Type, Func<JournalLine, IEnumerable<RuleEffect>> Rule)[] Table =
    [
        // Approvals: whoever may decide, but never whoever asked; then whoever asked.
        (ApprovalEvents.Proposed, On(RulesJson.Default.ApprovalProposed, static (line, one) =>
        [
            new Tell(Draft("review", "warning", $"Approval wanted: {one.Kind}", one.Summary, Audience.Holders(Capability.ApprovalDecide, one.Requester)) with
            {
                Subject = "approval/" + one.Id, GroupKey = Key("approvals", one.Kind), Link = "/approvals/" + one.Id, RequiresAck = true, ExpiresAt = one.ExpiresAt, Untrusted = true,
                Metadata = Pairs(("approval", one.Id), ("digest", one.Digest), ("kind", one.Kind), ("resource", one.Resource), ("requester", one.Requester)),
            }),
        ])),
        (ApprovalEvents.Decided, On(RulesJson.Default.ApprovalDecided, static (line, one) =>
        [
            new Resolve("approval/" + one.Id, one.Decision == "approve" ? "approved" : "rejected"),
            new Tell(Draft(one.Decision == "approve" ? "success" : "alert", one.Decision == "approve" ? "info" : "warning", one.Decision == "approve" ? "Your request was approved" : "Your request was refused",
                one.Comment ?? "", Audience.Of(one.Requester)) with
            {
                GroupKey = "approvals/mine", Link = "/approvals/" + one.Id, Untrusted = one.Comment is not null, Metadata = Pairs(("approval", one.Id), ("decision", one.Decision), ("decider", one.Decider)),
            }),
        ])),
        (ApprovalEvents.Returned, On(RulesJson.Default.ApprovalReturned, static (line, one) =>
            one.Code == "withdrawn" ? [new Resolve("approval/" + one.Id, one.Code)] :
            [
                new Resolve("approval/" + one.Id, one.Code),
                new Tell(Draft("alert", "warning", "Your approval came back unused", one.Detail, Audience.Of(one.Requester)) with
                {
                    GroupKey = "approvals/mine", Link = "/approvals/" + one.Id, Metadata = Pairs(("approval", one.Id), ("code", one.Code)),
                }),
            ])),

        // What stops or changes everything.
        (PolicyEvents.KillSwitchChanged, On(RulesJson.Default.KillSwitchChanged, static (line, one) => KillSwitch(line, one))),
        (SettingsEvents.ModeChanged, On(RulesJson.Default.ModeChanged, static (line, one) =>
        [
            new Tell(Draft("alert", one.To.StartsWith("production", StringComparison.Ordinal) ? "warning" : "error", $"Deployment mode is now {one.To}", $"It was {one.From}. {one.Reason}", Admins) with
            {
                GroupKey = "mode", Link = "/settings/mode", Untrusted = true, Metadata = Pairs(("from", one.From), ("to", one.To), ("cause", one.Cause), ("by", one.ChangedBy)),
            }, Installation: true),
        ])),
        (ConstitutionEvents.Updated, On(RulesJson.Default.ConstitutionUpdated, static (line, one) =>
        [
            new Tell(Draft("alert", "warning", one.RollbackOf is null ? $"Constitution {one.Version} took effect" : $"Constitution was rolled back to the text of version {one.RollbackOf}",
                "Sessions that are pinned to another one are refused from now on.", Admins) with
            {
                GroupKey = "constitution", Link = "/constitution", Metadata = Pairs(("version", Number(one.Version)), ("hash", one.Hash)),
            }, line.Tenant == Db.AllTenants),
        ])),
        (ConstitutionEvents.Refused, On(RulesJson.Default.ConstitutionRefused, static (line, one) =>
        [
            new Tell(Draft("alert", "error", "A constitution was refused", one.Detail, Admins) with
            {
                GroupKey = "constitution", Link = "/constitution", Untrusted = true, DedupeKey = "constitution-refused/" + one.Code, Metadata = Pairs(("code", one.Code)),
            }, line.Tenant == Db.AllTenants),
        ])),
        (PolicyEvents.PolicyUpdated, On(RulesJson.Default.PolicyUpdated, static (line, one) =>
        [
            new Tell(Draft("alert", "info", $"Policy {one.Version} took effect", "", Admins) with
            {
                GroupKey = "policy", Link = "/policies", Metadata = Pairs(("version", Number(one.Version)), ("hash", one.Hash)),
            }, line.Tenant == Db.AllTenants),
        ])),
        // A target that is a capability names its holders; any other word is for the administrators to read.
        (PolicyEvents.Notify, On(RulesJson.Default.PolicyNotice, static (line, one) =>
        [
            new Tell(Draft("alert", Severities.Rank(one.Severity) < 0 ? "warning" : one.Severity, one.Title, one.Subject,
                Capability.All.Contains(one.Target) ? Audience.Holders(one.Target) : Admins) with
            {
                GroupKey = "policy/notices", Untrusted = true, DedupeKey = Key("policy-notice", one.Severity, one.Title, one.Subject),
                Metadata = Pairs(("rule", one.Rule), ("target", one.Target)),
            }),
        ])),

        // Tools.
        (ToolEvents.Notify, On(RulesJson.Default.ToolNotice, static (line, one) =>
        [
            new Tell(Draft("alert", Severities.Rank(one.Severity) < 0 ? "info" : one.Severity, one.Title, one.Body, one.Capability is { } held ? Audience.Holders(held) : Audience.Of(one.Principals ?? [one.Sender])) with
            {
                GroupKey = "tools/notify", Untrusted = true, Metadata = Pairs(("sender", one.Sender), ("session", one.Session ?? ""), ("run", one.Run ?? "")),
            }),
        ])),

        // Money.
        (BillingEvents.CostAnomaly, On(RulesJson.Default.CostAnomaly, static (line, one) =>
        [
            new Tell(Draft("budget", "warning", $"Costs of {one.Model} deserve a look", CostSentence(one.Reason), Audience.Holders(Capability.BillingRead)) with
            {
                GroupKey = "costs", Link = "/billing", DedupeKey = Key("cost", one.Provider, one.Model, one.Reason), DedupeWindow = Day,
                Metadata = Pairs(("provider", one.Provider), ("model", one.Model), ("reason", one.Reason), ("reservation", one.ReservationId)),
            }),
        ])),
        (BillingEvents.LimitChanged, On(RulesJson.Default.LimitChanged, static (line, one) => Limit(one, "changed"))),
        (BillingEvents.LimitRemoved, On(RulesJson.Default.LimitChanged, static (line, one) => Limit(one, "removed"))),

        // Conduct.
        (PolicyEvents.ModerationStrike, On(RulesJson.Default.ModerationStrike, static (line, one) => Strike(one))),
        (PolicyEvents.ModerationAppealed, On(RulesJson.Default.ModerationAppealed, static (line, one) =>
        [
            new Tell(Draft("review", "warning", $"{one.Principal} appeals a moderation", "Read the appeal and decide it.", Audience.Holders(Capability.ModerationReview, one.Principal)) with
            {
                Subject = "appeal/" + one.AppealId, GroupKey = "moderation", RequiresAck = true, Link = "/moderation/appeals/" + one.AppealId, Metadata = Pairs(("appeal", one.AppealId)),
            }),
        ])),
        (PolicyEvents.ModerationAppealDecided, On(RulesJson.Default.ModerationAppealDecided, static (line, one) =>
        [
            new Resolve("appeal/" + one.AppealId, one.Decision),
            new Tell(Draft(one.Decision == "reset" ? "success" : "alert", "warning", one.Decision == "reset" ? "Your appeal was granted" : "Your appeal was refused", one.Reason, Audience.Of(one.Principal)) with
            {
                GroupKey = "moderation", Untrusted = true, Metadata = Pairs(("appeal", one.AppealId)),
            }),
        ])),
        (IdentityEvents.TrainingStarted, On(RulesJson.Default.TrainingStarted, static (line, one) =>
        [
            new Tell(Draft("alert", "warning", $"{one.Principal} trains this tenant", $"Nobody else acts in it until {one.EndsAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC. {one.Reason}", Audience.Tenant) with
            {
                Subject = "training", GroupKey = "training", Untrusted = true, ExpiresAt = one.EndsAt, Metadata = Pairs(("principal", one.Principal)),
            }),
        ])),
        (IdentityEvents.TrainingStopped, On(RulesJson.Default.TrainingStopped, static (line, one) =>
        [
            new Resolve("training", "stopped"),
            new Tell(Draft("success", "info", "The training is over", one.Reason ?? "", Audience.Tenant) with { GroupKey = "training", Untrusted = one.Reason is not null }),
        ])),

        // Accounts: what its holder must see when it was not he who did it.
        (IdentityEvents.CredentialsRefused, On(RulesJson.Default.CredentialsRefused, static (line, one) => LockOuts(one))),
        (IdentityEvents.PasswordChanged, On(RulesJson.Default.PasswordChanged, static (line, one) => Account("Your password was changed", one.Principal))),
        (IdentityEvents.MfaChanged, On(RulesJson.Default.MfaChanged, static (line, one) => Account(one.Enrolled ? "A second factor was added" : "Your second factor was removed", one.Principal))),
        (IdentityEvents.RecoveryCodeUsed, On(RulesJson.Default.RecoveryCodeUsed, static (line, one) => Account("A recovery code was used", one.Principal))),
        (IdentityEvents.ApiKeyCreated, On(RulesJson.Default.ApiKeyCreated, static (line, one) => Account($"An API key was made for you: {Line(one.Name)}", one.Principal))),
        (IdentityEvents.Invited, On(RulesJson.Default.Invited, static (line, one) =>
        [
            new Tell(Draft("alert", "info", $"{one.Principal} was invited", $"Until {one.ExpiresAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC.", Admins) with
            {
                GroupKey = "people", Link = "/users", Metadata = Pairs(("invitation", one.Id), ("by", line.Actor)),
            }),
        ])),
        (IdentityEvents.InvitationAccepted, On(RulesJson.Default.InvitationAccepted, static (line, one) =>
        [
            new Tell(Draft("success", "info", $"{one.Principal} accepted the invitation", "", Admins) with { GroupKey = "people", Link = "/users", Metadata = Pairs(("invitation", one.Id)) }),
        ])),

        // Models and work.
        (BenchmarkEvents.PromotionSuggested, On(RulesJson.Default.PromotionSuggested, static (line, one) => Promotion(one, "Another model scores better"))),
        (BenchmarkEvents.RollbackSuggested, On(RulesJson.Default.PromotionSuggested, static (line, one) => Promotion(one, "The primary model has become worse"))),
        (BenchmarkEvents.PromotionDecided, On(RulesJson.Default.PromotionDecided, static (line, one) => [new Resolve("promotion/" + one.PromotionId, one.Decision)])),
        (BenchmarkEvents.RunFinished, On(RulesJson.Default.RunFinished, static (line, one) => one.Status != "failed" ? [] :
        [
            new Tell(Draft("alert", "error", "A benchmark run failed", one.Error ?? "", Audience.Holders(Capability.BenchmarkRun)) with
            {
                GroupKey = "benchmarks", Link = "/benchmarks/runs/" + one.RunId, Untrusted = true, Metadata = Pairs(("run", one.RunId)),
            }),
        ])),
        (RequestEvents.Completed, On(RulesJson.Default.RequestCompleted, static (line, one) => one.Status != "failed" ? [] :
        [
            new Tell(Draft("alert", one.Dead ? "error" : "warning", one.Dead ? "A request failed for good" : "A request failed", $"After {Number(one.Attempt)} attempts: {one.Code ?? "unknown"}.", Audience.Of(line.Actor)) with
            {
                GroupKey = "requests", DedupeKey = Key("request", line.Actor, one.Code ?? ""), Link = "/requests/" + one.RequestId, Metadata = Pairs(("request", one.RequestId), ("code", one.Code ?? "")),
            }),
        ])),
        (RunEvents.FormAsked, On(RulesJson.Default.RunFormAsked, static (line, one) => Form(one))),
        (RunEvents.FormEnded, On(RulesJson.Default.RunFormEnded, static (line, one) => [new Resolve($"form/{one.Run}/{one.Path}/{one.Attempt}", "answered")])),
        (RunEvents.Ended, On(RulesJson.Default.RunEnded, static (line, one) => RunEnd(one))),
        (DeadLettered.Type, On(RulesJson.Default.DeadLettered, static (line, one) =>
        [
            new Tell(Draft("alert", "error", $"{one.Consumer} gave up on an event", $"{one.What} is a dead letter now. The operator sees why, and replays it.",
                line.Tenant == Db.AllTenants ? Operators : Admins) with
            {
                GroupKey = "dead-letters", DedupeKey = Key("dead-letter", one.Consumer, one.What), Metadata = Pairs(("dead_letter", one.Id), ("consumer", one.Consumer), ("type", one.What)),
            }, line.Tenant == Db.AllTenants),
        ])),
    ];

    private static Audience Admins => Audience.Holders(Capability.TenantAdmin);
    private static Audience Operators => Audience.Holders(Capability.PlatformAdmin);

    private static readonly Dictionary<string, Func<JournalLine, IEnumerable<RuleEffect>>> ByType = Table.ToDictionary(static one => one.Type, static one => one.Rule, StringComparer.Ordinal);

    public static IReadOnlyList<string> Types { get; } = [.. ByType.Keys];

    /// <summary>What the event asks for, in order; nothing when it concerns nobody.</summary>
    public static IReadOnlyList<RuleEffect> Of(JournalLine line) => ByType.TryGetValue(line.Type, out var rule) ? [.. rule(line).Select(effect => Sourced(effect, line))] : [];

    private static Func<JournalLine, IEnumerable<RuleEffect>> On<T>(JsonTypeInfo<T> shape, Func<JournalLine, T, IEnumerable<RuleEffect>> rule) where T : class =>
        line => rule(line, JsonSerializer.Deserialize(line.Data, shape) ?? throw new JsonException("The event is empty."));

    private static IEnumerable<RuleEffect> KillSwitch(JournalLine line, KillSwitchChanged one)
    {
        var what = one.Target is null ? one.Scope : $"{one.Scope} {one.Target}";
        var subject = $"killswitch/{one.Scope}/{one.Target}";
        var installation = line.Tenant == Db.AllTenants;
        if (!one.Engaged) yield return new Resolve(subject, "released");
        yield return new Tell(
            Draft(one.Engaged ? "alert" : "success", one.Engaged ? "critical" : "info", one.Engaged ? $"Kill switch engaged: {what}" : $"Kill switch released: {what}", one.Reason, Audience.Tenant) with
            {
                Subject = one.Engaged ? subject : null, GroupKey = "killswitch", Link = "/killswitch", Untrusted = true, RequiresAck = one.Engaged, Metadata = Pairs(("scope", one.Scope), ("by", line.Actor)),
            }, installation);
    }

    private static IEnumerable<RuleEffect> Limit(LimitChanged one, string what) =>
    [
        new Tell(Draft("budget", "info", $"A limit was {what}", $"{one.Metric} per {one.Window}: {(one.Metric == "money" ? Money.Text(one.Amount, "USD") : Number(one.Amount))}.", Audience.Holders(Capability.BillingRead)) with
        {
            GroupKey = "limits", Link = "/billing/limits", Metadata = Pairs(("limit", one.Id), ("metric", one.Metric), ("principal", one.Principal ?? "")),
        }),
    ];

    private static IEnumerable<RuleEffect> Form(RunFormAsked one) =>
    [
        new Tell(Draft("review", "warning", one.Title, $"A run of {one.Capsule} waits for what you fill in.", Audience.Of(one.To ?? one.Starter)) with
        {
            Subject = $"form/{one.Run}/{one.Path}/{one.Attempt}", GroupKey = Key("forms", one.Capsule), Link = "/workflows/" + one.Run, RequiresAck = true, Untrusted = true,
            Metadata = Pairs(("run", one.Run), ("path", one.Path), ("starter", one.Starter)),
        }),
    ];

    /// <summary>A failure is always told; another end only when the request named a channel. What a run nested, its own end tells.</summary>
    private static IEnumerable<RuleEffect> RunEnd(RunEnded one)
    {
        if (one.Parent is not null || (one.Status != "failed" && one.Channel is null)) yield break;
        var failed = one.Status == "failed";
        var body = failed ? $"{one.Code} at {one.Path ?? "the run"} after {Number(one.Steps)} steps." : $"{Number(one.Steps)} steps, {Number(one.Tokens)} tokens.";
        yield return new Tell(Draft(failed ? "alert" : "success", failed ? "error" : "info", $"Run {one.Status}: {one.Name}", body, Audience.Of(one.Starter)) with
        {
            GroupKey = Key("runs", one.Channel ?? one.Capsule), Link = "/workflows/" + one.Run, Untrusted = true, Metadata = Pairs(("run", one.Run), ("capsule", one.Capsule), ("code", one.Code ?? ""), ("channel", one.Channel ?? "")),
        });
    }

    private static IEnumerable<RuleEffect> Strike(ModerationStrike one)
    {
        if (!one.Escalated && !one.Locked) yield break;
        yield return new Tell(
            Draft("alert", one.Locked ? "error" : "warning", one.Locked ? $"{one.Principal} is locked" : $"{one.Principal} has {Number(one.Strikes)} strikes",
                $"Rule {one.Rule}, severity {one.Severity}. Look before more is said.", Audience.Holders(Capability.ModerationReview, one.Principal)) with
            {
                Subject = "strikes/" + one.Principal, GroupKey = "moderation", RequiresAck = one.Locked, DedupeKey = Key("strikes", one.Principal, one.Locked ? "locked" : "escalated"),
                Link = "/moderation/strikes", Metadata = Pairs(("principal", one.Principal), ("rule", one.Rule)),
            });
        if (one.Locked)
            yield return new Tell(Draft("alert", "error", "You are locked", "Too many of your texts were held back. Appeal with POST /v1/moderation/appeals, or ask a reviewer.", Audience.Of(one.Principal)) with
            {
                GroupKey = "moderation", DedupeKey = Key("locked", one.Principal),
            });
    }

    private static IEnumerable<RuleEffect> LockOuts(CredentialsRefused one)
    {
        var delayed = one.Refusals.Where(static refusal => refusal.Kind == "sign_in_delayed").Sum(static refusal => refusal.Count);
        if (delayed == 0) yield break;
        yield return new Tell(Draft("alert", "warning", "Sign-ins were held back", $"{Number(delayed)} attempts came after too many failures. See the audit trail for where from.", Operators) with
        {
            GroupKey = "accounts", DedupeKey = "sign-in-delayed", Link = "/audit",
        }, Installation: true);
    }

    private static IEnumerable<RuleEffect> Account(string title, string principal) =>
    [
        new Tell(Draft("alert", "warning", title, "If that was not you, tell an administrator at once.", Audience.Of(principal)) with { GroupKey = "account", Link = "/account" }),
    ];

    private static IEnumerable<RuleEffect> Promotion(PromotionSuggested one, string title) =>
    [
        new Tell(Draft("review", "warning", $"{title} at {one.Role}", one.Candidate is null ? one.Reason : $"{one.Candidate} instead of {one.Primary}: {one.Reason}", Admins) with
        {
            Subject = "promotion/" + one.PromotionId, GroupKey = "benchmarks", RequiresAck = true, Link = "/benchmarks/promotions/" + one.PromotionId,
            Metadata = Pairs(("promotion", one.PromotionId), ("role", one.Role), ("primary", one.Primary), ("candidate", one.Candidate ?? "")),
        }),
    ];

    private static string CostSentence(string reason) => reason switch
    {
        "price_unknown" => "The price book does not know this model, so its calls count as free.",
        "usage_missing" => "The provider did not say what was used.",
        "usage_unpriced" => "The counts contradict each other, or a price is missing.",
        "no_tokens" => "The provider says that nothing was used.",
        "zero_cost" => "Tokens were used and nothing was charged.",
        "over_reservation" => "A call cost more than the most that was reserved.",
        _ => reason,
    };

    private static RuleEffect Sourced(RuleEffect effect, JournalLine line) => effect is Tell tell ? tell with { Draft = tell.Draft with { Source = line.Type } } : effect;

    /// <summary>Cut to what a notification may be: an event that is longer than that must not be lost for it.</summary>
    private static NotificationDraft Draft(string kind, string severity, string title, string body, Audience audience) =>
        new(kind, severity, Line(title), RuleText.Body(body), audience);

    private static string Line(string text) => RuleText.Line(text, DraftRules.TitleMax);

    private static string Key(params ReadOnlySpan<string> parts) => RuleText.Key(parts);

    private static string Number(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static Dictionary<string, string> Pairs(params ReadOnlySpan<(string Key, string Value)> pairs)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in pairs) result[key] = RuleText.Cut(value, DraftRules.PairValueMax);
        return result;
    }
}
