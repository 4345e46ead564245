using System.Net;
using System.Text;
using System.Text.Json;

namespace SomaStack.Platform;

/// <summary>How to reach a Vault. It is asked by token, or by AppRole when it has a role id.</summary>
/// <param name="Path">Mount and path of one KV version 2 secret, e.g. <c>secret/soma</c>; its fields are the settings' names.</param>
public sealed record VaultOptions(Uri Address, string Path, string? Token, string? RoleId, string? SecretId, string? Namespace)
{
    public const string DefaultPath = "secret/soma";

    /// <summary>Null when <c>SOMA_VAULT_ADDR</c> is not set.</summary>
    /// <exception cref="InvalidOperationException">The settings make no sense; the message names them.</exception>
    public static VaultOptions? From(Func<string, string?> environment)
    {
        if (environment("SOMA_VAULT_ADDR") is not { Length: > 0 } text) return null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https")) throw new InvalidOperationException("SOMA_VAULT_ADDR must be an http or https address.");
        if (address.Scheme == "http" && !address.IsLoopback) throw new InvalidOperationException("SOMA_VAULT_ADDR must be https: over plain http secrets could be read on the way. Only loopback may be http.");
        var secrets = new EnvironmentSecrets(environment);
        var options = new VaultOptions(
            address, environment("SOMA_VAULT_PATH") ?? DefaultPath, secrets.Find("SOMA_VAULT_TOKEN"), environment("SOMA_VAULT_ROLE_ID"), secrets.Find("SOMA_VAULT_SECRET_ID"),
            environment("SOMA_VAULT_NAMESPACE"));
        if (options.Token is null && (options.RoleId is null || options.SecretId is null))
            throw new InvalidOperationException("Vault needs SOMA_VAULT_TOKEN(_FILE), or SOMA_VAULT_ROLE_ID with SOMA_VAULT_SECRET_ID(_FILE).");
        if (options.Path.Trim('/').Split('/').Length < 2) throw new InvalidOperationException("SOMA_VAULT_PATH names a mount and a path, e.g. secret/soma.");
        return options;
    }
}

/// <summary>
/// HashiCorp Vault's KV version 2 over its HTTP API (https://developer.hashicorp.com/vault/api-docs): one read gives all secrets, which are
/// kept for a minute. The token is renewed when two thirds of its time are over; one that is refused is replaced by a new login.
/// </summary>
public sealed class VaultSecrets(VaultOptions options, HttpClient http, TimeProvider clock) : ISecretSource, IDisposable
{
    /// <summary>How long a rotated secret may stay unseen.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromMinutes(1);

    /// <summary>How long what was read holds while Vault does not answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private static readonly OutgoingLimits Limits = new(TimeSpan.FromSeconds(10), 1 << 20, Redirects: 0);

    private readonly SemaphoreSlim _asking = new(1);
    private volatile Known? _known;
    private Login? _login;

    private sealed record Known(IReadOnlyDictionary<string, string> Values, long At);

    /// <param name="RenewAt">Null when the token never ends.</param>
    private sealed record Login(string Token, DateTimeOffset? RenewAt, bool Renewable);

    public static VaultSecrets Connect(VaultOptions options, TimeProvider clock) => new(options, OutgoingHttp.Create(Limits, options.Address), clock);

    public async ValueTask<string?> FindAsync(string name, CancellationToken cancellationToken)
    {
        if (_known is not { } known || clock.GetElapsedTime(known.At) >= Freshness) known = await ReadAsync(cancellationToken);
        return known.Values.GetValueOrDefault(name);
    }

    public void Dispose()
    {
        _asking.Dispose();
        http.Dispose();
    }

