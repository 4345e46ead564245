using Microsoft.Extensions.Logging;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <summary>Looks at text before it acts: kill switch, then the principal's standing, then rules and further detectors.</summary>
internal sealed partial class Moderation(
    Db db, Journal journal, StrikeStore strikes, PoliciesInForce policies, IKillSwitch killSwitch, IEnumerable<IModerator> moderators, TimeProvider clock,
    ILogger<Moderation> logger) : IModeration
{
    private readonly IModerator[] _moderators = [.. moderators];

    public async Task<ModerationResult> CheckAsync(RequestContext context, ModerationStage stage, string text, CancellationToken cancellationToken)
    {
        killSwitch.ThrowIfEngaged(context.Tenant);
        try
        {
            var (inForce, policy) = await PolicyAsync(context, cancellationToken);
            return stage == ModerationStage.Input
                ? await InputAsync(context, inForce, policy, text, cancellationToken)
                : Quoted(ModerationRules.With(ModerationRules.Look(policy, stage, text), await DetectAsync(context, stage, text, cancellationToken)), stage, inForce.Version);
        }
        catch (Exception exception) when (IsFailure(exception, cancellationToken))
        {
            throw Failed(context, stage, exception);
        }
    }

    private async ValueTask<(PolicyInForce InForce, CompiledPolicy Policy)> PolicyAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var inForce = await policies.OfAsync(context.Tenant, cancellationToken);
        return (inForce, inForce.Policy ?? throw PolicyProblems.ModerationUnavailable.Because("The policy with the moderation rules is broken."));
    }

    private static bool IsFailure(Exception exception, CancellationToken cancellationToken) =>
        !IsOurs(exception) && !(exception is OperationCanceledException && cancellationToken.IsCancellationRequested);

    /// <summary>Whatever failed, a detector's time-out and its refusals included: the caller hears that nothing was checked.</summary>
    private Problem Failed(RequestContext context, ModerationStage stage, Exception exception)
    {
        LogFailure(logger, context.Tenant, exception);
        PolicyMetrics.Looked(stage, "error");
        return PolicyProblems.ModerationUnavailable.Because("The text could not be checked, so it goes nowhere.", exception);
    }

    private static bool IsOurs(Exception exception) => exception is Problem problem && problem.Code == PolicyProblems.ModerationUnavailable;

    /// <summary>What a tool, a model or a memory says is nobody's offence: it is labelled, and redacted or dropped where a rule says so.</summary>
    private static ModerationResult Quoted(Findings findings, ModerationStage stage, long version)
    {
        PolicyMetrics.Looked(stage, findings.Dropped ? "dropped" : findings.Redacted is not null ? "redacted" : findings.Rules.Count > 0 ? "labelled" : "clean");
        return new ModerationResult(findings.Dropped, false, 0, [.. findings.Rules.Select(rule => ModerationRules.Why(rule, version))], findings.Redacted)
        {
            Labels = ModerationRules.Labels(stage, findings),
        };
    }

    private async Task<ModerationResult> InputAsync(RequestContext context, PolicyInForce inForce, CompiledPolicy policy, string text, CancellationToken cancellationToken)
    {
        var ladder = policy.Document.Moderation.Ladder;
        var standing = await strikes.StandingAsync(context.Tenant, context.Principal.Id, Since(ladder), cancellationToken);
        var bypass = context.Capabilities.Has(Capability.ModerationBypass);
        // A locked principal is refused whatever the text says, so it is not looked at.
        var findings = standing.Locked && !bypass ? Findings.None : ModerationRules.Look(policy, ModerationStage.Input, text);
        var extra = standing.Locked ? [] : await DetectAsync(context, ModerationStage.Input, text, cancellationToken);
        if (bypass) return await BypassAsync(context, findings, extra, standing, cancellationToken);
        findings = ModerationRules.With(findings, extra);
        var verdict = ModerationRules.Judge(findings, ladder, standing.Strikes, standing.Locked, inForce.Version);
        if (!verdict.Struck)
        {
            PolicyMetrics.Looked(ModerationStage.Input, verdict.Blocked ? "blocked" : findings.Rules.Count > 0 ? "labelled" : "clean");
            return new ModerationResult(verdict.Blocked, false, standing.Strikes, verdict.Reasons) { Labels = ModerationRules.Labels(ModerationStage.Input, findings) };
        }
        return await StrikeAsync(context, inForce.Version, ladder, findings, text, cancellationToken);
    }

    private async Task<IReadOnlyList<Reason>> DetectAsync(RequestContext context, ModerationStage stage, string text, CancellationToken cancellationToken)
    {
        if (_moderators.Length == 0) return [];
        var reasons = new List<Reason>();
        foreach (var moderator in _moderators)
            if (moderator.Looks(stage)) reasons.AddRange(await moderator.DetectAsync(context, text, cancellationToken));
        return reasons;
    }

    /// <summary>One strike a text: a retry under the same idempotency key finds its row and is judged as before.</summary>
    private async Task<ModerationResult> StrikeAsync(
        RequestContext context, long policyVersion, StrikeLadder ladder, Findings findings, string text, CancellationToken cancellationToken)
    {
        var id = Ids.For(context, "moderation/" + TextDigest.Of(text));
        var now = clock.GetUtcNow().ToMicros();
        var (tenant, principal) = (context.Tenant, context.Principal.Id);
        var (verdict, count, known) = await db.WriteAsync(
            tenant,
            async work =>
            {
                var (version, locked) = await StrikeStore.TouchAsync(work, tenant, principal, now);
                var before = await StrikeStore.CountAsync(work, tenant, principal, Since(ladder));
                if (await StrikeStore.ExistsAsync(work, tenant, id)) return (ModerationRules.Judge(findings, ladder, before - 1, locked, policyVersion), before, true);
                var judged = ModerationRules.Judge(findings, ladder, before, locked, policyVersion);
                if (!judged.Struck) return (judged, before, false);
                var rule = findings.Strikes!;
                await StrikeStore.InsertAsync(work, tenant, new Strike(id, principal, now.ToInstant(), rule.Id, rule.Severity, policyVersion));
                if (judged.Locked) await StrikeStore.LockAsync(work, tenant, principal, now);
                await journal.AppendAsync(
                    work, context, "moderation/" + principal, version, PolicyEvents.ModerationStrike,
                    new ModerationStrike(principal, rule.Id, PolicyMetrics.Name(rule.Severity), before + 1, judged.Blocked, judged.Escalated, judged.Locked, policyVersion),
                    PolicyJson.Default.ModerationStrike);
                return (judged, before + 1, false);
            },
            cancellationToken);
        if (verdict.Struck && !known) PolicyMetrics.Struck(findings.Strikes!.Severity);
        if (verdict.Locked && !known) LogLocked(logger, tenant, principal, count);
        PolicyMetrics.Looked(ModerationStage.Input, verdict.Blocked ? "blocked" : "warned");
        return new ModerationResult(verdict.Blocked, false, count, verdict.Reasons) { Labels = ModerationRules.Labels(ModerationStage.Input, findings) };
    }

    /// <summary>What a bypass let through is written down; one that changed nothing is not.</summary>
    private async Task<ModerationResult> BypassAsync(
        RequestContext context, Findings findings, IReadOnlyList<Reason> extra, Standing standing, CancellationToken cancellationToken)
    {
        PolicyMetrics.Looked(ModerationStage.Input, "bypassed");
        if (findings.Worst > Severity.Low || extra.Count > 0 || standing.Locked)
        {
            await BypassedAsync(context, [.. findings.Rules.Select(static rule => rule.Id), .. extra.Select(static reason => reason.Code)], standing, cancellationToken);
        }
        return new ModerationResult(false, true, standing.Strikes, []) { Labels = ModerationRules.Labels(ModerationStage.Input, ModerationRules.With(findings, extra)) };
    }

    private long Since(StrikeLadder ladder) => (clock.GetUtcNow() - TimeSpan.FromHours(ladder.WindowHours)).ToMicros();

    [LoggerMessage(LogLevel.Error, "Moderation failed for tenant {Tenant}; the text is held back")]
    private static partial void LogFailure(ILogger logger, string tenant, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Principal {Principal} of tenant {Tenant} is locked after {Strikes} strikes")]
    private static partial void LogLocked(ILogger logger, string tenant, string principal, int strikes);
}
