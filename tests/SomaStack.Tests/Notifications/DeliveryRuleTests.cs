using System.Net;
using CsCheck;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Operations.Notifications;

namespace SomaStack.Tests.Notifications;

/// <summary>Where a delivery stands after an attempt, when nobody need be told any more, what a text message holds, and links that end things.</summary>
public sealed class DeliveryRuleTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void An_attempt_ends_a_delivery_or_puts_it_off()
    {
        Assert.Equal((DeliveryStates.Delivered, "delivered"), After(DeliveryOutcome.Delivered(200), 1));
        Assert.Equal((DeliveryStates.Waiting, "retry"), After(DeliveryOutcome.Retry("busy"), 1));
        Assert.Equal((DeliveryStates.Dead, "retry"), After(DeliveryOutcome.Retry("busy"), 9));
        Assert.Equal((DeliveryStates.Refused, "refused"), After(DeliveryOutcome.Refused("no"), 1));
        Assert.Equal((DeliveryStates.Refused, "disabled"), After(DeliveryOutcome.Disabled("gone"), 1));

        static (string, string) After(DeliveryOutcome outcome, long attempt)
        {
            var end = EndAttempt.Decide(Row(attempt: attempt), outcome, Noon.AddHours(52), 0.5, TimeSpan.Zero);
            Assert.Equal(end.State == DeliveryStates.Waiting, end.DueAt is not null);
            return (end.State, end.Outcome);
        }
    }

    [Fact]
    public void Nobody_is_told_of_what_is_over()
    {
        var waits = WebhookRuleTests.Some("x") with { RequiresAck = true };
        Assert.Null(SendDelivery.WhyOver(Row(), waits, null, Noon));
        Assert.NotNull(SendDelivery.WhyOver(Row(), waits with { ExpiresAt = Noon }, null, Noon));
        Assert.NotNull(SendDelivery.WhyOver(Row(), waits with { ResolvedAt = Noon }, null, Noon));
        Assert.NotNull(SendDelivery.WhyOver(Row(), waits with { AcknowledgedAt = Noon }, null, Noon));
        Assert.NotNull(SendDelivery.WhyOver(Row(), null, null, Noon));
        // An endpoint is told what happened, and what asks for nobody is news all the same.
        Assert.Null(SendDelivery.WhyOver(Row(principal: ""), waits with { ResolvedAt = Noon }, null, Noon));
        Assert.Null(SendDelivery.WhyOver(Row(), waits with { RequiresAck = false, AcknowledgedAt = Noon }, null, Noon));
        Assert.Null(SendDelivery.WhyOver(Row(), null, new Digest("demo", "g", "ada", new DateOnly(2026, 11, 28), [waits], 0), Noon));
    }

    [Fact]
    public void A_busy_lane_holds_no_other()
    {
        var lanes = new Lanes();
        for (var i = 0; i < Lanes.TargetMax; i++) lanes.Enter("demo", "slow");
        var ask = lanes.Ask("webhook", "me");
        Assert.Contains("slow", ask.BusyTargets);
        Assert.DoesNotContain("demo", ask.BusyTenants);
        for (var i = 0; i < Lanes.TenantMax; i++) lanes.Enter("loud", "t" + i);
        Assert.Contains("loud", lanes.Ask("webhook", "me").BusyTenants);
        Assert.Equal(Lanes.ChannelMax - Lanes.TargetMax - Lanes.TenantMax, lanes.Ask("webhook", "me").Limit);
        for (var i = 0; i < Lanes.TargetMax; i++) lanes.Leave("demo", "slow");
        Assert.Equal([""], lanes.Ask("webhook", "me").BusyTargets);
    }

    [Theory]
    [InlineData(201, null, "Delivered")]
    [InlineData(400, 21610, "Disabled")]
    [InlineData(400, 21211, "Disabled")]
    [InlineData(400, 21602, "Refused")]
    [InlineData(401, 20003, "Retry")]
    [InlineData(429, 20429, "Retry")]
    [InlineData(500, null, "Retry")]
    public void Every_code_of_a_provider_has_its_end(int status, int? code, string result) => Assert.Equal(result, SmsChannel.OutcomeOf((HttpStatusCode)status, code, null).Result.ToString());

    [Theory]
    [InlineData("a", 160, 1)]
    [InlineData("a", 161, 2)]
    [InlineData("€", 80, 1)]
    [InlineData("ж", 70, 1)]
    [InlineData("ж", 71, 2)]
    public void Segments_are_counted_as_providers_count_them(string letter, int times, int segments) => Assert.Equal(segments, SmsText.Segments(string.Concat(Enumerable.Repeat(letter, times))));

    [Fact]
    public void A_text_message_is_never_longer_than_is_paid_for_and_keeps_its_link() => Gen.Select(Gen.String[Gen.Char, 0, 900], Gen.Bool).Sample((body, linked) =>
    {
        const string link = "https://soma.example/approvals/0199";
        var text = SmsText.Of(WebhookRuleTests.Some(body), linked ? link : null);
        Assert.InRange(SmsText.Segments(text), 1, SmsText.SegmentsMax);
        Assert.Equal(linked, text.EndsWith(link, StringComparison.Ordinal));
    });

    [Fact]
    public void A_link_ends_only_what_it_names_and_cannot_be_altered()
    {
        var links = new UnsubscribeLinks(new Sealing(), new Here());
        var token = new UnsubscribeToken("demo", "ada", "email", "alert");
        var text = links.Write(token);
        Assert.Equal(token, links.Read(text));
        Assert.StartsWith("https://soma.example/v1/notifications/unsubscribe?token=", links.Of(token), StringComparison.Ordinal);
        for (var i = 0; i < text.Length; i++)
        {
            var altered = text[..i] + (text[i] == 'A' ? 'B' : 'A') + text[(i + 1)..];
            // The last character of a base64 text has bits that mean nothing.
            if (links.Read(altered) is { } read) Assert.Equal(token, read);
        }
        Assert.Null(links.Read(text.Split('.')[0] + "." + links.Write(token with { Principal = "bob" }).Split('.')[1]));
        foreach (var broken in new[] { null, "", ".", "a.b.c", "!!.!!", new string('a', 2000) }) Assert.Null(links.Read(broken));
    }

    private static LedgerRow Row(string principal = "ada", long attempt = 1) =>
        new("demo", "d1", "n1", "", principal, "email", "ada@example.com", DeliveryStates.Running, attempt, "now", Noon, Noon, Noon + DeliveryStore.GiveUpAfter, null, null);

    private sealed class Here : IPublicAddress
    {
        public string Of(string path) => "https://soma.example" + path;
    }

    /// <summary>Keys only; nothing is sealed by links.</summary>
    private sealed class Sealing : ISealedSecrets
    {
        public byte[] Seal(string purpose, string owner, ReadOnlySpan<byte> plain) => throw new NotSupportedException();

        public byte[]? Open(string purpose, string owner, ReadOnlySpan<byte> box) => throw new NotSupportedException();

        public byte[] KeyFor(string purpose) => System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(purpose));
    }
}
