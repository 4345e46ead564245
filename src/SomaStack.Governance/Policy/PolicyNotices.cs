using SomaStack.Platform;

namespace SomaStack.Governance.Policy.Contracts;

/// <summary>Data of <see cref="PolicyEvents.Notify"/>: somebody must hear that a rule let something happen.</summary>
/// <param name="Severity"><c>info</c>, or <c>warning</c> where a second person had to agree.</param>
/// <param name="Title">One plain sentence.</param>
/// <param name="Subject">What happened, as the journal names it, e.g. <c>call/ID</c>.</param>
/// <param name="Target">Who must hear of it, in the words of the rule.</param>
public sealed record PolicyNotice(string Severity, string Title, string Subject, string Target, string Rule, string Kind, string Resource, long PolicyVersion);

/// <summary>Carries out <c>notify</c>: a line of the journal in the transaction that acts, which whoever sends notices reads.</summary>
public static class PolicyNotices
{
    public static async Task NoticeAsync(this Journal journal, DbWork work, RequestContext context, Decision decision, string kind, string resource, string subject)
    {
        foreach (var obligation in decision.Obligations)
        {
            if (obligation is not { Kind: Obligation.Notify, Target: { } target }) continue;
            var notice = new PolicyNotice(
                decision.Verdict == Verdict.NeedsApproval ? "warning" : "info", $"The rule '{obligation.Rule}' wants it known that {context.Principal.Id} did '{kind}' with '{resource}'.",
                subject, target, obligation.Rule, kind, resource, decision.PolicyVersion);
            await journal.AppendAsync(work, context, PolicyEvents.Notify, notice, PolicyJson.Default.PolicyNotice);
        }
    }
}
