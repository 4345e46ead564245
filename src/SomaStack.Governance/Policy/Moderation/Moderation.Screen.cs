using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <summary>The texts of a model call: many at once on the way in, pieces on the way out.</summary>
internal sealed partial class Moderation
{
    private static readonly UInt128 Earlier = 1;

    private readonly PassedTexts _passed = new(clock);

    public bool DetectsOutput => Array.Exists(_moderators, static moderator => moderator.Looks(ModerationStage.Output));

    public async Task<ScreenResult> ScreenAsync(RequestContext context, IReadOnlyList<ScreenText> texts, CancellationToken cancellationToken)
    {
        killSwitch.ThrowIfEngaged(context.Tenant);
        var stage = ModerationStage.Input;
        try
        {
            var (inForce, policy) = await PolicyAsync(context, cancellationToken);
            var standing = await strikes.StandingAsync(context.Tenant, context.Principal.Id, Since(policy.Document.Moderation.Ladder), cancellationToken);
            var bypass = context.Capabilities.Has(Capability.ModerationBypass);
            if (standing.Locked && !bypass) return new ScreenResult(Locked(standing, inForce.Version), []);
            var results = new List<ModerationResult>(texts.Count);
            var stopped = new List<string>();
            foreach (var text in texts)
            {
                stage = text.Stage;
                var result = await ScreenAsync(context, inForce, text, standing, bypass, stopped, cancellationToken);
                if (result.Blocked && stage == ModerationStage.Input) return new ScreenResult(result, []);
                results.Add(result);
            }
            if (bypass && (stopped.Count > 0 || standing.Locked)) await BypassedAsync(context, [.. stopped.Distinct()], standing, cancellationToken);
            return new ScreenResult(null, results);
        }
        catch (Exception exception) when (IsFailure(exception, cancellationToken))
        {
            throw Failed(context, stage, exception);
        }
    }

    public async ValueTask<ModerationResult> GuardAsync(RequestContext context, string text, CancellationToken cancellationToken)
    {
        try
        {
            var (inForce, policy) = await PolicyAsync(context, cancellationToken);
            var findings = ModerationRules.LookForActs(policy, text);
            return findings.Rules.Count == 0 ? ModerationResult.Clean : Quoted(findings, ModerationStage.Output, inForce.Version);
        }
        catch (Exception exception) when (IsFailure(exception, cancellationToken))
        {
            throw Failed(context, ModerationStage.Output, exception);
        }
    }

    public async Task<ModerationResult> DetectOutputAsync(RequestContext context, string text, CancellationToken cancellationToken)
    {
        try
        {
            var (inForce, _) = await PolicyAsync(context, cancellationToken);
            var found = await DetectAsync(context, ModerationStage.Output, text, cancellationToken);
            return found.Count == 0 ? ModerationResult.Clean : Quoted(ModerationRules.With(Findings.None, found), ModerationStage.Output, inForce.Version);
        }
        catch (Exception exception) when (IsFailure(exception, cancellationToken))
        {
            throw Failed(context, ModerationStage.Output, exception);
        }
    }

    /// <param name="stopped">Takes the rules that a bypass let through.</param>
    private async Task<ModerationResult> ScreenAsync(
        RequestContext context, PolicyInForce inForce, ScreenText asked, Standing standing, bool bypass, List<string> stopped, CancellationToken cancellationToken)
    {
        var key = PassedTexts.KeyOf(context.Tenant, inForce.Version, asked.Stage, asked.Text);
        if ((_passed.Find(key) ?? (asked.IsNew ? null : _passed.Find(key ^ Earlier))) is { } known) return known with { Strikes = standing.Strikes, Bypassed = bypass };
        var findings = ModerationRules.With(ModerationRules.Look(inForce.Policy!, asked.Stage, asked.Text), await DetectAsync(context, asked.Stage, asked.Text, cancellationToken));
        var result = asked.Stage == ModerationStage.Input
            ? await OwnAsync(context, inForce, asked, findings, standing, bypass, stopped, cancellationToken)
            : Quoted(findings, asked.Stage, inForce.Version);
        if (result is { Blocked: false, Redacted: null } && (!bypass || findings.Rules.Count == 0))
        {
            // A text that costs a strike is no known one when it is said again, and one when it is only sent along.
            if (asked.Stage != ModerationStage.Input || findings.Strikes is null) _passed.Add(key, result);
            else if (!asked.IsNew) _passed.Add(key ^ Earlier, result);
        }
        return result;
    }

    private async Task<ModerationResult> OwnAsync(
        RequestContext context, PolicyInForce inForce, ScreenText asked, Findings findings, Standing standing, bool bypass, List<string> stopped, CancellationToken cancellationToken)
    {
        var labels = ModerationRules.Labels(ModerationStage.Input, findings);
        // The words of earlier turns and standing instructions come again with every call; each time a strike would lock whoever talks on.
        var judged = asked.IsNew ? findings : findings with { Strikes = null };
        if (bypass)
        {
            PolicyMetrics.Looked(ModerationStage.Input, "bypassed");
            if (findings.Worst == Severity.High || judged.Strikes is not null) stopped.AddRange(findings.Rules.Select(static rule => rule.Id));
            return new ModerationResult(false, true, standing.Strikes, []) { Labels = labels };
        }
        var ladder = inForce.Policy!.Document.Moderation.Ladder;
        var verdict = ModerationRules.Judge(judged, ladder, standing.Strikes, locked: false, inForce.Version);
        if (verdict.Struck) return await StrikeAsync(context, inForce.Version, ladder, findings, asked.Text, cancellationToken);
        PolicyMetrics.Looked(ModerationStage.Input, verdict.Blocked ? "blocked" : findings.Rules.Count > 0 ? "labelled" : "clean");
        return new ModerationResult(verdict.Blocked, false, standing.Strikes, verdict.Reasons) { Labels = labels };
    }

    private static ModerationResult Locked(Standing standing, long version)
    {
        PolicyMetrics.Looked(ModerationStage.Input, "blocked");
        return new ModerationResult(true, false, standing.Strikes, ModerationRules.Judge(Findings.None, new StrikeLadder(1, 1, 1), standing.Strikes, locked: true, version).Reasons);
    }

    private Task BypassedAsync(RequestContext context, IReadOnlyList<string> rules, Standing standing, CancellationToken cancellationToken) => db.WriteAsync(
        context.Tenant,
        async work => { await journal.AppendAsync(work, context, PolicyEvents.ModerationBypassed, new ModerationBypassed(context.Principal.Id, rules, standing.Locked), PolicyJson.Default.ModerationBypassed); },
        cancellationToken);
}
