using Microsoft.Extensions.Time.Testing;
using SomaStack.Client;

namespace SomaStack.EndToEndTests.Clients;

/// <summary>The wait of the .NET client between two attempts, against a real server that only refuses.</summary>
public sealed class WaitTests : IAsyncLifetime
{
    private readonly WaitingClock _clock = new();
    private FlakyServer _server = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await FlakyServer.StartAsync(new Uri("http://127.0.0.1:1"));

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Retry_After_and_the_draw_are_waited_for_and_not_a_moment_less()
    {
        using var http = Http("/first/99/503/30/wait");
        var call = Client(http, maxAttempts: 2).Memory.GetAsync("a", Stop);
        // Half of the first bound of 0.25 s is drawn.
        Assert.Equal(TimeSpan.FromSeconds(30.125), await _clock.Waited.WaitAsync(Stop));
        _clock.Advance(TimeSpan.FromSeconds(30.124));
        Assert.False(call.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(0.001));
        var refusal = await Assert.ThrowsAsync<SomaException>(() => call);
        Assert.Equal((503, TimeSpan.FromSeconds(30)), (refusal.Status, refusal.RetryAfter));
    }

    [Fact]
    public async Task A_cancelled_call_does_not_wait_on()
    {
        using var http = Http("/first/99/503/30/cancel");
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var call = Client(http, maxAttempts: 5).Memory.GetAsync("a", cancel.Token);
        await _clock.Waited.WaitAsync(Stop);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    private HttpClient Http(string path) => new() { BaseAddress = new Uri(_server.Url, path) };

    private SomaClient Client(HttpClient http, int maxAttempts) =>
        new(http, new SomaClientOptions { MaxAttempts = maxAttempts, Clock = _clock, Random = () => 0.5, AttemptTimeout = TimeSpan.FromSeconds(10) }, "t");

    /// <summary>Says when somebody begins to wait for longer than an attempt may take.</summary>
    private sealed class WaitingClock : FakeTimeProvider
    {
        private readonly TaskCompletionSource<TimeSpan> _waited = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<TimeSpan> Waited => _waited.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime > TimeSpan.FromSeconds(10) && dueTime < TimeSpan.MaxValue) _waited.TrySetResult(dueTime);
            return timer;
        }
    }
}
