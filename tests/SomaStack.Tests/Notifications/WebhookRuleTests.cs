using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using CsCheck;
using SomaStack.Operations.Notifications;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Tests.Notifications;

/// <summary>Signatures, payloads, answers and addresses of webhooks.</summary>
public sealed class WebhookRuleTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    /// <summary>The example of the specification's own libraries.</summary>
    [Fact]
    public void The_signature_is_that_of_the_published_example()
    {
        var secret = Convert.FromBase64String("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        var signed = WebhookSignature.Sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, """{"test": 2432232314}"""u8);
        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", signed);
    }

    [Fact]
    public void While_secrets_change_both_sign()
    {
        var (one, two) = (WebhookSignature.NewSecret(), WebhookSignature.NewSecret());
        Assert.Equal(
            WebhookSignature.Sign([one], "m", 1, "x"u8) + " " + WebhookSignature.Sign([two], "m", 1, "x"u8), WebhookSignature.Sign([one, two], "m", 1, "x"u8));
        Assert.StartsWith("whsec_", WebhookSignature.Shown(one), StringComparison.Ordinal);
        Assert.Equal(one, Convert.FromBase64String(WebhookSignature.Shown(one)["whsec_".Length..]));
    }

    [Fact]
    public void A_payload_is_small_and_json_whatever_is_in_it() =>
        Gen.Select(Gen.String[Gen.Char, 0, 4000], Gen.String[Gen.Char, 1, 1000].Array[0, 32]).Sample((body, values) =>
        {
            var payload = WebhookPayload.Of(Some(body, values.Select(static (value, i) => (value, i)).ToDictionary(static pair => "key" + pair.i, static pair => pair.value)));
            Assert.InRange(payload.Length, 1, WebhookPayload.BytesMax);
            using var document = JsonDocument.Parse(payload);
            Assert.Equal("notification.published", document.RootElement.GetProperty("type").GetString());
            Assert.Equal("n1", document.RootElement.GetProperty("data").GetProperty("id").GetString());
        }, iter: 200);

    [Fact]
    public void What_was_left_out_is_said()
    {
        var small = WebhookPayload.Of(Some("short", new Dictionary<string, string> { ["a"] = "b" }));
        var large = WebhookPayload.Of(Some("short", Enumerable.Range(0, 32).ToDictionary(static i => "k" + i, static _ => new string('x', 1000))));
        Assert.Contains("\"truncated\":false", Encoding.UTF8.GetString(small), StringComparison.Ordinal);
        Assert.Contains("\"truncated\":true", Encoding.UTF8.GetString(large), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, "Delivered")]
    [InlineData(204, "Delivered")]
    [InlineData(302, "Retry")]
    [InlineData(400, "Retry")]
    [InlineData(404, "Retry")]
    [InlineData(410, "Disabled")]
    [InlineData(429, "Retry")]
    [InlineData(503, "Retry")]
    public void Every_answer_means_what_the_specification_says(int status, string result)
    {
        var outcome = WebhookChannel.OutcomeOf((HttpStatusCode)status, TimeSpan.FromSeconds(7));
        Assert.Equal(result, outcome.Result.ToString());
        Assert.Equal(outcome.Result == DeliveryResult.Retry ? TimeSpan.FromSeconds(7) : null, outcome.After);
    }

    [Fact]
    public void Retry_after_is_read_as_seconds_and_as_a_date()
    {
        Assert.Equal(TimeSpan.FromSeconds(120), WebhookChannel.RetryAfter(new RetryConditionHeaderValue(TimeSpan.FromSeconds(120)), Noon));
        Assert.Equal(TimeSpan.FromMinutes(5), WebhookChannel.RetryAfter(new RetryConditionHeaderValue(Noon.AddMinutes(5)), Noon));
        Assert.Null(WebhookChannel.RetryAfter(new RetryConditionHeaderValue(Noon.AddMinutes(-5)), Noon));
        Assert.Null(WebhookChannel.RetryAfter(null, Noon));
    }

    [Theory]
    [InlineData("", "invalid_request")]
    [InlineData("ftp://example.com/", "invalid_request")]
    [InlineData("/relative", "invalid_request")]
    [InlineData("https://user:pass@example.com/", "invalid_request")]
    [InlineData("https://example.com/a#b", "invalid_request")]
    [InlineData("https://example.com/a\r\nX-Evil: 1", "invalid_request")]
    [InlineData("https://example.com/ a", "invalid_request")]
    [InlineData("https://example.com\\@10.0.0.1/", "invalid_request")]
    [InlineData("http://127.0.0.1/", "address_refused")]
    [InlineData("http://[::1]/", "address_refused")]
    [InlineData("http://2130706433/", "address_refused")]
    [InlineData("http://0x7f.1/", "address_refused")]
    [InlineData("https://169.254.169.254/latest", "address_refused")]
    [InlineData("https://localhost/", "address_refused")]
    [InlineData("https://10.0.0.5:9000/", null)]
    [InlineData("https://hooks.example.com/services/T0/secret", null)]
    public void An_address_is_checked_before_it_is_kept(string url, string? code)
    {
        var origins = new OutgoingOrigins(new SomaOptions { OutgoingAllow = ["https://10.0.0.5:9000"] });
        var problem = Record.Exception(() => origins.Check(url, "url", false, "https", "http"));
        Assert.Equal(code, (problem as Problem)?.Code.Code);
    }

    [Fact]
    public void In_a_production_mode_only_what_is_encrypted_or_the_operators_is_taken()
    {
        var origins = new OutgoingOrigins(new SomaOptions { OutgoingAllow = ["http://10.0.0.5:9000"] });
        Assert.Throws<Problem>(() => origins.Check("http://hooks.example.com/", "url", true, "https", "http"));
        Assert.Equal("http", origins.Check("http://10.0.0.5:9000/hook", "url", true, "https", "http").Scheme);
    }

    [Fact]
    public void An_address_is_shown_without_what_may_be_secret() =>
        Assert.Equal(("https://h.example/\u2026", "https://h.example"), (OutgoingOrigins.Masked(new Uri("https://h.example/services/T0?key=1")), OutgoingOrigins.Masked(new Uri("https://h.example/"))));

    internal static Notification Some(string body, IReadOnlyDictionary<string, string>? metadata = null, string title = "Title") => new(
        "demo", "n1", 1, "alert", "warning", title, body, "/approvals/1", null, null, null, "api", null, false, metadata ?? new Dictionary<string, string>(), Audience.Tenant, false, "system", Noon, null, 1,
        Noon, null, null, null, null);
}
