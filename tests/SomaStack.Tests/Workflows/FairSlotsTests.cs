using SomaStack.Agents.Workflows;

namespace SomaStack.Tests.Workflows;

/// <summary>Places for effects, dealt to tenants in turn.</summary>
public sealed class FairSlotsTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void Places_are_free_until_they_are_taken()
    {
        var slots = new FairSlots(2);
        Assert.True(slots.EnterAsync("a", Stop).IsCompletedSuccessfully);
        Assert.True(slots.EnterAsync("a", Stop).IsCompletedSuccessfully);
        var third = slots.EnterAsync("a", Stop);
        Assert.False(third.IsCompleted);
        slots.Leave();
        slots.Leave();
        Assert.True(slots.EnterAsync("b", Stop).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_tenant_with_many_waits_no_longer_than_its_turn()
    {
        var slots = new FairSlots(1);
        await slots.EnterAsync("busy", Stop);
        var order = new List<string>();
        var many = Enumerable.Range(0, 100).Select(_ => NoteAsync("busy")).ToList();
        var one = NoteAsync("small");
        for (var i = 0; i < 3; i++)
        {
            // Looked at before: whoever is served may be done before we look.
            var waiting = many.Append(one).Where(static task => !task.IsCompleted).ToList();
            slots.Leave();
            await Task.WhenAny(waiting);
        }
        await one;
        Assert.True(order.IndexOf("small") <= 1, string.Join(' ', order));

        async Task NoteAsync(string tenant)
        {
            await slots.EnterAsync(tenant, Stop);
            lock (order) order.Add(tenant);
        }
    }

    [Fact]
    public async Task Who_leaves_the_queue_takes_no_place_with_him()
    {
        var slots = new FairSlots(1);
        await slots.EnterAsync("a", Stop);
        using var cancelled = new CancellationTokenSource();
        var first = slots.EnterAsync("a", cancelled.Token);
        var second = slots.EnterAsync("a", Stop);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        slots.Leave();
        await second.WaitAsync(TimeSpan.FromSeconds(10), Stop);
    }
}
