using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SomaStack.EndToEndTests.Identity;

/// <summary>
/// Somebody at a browser: cookies, forms as the page gives them, no script. It keeps every answer, apart from those that are meant to show a secret,
/// and every secret that it ever saw.
/// </summary>
internal sealed partial class Browser(Uri url) : IDisposable
{
    private readonly CookieContainer _cookies = new();
    private HttpClient? _client;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public List<string> Emitted { get; } = [];

    public List<string> Secrets { get; } = [];

    private HttpClient Client => _client ??= new HttpClient(new HttpClientHandler { CookieContainer = _cookies, AllowAutoRedirect = false }) { BaseAddress = url };

    public string? Cookie(string name) => _cookies.GetCookies(new Uri(url, "/v1/auth/signin"))[name]?.Value;

    /// <summary>As a sign-in would have set it.</summary>
    public void SetCookie(string name, string value) => _cookies.Add(new Uri(url, "/"), new Cookie(name, value, "/"));

    /// <summary>Sends a form with what the browser says of where it stood.</summary>
    public async Task<(int Status, string Html)> PostFormAsync(string path, string site, params (string Name, string Value)[] fields)
    {
        using var content = new FormUrlEncodedContent(fields.ToDictionary(static field => field.Name, static field => field.Value));
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        request.Headers.Add("Sec-Fetch-Site", site);
        return await ReadAsync(await Client.SendAsync(request, Stop), shows: false);
    }

    public async Task<(int Status, string Html)> GetAsync(string path) => await ReadAsync(await Client.GetAsync(path, Stop), shows: false);

    /// <summary>Fills the form that <paramref name="html"/> shows and sends it.</summary>
    /// <param name="shows">The answer carries what belongs to its reader, e.g. a session.</param>
    public async Task<(int Status, string Html)> SubmitAsync(string html, bool shows = false, params (string Name, string Value)[] fields)
    {
        var form = Hidden().Matches(html).Select(match => (Name: match.Groups[1].Value, Value: WebUtility.HtmlDecode(match.Groups[2].Value))).ToDictionary(field => field.Name, field => field.Value);
        foreach (var (name, value) in fields) form[name] = value;
        using var content = new FormUrlEncodedContent(form);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/auth/signin") { Content = content };
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        request.Headers.Add("Origin", url.GetLeftPart(UriPartial.Authority));
        var answer = await ReadAsync(await Client.SendAsync(request, Stop), shows);
        if (Cookie("soma_session") is { Length: > 0 } session && !Secrets.Contains(session)) Secrets.Add(session);
        return answer;
    }

    public async Task<(int Status, JsonElement Json)> SendAsync(HttpMethod method, string path, string? credential, object? body = null, bool shows = false, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (credential is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", credential);
        if (body is not null) request.Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        var (status, text) = await ReadAsync(await Client.SendAsync(request, Stop), shows);
        return (status, text.StartsWith('{') ? JsonDocument.Parse(text).RootElement : default);
    }

    /// <summary>What the authenticator of this Base32 secret shows, <paramref name="ahead"/> steps from now.</summary>
    public static string Code(string secret, int ahead = 0)
    {
        var bits = string.Concat(secret.Select(static c => Convert.ToString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(c, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        var key = Enumerable.Range(0, bits.Length / 8).Select(i => Convert.ToByte(bits.Substring(i * 8, 8), 2)).ToArray();
        var counter = BitConverter.GetBytes(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 30 + ahead);
        if (BitConverter.IsLittleEndian) Array.Reverse(counter);
#pragma warning disable CA5350 // What authenticators compute.
        var hash = HMACSHA1.HashData(key, counter);
#pragma warning restore CA5350
        var at = hash[^1] & 15;
        var number = ((hash[at] & 127) << 24) | (hash[at + 1] << 16) | (hash[at + 2] << 8) | hash[at + 3];
        return (number % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    public void Dispose() => _client?.Dispose();

    private async Task<(int Status, string Text)> ReadAsync(HttpResponseMessage response, bool shows)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync(Stop);
            if (!shows) Emitted.Add($"{response.RequestMessage!.Method} {response.RequestMessage.RequestUri!.AbsolutePath}\n{response.Headers}\n{text}");
            return ((int)response.StatusCode, text);
        }
    }

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\">")]
    private static partial Regex Hidden();
}
