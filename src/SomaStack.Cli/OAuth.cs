using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace SomaStack.Cli;

internal sealed record DeviceAnswer(string? DeviceCode, string? UserCode, string? VerificationUri, string? VerificationUriComplete, int ExpiresIn, int Interval);

internal sealed record TokenAnswer(string? AccessToken, int ExpiresIn, string? RefreshToken, string? Error, string? ErrorDescription);

/// <summary>Signing in did not work, or what was kept is not good any more.</summary>
internal sealed class LoginException(string code, string message) : Exception(message)
{
    public string Code { get; } = code;
}

/// <summary>The token endpoints of a server, as the public client <c>soma-cli</c>.</summary>
internal sealed class OAuth(string url) : IDisposable
{
    public const string Client = "soma-cli";
    public const string DeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";

    private readonly HttpClient _http = new() { BaseAddress = new Uri(url), Timeout = TimeSpan.FromSeconds(30) };

    public void Dispose() => _http.Dispose();

    public async Task<DeviceAnswer> DeviceAsync(string scope, CancellationToken cancellationToken)
    {
        var answer = await PostAsync("/v1/auth/device", CliJson.Default.DeviceAnswer, cancellationToken, ("scope", scope));
        return answer is { DeviceCode: not null, UserCode: not null } ? answer : throw new LoginException("login_failed", $"{url} gave no device code. Is it a SomaStack server with an api role?");
    }

    public Task<TokenAnswer> TokenAsync(CancellationToken cancellationToken, params (string Name, string Value)[] fields) => PostAsync("/v1/auth/token", CliJson.Default.TokenAnswer, cancellationToken, fields);

    public async Task RevokeAsync(string token, CancellationToken cancellationToken)
    {
        using var content = Content([("token", token)]);
        using var response = await _http.PostAsync("/v1/auth/revoke", content, cancellationToken);
        response.EnsureSuccessStatusCode();
    }

    private async Task<T> PostAsync<T>(string path, JsonTypeInfo<T> shape, CancellationToken cancellationToken, params (string Name, string Value)[] fields) where T : class
    {
        using var content = Content(fields);
        using var response = await _http.PostAsync(path, content, cancellationToken);
        try
        {
            return await response.Content.ReadFromJsonAsync(shape, cancellationToken) ?? throw new JsonException();
        }
        catch (JsonException)
        {
            throw new LoginException("login_failed", $"{url} answered {(int)response.StatusCode} without an OAuth message.");
        }
    }

    private static FormUrlEncodedContent Content(IEnumerable<(string Name, string Value)> fields) =>
        new(fields.Append(("client_id", Client)).Select(static field => new KeyValuePair<string, string>(field.Item1, field.Item2)));
}
