using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Diagnostics;

namespace SomaStack.EndToEndTests.Identity.OpenId;

/// <summary>Device codes (RFC 8628): the page, the polling, and <c>soma login</c> as its client.</summary>
public sealed partial class DeviceFlowTests(OpenIdWorld world) : IClassFixture<OpenIdWorld>
{
    private const string Verify = "/v1/auth/device/verify";
    private const string Grant = "urn:ietf:params:oauth:grant-type:device_code";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_person_types_the_code_sees_who_asks_and_decides()
    {
        var device = await AskAsync();
        Assert.Matches("^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$", device.GetProperty("user_code").GetString());
        Assert.Equal(600, device.GetProperty("expires_in").GetInt32());
        Assert.Equal((HttpStatusCode.BadRequest, "authorization_pending"), await PollAsync(device));
        // At once again: too often, and the pause grows.
        Assert.Equal((HttpStatusCode.BadRequest, "slow_down"), await PollAsync(device));
        using (var stranger = await world.GetAsync(Verify, null)) Assert.StartsWith("/v1/auth/signin?return_to=", stranger.Headers.Location!.OriginalString, StringComparison.Ordinal);
        var cookie = await world.SessionAsync();
        using var page = await LookAsync(cookie, device.GetProperty("user_code").GetString()!.ToLowerInvariant());
        var html = await page.Content.ReadAsStringAsync(Stop);
        Assert.Contains("soma-cli", html, StringComparison.Ordinal);
        Assert.Contains("memory:read", html, StringComparison.Ordinal);
        Assert.DoesNotContain("billing:read", html, StringComparison.Ordinal);
        using (var decided = await world.PostAsync(Verify, cookie, "same-origin", ("ticket", await OpenIdWorld.TicketAsync(page)), ("decision", "allow"))) Assert.Equal(HttpStatusCode.OK, decided.StatusCode);
        var other = await AskAsync();
        var (_, wrongClient) = await world.TokenAsync(("grant_type", Grant), ("client_id", "demo.native"), ("device_code", other.GetProperty("device_code").GetString()!));
        Assert.Equal("unauthorized_client", wrongClient.GetProperty("error").GetString());
    }

    [Fact]
    public async Task Refused_is_refused_and_a_guessed_or_foreign_form_decides_nothing()
    {
        var device = await AskAsync();
        var cookie = await world.SessionAsync();
        using var page = await LookAsync(cookie, device.GetProperty("user_code").GetString()!);
        var ticket = await OpenIdWorld.TicketAsync(page);
        using (var cross = await world.PostAsync(Verify, cookie, "cross-site", ("ticket", ticket), ("decision", "allow"))) Assert.Equal(HttpStatusCode.Forbidden, cross.StatusCode);
        using (var other = await world.PostAsync(Verify, await world.SessionAsync("owner"), "same-origin", ("ticket", ticket), ("decision", "allow"))) Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        using (var code = await world.PostAsync(Verify, cookie, "same-origin", ("ticket", device.GetProperty("user_code").GetString()!), ("decision", "allow"))) Assert.Equal(HttpStatusCode.NotFound, code.StatusCode);
        using (var denied = await world.PostAsync(Verify, cookie, "same-origin", ("ticket", ticket), ("decision", "deny"))) Assert.Equal(HttpStatusCode.OK, denied.StatusCode);
        Assert.Equal((HttpStatusCode.BadRequest, "access_denied"), await PollAsync(device));
        using var late = await world.PostAsync(Verify, cookie, "same-origin", ("ticket", ticket), ("decision", "allow"));
        Assert.Equal(HttpStatusCode.NotFound, late.StatusCode);
    }

