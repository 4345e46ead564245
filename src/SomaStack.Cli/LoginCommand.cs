using System.CommandLine;
using System.Text.Json;

namespace SomaStack.Cli;

/// <summary>What <c>soma login --json</c> and <c>soma logout --json</c> print.</summary>
internal sealed record LoginInfo(string Url, bool SignedIn, DateTimeOffset? ExpiresAt);

/// <summary>Signs in to a server through the browser of any device (RFC 8628).</summary>
internal static class LoginCommand
{
    private static readonly Option<string[]> Capabilities = new("--capability") { Description = "Repeat to ask for these only; default is all that you hold." };

    public static Command Create()
    {
        var command = new Command("login", "Sign in to a server: confirm a code in the browser of any device.\n\nExamples:\n  soma login --url https://soma.example\n  soma login --capability memory:read --capability session:start")
        {
            GlobalOptions.Url, GlobalOptions.Json, Capabilities,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var url = GlobalOptions.Read(parsed).Url;
            var wanted = parsed.GetValue(Capabilities) is { Length: > 0 } names ? string.Join(' ', names) : "capabilities:all";
            using var server = new OAuth(url);
            var device = await server.DeviceAsync("openid profile offline_access " + wanted, cancellationToken);
            // stderr, so that stdout holds the result alone.
            await Console.Error.WriteLineAsync($"Open {device.VerificationUri}\nand confirm the code {device.UserCode}\n(or open {device.VerificationUriComplete})");
            var login = await WaitAsync(server, device, cancellationToken);
            await LoginFile.KeepAsync(url, login, cancellationToken);
            Console.WriteLine(parsed.GetValue(GlobalOptions.Json)
                ? JsonSerializer.Serialize(new LoginInfo(url, true, login.ExpiresAt), CliJson.Default.LoginInfo)
                : $"Signed in to {url}.");
            return 0;
        });
        return command;
    }

    private static async Task<Login> WaitAsync(OAuth server, DeviceAnswer device, CancellationToken cancellationToken)
    {
        var pause = TimeSpan.FromSeconds(Math.Clamp(device.Interval, 1, 60));
        while (true)
        {
            await Task.Delay(pause, TimeProvider.System, cancellationToken);
            var answer = await server.TokenAsync(cancellationToken, ("grant_type", OAuth.DeviceGrant), ("device_code", device.DeviceCode!));
            switch (answer)
            {
                case { AccessToken: { } access, RefreshToken: { } refresh }:
                    return new Login(access, TimeProvider.System.GetUtcNow().AddSeconds(answer.ExpiresIn), refresh);
                case { Error: "authorization_pending" or "temporarily_unavailable" }:
                    break;
                case { Error: "slow_down" }:
                    pause += TimeSpan.FromSeconds(5);
                    break;
                case { Error: "access_denied" }:
                    throw new LoginException("access_denied", "The sign-in was refused in the browser.");
                case { Error: "expired_token" }:
                    throw new LoginException("expired_token", "Nobody confirmed the code in time.");
                default:
                    throw new LoginException("login_failed", answer.ErrorDescription ?? answer.Error ?? "The server sent no token.");
            }
        }
    }
}

/// <summary>Ends the sign-in here and on the server.</summary>
internal static class LogoutCommand
{
    public static Command Create()
    {
        var command = new Command("logout", "End the sign-in to a server, here and there.\n\nExample:\n  soma logout --url https://soma.example") { GlobalOptions.Url, GlobalOptions.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var url = GlobalOptions.Read(parsed).Url;
            var login = await LoginFile.ForgetAsync(url, cancellationToken);
            if (login is not null)
            {
                using var server = new OAuth(url);
                await server.RevokeAsync(login.RefreshToken, cancellationToken);
            }
            Console.WriteLine(parsed.GetValue(GlobalOptions.Json)
                ? JsonSerializer.Serialize(new LoginInfo(url, false, null), CliJson.Default.LoginInfo)
                : login is null ? $"Nobody was signed in to {url}." : $"Signed out of {url}.");
            return 0;
        });
        return command;
    }
}
