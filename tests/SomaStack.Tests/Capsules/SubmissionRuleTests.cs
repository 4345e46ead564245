using SomaStack.Agents.Capsules;
using SomaStack.Platform;

namespace SomaStack.Tests.Capsules;

public sealed class SubmissionRuleTests
{
    [Theory]
    [InlineData(SubmissionStatus.Pending, "bob", false, ReviewDecision.Approve, "Approved")]
    [InlineData(SubmissionStatus.Pending, "bob", false, ReviewDecision.Reject, "Rejected")]
    [InlineData(SubmissionStatus.Pending, "ann", false, ReviewDecision.Approve, "own_submission")]
    [InlineData(SubmissionStatus.Pending, "ann", false, ReviewDecision.Reject, "own_submission")]
    [InlineData(SubmissionStatus.Pending, "bob", true, ReviewDecision.Approve, "own_submission")]
    [InlineData(SubmissionStatus.Approved, "bob", false, ReviewDecision.Reject, "submission_state")]
    [InlineData(SubmissionStatus.Rejected, "bob", false, ReviewDecision.Approve, "submission_state")]
    [InlineData(SubmissionStatus.Revoked, "bob", false, ReviewDecision.Approve, "submission_state")]
    public void Somebody_else_reviews_once(SubmissionStatus status, string reviewer, bool oneHand, ReviewDecision decision, string outcome) =>
        Assert.Equal(outcome, Outcome(() => SubmissionRules.Review(new SubmissionFacts(status, "ann"), reviewer, oneHand, decision)));

    [Theory]
    [InlineData(SubmissionStatus.Approved, "Revoked")]
    [InlineData(SubmissionStatus.Pending, "submission_state")]
    [InlineData(SubmissionStatus.Rejected, "submission_state")]
    [InlineData(SubmissionStatus.Revoked, "submission_state")]
    public void Only_what_is_approved_is_revoked(SubmissionStatus status, string outcome) => Assert.Equal(outcome, Outcome(() => SubmissionRules.Revoke(new SubmissionFacts(status, "ann"))));

    /// <summary>The order that semver.org gives in its rule 11.</summary>
    [Fact]
    public void Versions_are_ordered_as_semver_says()
    {
        string[] rising = ["0.9.10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "2.0.0"];
        for (var i = 0; i < rising.Length; i++)
            for (var j = 0; j < rising.Length; j++) Assert.Equal(Math.Sign(i.CompareTo(j)), Math.Sign(CapsuleVersions.Order.Compare(rising[i], rising[j])));
        Assert.Equal(0, CapsuleVersions.Order.Compare("1.0.0+a", "v1.0.0+b"));
    }

    private static string Outcome(Func<SubmissionStatus> decide)
    {
        try
        {
            return decide().ToString();
        }
        catch (Problem problem)
        {
            return problem.Code.Code;
        }
    }
}
