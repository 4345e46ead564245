using System.Net.Http.Json;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Notifications;

/// <summary>One built server with a mail server and receivers on loopback; shared by the tests of the ways out.</summary>
public sealed class ChannelWorld : IAsyncLifetime
{
    private MailServer? _mail;

    internal MailServer Mail => _mail!;

    public int NodePort { get; } = MailServer.FreePort();

    public int SilentPort { get; } = MailServer.FreePort();

    public SomaProcess Soma { get; private set; } = null!;

    public HttpClient Owner { get; private set; } = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _mail = new MailServer();
        Soma = await SomaProcess.StartAsync(environment: new Dictionary<string, string>
        {
            ["SOMA_SMTP_URL"] = $"smtp://127.0.0.1:{_mail.Port}", ["SOMA_SMTP_FROM"] = "soma@example.com",
            ["SOMA_OUTGOING_ALLOW"] = $"http://127.0.0.1:{NodePort},http://127.0.0.1:{SilentPort}",
        });
        Owner = await Soma.ClientAsync();
        // The tenant's own endpoints hear what the tenant's preferences let out.
        await PreferAsync("");
    }

    public async ValueTask DisposeAsync()
    {
        Owner?.Dispose();
        if (Soma is not null) await Soma.DisposeAsync();
        if (_mail is not null) await _mail.DisposeAsync();
    }

    /// <summary>Everything by every channel.</summary>
    public async Task PreferAsync(string principal)
    {
        var path = "/v1/tenants/demo/notification-preferences" + (principal.Length == 0 ? "" : "/" + principal);
        using var put = new HttpRequestMessage(HttpMethod.Put, path)
        {
            Content = JsonContent.Create(new { channels = new[] { "in_app", "email", "webhook" }.Select(static channel => new { channel, enabled = true, severity_threshold = "info" }) }),
        };
        put.Headers.TryAddWithoutValidation("If-Match", "\"0\"");
        using var answer = await Owner.SendAsync(put, Stop);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Stop));
    }

    public static async Task<JsonElement> JsonAsync(HttpResponseMessage answer)
    {
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(Stop)}");
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
    }

    /// <summary>Polls until one of a list is as wanted.</summary>
    public async Task<JsonElement> UntilAsync(string path, Func<JsonElement, bool> wanted)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            var found = (await Owner.GetFromJsonAsync<JsonElement>(path, Stop)).GetProperty("data").EnumerateArray().Where(wanted).ToList();
            if (found.Count > 0) return found[0];
            await timer.WaitForNextTickAsync(Stop);
        }
    }
}
