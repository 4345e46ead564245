using System.Data.Common;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Bench;

/// <summary>What one request left in the call records.</summary>
/// <param name="Calls">Attempts that it took; 0 when it was refused before any.</param>
/// <param name="Settled">The last one was complete.</param>
/// <param name="Estimated">What the provider did not count was estimated, and says so.</param>
internal sealed record BookedCalls(int Calls, bool Settled, bool Estimated, RecordedUsage Usage);

/// <summary>Reads the journal and the ledger's rows of the server that is replayed against: what was booked, not what was answered.</summary>
internal sealed class RecordingBooks(Db db, string tenant) : IAsyncDisposable
{
    private long _read;

    /// <summary>Everything since the last time. A call's opening is durable before its answer leaves, its close may follow the last byte.</summary>
    public async Task<BookedCalls> ReadAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var look = 0; look < 1000; look++)
        {
            var rows = await db.QueryAsync(tenant, static reader => new Line(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)),
                $"SELECT position, type, subject, data FROM journal WHERE tenant = {tenant} AND position > {_read} AND type LIKE {"somastack.inference.call_%"} AND type NOT LIKE {"%.call_cached.%"} ORDER BY position",
                cancellationToken);
            var opened = rows.FindAll(static row => row.Is("call_opened"));
            if (opened.Count * 2 == rows.Count)
            {
                if (rows.Count == 0) return new BookedCalls(0, false, false, RecordedUsage.None);
                _read = rows[^1].Position;
                return new BookedCalls(opened.Count, rows[^1].Is("call_settled"), rows.Exists(static row => row.IsEstimated), await UsageOfAsync(opened, cancellationToken));
            }
            await timer.WaitForNextTickAsync(cancellationToken);
        }
        throw new TimeoutException("A call was opened and not closed within 10 seconds.");
    }

    public async ValueTask DisposeAsync() => await db.DisposeAsync();

    private async Task<RecordedUsage> UsageOfAsync(List<Line> calls, CancellationToken cancellationToken)
    {
        List<string> ids = [.. calls.Select(static call => call.Subject["call/".Length..])];
        var booked = await db.QueryAsync(tenant, static reader => new RecordedUsage(Count(reader, 0), Count(reader, 1), Count(reader, 2), Count(reader, 3)),
            $"SELECT input_tokens, output_tokens, cached_input_tokens, reasoning_tokens FROM reservations WHERE tenant = {tenant} AND id IN {ids:in}", cancellationToken);
        if (booked.Count != ids.Count) throw new InvalidDataException("A call has no row in the ledger.");
        return booked.Aggregate(RecordedUsage.None, static (sum, one) => sum.Plus(one));
    }

    private static long? Count(DbDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetInt64(column);

    private sealed record Line(long Position, string Type, string Subject, string Data)
    {
        public bool IsEstimated
        {
            get
            {
                using var document = JsonDocument.Parse(Data);
                return document.RootElement.TryGetProperty("estimated", out var value) && value.ValueKind == JsonValueKind.True;
            }
        }

        public bool Is(string kind) => Type.Contains(kind, StringComparison.Ordinal);
    }
}
