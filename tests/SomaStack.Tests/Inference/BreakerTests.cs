using CsCheck;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.Tests.Inference;

public sealed class BreakerTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void It_opens_when_half_of_at_least_twenty_calls_fail_and_not_before()
    {
        var breaker = new CircuitBreaker(_clock);
        for (var i = 0; i < CircuitBreaker.MinimumCalls - 1; i++) Assert.False(breaker.Fail(Enter(breaker)));
        Assert.True(breaker.IsClosed);
        Assert.True(breaker.Fail(Enter(breaker)));
        Assert.False(breaker.TryEnter(out _, out var wait));
        Assert.Equal(CircuitBreaker.OpenFor, wait);

        var healthy = new CircuitBreaker(_clock);
        for (var i = 0; i < 200; i++)
            if (i % 5 < 3) healthy.Succeed(Enter(healthy));
            else healthy.Fail(Enter(healthy));
        Assert.True(healthy.IsClosed);
    }

    [Fact]
    public void Failures_that_lie_a_window_back_are_forgotten()
    {
        var breaker = new CircuitBreaker(_clock);
        for (var i = 0; i < CircuitBreaker.MinimumCalls - 1; i++) breaker.Fail(Enter(breaker));
        _clock.Advance(CircuitBreaker.Window);
        Assert.False(breaker.Fail(Enter(breaker)));
        Assert.True(breaker.IsClosed);
    }

    [Fact]
    public void One_probe_goes_through_and_decides()
    {
        var breaker = Opened();
        _clock.Advance(CircuitBreaker.OpenFor);
        var probe = Enter(breaker);
        Assert.False(breaker.TryEnter(out _, out _));
        breaker.Abandon(probe);
        probe = Enter(breaker);
        Assert.True(breaker.Fail(probe));
        Assert.False(breaker.TryEnter(out _, out var wait));
        Assert.Equal(CircuitBreaker.OpenFor * 2, wait);
        _clock.Advance(CircuitBreaker.OpenFor * 2);
        breaker.Succeed(Enter(breaker));
        Assert.True(breaker.IsClosed);
        Assert.False(breaker.Fail(Enter(breaker)));
    }

    [Fact]
    public void The_rest_grows_to_a_minute_and_no_further()
    {
        var breaker = Opened();
        var wait = CircuitBreaker.OpenFor;
        for (var i = 0; i < 10; i++)
        {
            _clock.Advance(wait);
            breaker.Fail(Enter(breaker));
            Assert.False(breaker.TryEnter(out _, out wait));
        }
        Assert.Equal(CircuitBreaker.OpenForMax, wait);
    }

    [Fact]
    public void What_began_before_it_opened_says_nothing_of_after()
    {
        var breaker = new CircuitBreaker(_clock);
        var old = Enter(breaker);
        for (var i = 0; i < CircuitBreaker.MinimumCalls; i++) breaker.Fail(Enter(breaker));
        _clock.Advance(CircuitBreaker.OpenFor);
        Enter(breaker);
        breaker.Succeed(old);
        Assert.False(breaker.IsClosed);
    }

    [Fact]
    public void Streams_that_are_always_cut_open_it_too()
    {
        var breaker = new CircuitBreaker(_clock);
        for (var i = 0; i < CircuitBreaker.MinimumCalls && breaker.IsClosed; i++)
        {
            breaker.Succeed(Enter(breaker));
            breaker.Cut();
        }
        Assert.False(breaker.IsClosed);
    }

    /// <summary>Whatever happens: at most one call is under way while it is not closed, and it lets one through again once the wait it names is over.</summary>
    [Fact]
    public void Any_history_leaves_at_most_one_probe_and_a_way_back() => Gen.Int[0, 5].Array[0, 300].Sample(history =>
    {
        var clock = new FakeTimeProvider();
        var breaker = new CircuitBreaker(clock);
        var probes = new HashSet<long>();
        foreach (var step in history)
        {
            if (step == 0) clock.Advance(TimeSpan.FromSeconds(2));
            else if (breaker.TryEnter(out var ticket, out var wait))
            {
                if (!breaker.IsClosed) Assert.True(probes.Add(ticket));
                if (step == 1) breaker.Succeed(ticket);
                else if (step == 2) breaker.Abandon(ticket);
                else breaker.Fail(ticket);
            }
            else Assert.True(wait > TimeSpan.Zero);
        }
        if (!breaker.TryEnter(out _, out var left))
        {
            clock.Advance(left);
            Assert.True(breaker.TryEnter(out _, out _));
        }
        Assert.True(breaker.IsClosed || !breaker.TryEnter(out _, out _));
    });

    [Fact]
    public void Retries_never_exceed_a_fifth_of_the_calls_and_what_was_saved() => Gen.Bool.Array[0, 2000].Sample(steps =>
    {
        var budget = new RetryBudget();
        var (calls, retries) = (0, 0);
        foreach (var isCall in steps)
        {
            if (isCall)
            {
                budget.Earn();
                calls++;
            }
            else if (budget.TrySpend()) retries++;
            Assert.True(retries * 1000 <= RetryBudget.Start + calls * RetryBudget.PerCall);
        }
    });

    [Fact]
    public void The_wait_before_a_retry_is_uniform_below_a_doubling_bound() => Gen.Select(Gen.Int[0, 10], Gen.Double[0, 1]).Sample((retry, chance) =>
    {
        var wait = FailureRules.BackOff(retry, null, chance);
        Assert.Equal(Math.Min(2000, 100 * Math.Pow(2, retry)) * chance, wait.TotalMilliseconds, tolerance: 0.001);
        Assert.Equal(TimeSpan.FromSeconds(2), FailureRules.BackOff(retry, TimeSpan.FromSeconds(2), chance));
    });

    [Theory]
    [InlineData(429, 1, "SameModel")]
    [InlineData(429, 60, "OtherModel")]
    [InlineData(503, null, "SameModel")]
    [InlineData(529, null, "SameModel")]
    [InlineData(500, null, "SameModel")]
    [InlineData(408, null, "SameModel")]
    [InlineData(409, null, "SameModel")]
    [InlineData(401, null, "OtherModel")]
    [InlineData(404, null, "OtherModel")]
    [InlineData(400, null, "Stop")]
    [InlineData(422, null, "Stop")]
    public void A_status_decides_who_is_asked_next(int status, int? retryAfter, string expected)
    {
        var problem = InferenceProblems.FromStatus((System.Net.HttpStatusCode)status, null, retryAfter is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        Assert.Equal(expected, FailureRules.After(problem, status).ToString());
    }

    [Fact]
    public void Without_a_status_the_problem_decides()
    {
        Assert.Equal(NextStep.SameModel, FailureRules.After(InferenceProblems.Unavailable.Because("x"), null));
        Assert.Equal(NextStep.SameModel, FailureRules.After(InferenceProblems.Garbled.Because("x"), 200));
        Assert.Equal(NextStep.OtherModel, FailureRules.After(PlatformProblems.AddressRefused.Because("x"), null));
        Assert.Equal(NextStep.Stop, FailureRules.After(PlatformProblems.Busy.Because("The budget."), null));
        Assert.False(FailureRules.Blames(InferenceProblems.RateLimited.Because("x")));
        Assert.True(FailureRules.Blames(InferenceProblems.Timeout.Because("x")));
    }

    private CircuitBreaker Opened()
    {
        var breaker = new CircuitBreaker(_clock);
        for (var i = 0; i < CircuitBreaker.MinimumCalls; i++) breaker.Fail(Enter(breaker));
        return breaker;
    }

    private static long Enter(CircuitBreaker breaker)
    {
        Assert.True(breaker.TryEnter(out var ticket, out _));
        return ticket;
    }
}
