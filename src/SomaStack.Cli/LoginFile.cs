using System.Diagnostics;
using System.Text.Json;

namespace SomaStack.Cli;

/// <summary>What <c>soma login</c> keeps for one server.</summary>
internal sealed record Login(string AccessToken, DateTimeOffset ExpiresAt, string RefreshToken);

/// <summary>
/// The sign-ins of this user: a file of mode 0600 in his configuration folder. A refresh token is good once, so commands that run
/// together refresh one after the other, under a lock.
/// </summary>
internal static class LoginFile
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly TimeSpan Early = TimeSpan.FromSeconds(30);

    public static string Folder => System.IO.Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } xdg ? xdg
        : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData)
        : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config"), "soma");

    public static string Path => System.IO.Path.Combine(Folder, "logins.json");

    /// <summary>An access token for the server, refreshed when it is about to expire; null when nobody is signed in there.</summary>
    public static async Task<string?> TokenAsync(string url, CancellationToken cancellationToken)
    {
        if (!File.Exists(Path)) return null;
        using (await LockAsync(cancellationToken))
        {
            var all = Read();
            if (!all.TryGetValue(Key(url), out var login)) return null;
            var now = TimeProvider.System.GetUtcNow();
            if (login.ExpiresAt - Early > now) return login.AccessToken;
            using var server = new OAuth(url);
            var answer = await server.TokenAsync(cancellationToken, ("grant_type", "refresh_token"), ("refresh_token", login.RefreshToken));
            if (answer is { AccessToken: { } access, RefreshToken: { } refresh })
            {
                all[Key(url)] = new Login(access, now.AddSeconds(answer.ExpiresIn), refresh);
                Write(all);
                return access;
            }
            // What is refused once is refused for ever; anything else may pass next time.
            if (answer.Error is not "invalid_grant") throw new LoginException("login_failed", $"{url} did not refresh the sign-in: {answer.ErrorDescription ?? answer.Error}");
            all.Remove(Key(url));
            Write(all);
            throw new LoginException("signed_out", $"The sign-in to {url} has ended.");
        }
    }

    public static async Task KeepAsync(string url, Login login, CancellationToken cancellationToken)
    {
        using var held = await LockAsync(cancellationToken);
        var all = Read();
        all[Key(url)] = login;
        Write(all);
    }

    /// <summary>Forgets the sign-in and returns what it was.</summary>
    public static async Task<Login?> ForgetAsync(string url, CancellationToken cancellationToken)
    {
        if (!File.Exists(Path)) return null;
        using var held = await LockAsync(cancellationToken);
        var all = Read();
        if (all.Remove(Key(url), out var login)) Write(all);
        return login;
    }

    private static string Key(string url) => new Uri(url).GetLeftPart(UriPartial.Authority);

    private static Dictionary<string, Login> Read() =>
        File.Exists(Path) ? JsonSerializer.Deserialize(File.ReadAllText(Path), CliJson.Default.DictionaryStringLogin) ?? [] : [];

    private static void Write(Dictionary<string, Login> all)
    {
        var next = Path + ".next";
        var how = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) how.UnixCreateMode = Owner;
        using (var file = new FileStream(next, how))
        {
            JsonSerializer.Serialize(file, all, CliJson.Default.DictionaryStringLogin);
            file.Flush(flushToDisk: true);
        }
        File.Move(next, Path, overwrite: true);
    }

    private static async Task<FileStream> LockAsync(CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(Folder);
        else Directory.CreateDirectory(Folder, Owner | UnixFileMode.UserExecute);
        for (var waited = Stopwatch.StartNew(); ;)
        {
            try
            {
                return new FileStream(Path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (waited.Elapsed < TimeSpan.FromSeconds(40))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
            }
        }
    }
}
