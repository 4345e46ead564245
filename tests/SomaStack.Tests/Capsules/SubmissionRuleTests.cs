using SomaStack.Agents.Capsules;
using SomaStack.Platform;

namespace SomaStack.Tests.Capsules;

public sealed class SubmissionRuleTests
{
    [Theory]
    [InlineData("Pending", "bob", false, "Approve", "Approved")]
    [InlineData("Pending", "bob", false, "Reject", "Rejected")]
    [InlineData("Pending", "ann", false, "Approve", "own_submission")]
    [InlineData("Pending", "ann", false, "Reject", "own_submission")]
    [InlineData("Pending", "bob", true, "Approve", "own_submission")]
    [InlineData("Approved", "bob", false, "Reject", "submission_state")]
    [InlineData("Rejected", "bob", false, "Approve", "submission_state")]
    [InlineData("Revoked", "bob", false, "Approve", "submission_state")]
    public void Somebody_else_reviews_once(string status, string reviewer, bool oneHand, string decision, string outcome) =>
        Assert.Equal(outcome, Outcome(() => SubmissionRules.Review(new SubmissionFacts(Enum.Parse<SubmissionStatus>(status), "ann"), reviewer, oneHand, Enum.Parse<ReviewDecision>(decision))));

    [Theory]
    [InlineData("Approved", "Revoked")]
    [InlineData("Pending", "submission_state")]
    [InlineData("Rejected", "submission_state")]
    [InlineData("Revoked", "submission_state")]
    public void Only_what_is_approved_is_revoked(string status, string outcome) => Assert.Equal(outcome, Outcome(() => SubmissionRules.Revoke(new SubmissionFacts(Enum.Parse<SubmissionStatus>(status), "ann"))));

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
