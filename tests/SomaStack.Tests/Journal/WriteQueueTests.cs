using SomaStack.Platform;

namespace SomaStack.Tests.JournalTests;

public sealed class WriteQueueTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_finds_no_room_waits_until_something_is_taken()
    {
        using var queue = new WriteQueue<int>(2);
        await queue.AddAsync(1, Stop);
        await queue.AddAsync(2, Stop);
        var third = queue.AddAsync(3, Stop).AsTask();
        Assert.False(third.IsCompleted);
        var taken = new List<int>();
        Assert.True(queue.Take(taken, 1));
        Assert.Equal([1], taken);
        await third;
        Assert.True(queue.Take(taken, 10));
        Assert.Equal([2, 3], taken);
    }

    [Fact]
    public async Task Who_gives_up_waiting_for_room_adds_nothing()
    {
        using var queue = new WriteQueue<int>(1);
        await queue.AddAsync(1, Stop);
        using var leave = new CancellationTokenSource();
        var second = queue.AddAsync(2, leave.Token).AsTask();
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        queue.Complete();
        var taken = new List<int>();
        Assert.True(queue.Take(taken, 10));
        Assert.Equal([1], taken);
        Assert.False(queue.Take(taken, 10));
    }

    [Fact]
    public async Task Everything_that_many_threads_add_is_taken_once_and_in_each_ones_order()
    {
        using var queue = new WriteQueue<(int Thread, int Number)>(64);
        var adders = Enumerable.Range(0, 4).Select(thread => Task.Run(async () =>
        {
            for (var i = 0; i < 5000; i++) await queue.AddAsync((thread, i), Stop);
        }, Stop)).ToList();
        var all = new List<(int Thread, int Number)>();
        var reader = Task.Run(() =>
        {
            var taken = new List<(int, int)>();
            while (queue.Take(taken, 16)) all.AddRange(taken);
        }, Stop);
        await Task.WhenAll(adders);
        queue.Complete();
        await reader;
        for (var thread = 0; thread < 4; thread++) Assert.Equal(Enumerable.Range(0, 5000), all.Where(item => item.Thread == thread).Select(static item => item.Number));
    }
}
