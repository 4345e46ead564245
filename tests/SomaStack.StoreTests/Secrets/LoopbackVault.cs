using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SomaStack.StoreTests.Secrets;

/// <summary>
/// A server that speaks the published HTTP API of Vault as far as we use it (auth/approle/login, auth/token, KV version 2), over real HTTP. It
/// shows that our requests have the documented shape; that Vault answers like this is shown by the same suite against a real one.
/// </summary>
internal sealed class LoopbackVault : IAsyncDisposable
{
    public const string RoleId = "role-1";
    public const string SecretId = "secret-1";

    private readonly WebApplication _app;
    private readonly HashSet<string> _tokens = new(StringComparer.Ordinal);
    private int _issued;

    private LoopbackVault(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public Dictionary<string, string> Fields { get; } = new(StringComparer.Ordinal);

    /// <summary>Of tokens that a login gives; 0 never ends.</summary>
    public int LeaseSeconds { get; set; } = 3600;

    public bool Renewable { get; set; } = true;

    /// <summary>False answers 503, as a sealed Vault does.</summary>
    public bool Open { get; set; } = true;

    /// <summary>Method and path of what came, in order.</summary>
    public List<string> Seen { get; } = [];

    public string Issue()
    {
        var token = $"hvs.{++_issued}";
        _tokens.Add(token);
        return token;
    }

    public void RevokeAll() => _tokens.Clear();

    public static async Task<LoopbackVault> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var vault = new LoopbackVault(builder.Build());
        vault._app.Run(vault.AnswerAsync);
        await vault._app.StartAsync();
        return vault;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        Seen.Add($"{http.Request.Method} {path}");
        var token = http.Request.Headers["X-Vault-Token"].ToString();
        if (!Open) await ErrorAsync(http, 503);
        else if (http.Request.Headers["X-Vault-Request"] != "true") await ErrorAsync(http, 400);
        else if ((http.Request.Method, path) == ("POST", "/v1/auth/approle/login")) await LogInAsync(http);
        else if (!_tokens.Contains(token)) await ErrorAsync(http, 403);
        else await ServeAsync(http, path, token);
    }

    private async Task LogInAsync(HttpContext http)
    {
        using var body = await JsonDocument.ParseAsync(http.Request.Body);
        var known = body.RootElement.GetProperty("role_id").GetString() == RoleId && body.RootElement.GetProperty("secret_id").GetString() == SecretId;
        await (known ? AuthAsync(http, Issue()) : ErrorAsync(http, 400));
    }

    private Task ServeAsync(HttpContext http, string path, string token) => (http.Request.Method, path) switch
    {
        ("GET", "/v1/auth/token/lookup-self") => http.Response.WriteAsJsonAsync(new { data = new { ttl = LeaseSeconds, renewable = Renewable, id = token } }),
        ("POST", "/v1/auth/token/renew-self") => Renewable ? AuthAsync(http, token) : ErrorAsync(http, 400),
        ("GET", "/v1/secret/data/soma/test") when Fields.Count > 0 => http.Response.WriteAsJsonAsync(new { data = new { data = Fields, metadata = new { version = 1 } } }),
        _ => ErrorAsync(http, 404),
    };

    private Task AuthAsync(HttpContext http, string token) =>
        http.Response.WriteAsJsonAsync(new { auth = new { client_token = token, lease_duration = LeaseSeconds, renewable = Renewable } });

    private static Task ErrorAsync(HttpContext http, int status)
    {
        http.Response.StatusCode = status;
        return http.Response.WriteAsJsonAsync(new { errors = Array.Empty<string>() });
    }
}
