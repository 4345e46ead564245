using SomaStack.Governance.Approvals;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Identity;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Approvals;

/// <summary>One person is not both keys: every way in which somebody can come to act as another, against both databases.</summary>
public sealed class OneHandTests(Databases databases)
{
    private const string Password = "correct horse battery";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Ways()
    {
        var data = new TheoryData<string, string>();
        foreach (var way in new[] { "reset link", "sign-in link", "api key", "rotated key", "token", "second factor" })
        {
            data.Add("sqlite", way);
            data.Add("postgres", way);
        }
        return data.Marked();
    }

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Ways))]
    public async Task Whoever_made_a_way_into_an_account_is_not_approved_by_it_and_does_not_approve_it(string name, string way)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var (first, second) = (await house.ProposeAsync(), await house.ProposeAsync(by: "bob"));
        await LetInAsync(house, way, "ada", "bob");
        await ApprovalHouse.RefusedAsync("approval_one_hand", () => house.DecideAsync(first));
        await ApprovalHouse.RefusedAsync("approval_one_hand", () => house.DecideAsync(second, ApprovalHouse.Caller("ada")));
        Assert.Equal(ApprovalState.Pending, (await house.ReadAsync(first)).Approval.State);
        // Somebody else may, and a no is always heard.
        await house.DecideAsync(first, ApprovalHouse.Caller("eve"));
        await house.ClaimAsync(first);
        Assert.Equal(ApprovalState.Rejected, (await house.DecideAsync(second, ApprovalHouse.Caller("ada"), ApprovalVote.Reject)).State);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Two_accounts_that_one_person_let_in_are_one_also_through_others(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        await house.PutAsync("lin", [Capability.ApprovalDecide, Capability.PlatformAdmin]);
        await LetInAsync(house, "reset link", "ada", "bob");
        await LetInAsync(house, "reset link", "ada", "eve");
        var siblings = await house.ProposeAsync(by: "bob");
        await ApprovalHouse.RefusedAsync("approval_one_hand", () => house.DecideAsync(siblings, ApprovalHouse.Caller("eve")));
        await house.DecideAsync(siblings, ApprovalHouse.Caller("lin"));

        await LetInAsync(house, "api key", "bob", "lin");
        var grandchild = await house.ProposeAsync(ApprovalHouse.Action with { Resource = "x" });
        await ApprovalHouse.RefusedAsync("approval_one_hand", () => house.DecideAsync(grandchild, ApprovalHouse.Caller("lin")));
        // A circle ends the search too.
        await LetInAsync(house, "reset link", "lin", "ada");
        await ApprovalHouse.RefusedAsync("approval_one_hand", () => house.DecideAsync(grandchild, ApprovalHouse.Caller("lin")));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Whoever_made_a_services_secret_does_not_approve_what_it_asks_for(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        await house.Get<ServiceAccounts>().CreateAsync(new CreateServiceRequest("robot", "Robot", [Capability.PlatformAdmin]), Everything("eve"), Stop);
        var approval = await house.ProposeAsync(by: "robot");
        await house.Get<ServiceSecrets>().CreateAsync("robot", new CreateSecretRequest(), Everything("ada"), Stop);
        await ApprovalHouse.RefusedAsync("approval_one_hand", () => house.DecideAsync(approval, ApprovalHouse.Caller("ada")));
        await house.DecideAsync(approval, ApprovalHouse.Caller("eve"));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_way_in_that_was_made_after_the_yes_voids_it(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var approval = await house.ApprovedAsync();
        await LetInAsync(house, "reset link", "ada", "bob");
        await ApprovalHouse.RefusedAsync("approval_one_hand", () => house.ClaimAsync(approval));
        await house.Get<ReturnApprovals>().DrainAsync(Stop);
        var read = await house.ReadAsync(approval);
        Assert.Equal((ApprovalState.Voided, "one_hand"), (read.Approval.State, read.Approval.ReturnCode));
        await ApprovalHouse.RefusedAsync("approval_void", () => house.ClaimAsync(approval));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_invited_user_is_in_the_hand_of_his_inviter_and_another_tenants_operator_in_his_own(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var ada = Everything("ada");
        var link = (await house.Get<Invitations>().InviteAsync(new InviteRequest("kim", "Kim", Capabilities: [Capability.ApprovalDecide]), ada, Stop)).Value!.Link;
        var row = (await house.Get<InvitationStore>().FindAsync(SignInLink.HashOf(link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..]), house.Clock.NowMicros(), Stop))!;
        // What a link to somebody who is not there yet gives, counts once he is.
        await house.Get<AcceptInvitation>().AcceptAsync(row, null, "kim", PasswordHash.Make(Password, new PasswordCost(8192, 1)), Stop);
        var approval = await house.ProposeAsync();
        await ApprovalHouse.RefusedAsync("approval_one_hand", () => house.DecideAsync(approval, ApprovalHouse.Caller("kim")));
        var own = await house.ProposeAsync(by: "eve");
        await house.DecideAsync(own, ApprovalHouse.Caller("kim"));

        await house.Get<Tenants>().CreateAsync(new CreateTenantRequest("acme", "Acme"), ada, Stop);
        Assert.Equal(["demo/ada"], await house.Db.QueryAsync("acme", static reader => reader.GetString(0), $"SELECT giver FROM hands WHERE tenant = {"acme"} AND principal = {"owner"}", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_is_made_for_another_never_decides_and_what_one_makes_for_oneself_does(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var (issue, keys) = (house.Get<TokenIssue>(), house.Get<ApiKeys>());
        await ApprovalHouse.RefusedAsync("own_sign_in", () => issue.RunAsync(Everything("ada"), "bob", [Capability.ApprovalDecide], TimeSpan.FromMinutes(5), Stop));
        await ApprovalHouse.RefusedAsync("own_sign_in", () => issue.RunAsync(Everything("ada"), "bob", null, TimeSpan.FromMinutes(5), Stop));
        await ApprovalHouse.RefusedAsync("own_sign_in", () => keys.CreateAsync(new CreateApiKeyRequest("k", [Capability.ApprovalDecide, Capability.PlatformAdmin], "bob"), Everything("ada"), Stop));
        var own = (await keys.CreateAsync(new CreateApiKeyRequest("k", [Capability.ApprovalDecide], "bob"), Everything("bob"), Stop)).Value!.ApiKey;
        await ApprovalHouse.RefusedAsync("own_sign_in", () => keys.RotateAsync(own.Id, new RotateApiKeyRequest(), Everything("ada"), Stop));
        Assert.Equal([Capability.ApprovalDecide], (await keys.RotateAsync(own.Id, new RotateApiKeyRequest(), Everything("bob"), Stop)).Value!.ApiKey.Scopes);
        // The host can read the signing keys, so it may.
        var hosts = (await house.Get<IIdentity>().IssueTokenAsync("demo", "bob", null, TimeSpan.FromMinutes(5), Stop)).Token;
        Assert.True((await house.Get<IIdentity>().AuthenticateAsync(hosts, Stop))!.Capabilities.Has(Capability.ApprovalDecide));
        var approval = await house.ProposeAsync();
        await house.DecideAsync(approval);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_hosts_link_makes_an_account_its_holders_own_and_ends_every_other_way_in(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var identity = house.Get<IIdentity>();
        Assert.Null(await house.Get<SetPassword>().RunAsync("demo", "bob", "bob@demo", Password, startOver: false, Stop));
        await LetInAsync(house, "reset link", "ada", "bob");
        var key = (await house.Get<ApiKeys>().CreateAsync(new CreateApiKeyRequest("k", [Capability.PlatformAdmin], "bob"), Everything("ada"), Stop)).Value!.Key;
        var token = (await identity.IssueTokenAsync("demo", "bob", null, TimeSpan.FromMinutes(5), Stop)).Token;
        await house.Db.WriteAsync("demo", work => GrantStore.AddGrantAsync(
            work, new Grant("demo", "g1", "soma-cli", "bob", [Capability.PlatformAdmin], house.Clock.GetUtcNow(), Proof.None, house.Clock.GetUtcNow().AddDays(1), false), house.Clock.NowMicros()), Stop);
        Assert.NotNull(await identity.AuthenticateAsync(key, Stop));

        var person = (await house.Get<PersonStore>().FindByLoginAsync("bob@demo", Stop))!;
        await house.Db.WriteAsync(Db.AllTenants, async work =>
        {
            await PersonStore.SetPendingAsync(work, person.Id, [1, 2, 3], house.Clock.NowMicros());
            Assert.True(await PersonStore.ConfirmAsync(work, person.Id, 1, house.Clock.NowMicros()));
            await PersonStore.MarkFactorAsync(work, person.Id, enrolled: true);
            await ExternalStore.LinkAsync(work, "demo", "https://issuer.example", "s-ada", "bob", house.Clock.NowMicros());
        }, Stop);

        // A link alone changes nothing yet: whoever has the account still has it.
        await identity.CreateStartOverLinkAsync("demo", "bob", TimeSpan.FromDays(1), Stop);
        var approval = await house.ProposeAsync();
        await ApprovalHouse.RefusedAsync("approval_one_hand", () => house.DecideAsync(approval));
        Assert.Null(await house.Get<SetPassword>().RunAsync("demo", "bob", "", "another long password", startOver: true, Stop));
        Assert.Null(await identity.AuthenticateAsync(key, Stop));
        Assert.Null(await identity.AuthenticateAsync(token, Stop));
        Assert.True((await house.Get<GrantStore>().FindGrantAsync("demo", "g1", Stop))!.IsRevoked);
        Assert.Null((await house.Get<PersonStore>().FindAsync(person.Id, Stop))!.Totp);
        Assert.False((await house.Get<IdentityStore>().FindPrincipalAsync("demo", "bob", Stop))!.Mfa);
        Assert.Null(await house.Get<ExternalStore>().FindAsync("demo", "https://issuer.example", "s-ada", Stop));
        Assert.Equal(0, await house.Db.NumberAsync("demo", $"SELECT COUNT(*) FROM signin_codes WHERE tenant = {"demo"} AND principal = {"bob"} AND used_at IS NULL", Stop));
        await house.DecideAsync(approval);
        await house.ClaimAsync(approval);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_hosts_link_ends_tokens_and_grants_of_a_user_who_had_no_password_yet(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var token = (await house.Get<IIdentity>().IssueTokenAsync("demo", "eve", null, TimeSpan.FromMinutes(5), Stop)).Token;
        Assert.NotNull(await house.Get<IIdentity>().AuthenticateAsync(token, Stop));
        await house.Db.WriteAsync("demo", work => GrantStore.AddGrantAsync(
            work, new Grant("demo", "g1", "soma-cli", "eve", [], house.Clock.GetUtcNow(), Proof.None, house.Clock.GetUtcNow().AddDays(1), false), house.Clock.NowMicros()), Stop);
        Assert.Null(await house.Get<SetPassword>().RunAsync("demo", "eve", "eve@demo", Password, startOver: true, Stop));
        Assert.True((await house.Get<GrantStore>().FindGrantAsync("demo", "g1", Stop))!.IsRevoked);
        Assert.Null(await house.Get<IIdentity>().AuthenticateAsync(token, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_new_password_ends_what_clients_were_allowed(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        Assert.Null(await house.Get<SetPassword>().RunAsync("demo", "bob", "bob@demo", Password, startOver: false, Stop));
        foreach (var (id, principal) in new[] { ("g1", "bob"), ("g2", "eve") })
            await house.Db.WriteAsync("demo", work => GrantStore.AddGrantAsync(
                work, new Grant("demo", id, "soma-cli", principal, [], house.Clock.GetUtcNow(), Proof.None, house.Clock.GetUtcNow().AddDays(1), false), house.Clock.NowMicros()), Stop);
        Assert.Null(await house.Get<SetPassword>().RunAsync("demo", "bob", "", "another long password", startOver: false, Stop));
        Assert.True((await house.Get<GrantStore>().FindGrantAsync("demo", "g1", Stop))!.IsRevoked);
        Assert.False((await house.Get<GrantStore>().FindGrantAsync("demo", "g2", Stop))!.IsRevoked);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Production_wants_an_approver_whom_the_caller_did_not_let_in(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var check = new SecondApprover(house.Get<IdentityStore>(), house.Db);
        await house.Db.WriteAsync("demo", work => work.ExecuteAsync($"UPDATE principals SET active = {false} WHERE tenant = {"demo"} AND id IN ({"owner"}, {"eve"})"), Stop);
        Assert.Null(await check.FaultAsync(Everything("ada"), Stop));
        await LetInAsync(house, "reset link", "ada", "bob");
        Assert.Contains("let in", await check.FaultAsync(Everything("ada"), Stop), StringComparison.Ordinal);
        await house.PutAsync("bob", []);
        Assert.StartsWith("1 active", await check.FaultAsync(Everything("ada"), Stop), StringComparison.Ordinal);
    }

    private static RequestContext Everything(string principal) => Databases.Context("demo", principal) with { Capabilities = CapabilitySet.All };

    /// <summary>Gives one a way into the other's account, as the routes do.</summary>
    private static async Task LetInAsync(ApprovalHouse house, string way, string giver, string principal)
    {
        var context = Everything(giver);
        switch (way)
        {
            case "reset link":
                await house.Get<UserRecovery>().ResetAsync(principal, context, Stop);
                break;
            case "sign-in link":
                await house.Get<SignInLink>().CreateAsync(context, "demo", principal, TimeSpan.FromMinutes(5), Stop);
                break;
            case "api key":
                await house.Get<ApiKeys>().CreateAsync(new CreateApiKeyRequest("k", [Capability.PlatformAdmin], principal), context, Stop);
                break;
            case "rotated key":
                var own = (await house.Get<ApiKeys>().CreateAsync(new CreateApiKeyRequest("k", [Capability.PlatformAdmin], principal), Everything(principal), Stop)).Value!.ApiKey;
                await house.Get<ApiKeys>().RotateAsync(own.Id, new RotateApiKeyRequest(), context, Stop);
                break;
            case "token":
                await house.Get<TokenIssue>().RunAsync(context, principal, [Capability.PlatformAdmin], TimeSpan.FromMinutes(5), Stop);
                break;
            default:
                Assert.Null(await house.Get<SetPassword>().RunAsync("demo", principal, principal + "@demo", Password, startOver: false, Stop));
                var person = (await house.Get<PersonStore>().FindByLoginAsync(principal + "@demo", Stop))!;
                await house.Db.WriteAsync(Db.AllTenants, work => PersonStore.SetPendingAsync(work, person.Id, [1, 2, 3], house.Clock.NowMicros()), Stop);
                await house.Get<UserRecovery>().RemoveFactorAsync(principal, context, Stop);
                break;
        }
    }
}
