using System.Text;
using SomaStack.Governance.Identity;
using SomaStack.Platform;

namespace SomaStack.Tests.Identity;

/// <summary>What passwords, codes, delays, names and paths may be; no clock, no store.</summary>
public sealed class AccountRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    /// <summary>RFC 6238, appendix B, the SHA-1 column.</summary>
    [Theory]
    [InlineData(59L, "94287082")]
    [InlineData(1111111109L, "07081804")]
    [InlineData(1111111111L, "14050471")]
    [InlineData(1234567890L, "89005924")]
    [InlineData(2000000000L, "69279037")]
    [InlineData(20000000000L, "65353130")]
    public void Codes_are_those_of_the_standard(long seconds, string code) =>
        Assert.Equal(code, Totp.Code("12345678901234567890"u8, Totp.StepAt(DateTimeOffset.FromUnixTimeSeconds(seconds)), 8));

    /// <summary>RFC 4648, section 10, without its padding.</summary>
    [Theory]
    [InlineData("", "")]
    [InlineData("f", "MY")]
    [InlineData("fo", "MZXQ")]
    [InlineData("foo", "MZXW6")]
    [InlineData("foob", "MZXW6YQ")]
    [InlineData("fooba", "MZXW6YTB")]
    [InlineData("foobar", "MZXW6YTBOI")]
    public void Secrets_are_written_as_authenticators_read_them(string bytes, string text) => Assert.Equal(text, Totp.Base32(Encoding.ASCII.GetBytes(bytes)));

    [Theory]
    [InlineData(-2, false)]
    [InlineData(-1, true)]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void A_code_is_good_one_step_early_or_late_and_no_more(int away, bool good)
    {
        var secret = "12345678901234567890"u8;
        var step = Totp.StepAt(Now) + away;
        Assert.Equal(good ? step : null, Totp.Match(secret, Totp.Code(secret, step), Now));
    }

    [Theory]
    [InlineData("correct horse battery", true)]
    [InlineData("Ünïcödé wörds äre fine", true)]
    [InlineData("eleven char", false)]
    [InlineData("password1234", false)]
    [InlineData("Password123!", false)]
    [InlineData("qwertyuiop12", false)]
    [InlineData("abcabcabcabc", false)]
    [InlineData("aaaaaaaaaaaaaaa", false)]
    [InlineData("1234567890123", false)]
    [InlineData("zyxwvutsrqponm", false)]
    [InlineData("correcthorsebatterystaple", false)]
    [InlineData("ada.lovelace2026!", false)]
    [InlineData("ada.lovelace writes notes", true)]
    [InlineData("development-secret", false)]
    public void A_password_is_long_and_not_guessed_first(string password, bool good) => Assert.Equal(good, PasswordRules.Fault(password, "ada.lovelace@example.org") is null);

    [Fact]
    public void A_password_may_have_256_characters_and_no_more_however_they_are_encoded()
    {
        var words = string.Concat(Enumerable.Range(0, 128).Select(static i => (char)(0x4E00 + i * 37) + "x"));
        Assert.Equal(256, words.Length);
        Assert.Null(PasswordRules.Fault(words, "ada"));
        Assert.NotNull(PasswordRules.Fault(words + "x", "ada"));
        Assert.NotNull(PasswordRules.Fault(new string('x', 1_000_000) + "y", "ada"));
        // The same characters, composed and decomposed: one password.
        Assert.Equal(PasswordRules.Prepare("Zu\u0308rich is nice"), PasswordRules.Prepare("Z\u00fcrich is nice"));
    }

    [Fact]
    public void A_hash_carries_its_parameters_and_a_raise_asks_for_a_new_one()
    {
        var weak = new PasswordCost(8 * 1024, 1);
        var stored = PasswordHash.Make("correct horse battery", weak);
        Assert.StartsWith("$argon2id$v=19$m=8192,t=1,p=1$", stored, StringComparison.Ordinal);
        Assert.NotEqual(stored, PasswordHash.Make("correct horse battery", weak));
        Assert.True(PasswordHash.Verify("correct horse battery", stored));
        Assert.False(PasswordHash.Verify("correct horse batterx", stored));
        using (var raised = new Passwords(weak with { Passes = 2 })) Assert.True(raised.IsWeak(stored));
        using (var same = new Passwords(weak)) Assert.False(same.IsWeak(stored));
        Assert.Throws<FormatException>(() => PasswordHash.Verify("x", "plain text"));
    }

    [Fact]
    public void Delays_double_from_the_fifth_failure_to_a_quarter_of_an_hour_and_end_with_the_window()
    {
        var rule = LockoutRule.Account;
        Assert.Equal([0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900], Enumerable.Range(1, 15).Select(failures => (int)rule.Delay(failures).TotalSeconds));
        var times = Enumerable.Range(0, 6).Select(i => Now.AddSeconds(i).ToMicros()).ToList();
        Assert.Equal(Now.AddSeconds(5 + 4), rule.Until(times, Now.AddSeconds(6)));
        // An hour after the first two failures only four count, and four are free.
        Assert.Equal(Now.AddSeconds(5), rule.Until(times, Now.AddSeconds(1) + LockoutRule.Window));
        Assert.Equal(DateTimeOffset.MinValue, rule.Until(times, Now.AddHours(2)));
        Assert.Equal(TimeSpan.Zero, LockoutRule.Address.Delay(24));
        Assert.Equal(TimeSpan.FromSeconds(2), LockoutRule.Address.Delay(25));
    }

    [Theory]
    [InlineData("/v1/connect/authorize?client_id=console&state=a%2Fb", true)]
    [InlineData("/", true)]
    [InlineData("", false)]
    [InlineData("//evil.example/", false)]
    [InlineData("/\\evil.example", false)]
    [InlineData("https://evil.example/", false)]
    [InlineData("javascript:alert(1)", false)]
    [InlineData("/a\r\nSet-Cookie: x", false)]
    [InlineData("/\t/evil.example", false)]
    [InlineData("evil", false)]
    public void A_sign_in_leads_to_a_path_of_this_server_or_nowhere(string path, bool local) => Assert.Equal(local ? path : null, LocalPath.Of(path));

    [Theory]
    [InlineData("ada")]
    [InlineData("ada@example.org")]
    public void A_plain_name_is_an_id(string id) => Assert.True(Rules.IsPrincipalId(id));

    [Theory]
    [InlineData("\u0430da")] // Cyrillic a
    [InlineData("ad\u0101")]
    [InlineData("ada\u200b")]
    [InlineData("\uff41da")] // fullwidth a
    [InlineData("ada\u202e")]
    [InlineData("Ada")]
    [InlineData("-ada")]
    [InlineData("ada/x")]
    [InlineData("ada\0")]
    [InlineData("system")]
    [InlineData("")]
    public void What_looks_like_another_name_or_hides_something_is_no_id(string id)
    {
        Assert.False(Rules.IsPrincipalId(id));
        Assert.False(Rules.IsTenantId(id) && id != "system");
        Assert.False(Rules.IsRoleName(id) && id != "system");
    }

    [Fact]
    public void Published_roles_hold_published_capabilities_and_none_rises_above_the_tenant()
    {
        Assert.Equal(["owner", "admin", "operator", "auditor", "developer", "member", "viewer"], PublishedRoles.All.Select(role => role.Name));
        Assert.All(PublishedRoles.All, role => Assert.All(role.Capabilities, name => Assert.Contains(name, (IReadOnlySet<string>)Capability.All)));
        Assert.All(PublishedRoles.All, role => Assert.DoesNotContain(Capability.PlatformAdmin, role.Capabilities));
        Assert.DoesNotContain(Capability.TokenIssue, PublishedRoles.ByName["auditor"].Capabilities);
        Assert.Equal(Capability.All.Count - 2, PublishedRoles.ByName["owner"].Capabilities.Count);
    }

    [Fact]
    public void Recovery_codes_are_different_and_read_back_however_they_are_typed()
    {
        var codes = RecoveryCodes.Make();
        Assert.Equal(10, codes.Distinct().Count());
        Assert.All(codes, code => Assert.Matches("^[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$", code));
        Assert.Equal(RecoveryCodes.HashOf(codes[0]), RecoveryCodes.HashOf(codes[0].ToLowerInvariant().Replace("-", " ", StringComparison.Ordinal)));
        Assert.True(RecoveryCodes.IsCode(codes[0]));
        Assert.False(RecoveryCodes.IsCode("123456"));
    }

    [Fact]
    public void A_fresh_factor_is_asked_for_only_where_it_is_demanded()
    {
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(Now);
        var context = RequestContext.ForSystem("demo", DeploymentMode.Production);
        context.RequireStepUp(clock);
        Assert.Equal("step_up_required", Assert.Throws<Problem>(() => context.RequireMfa(clock, TimeSpan.FromMinutes(10))).Code.Code);
        var demanded = context with { StepUpDemanded = true };
        Assert.Equal("step_up_required", Assert.Throws<Problem>(() => demanded.RequireStepUp(clock)).Code.Code);
        var proven = demanded with { MfaAt = Now.AddMinutes(-10) };
        proven.RequireStepUp(clock);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("step_up_required", Assert.Throws<Problem>(() => proven.RequireStepUp(clock)).Code.Code);
    }

    [Fact]
    public void A_qr_code_is_one_drawing_without_script()
    {
        var svg = QrSvg.Draw(Totp.Uri("12345678901234567890"u8, "ada@demo"));
        var drawn = System.Xml.Linq.XElement.Parse(svg);
        Assert.Equal("svg", drawn.Name.LocalName);
        Assert.All(drawn.Descendants(), static part => Assert.Equal("path", part.Name.LocalName));
        // The finder in the upper left corner begins after four quiet modules.
        Assert.Contains("M4 4h1v1h-1z", svg, StringComparison.Ordinal);
        Assert.DoesNotContain("M3 ", svg, StringComparison.Ordinal);
    }
}
