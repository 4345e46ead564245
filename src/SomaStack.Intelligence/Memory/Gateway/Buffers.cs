using System.Globalization;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// The buffers of this installation. Requests go to the front one (Redis when it is configured); what belongs to another write's transaction goes
/// to the database, whatever the front is.
/// </summary>
internal sealed class Buffers(BufferStore database, RedisBuffer? redis)
{
    public IOfflineBuffer Front => (IOfflineBuffer?)redis ?? database;

    public BufferStore Database => database;

    public IReadOnlyList<IOfflineBuffer> All { get; } = redis is null ? [database] : [redis, database];

    /// <summary>Rings when this process has accepted something.</summary>
    public JournalSignal Accepted { get; } = new();

    public async Task<IReadOnlyList<BufferReceipt>> AddAsync(string tenant, IReadOnlyList<BufferItem> items, CancellationToken cancellationToken)
    {
        var receipts = await Front.AddAsync(tenant, items, cancellationToken);
        Accepted.Ring();
        return receipts;
    }

    public async Task<bool> IsWaitingAsync(string tenant, string orderKey, CancellationToken cancellationToken)
    {
        foreach (var buffer in All)
            if (await buffer.IsWaitingAsync(tenant, orderKey, cancellationToken)) return true;
        return false;
    }

    public async Task<BufferTotals> TotalsAsync(string? tenant, CancellationToken cancellationToken)
    {
        var sum = new BufferTotals(0, 0, 0, null);
        foreach (var buffer in All)
        {
            var one = await buffer.TotalsAsync(tenant, cancellationToken);
            var oldest = sum.Oldest is null || one.Oldest < sum.Oldest ? one.Oldest ?? sum.Oldest : sum.Oldest;
            sum = new BufferTotals(sum.Queued + one.Queued, sum.Dead + one.Dead, sum.Bytes + one.Bytes, oldest);
        }
        return sum;
    }

    /// <summary>One buffer after the other, each in its order of acceptance.</summary>
    public async Task<Page<BufferedItem>> PageAsync(string tenant, string? principal, string? state, string? cursor, int limit, CancellationToken cancellationToken)
    {
        var (place, after) = Place(cursor);
        var found = new List<(int Place, BufferedItem Item)>();
        for (; place < All.Count && found.Count <= limit; place++, after = 0)
        {
            var at = place;
            found.AddRange((await All[place].ListAsync(tenant, principal, state, after, limit + 1 - found.Count, cancellationToken)).Select(item => (at, item)));
        }
        var page = Cursor.Page(found, limit, static pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Place} {pair.Item.Seq}"));
        return new Page<BufferedItem>([.. page.Data.Select(static pair => pair.Item)], page.NextCursor);
    }

    public async Task<(IOfflineBuffer Buffer, BufferedItem Item)?> FindAsync(string tenant, string id, CancellationToken cancellationToken)
    {
        foreach (var buffer in All)
            if (await buffer.FindAsync(tenant, id, cancellationToken) is { } item) return (buffer, item);
        return null;
    }

    private static (int Place, long After) Place(string? cursor)
    {
        if (Cursor.Decode(cursor) is not { } key) return (0, 0);
        var parts = key.Split(' ');
        return parts.Length == 2 && int.TryParse(parts[0], CultureInfo.InvariantCulture, out var place) && place >= 0 && long.TryParse(parts[1], CultureInfo.InvariantCulture, out var after)
            ? (place, after)
            : throw Problem.Invalid("cursor", "is not a cursor that this server issued");
    }
}
