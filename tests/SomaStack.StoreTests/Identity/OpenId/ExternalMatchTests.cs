using SomaStack.Governance.Identity;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Identity.OpenId;

/// <summary>Whom a proven person of the outside issuer becomes here, as the sign-in decides it once the id token is verified.</summary>
public sealed class ExternalMatchTests(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    private static RequestContext Owner => Databases.Context("demo", "owner");

    [Theory, MemberData(nameof(Names))]
    public async Task An_invitation_is_accepted_with_its_verified_address_once_and_the_account_is_in_nobodys_hand(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var signIn = Outside(house);
        var made = (await house.Get<Invitations>().InviteAsync(new InviteRequest("kim", "Kim", ["viewer"], [Capability.ApprovalDecide], Email: "Kim+1@Corp.example"), Owner, Stop)).Value!.Invitation;
        Assert.Equal("kim+1@corp.example", made.Email);
        var kim = new ExternalPerson("s-1", "kim+1@CORP.example", true, "Kim");
        foreach (var other in new[] { kim with { EmailVerified = false }, kim with { Email = "kim@corp.example" }, kim with { Email = "\u212Aim+1@corp.example" }, kim with { Email = null } })
            await RefusedAsync("external_sign_in_refused", () => signIn.MatchAsync(other, Stop));

        Assert.Equal("kim", await signIn.MatchAsync(kim, Stop));
        var row = (await house.Get<IdentityStore>().FindPrincipalAsync("demo", "kim", Stop))!;
        Assert.Equal(["viewer"], row.Roles);
        Assert.Null(row.Person);
        Assert.Contains(Capability.ApprovalDecide, row.Capabilities);
        Assert.Equal("kim", await signIn.MatchAsync(kim with { Email = "moved@corp.example" }, Stop));
        // Another person of the issuer with the same address later is not the invited one.
        await RefusedAsync("external_sign_in_refused", () => signIn.MatchAsync(kim with { Subject = "s-2" }, Stop));
        Assert.False(await house.Db.WriteAsync("demo", work => house.Get<IIdentity>().AreOneHandAsync(work, "demo", "kim", "owner"), Stop));
        Assert.Contains(await house.JournalAsync("demo"), static line => line.StartsWith(IdentityEvents.InvitationAccepted, StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_revoked_or_expired_invitation_and_one_whose_inviter_lost_what_he_gave_let_nobody_in(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var (signIn, invitations) = (Outside(house), house.Get<Invitations>());
        await house.Get<PutUser>().RunAsync("admin", new PutUserRequest("Admin", [Capability.TenantAdmin, Capability.MemoryRead]), Owner, null, 0, Stop);
        var admin = Owner with { Principal = new Principal("admin", "user"), Capabilities = CapabilitySet.Of([Capability.TenantAdmin, Capability.MemoryRead]) };
        async Task<string> InviteAsync(string id) =>
            (await invitations.InviteAsync(new InviteRequest(id, id, Capabilities: [Capability.MemoryRead], Hours: 1, Email: id + "@corp.example"), admin, Stop)).Value!.Invitation.Id;
        await invitations.RevokeAsync(await InviteAsync("bob"), Owner, Stop);
        await RefusedAsync("external_sign_in_refused", () => signIn.MatchAsync(new ExternalPerson("s-bob", "bob@corp.example", true, null), Stop));
        await InviteAsync("eve");
        house.Clock.Advance(TimeSpan.FromHours(1));
        await RefusedAsync("external_sign_in_refused", () => signIn.MatchAsync(new ExternalPerson("s-eve", "eve@corp.example", true, null), Stop));
        await InviteAsync("lin");
        await house.Get<PutUser>().DeactivateAsync("admin", Owner, Stop);
        await RefusedAsync("sign_in_code_spent", () => signIn.MatchAsync(new ExternalPerson("s-lin", "lin@corp.example", true, null), Stop));
        Assert.Null(await house.Get<IdentityStore>().FindPrincipalAsync("demo", "lin", Stop));
        Assert.Equal(0, await house.Db.NumberAsync("demo", $"SELECT COUNT(*) FROM external_identities WHERE tenant = {"demo"}", Stop));
        await RefusedAsync("invalid_request", () => invitations.InviteAsync(new InviteRequest("x", "x", Email: "not an address"), Owner, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_address_takes_over_nobody_who_has_a_password_here(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var signIn = Outside(house);
        foreach (var id in new[] { "ada@corp.example", "new@corp.example" }) await house.Get<PutUser>().RunAsync(id, new PutUserRequest(id, []), Owner, null, 0, Stop);
        Assert.Null(await house.Get<SetPassword>().RunAsync("demo", "ada@corp.example", "ada@corp.example", "correct horse battery", startOver: false, Stop));
        await RefusedAsync("external_sign_in_refused", () => signIn.MatchAsync(new ExternalPerson("s-1", "ada@corp.example", true, null), Stop));
        Assert.Equal("new@corp.example", await signIn.MatchAsync(new ExternalPerson("s-2", "New@corp.example", true, null), Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Wrong_secrets_of_a_client_are_counted_for_it_and_for_the_address_and_apart_from_people(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var guard = house.Get<SignInGuard>();
        for (var i = 0; i < 20; i++) await guard.ClientFailedAsync("demo.web", "192.0.2.1", Stop);
        await RefusedAsync("sign_in_delayed", () => guard.ClientFailedAsync("demo.web", "192.0.2.2", Stop));
        await RefusedAsync("sign_in_delayed", () => guard.ClientFailedAsync("demo.other", "192.0.2.1", Stop));
        await guard.ClientFailedAsync("demo.other", "192.0.2.2", Stop);
        await guard.EnterAsync("demo.web", "192.0.2.1", Stop);
        house.Clock.Advance(TimeSpan.FromSeconds(2));
        await guard.ClientFailedAsync("demo.web", "192.0.2.2", Stop);
    }

    private static ExternalSignIn Outside(Governed house)
    {
        var options = house.Options with { ExternalIssuer = new ExternalIssuer("https://issuer.example", "soma", "secret", "demo", null, false) };
        return new ExternalSignIn(
            new ExternalKeys(options, house.Clock), house.Get<ExternalStore>(), house.Get<IdentityStore>(), house.Get<ScimStore>(), house.Get<InvitationStore>(), house.Get<TokenIssue>(),
            house.Get<PublicOrigin>(), house.Db, house.Get<Journal>(), house.Clock);
    }

    private static async Task RefusedAsync(string code, Func<Task> action) => Assert.Equal(code, (await Assert.ThrowsAsync<Problem>(action)).Code.Code);
}
