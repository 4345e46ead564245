namespace SomaStack.Platform;

/// <summary>
/// The last line of each tenant that a consumer took from one partition. A publisher sends each tenant's lines in order and, after
/// a failure, again from an earlier one: so whatever is not beyond the mark has taken effect already.
/// </summary>
internal sealed class Mark(string consumer, string source, JournalPoint floor)
{
    /// <summary>For <see cref="Delivery"/>: how many of these lines were taken before; moves the mark to the last.</summary>
    /// <param name="lines">One tenant's, each beyond the one before.</param>
    public async Task<int> ClaimAsync(DbWork work, List<JournalLine> lines)
    {
        var tenant = lines[0].Tenant;
        var rows = await work.QueryAsync(static reader => new JournalPoint(reader.GetInt64(0), reader.GetInt64(1)),
            $"SELECT tx, position FROM journal_marks WHERE tenant = {tenant} AND consumer = {consumer} AND source = {source}");
        var mark = rows.Count == 0 ? JournalPoint.Start : rows[0];
        var taken = lines.FindLastIndex(line => PointOf(line) <= mark || PointOf(line) <= floor) + 1;
        if (taken == lines.Count) return taken;
        var to = PointOf(lines[^1]);
        var moved = rows.Count == 0
            ? await work.ExecuteAsync($"INSERT INTO journal_marks (tenant, consumer, source, tx, position) VALUES ({tenant}, {consumer}, {source}, {to.Transaction}, {to.Position}) ON CONFLICT (tenant, consumer, source) DO NOTHING")
            : await work.ExecuteAsync($"""
                UPDATE journal_marks SET tx = {to.Transaction}, position = {to.Position}
                WHERE tenant = {tenant} AND consumer = {consumer} AND source = {source} AND tx = {mark.Transaction} AND position = {mark.Position}
                """);
        return moved == 1 ? taken : throw new LostPlaceException(consumer);
    }

    /// <summary>
    /// Without what came again within the batch: a publisher that started anew, or two that both believe it is their turn, put earlier
    /// lines behind later ones. Whatever is not beyond a line of its tenant before it has arrived before it. What is left grows, as
    /// <see cref="ClaimAsync"/> takes for granted: there the lines up to the mark are the first ones.
    /// </summary>
    public static List<JournalLine> Growing(List<JournalLine> lines)
    {
        var furthest = new Dictionary<string, JournalPoint>(StringComparer.Ordinal);
        var growing = new List<JournalLine>(lines.Count);
        foreach (var line in lines)
        {
            if (furthest.TryGetValue(line.Tenant, out var known) && PointOf(line) <= known) continue;
            furthest[line.Tenant] = PointOf(line);
            growing.Add(line);
        }
        return growing;
    }

    /// <summary>The furthest mark of every tenant and topic: what a bus that reads the journal itself must not do again.</summary>
    public static async Task<Dictionary<(string Tenant, string Topic), JournalPoint>> AllAsync(Db db, string consumer, CancellationToken cancellationToken)
    {
        var furthest = new Dictionary<(string, string), JournalPoint>();
        var rows = await db.QueryAsync(Db.AllTenants, static reader => (Tenant: reader.GetString(0), Source: reader.GetString(1), Point: new JournalPoint(reader.GetInt64(2), reader.GetInt64(3))),
            $"SELECT tenant, source, tx, position FROM journal_marks WHERE consumer = {consumer} AND tenant <> ''", cancellationToken);
        foreach (var (tenant, source, point) in rows)
        {
            var key = (tenant, source[..source.LastIndexOf('/')]);
            if (!furthest.TryGetValue(key, out var known) || known < point) furthest[key] = point;
        }
        return furthest;
    }

    private static JournalPoint PointOf(JournalLine line) => new(line.Transaction, line.Position);
}
