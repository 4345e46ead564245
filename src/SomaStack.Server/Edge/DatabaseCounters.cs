using SomaStack.Platform;

namespace SomaStack.Server.Edge;

/// <summary>Sliding windows that all replicas share in the database: one statement decides and counts, so requests at the same moment cannot both take the last place.</summary>
internal sealed class DatabaseCounters(Db db, TimeProvider clock) : ICounters
{
    public async ValueTask<CounterAnswer> AddAsync(string key, long limit, TimeSpan window, CancellationToken cancellationToken)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var (tenant, name) = (key[..slash], key[(slash + 1)..]);
        var (now, micros) = (clock.NowMicros(), (long)window.TotalMicroseconds);
        var (place, covered) = (now / micros, 1 - (double)(now % micros) / micros);
        if (await db.WriteAsync(tenant, work => CountAsync(work, tenant, name, place, covered, limit), cancellationToken) is { } counted)
            return SlidingWindow.Answer(isAllowed: true, counted, now, limit, micros);
        var known = await db.QueryAsync(tenant, Map, $"SELECT place, previous, counted FROM edge_counters WHERE tenant = {tenant} AND name = {name}", cancellationToken);
        return SlidingWindow.Answer(isAllowed: false, Moved(known[0], place), now, limit, micros);
    }

    /// <returns>Null when the limit does not allow it; then nothing changed.</returns>
    private static async Task<CounterState?> CountAsync(DbWork work, string tenant, string name, long place, double covered, long limit)
    {
        var rows = await work.QueryAsync(Map, $"""
            INSERT INTO edge_counters (tenant, name, place, previous, counted) VALUES ({tenant}, {name}, {place}, 0, 1)
            ON CONFLICT (tenant, name) DO UPDATE SET
                previous = CASE WHEN edge_counters.place >= excluded.place THEN edge_counters.previous WHEN edge_counters.place = excluded.place - 1 THEN edge_counters.counted ELSE 0 END,
                counted = CASE WHEN edge_counters.place >= excluded.place THEN edge_counters.counted + 1 ELSE 1 END,
                place = CASE WHEN edge_counters.place >= excluded.place THEN edge_counters.place ELSE excluded.place END
            WHERE CASE
                WHEN edge_counters.place > excluded.place THEN edge_counters.previous + edge_counters.counted
                WHEN edge_counters.place = excluded.place THEN edge_counters.previous * {covered} + edge_counters.counted
                WHEN edge_counters.place = excluded.place - 1 THEN edge_counters.counted * {covered}
                ELSE 0 END + 1 <= {limit}
            RETURNING place, previous, counted
            """);
        return rows.Count == 0 ? null : rows[0];
    }

    private static CounterState Moved(CounterState state, long place) => (place - state.Index) switch
    {
        <= 0 => state,
        1 => new CounterState(place, state.Current, 0),
        _ => new CounterState(place, 0, 0),
    };

    private static CounterState Map(System.Data.Common.DbDataReader reader) => new(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
}