    [Fact]
    public async Task Guessing_codes_ends_after_ten_tries_also_for_the_right_one()
    {
        await OpenIdWorld.OkAsync(await System.Net.Http.Json.HttpClientJsonExtensions.PutAsJsonAsync(world.Owner, "/v1/users/guesser", new { display_name = "Guesser", capabilities = Array.Empty<string>() }, Stop));
        var device = await AskAsync();
        var cookie = await world.SessionAsync("guesser");
        for (var guess = 0; guess < 10; guess++)
        {
            using var wrong = await LookAsync(cookie, "BBBB-BBB" + "BCDFGHJKLM"[guess]);
            Assert.Equal(HttpStatusCode.NotFound, wrong.StatusCode);
        }
        using var refused = await LookAsync(cookie, device.GetProperty("user_code").GetString()!);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        // Another session of the same person is the same person.
        using var again = await LookAsync(await world.SessionAsync("guesser"), device.GetProperty("user_code").GetString()!);
        Assert.Equal(HttpStatusCode.TooManyRequests, again.StatusCode);
    }

    [Fact]
    public async Task Soma_login_signs_in_works_and_signs_out()
    {
        var home = Path.Combine(Path.GetTempPath(), "soma-login-" + Guid.CreateVersion7().ToString("N"));
        var environment = new Dictionary<string, string> { ["XDG_CONFIG_HOME"] = home, ["SOMA_DATA"] = Path.Combine(home, "none") };
        var start = new ProcessStartInfo("dotnet", [SomaProcess.Binary, "login", "--url", world.Issuer, "--json"]) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var login = Process.Start(start)!;
        var said = "";
        while (await login.StandardError.ReadLineAsync(Stop) is { } line && !Code().IsMatch(said += line)) { }
        var cookie = await world.SessionAsync();
        using (var page = await LookAsync(cookie, Code().Match(said).Groups[1].Value))
        using (var decided = await world.PostAsync(Verify, cookie, "same-origin", ("ticket", await OpenIdWorld.TicketAsync(page)), ("decision", "allow"))) Assert.Equal(HttpStatusCode.OK, decided.StatusCode);
        var output = await login.StandardOutput.ReadToEndAsync(Stop);
        await login.WaitForExitAsync(Stop);
        Assert.Equal(0, login.ExitCode);
        Assert.True(JsonDocument.Parse(output).RootElement.GetProperty("signed_in").GetBoolean());
        var file = Path.Combine(home, "soma", "logins.json");
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        var kept = JsonDocument.Parse(await File.ReadAllTextAsync(file, Stop)).RootElement.EnumerateObject().Single().Value;
        var access = kept.GetProperty("access_token").GetString()!;
        Assert.Equal(HttpStatusCode.OK, await world.UseAsync(access));

        // A token that is about to expire is refreshed by the next command, and the new one is kept.
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file, Stop)).Replace(kept.GetProperty("expires_at").GetString()!, "2020-01-01T00:00:00+00:00", StringComparison.Ordinal), Stop);
        var (statusCode, _, statusError) = await SomaProcess.RunAsync(environment, "status", "--url", world.Issuer);
        Assert.True(statusCode == 0, statusError);
        Assert.DoesNotContain(access, await File.ReadAllTextAsync(file, Stop), StringComparison.Ordinal);

        var (exitCode, _, error) = await SomaProcess.RunAsync(environment, "logout", "--url", world.Issuer);
        Assert.True(exitCode == 0, error);
        Assert.Equal("{}", await File.ReadAllTextAsync(file, Stop));
        Assert.Equal(HttpStatusCode.Unauthorized, await world.UseAsync(access));
        Directory.Delete(home, recursive: true);
    }

    private async Task<JsonElement> AskAsync() => await OpenIdWorld.OkAsync(await world.PostAsync("/v1/auth/device", null, null, ("client_id", "soma-cli"), ("scope", "openid offline_access capabilities:all")));

    private Task<HttpResponseMessage> LookAsync(string cookie, string code) => world.PostAsync(Verify, cookie, "same-origin", ("user_code", code));

    private async Task<(HttpStatusCode, string)> PollAsync(JsonElement device)
    {
        var (status, body) = await world.TokenAsync(("grant_type", Grant), ("client_id", "soma-cli"), ("device_code", device.GetProperty("device_code").GetString()!));
        return (status, body.TryGetProperty("error", out var error) ? error.GetString()! : "");
    }

    [GeneratedRegex("confirm the code ([A-Z-]{9})")]
    private static partial Regex Code();
}
