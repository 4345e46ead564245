using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Bench;

/// <summary>What one request left in the call records.</summary>
/// <param name="Calls">Attempts that it took; 0 when it was refused before any.</param>
/// <param name="Settled">The last one was complete.</param>
internal sealed record BookedCalls(int Calls, bool Settled, RecordedUsage Usage);

/// <summary>Reads the journal of the server that is replayed against: what was booked, not what was answered.</summary>
internal sealed class RecordingBooks(Db db, string tenant) : IAsyncDisposable
{
    private long _read;

    /// <summary>Everything since the last time. A call's opening is durable before its answer leaves, its close may follow the last byte.</summary>
    public async Task<BookedCalls> ReadAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var look = 0; look < 1000; look++)
        {
            var rows = await db.QueryAsync(tenant, static reader => (Position: reader.GetInt64(0), Type: reader.GetString(1), Data: reader.GetString(2)),
                $"SELECT position, type, data FROM journal WHERE tenant = {tenant} AND position > {_read} AND type LIKE {"somastack.inference.call_%"} ORDER BY position", cancellationToken);
            var opened = rows.Count(static row => row.Type.Contains("call_opened", StringComparison.Ordinal));
            if (opened * 2 == rows.Count)
            {
                if (rows.Count == 0) return new BookedCalls(0, false, RecordedUsage.None);
                _read = rows[^1].Position;
                var usage = RecordedUsage.None;
                foreach (var row in rows.Where(static row => !row.Type.Contains("call_opened", StringComparison.Ordinal))) usage = usage.Plus(UsageOf(row.Data));
                return new BookedCalls(opened, rows[^1].Type.Contains("call_settled", StringComparison.Ordinal), usage);
            }
            await timer.WaitForNextTickAsync(cancellationToken);
        }
        throw new TimeoutException("A call was opened and not closed within 10 seconds.");
    }

    public async ValueTask DisposeAsync() => await db.DisposeAsync();

    private static RecordedUsage UsageOf(string data)
    {
        using var document = JsonDocument.Parse(data);
        var root = document.RootElement;
        return new RecordedUsage(Count(root, "input_tokens"), Count(root, "output_tokens"), Count(root, "cached_input_tokens"), Count(root, "reasoning_tokens"));
    }

    private static long? Count(JsonElement root, string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : null;
}
