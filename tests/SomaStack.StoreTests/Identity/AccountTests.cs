using SomaStack.Governance.Identity;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Identity;

/// <summary>People, roles, second factors, service accounts, invitations: on both databases, and on two replicas where it matters.</summary>
public sealed class AccountTests(Databases databases)
{
    private const string Password = "correct horse battery";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    private static RequestContext Owner => Databases.Context("demo", "owner");

    [Theory, MemberData(nameof(Names))]
    public async Task Of_many_guesses_at_once_on_two_replicas_five_pass_and_an_administrator_unlocks(string name)
    {
        var database = await databases.CreateAsync(name);
        await using var here = await Governed.StartAsync(database, null, null);
        await using var there = await Governed.StartAsync(database, null, here.Clock);
        var ada = await PersonAsync(here, "ada");
        async Task<bool> TryAsync(Governed house)
        {
            try
            {
                await house.Get<SignInGuard>().EnterAsync(ada.Login, "192.0.2.7", Stop);
                return true;
            }
            catch (Problem refused)
            {
                Assert.Equal("sign_in_delayed", refused.Code.Code);
                return false;
            }
        }
        var tries = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => TryAsync(i % 2 == 0 ? here : there)));
        Assert.Equal(5, tries.Count(static passed => passed));
        here.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(await TryAsync(there));
        Assert.False(await TryAsync(here));
        await here.Get<UserRecovery>().UnlockAsync("ada", Owner, Stop);
        Assert.True(await TryAsync(there));
        // A name that nobody has is delayed alike.
        for (var i = 0; i < 5; i++) await here.Get<SignInGuard>().EnterAsync("nobody", "192.0.2.8", Stop);
        await RefusedAsync("sign_in_delayed", () => here.Get<SignInGuard>().EnterAsync("nobody", "192.0.2.9", Stop));
        here.Clock.Advance(TimeSpan.FromHours(2));
        await here.Get<AttemptStore>().PurgeAsync((here.Clock.GetUtcNow() - LockoutRule.Window).ToMicros(), Stop);
        Assert.Equal(0, await here.Db.NumberAsync(Db.AllTenants, $"SELECT COUNT(*) FROM signin_attempts WHERE tenant = {Db.AllTenants}", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_right_password_does_not_clear_the_way_for_guessing_codes(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var guard = house.Get<SignInGuard>();
        for (var i = 0; i < 5; i++)
        {
            await guard.SucceededAsync(await guard.EnterAsync("ada", "a", Stop), whole: false, Stop);
            await guard.EnterAsync("ada", "a", Stop);
        }
        await RefusedAsync("sign_in_delayed", () => guard.EnterAsync("ada", "a", Stop));
        house.Clock.Advance(TimeSpan.FromSeconds(2));
        await guard.SucceededAsync(await guard.EnterAsync("ada", "a", Stop), whole: true, Stop);
        await guard.EnterAsync("ada", "a", Stop);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_one_replica_ends_the_other_ends_with_its_next_look_and_without_looks_it_trusts_nothing(string name)
    {
        var database = await databases.CreateAsync(name);
        await using var here = await Governed.StartAsync(database, null, null);
        await using var there = await Governed.StartAsync(database, null, here.Clock);
        var token = (await here.Get<IIdentity>().IssueTokenAsync("demo", "owner", null, TimeSpan.FromHours(1), Stop)).Token;
        here.Clock.Advance(TimeSpan.FromSeconds(3));
        await there.Get<IdentityWatch>().LookAsync(Stop);
        Assert.NotNull(await there.Get<IIdentity>().AuthenticateAsync(token, Stop));

        // Altered without a word: what was remembered counts, for less than two seconds after the last look.
        await here.Db.WriteAsync("demo", work => work.ExecuteAsync($"UPDATE principals SET revocation = revocation + 1 WHERE tenant = {"demo"} AND id = {"owner"}"), Stop);
        here.Clock.Advance(TimeSpan.FromMilliseconds(1999));
        Assert.NotNull(await there.Get<IIdentity>().AuthenticateAsync(token, Stop));
        here.Clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(await there.Get<IIdentity>().AuthenticateAsync(token, Stop));

        await here.Db.WriteAsync("demo", work => work.ExecuteAsync($"UPDATE principals SET revocation = revocation - 1 WHERE tenant = {"demo"} AND id = {"owner"}"), Stop);
        await there.Get<IdentityWatch>().LookAsync(Stop);
        Assert.NotNull(await there.Get<IIdentity>().AuthenticateAsync(token, Stop));
        Assert.True((await here.Get<RevokeToken>().RunAsync(new RevokeTokenRequest(token), Owner, Stop)).Revoked);
        Assert.Null(await here.Get<IIdentity>().AuthenticateAsync(token, Stop));
        await there.Get<IdentityWatch>().LookAsync(Stop);
        Assert.Null(await there.Get<IIdentity>().AuthenticateAsync(token, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_code_and_a_recovery_code_are_accepted_once_however_many_send_them(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var ada = await PersonAsync(house, "ada");
        var me = Databases.Context("demo", "ada");
        var enrol = house.Get<EnrolMfa>();
        await RefusedAsync("password_wrong", () => enrol.BeginAsync(new EnrolMfaRequest("another password"), me, "a", Stop));
        var begun = await enrol.BeginAsync(new EnrolMfaRequest(Password), me, "a", Stop);
        var pending = (await house.Get<PersonStore>().FindAsync(ada.Id, Stop))!;
        var secret = house.Get<SecondFactor>().Open(ada.Id, pending.TotpPending!);
        Assert.Equal(begun.Secret, Totp.Base32(secret));
        Assert.DoesNotContain(Convert.ToHexString(secret), Convert.ToHexString(pending.TotpPending!), StringComparison.Ordinal);
        await RefusedAsync("code_wrong", () => enrol.ConfirmAsync(new MfaCodeRequest(Totp.Code(secret, Totp.StepAt(house.Clock.GetUtcNow()) - 5)), me, "a", Stop));
        var codes = (await enrol.ConfirmAsync(new MfaCodeRequest(Code(house, secret)), me, "a", Stop)).RecoveryCodes;
        await RefusedAsync("mfa_enrolled", () => enrol.BeginAsync(new EnrolMfaRequest(Password), me, "a", Stop));
        // The code that confirmed is spent.
        await RefusedAsync("code_wrong", () => house.Get<StepUp>().RunAsync(new MfaCodeRequest(Code(house, secret)), me, "a", Stop));

        house.Clock.Advance(TimeSpan.FromSeconds(30));
        var person = (await house.Get<PersonStore>().FindAsync(ada.Id, Stop))!;
        async Task<int> SpentAsync(string code) => (await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => house.Get<SecondFactor>().SpendAsync(me, person, code, Stop)))).Count(static good => good);
        Assert.Equal(1, await SpentAsync(Code(house, secret)));
        Assert.Equal(1, await SpentAsync(codes[3]));
        Assert.Equal(9, await house.Get<PersonStore>().RecoveryCodesLeftAsync(ada.Id, Stop));

        house.Clock.Advance(TimeSpan.FromSeconds(30));
        var stepped = await house.Get<StepUp>().RunAsync(new MfaCodeRequest(Code(house, secret)), me with { Capabilities = CapabilitySet.Of([Capability.MemoryRead]) }, "a", Stop);
        var who = (await house.Get<IIdentity>().AuthenticateAsync(stepped.Token, Stop))!;
        Assert.Equal((house.Clock.GetUtcNow(), true), (who.MfaAt, who.MfaEnrolled));
        Assert.Equal([Capability.MemoryRead], who.Capabilities.Names);
        var plain = (await house.Get<IIdentity>().AuthenticateAsync((await house.Get<IIdentity>().IssueTokenAsync("demo", "ada", null, TimeSpan.FromMinutes(1), Stop)).Token, Stop))!;
        Assert.Equal((null, true), (plain.MfaAt, plain.MfaEnrolled));

        await enrol.RemoveAsync(me, Stop);
        await RefusedAsync("mfa_absent", () => house.Get<StepUp>().RunAsync(new MfaCodeRequest(codes[0]), me, "a", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_role_changes_what_its_holders_may_do_at_once_and_nobody_rises_by_it(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var roles = house.Get<Roles>();
        var role = await roles.PutAsync("night-shift", new PutRoleRequest("Nights", [Capability.MemoryRead, Capability.SessionRead]), Owner, null, 0, Stop);
        var ada = await house.Get<PutUser>().RunAsync("ada", new PutUserRequest("Ada", [Capability.BillingRead], Roles: ["night-shift", "viewer"]), Owner, null, 0, Stop);
        Assert.Equal(PublishedRoles.ByName["viewer"].Capabilities.Append(Capability.BillingRead).Order(StringComparer.Ordinal), ada.Capabilities);
        var token = (await house.Get<IIdentity>().IssueTokenAsync("demo", "ada", null, TimeSpan.FromHours(1), Stop)).Token;

        role = await roles.PutAsync("night-shift", new PutRoleRequest("Nights", [Capability.AuditRead]), Owner, role, 1, Stop);
        ada = (await house.Get<IdentityStore>().FindPrincipalAsync("demo", "ada", Stop))!;
        Assert.Contains(Capability.AuditRead, ada.Capabilities);
        Assert.Equal(2, ada.Version);
        // A right that came after a token does not enter it.
        Assert.False((await house.Get<IIdentity>().AuthenticateAsync(token, Stop))!.Capabilities.Has(Capability.AuditRead));
        await house.Get<PutUser>().RunAsync("ada", new PutUserRequest("Ada", [], Roles: ["night-shift"]), Owner, ada, 2, Stop);
        Assert.Empty((await house.Get<IIdentity>().AuthenticateAsync(token, Stop))!.Capabilities.Names);

        await RefusedAsync("role_held", () => roles.DeleteAsync("night-shift", Owner, Stop));
        await RefusedAsync("role_published", () => roles.PutAsync("viewer", new PutRoleRequest("x", []), Owner, null, 0, Stop));
        await RefusedAsync("role_unknown", () => house.Get<PutUser>().RunAsync("bob", new PutUserRequest("Bob", [], Roles: ["day-shift"]), Owner, null, 0, Stop));
        var admin = Owner with { Principal = new Principal("admin", "user"), Capabilities = CapabilitySet.Of([Capability.TenantAdmin]) };
        await RefusedAsync("capability_not_held", () => roles.PutAsync("mine", new PutRoleRequest("x", [Capability.PlatformAdmin]), admin, null, 0, Stop));
        await RefusedAsync("capability_not_held", () => house.Get<PutUser>().RunAsync("puppet", new PutUserRequest("x", [], Roles: ["owner"]), admin, null, 0, Stop));
        await RefusedAsync("self_lift", () => roles.PutAsync("night-shift", new PutRoleRequest("x", []), Databases.Context("demo", "ada"), role, 2, Stop));
        Assert.Equal(["ada"], (await house.Get<ListUsers>().RunAsync(Owner, new UserFilter(Role: "night-shift"), null, null, Stop)).Data.Select(user => user.Id));
        Assert.Empty((await house.Get<ListUsers>().RunAsync(Owner, new UserFilter(Kind: "service"), null, null, Stop)).Data);
        Assert.Equal(["ada"], (await house.Get<ListUsers>().RunAsync(Owner, new UserFilter(Prefix: "ad"), null, null, Stop)).Data.Select(user => user.Id));
        Assert.Contains(await house.JournalAsync("demo"), static line => line.StartsWith(IdentityEvents.RoleChanged, StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_invitation_makes_one_user_and_nothing_when_the_inviter_lost_what_he_gave(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var invitations = house.Get<Invitations>();
        await house.Get<PutUser>().RunAsync("admin", new PutUserRequest("Admin", [Capability.TenantAdmin, Capability.MemoryRead]), Owner, null, 0, Stop);
        var admin = Owner with { Principal = new Principal("admin", "user"), Capabilities = CapabilitySet.Of([Capability.TenantAdmin, Capability.MemoryRead]) };
        await RefusedAsync("capability_not_held", () => invitations.InviteAsync(new InviteRequest("bob", "Bob", ["member"]), admin, Stop));
        await RefusedAsync("principal_exists", () => invitations.InviteAsync(new InviteRequest("owner", "Bob"), admin, Stop));
        var row = await OpenAsync(house, (await invitations.InviteAsync(new InviteRequest("bob", "Bob", Capabilities: [Capability.MemoryRead]), admin, Stop)).Value!.Link);
        var hash = PasswordHash.Make(Password, new PasswordCost(8192, 1));
        Task AcceptAsync(InvitationRow invitation, string login) => house.Get<AcceptInvitation>().AcceptAsync(invitation, null, login, hash, Stop);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 4).Select(async i =>
        {
            try { await AcceptAsync(row, "bob-" + i); return ""; } catch (Problem refused) { return refused.Code.Code; }
        }));
        Assert.Single(outcomes, static outcome => outcome.Length == 0);
        var bob = (await house.Get<IdentityStore>().FindPrincipalAsync("demo", "bob", Stop))!;
        Assert.Equal([Capability.MemoryRead], bob.Capabilities);
        Assert.NotNull(bob.Person);

        var revoked = await OpenAsync(house, (await invitations.InviteAsync(new InviteRequest("eve", "Eve", Capabilities: [Capability.MemoryRead]), admin, Stop)).Value!.Link);
        var current = (await house.Get<IdentityStore>().FindPrincipalAsync("demo", "admin", Stop))!;
        await house.Get<PutUser>().RunAsync("admin", new PutUserRequest("Admin", [Capability.TenantAdmin]), Owner, current, current.Version, Stop);
        await RefusedAsync("sign_in_code_spent", () => AcceptAsync(revoked, "eve"));
        Assert.Null(await house.Get<IdentityStore>().FindPrincipalAsync("demo", "eve", Stop));
        await invitations.RevokeAsync(revoked.Id, Owner, Stop);
        await RefusedAsync("not_found", () => invitations.RevokeAsync(row.Id, Owner, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task One_person_in_two_tenants_is_reset_by_nobody_but_the_operator_and_a_new_password_ends_both_sessions(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var ada = await PersonAsync(house, "ada");
        await house.Get<Tenants>().CreateAsync(new CreateTenantRequest("acme", "Acme"), Owner, Stop);
        var there = Databases.Context("acme", "owner") with { Capabilities = CapabilitySet.Of([.. Capability.All.Except([Capability.PlatformAdmin, Capability.ModerationBypass])]) };
        var invited = await OpenAsync(house, (await house.Get<Invitations>().InviteAsync(new InviteRequest("a.lovelace", "Ada", ["viewer"]), there, Stop)).Value!.Link);
        await house.Get<AcceptInvitation>().AcceptAsync(invited, ada, ada.Login, null, Stop);
        Assert.Equal(["acme/a.lovelace", "demo/ada"], (await house.Get<PersonStore>().MembershipsAsync(ada.Id, Stop)).Select(one => one.Tenant + "/" + one.Principal));
        var identity = house.Get<IIdentity>();
        var one = (await identity.IssueTokenAsync("demo", "ada", null, TimeSpan.FromHours(1), Stop)).Token;
        var other = (await identity.IssueTokenAsync("acme", "a.lovelace", null, TimeSpan.FromHours(1), Stop)).Token;

        await RefusedAsync("person_shared", () => house.Get<UserRecovery>().ResetAsync("a.lovelace", there, Stop));
        await RefusedAsync("person_shared", () => house.Get<UserRecovery>().RemoveFactorAsync("a.lovelace", there, Stop));
        Assert.Contains("/v1/auth/signin?code=", (await house.Get<UserRecovery>().ResetAsync("ada", Owner, Stop)).Link, StringComparison.Ordinal);
        await RefusedAsync("principal_unknown", () => house.Get<UserRecovery>().ResetAsync("ada", there, Stop));

        var me = Databases.Context("demo", "ada") with { Capabilities = CapabilitySet.Of([]) };
        await RefusedAsync("password_wrong", () => house.Get<ChangePassword>().RunAsync(new ChangePasswordRequest("not my password", "another long sentence"), me, "a", Stop));
        await RefusedAsync("invalid_request", () => house.Get<ChangePassword>().RunAsync(new ChangePasswordRequest(Password, "short"), me, "a", Stop));
        var next = await house.Get<ChangePassword>().RunAsync(new ChangePasswordRequest(Password, "another long sentence"), me, "a", Stop);
        Assert.Null(await identity.AuthenticateAsync(one, Stop));
        Assert.Null(await identity.AuthenticateAsync(other, Stop));
        Assert.NotNull(await identity.AuthenticateAsync(next.Token, Stop));
        var stored = (await house.Get<PersonStore>().FindByLoginAsync(ada.Login, Stop))!.Password;
        Assert.True(await house.Get<Passwords>().VerifyAsync("another long sentence", stored, Stop));
        Assert.False(await house.Get<Passwords>().VerifyAsync(Password, stored, Stop));
        Assert.False(await house.Get<Passwords>().VerifyAsync("nobody has this password", null, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_tenant_that_is_put_to_sleep_believes_no_credential_and_wakes_as_it_was(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        await house.Get<Tenants>().CreateAsync(new CreateTenantRequest("acme", "Acme"), Owner, Stop);
        var identity = house.Get<IIdentity>();
        var token = (await identity.IssueTokenAsync("acme", "owner", null, TimeSpan.FromHours(1), Stop)).Token;
        var key = (await house.Get<ApiKeys>().CreateAsync(new CreateApiKeyRequest("k", [Capability.MemoryRead]), Databases.Context("acme", "owner"), Stop)).Value!.Key;
        await house.Get<IdentityWatch>().LookAsync(Stop);
        Assert.NotNull(await identity.AuthenticateAsync(token, Stop));
        Assert.NotNull(await identity.AuthenticateAsync(key, Stop));
        await RefusedAsync("version_mismatch", () => house.Get<Tenants>().PutAsync("acme", new PutTenantRequest("Acme", false), Owner, 7, Stop));
        await RefusedAsync("self_lift", () => house.Get<Tenants>().PutAsync("demo", new PutTenantRequest("Demo", false), Owner, 1, Stop));
        await house.Get<Tenants>().PutAsync("acme", new PutTenantRequest("Acme", false), Owner, 1, Stop);
        Assert.Null(await identity.AuthenticateAsync(token, Stop));
        Assert.Null(await identity.AuthenticateAsync(key, Stop));
        await house.Get<Tenants>().PutAsync("acme", new PutTenantRequest("Acme", true), Owner, 2, Stop);
        Assert.NotNull(await identity.AuthenticateAsync(token, Stop));
        Assert.Equal(["acme", "demo"], (await house.Get<Tenants>().ListAsync(null, null, Stop)).Data.Select(tenant => tenant.Id));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_rotated_key_works_beside_the_new_one_for_the_overlap_and_a_service_secret_until_it_is_revoked(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var identity = house.Get<IIdentity>();
        var keys = house.Get<ApiKeys>();
        var old = (await keys.CreateAsync(new CreateApiKeyRequest("a", [Capability.MemoryRead], ExpiresAt: house.Clock.GetUtcNow().AddDays(30)), Owner, Stop)).Value!;
        house.Clock.Advance(TimeSpan.FromDays(10));
        var next = (await keys.RotateAsync(old.ApiKey.Id, new RotateApiKeyRequest(60), Owner, Stop)).Value!;
        Assert.Equal((house.Clock.GetUtcNow().AddDays(30), old.ApiKey.Scopes.Single()), (next.ApiKey.ExpiresAt, next.ApiKey.Scopes.Single()));
        Assert.NotNull(await identity.AuthenticateAsync(old.Key, Stop));
        Assert.NotNull(await identity.AuthenticateAsync(next.Key, Stop));
        house.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Null(await identity.AuthenticateAsync(old.Key, Stop));
        Assert.NotNull(await identity.AuthenticateAsync(next.Key, Stop));
        await RefusedAsync("api_key_ended", () => keys.RotateAsync(old.ApiKey.Id, new RotateApiKeyRequest(60), Owner, Stop));
        await RefusedAsync("capability_not_held", () => keys.RotateAsync(next.ApiKey.Id, new RotateApiKeyRequest(), Owner with { Capabilities = CapabilitySet.Of([Capability.TenantAdmin]) }, Stop));
        Assert.Equal(next.ApiKey.Id, (await keys.ListAsync(Owner, "owner", "active", null, null, Stop)).Data.Single().Id);
        Assert.Equal(old.ApiKey.Id, (await keys.ListAsync(Owner, null, "expired", null, null, Stop)).Data.Single().Id);
        Assert.Empty((await keys.ListAsync(Owner, null, "revoked", null, null, Stop)).Data);

        await house.Get<ServiceAccounts>().CreateAsync(new CreateServiceRequest("robot", "Robot", [Capability.MemoryRead]), Owner, Stop);
        var secrets = house.Get<ServiceSecrets>();
        var made = (await secrets.CreateAsync("robot", new CreateSecretRequest(), Owner, Stop)).Value!;
        Assert.Equal("demo/robot", made.ClientId);
        Assert.Equal("robot", (await secrets.VerifyAsync(made.ClientId, made.ClientSecret, null, Stop))!.Id);
        Assert.Null(await secrets.VerifyAsync(made.ClientId, made.ClientSecret + "x", null, Stop));
        Assert.Null(await secrets.VerifyAsync("demo/owner", made.ClientSecret, null, Stop));
        await RefusedAsync("principal_unknown", () => secrets.CreateAsync("owner", new CreateSecretRequest(), Owner, Stop));
        await RefusedAsync("principal_exists", () => house.Get<ServiceAccounts>().CreateAsync(new CreateServiceRequest("robot", "Robot"), Owner, Stop));
        await secrets.RevokeAsync("robot", made.Secret.Id, Owner, Stop);
        Assert.Null(await secrets.VerifyAsync(made.ClientId, made.ClientSecret, null, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Refused_credentials_become_one_bounded_line_without_the_credential(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var log = house.Get<RefusalLog>();
        for (var i = 0; i < 1000; i++) log.Note("token", "198.51.100." + i % 200);
        log.Note("api_key", null);
        await log.FlushAsync(Stop);
        await log.FlushAsync(Stop);
        var lines = (await house.JournalAsync(Db.AllTenants)).Where(static line => line.StartsWith(IdentityEvents.CredentialsRefused, StringComparison.Ordinal)).ToList();
        var refusals = System.Text.Json.JsonDocument.Parse(lines.Single()[(lines.Single().IndexOf('{', StringComparison.Ordinal))..]).RootElement.GetProperty("refusals").EnumerateArray().ToList();
        Assert.InRange(refusals.Count, 2, 40);
        Assert.Equal(1001, refusals.Sum(static one => one.GetProperty("count").GetInt64()));
    }

    private static string Code(Governed house, byte[] secret) => Totp.Code(secret, Totp.StepAt(house.Clock.GetUtcNow()));

    private static async Task<InvitationRow> OpenAsync(Governed house, string link) =>
        (await house.Get<InvitationStore>().FindAsync(SignInLink.HashOf(link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..]), house.Clock.NowMicros(), Stop))!;

    private static async Task<PersonRow> PersonAsync(Governed house, string id)
    {
        await house.Get<PutUser>().RunAsync(id, new PutUserRequest(id, [Capability.MemoryRead]), Owner, null, 0, Stop);
        Assert.Null(await house.Get<SetPassword>().RunAsync("demo", id, id + "@demo", Password, startOver: false, Stop));
        return (await house.Get<PersonStore>().FindByLoginAsync(id + "@demo", Stop))!;
    }

    private static async Task RefusedAsync(string code, Func<Task> action) => Assert.Equal(code, (await Assert.ThrowsAsync<Problem>(action)).Code.Code);
}
