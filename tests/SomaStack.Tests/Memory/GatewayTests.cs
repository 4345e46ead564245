using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Intelligence.Memory;
using SomaStack.Platform;

namespace SomaStack.Tests.Memory;

/// <summary>The pure parts of the gateway: when calls are stopped, what stays in order, and which ids follow from a key.</summary>
public sealed class GatewayTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void The_breaker_opens_after_five_failures_in_a_row_and_lets_one_probe_through_at_a_time()
    {
        var breaker = new Breaker(_clock);
        for (var i = 0; i < 4; i++) breaker.Failed();
        breaker.Succeeded();
        for (var i = 0; i < 4; i++) breaker.Failed();
        Assert.Equal(BreakerState.Closed, breaker.State);
        breaker.Failed();
        Assert.Equal(BreakerState.Open, breaker.State);
        Assert.False(breaker.TryEnter());
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(BreakerState.HalfOpen, breaker.State);
        Assert.True(breaker.TryEnter());
        Assert.False(breaker.TryEnter());
        breaker.Succeeded();
        // One success is not enough to let everybody in.
        Assert.True(breaker.TryEnter());
        Assert.False(breaker.TryEnter());
        breaker.Succeeded();
        Assert.Equal(BreakerState.Closed, breaker.State);
        Assert.True(breaker.TryEnter() && breaker.TryEnter());
    }

    [Fact]
    public void Every_failed_probe_doubles_the_pause_up_to_fifteen_seconds_and_a_lost_probe_frees_its_place()
    {
        var breaker = new Breaker(_clock);
        for (var i = 0; i < 5; i++) breaker.Failed();
        foreach (var seconds in new[] { 1, 2, 4, 8, 15, 15 })
        {
            _clock.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.False(breaker.TryEnter());
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            Assert.True(breaker.TryEnter());
            breaker.Failed();
        }
        _clock.Advance(TimeSpan.FromSeconds(15));
        Assert.True(breaker.TryEnter());
        breaker.Abandoned();
        Assert.True(breaker.TryEnter());
    }

    [Theory]
    [InlineData("remember", """{"text":"x","conversation":"c","key":"k"}""", "c/c")]
    [InlineData("remember", """{"text":"x","key":"k"}""", "k/k")]
    [InlineData("remember", """{"text":"x","conversation":""}""", "i/id")]
    [InlineData("wm_admit", """{"session_id":"s"}""", "c/s")]
    [InlineData("batch", """{"items":[{"conversation":"c"},{"conversation":"c"}]}""", "c/c")]
    [InlineData("batch", """{"items":[{"conversation":"c"},{"conversation":"d"}]}""", "i/id")]
    [InlineData("batch", """{"items":[{"conversation":"c"},{}]}""", "i/id")]
    [InlineData("batch", """{"items":7}""", "i/id")]
    [InlineData("remember", "[1]", "i/id")]
    public void A_conversation_stays_in_order_else_a_key_else_nothing(string op, string body, string expected) =>
        Assert.Equal(expected, BufferedOps.OrderKey(op, JsonElement.Parse(body), "id"));

    [Theory]
    [InlineData("remember", """{"text":"x"}""", """{"text":"x","event_time":"2026-01-02T03:04:05+00:00"}""")]
    [InlineData("remember", """{"text":"x","event_time":"2020-01-01T00:00:00Z"}""", """{"text":"x","event_time":"2020-01-01T00:00:00Z"}""")]
    [InlineData("remember", """{"payload":{"task":"x","timestamp":5}}""", """{"payload":{"task":"x","timestamp":5}}""")]
    [InlineData("batch", """{"items":[{"text":"x"},5],"namespace":"n"}""", """{"items":[{"text":"x","event_time":"2026-01-02T03:04:05+00:00"},5],"namespace":"n"}""")]
    [InlineData("forget", """{"filter":{}}""", """{"filter":{}}""")]
    public void What_waits_keeps_the_time_of_its_writing(string op, string body, string expected)
    {
        var stamped = BufferedOps.Stamped(op, JsonElement.Parse(body), new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(expected), JsonElement.Parse(stamped)), stamped);
    }

    [Fact]
    public void The_id_told_before_the_write_is_the_id_that_the_route_makes()
    {
        var context = new RequestContext("demo", new Principal("ada", "user"), CapabilitySet.All, "cli", DeploymentMode.Test, "local", Ids.NewTraceId(), "POST /v1/remember\nkey-1");
        Assert.Equal(Ids.For(context, "memory"), BufferedOps.MadeId("demo", "ada", "memory", "/v1/remember", "key-1"));
    }

    [Theory]
    [InlineData(201, null, "Applied")]
    [InlineData(200, null, "Applied")]
    [InlineData(408, null, "Later")]
    [InlineData(429, "rate_limited", "Later")]
    [InlineData(503, "kill_switch_engaged", "Later")]
    [InlineData(409, "idempotency_running", "Later")]
    [InlineData(409, "conflict", "Failed")]
    [InlineData(500, "internal_error", "Failed")]
    [InlineData(501, "not_built", "Refused")]
    [InlineData(403, "memory_denied", "Refused")]
    [InlineData(422, "invalid_request", "Refused")]
    public void What_an_answer_means_for_a_write_that_waits(int status, string? code, string expected) => Assert.Equal(expected, new BrainAnswer(status, code).Outcome.ToString());

    [Fact]
    public void Pauses_grow_with_the_attempts_and_never_pass_a_minute()
    {
        for (var attempt = 0; attempt < 40; attempt++)
        {
            var full = Math.Min(500 * Math.Pow(2, Math.Min(attempt, 20)), 60_000);
            Assert.InRange(Reconciler.Pause(attempt).TotalMilliseconds, full / 2, full);
        }
    }
}