    private async Task<Known> ReadAsync(CancellationToken cancellationToken)
    {
        await _asking.WaitAsync(cancellationToken);
        try
        {
            if (_known is { } known && clock.GetElapsedTime(known.At) < Freshness) return known;
            try
            {
                return _known = new Known(await AskAsync(cancellationToken), clock.GetTimestamp());
            }
            catch (Exception exception) when (exception is HttpRequestException or Problem or JsonException && _known is { } old && clock.GetElapsedTime(old.At) < Patience)
            {
                return old;
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw PlatformProblems.Unavailable.Because("Vault does not answer as it should.", exception);
        }
        finally
        {
            _asking.Release();
        }
    }

    private async Task<IReadOnlyDictionary<string, string>> AskAsync(CancellationToken cancellationToken)
    {
        var place = options.Path.Trim('/');
        var path = $"v1/{place[..place.IndexOf('/', StringComparison.Ordinal)]}/data/{place[(place.IndexOf('/', StringComparison.Ordinal) + 1)..]}";
        for (var again = false; ; again = true)
        {
            var (status, answer) = await SendAsync(HttpMethod.Get, path, null, await TokenAsync(cancellationToken), cancellationToken);
            // A token may have been revoked before its time.
            if (status == HttpStatusCode.Forbidden && !again && options.RoleId is not null)
            {
                _login = null;
                continue;
            }
            if (status == HttpStatusCode.NotFound) return new Dictionary<string, string>();
            if (status != HttpStatusCode.OK) throw PlatformProblems.Unavailable.Because($"Vault answered {(int)status} for {options.Path}.");
            return answer.GetProperty("data").GetProperty("data").EnumerateObject()
                .ToDictionary(static field => field.Name, static field => field.Value.ValueKind == JsonValueKind.String ? field.Value.GetString()! : field.Value.GetRawText(), StringComparer.Ordinal);
        }
    }

    private async Task<string> TokenAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (_login is null) _login = options.Token is { } fixedToken ? await LookUpAsync(fixedToken, now, cancellationToken) : await LogInAsync(now, cancellationToken);
        else if (_login.RenewAt <= now) _login = await RenewAsync(_login, now, cancellationToken);
        return _login.Token;
    }

    private async Task<Login> LogInAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.Serialize(new Dictionary<string, string> { ["role_id"] = options.RoleId!, ["secret_id"] = options.SecretId! }, VaultJson.Default.DictionaryStringString);
        var (status, answer) = await SendAsync(HttpMethod.Post, "v1/auth/approle/login", body, null, cancellationToken);
        if (status != HttpStatusCode.OK) throw PlatformProblems.Unavailable.Because($"Vault answered {(int)status} to the login by AppRole.");
        return Of(answer.GetProperty("auth"), now);
    }

    private async Task<Login> RenewAsync(Login login, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (login.Renewable)
        {
            var (status, answer) = await SendAsync(HttpMethod.Post, "v1/auth/token/renew-self", "{}", login.Token, cancellationToken);
            if (status == HttpStatusCode.OK) return Of(answer.GetProperty("auth"), now);
        }
        // A token of the operator's own that cannot be renewed is used until Vault refuses it.
        return options.RoleId is not null && options.Token is null ? await LogInAsync(now, cancellationToken) : login with { RenewAt = null };
    }

    /// <summary>What is left of a token that was given to us.</summary>
    private async Task<Login> LookUpAsync(string token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (status, answer) = await SendAsync(HttpMethod.Get, "v1/auth/token/lookup-self", null, token, cancellationToken);
        if (status == HttpStatusCode.Forbidden) throw PlatformProblems.Unavailable.Because("Vault does not accept the token.");
        // A policy may forbid looking; then it is used as it is.
        if (status != HttpStatusCode.OK) return new Login(token, null, false);
        var data = answer.GetProperty("data");
        var left = data.TryGetProperty("ttl", out var ttl) ? ttl.GetInt64() : 0;
        return new Login(token, RenewAt(now, left), data.TryGetProperty("renewable", out var renewable) && renewable.ValueKind == JsonValueKind.True);
    }

    private static Login Of(JsonElement auth, DateTimeOffset now) =>
        new(auth.GetProperty("client_token").GetString()!, RenewAt(now, auth.GetProperty("lease_duration").GetInt64()), auth.GetProperty("renewable").GetBoolean());

    private static DateTimeOffset? RenewAt(DateTimeOffset now, long seconds) => seconds <= 0 ? null : now.AddSeconds(seconds * 2 / 3.0);

    private async Task<(HttpStatusCode Status, JsonElement Answer)> SendAsync(HttpMethod method, string path, string? body, string? token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(options.Address, path));
        request.Headers.Add("X-Vault-Request", "true");
        if (token is not null) request.Headers.Add("X-Vault-Token", token);
        if (options.Namespace is { } space) request.Headers.Add("X-Vault-Namespace", space);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await http.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK) return (response.StatusCode, default);
        using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
        return (response.StatusCode, document.RootElement.Clone());
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class VaultJson : System.Text.Json.Serialization.JsonSerializerContext;
