using SomaStack.Governance.Approvals;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Approvals;

/// <summary>What an approval is for, on both databases.</summary>
public sealed class ApprovalContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task It_is_proposed_decided_by_another_and_executed_once_and_each_step_is_in_the_journal(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var asked = await house.ProposeAsync();
        Assert.Equal((ApprovalState.Pending, "ada", asked.CreatedAt + TimeSpan.FromHours(1)), (asked.State, asked.Requester, asked.ExpiresAt));
        var seen = await house.ReadAsync(asked);
        Assert.Equal("""{"command":"ls","n":1}""", seen.Arguments.GetRawText());
        Assert.Equal(("c0", 7L, asked.Digest), (seen.ConstitutionHash, seen.PolicyVersion, seen.Approval.Digest));
        Assert.Equal((ApprovalState.Approved, "bob"), await house.DecideAsync(asked) is var line ? (line.State, line.Decider) : default);
        Assert.Equal(ApprovalState.Claimed, (await house.ClaimAsync(asked)).State);
        var journal = await house.JournalAsync();
        Assert.Equal(
            ["somastack.approval.proposed.v1", "somastack.approval.decided.v1", "somastack.approval.executed.v1"], journal.Select(entry => entry[..entry.IndexOf(' ', StringComparison.Ordinal)]));
        Assert.DoesNotContain(journal, entry => entry.Contains("command", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Asking_twice_gives_the_pending_one_and_asking_after_a_decision_a_new_one(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var asked = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => house.ProposeAsync()));
        Assert.Single(asked.Select(one => one.Id).Distinct());
        var reordered = await house.ProposeAsync(ApprovalHouse.Action with { Arguments = """{ "n": 1.0, "command": "ls" }""" });
        Assert.Equal(asked[0].Id, reordered.Id);
        var (others, changed) = (await house.ProposeAsync(by: "eve"), await house.ProposeAsync(ApprovalHouse.Action with { Arguments = """{"command":"ls","n":2}""" }));
        await house.DecideAsync(asked[0]);
        var again = await house.ProposeAsync();
        Assert.Equal(4, new[] { asked[0].Id, others.Id, changed.Id, again.Id }.Distinct().Count());
        Assert.Equal((asked[0].Digest, false), (again.Digest, again.Nonce == asked[0].Nonce));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task One_that_expired_unseen_is_returned_when_the_same_is_asked_again(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var first = await house.ProposeAsync();
        house.Clock.Advance(ApprovalRequest.DefaultLifetime);
        Assert.Equal(ApprovalState.Expired, (await house.ReadAsync(first)).Approval.State);
        var second = await house.ProposeAsync();
        Assert.NotEqual(first.Id, second.Id);
        Assert.Contains(await house.JournalAsync(), entry => entry.StartsWith("somastack.approval.returned.v1", StringComparison.Ordinal) && entry.Contains(first.Id, StringComparison.Ordinal));
        Assert.Equal(0, await house.Get<ReturnApprovals>().SweepAsync(Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_sweep_returns_what_is_over_once_pending_or_approved(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        await house.ProposeAsync(by: "eve");
        await house.ApprovedAsync();
        var longer = await house.ProposeAsync(ApprovalHouse.Action with { Resource = "later", Lifetime = TimeSpan.FromHours(2) });
        house.Clock.Advance(ApprovalRequest.DefaultLifetime - TimeSpan.FromMicroseconds(1));
        Assert.Equal(0, await house.Get<ReturnApprovals>().SweepAsync(Stop));
        house.Clock.Advance(TimeSpan.FromMicroseconds(1));
        var swept = await Task.WhenAll(house.Get<ReturnApprovals>().SweepAsync(Stop), house.Get<ReturnApprovals>().SweepAsync(Stop));
        Assert.Equal(2, swept.Sum());
        Assert.Equal(2, (await house.JournalAsync()).Count(entry => entry.StartsWith("somastack.approval.returned.v1", StringComparison.Ordinal) && entry.Contains("\"expired\"", StringComparison.Ordinal)));
        Assert.Equal(ApprovalState.Pending, (await house.ReadAsync(longer)).Approval.State);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Whoever_asked_takes_it_back_even_after_the_yes_and_nobody_else_does(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var approval = await house.ApprovedAsync();
        var withdraw = house.Get<WithdrawApproval>();
        await ApprovalHouse.RefusedAsync("approval_unknown", () => withdraw.RunAsync(ApprovalHouse.Caller("bob"), approval.Id, Stop));
        Assert.Equal((ApprovalState.Voided, "withdrawn"), (await withdraw.RunAsync(ApprovalHouse.Caller("ada"), approval.Id, Stop)).Value is { } line ? (line.State, line.ReturnCode) : default);
        await ApprovalHouse.RefusedAsync("approval_void", () => house.ClaimAsync(approval));
        await ApprovalHouse.RefusedAsync("approval_void", () => withdraw.RunAsync(ApprovalHouse.Caller("ada"), approval.Id, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Deciders_list_the_tenants_approvals_others_their_own_page_by_page(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        for (var i = 0; i < 5; i++) await house.ProposeAsync(ApprovalHouse.Action with { Resource = "r" + i, Kind = i < 3 ? "tool.call" : "memory.write" });
        var theirs = await house.ProposeAsync(by: "eve");
        await house.DecideAsync(theirs, vote: ApprovalVote.Reject);
        var read = house.Get<ReadApprovals>();
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = (await read.ListAsync(ApprovalHouse.Caller("bob"), null, null, cursor, 2, Stop)).Value!;
            seen.AddRange(page.Data.Select(line => line.Id));
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        Assert.Equal((6, 6), (seen.Count, seen.Distinct().Count()));
        Assert.Equal(2, (await read.ListAsync(ApprovalHouse.Caller("bob"), "pending", "memory.write", null, null, Stop)).Value!.Data.Count);
        await ApprovalHouse.RefusedAsync("invalid_request", () => read.ListAsync(ApprovalHouse.Caller("bob"), "Pending", null, null, null, Stop));
        var own = (await read.ListAsync(ApprovalHouse.Caller("eve", "demo", Capability.SessionStart), null, null, null, null, Stop)).Value!.Data;
        Assert.Equal((theirs.Id, ApprovalState.Rejected), (Assert.Single(own).Id, own[0].State));
        var asked = await house.ProposeAsync();
        await ApprovalHouse.RefusedAsync("approval_unknown", () => read.GetAsync(ApprovalHouse.Caller("eve", "demo", Capability.SessionStart), asked.Id, Stop));
        Assert.Equal(asked.Id, (await read.GetAsync(ApprovalHouse.Caller("ada", "demo", Capability.SessionStart), asked.Id, Stop)).Value!.Approval.Id);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_rolls_back_gives_the_approval_back(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var approval = await house.ApprovedAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => house.Db.WriteAsync<bool>("demo", async work =>
        {
            await house.Get<IApprovals>().ClaimAsync(work, ApprovalHouse.Caller("ada"), approval.Id, ApprovalHouse.Action);
            throw new InvalidOperationException("The action failed.");
        }, Stop));
        Assert.Equal(ApprovalState.Claimed, (await house.ClaimAsync(approval)).State);
    }
}
