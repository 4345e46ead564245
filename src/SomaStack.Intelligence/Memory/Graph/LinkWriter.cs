using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <param name="Created">False when the link was there; its weight and validity are the new ones now.</param>
internal sealed record LinkWritten(string Id, bool Created);

/// <summary>Writes links in the caller's transaction. The id comes from what a link joins, so that linking twice is linking once.</summary>
internal sealed class LinkWriter(Journal journal)
{
    /// <summary>The search for a circle looks at so many memories; a larger whole is refused rather than guessed at.</summary>
    private const int CircleMax = 10_000;

    /// <summary>PostgreSQL and SQLite both take far more parameters than this in one statement.</summary>
    private const int StepMax = 500;

    public static string IdOf(string tenant, LinkDraft link) => Ids.Derive($"{tenant}\nlink\n{link.From}\n{link.To}\n{link.Type}\n{link.Universe}");

    /// <exception cref="Problem">422 <c>link_self</c>, 404 <c>memory_unknown</c>, 409 <c>link_cycle</c>.</exception>
    public async Task<LinkWritten> WriteAsync(DbWork work, RequestContext context, LinkDraft link, long now)
    {
        LinkLimits.Check(link);
        if (link.From == link.To) throw LinkProblems.Self.Because("Both ends are the same memory.");
        var ends = await LinkStore.NodesAsync(work, [link.From, link.To], now);
        if (ends.Count != 2 || ends.Any(end => !RememberRequest.MayName(context, end.Namespace)) || await LinkStore.TouchAsync(work, link.From, link.To) != 2)
            throw MemoryProblems.Unknown.Because("No memory of yours has the id of one of the ends.");
        if (LinkLimits.Acyclic.Contains(link.Type)) await CheckCircleAsync(work, link);
        var row = new LinkRow(IdOf(context.Tenant, link), link.Universe, link.From, link.To, link.Type, link.Weight, link.ValidFrom, link.ValidTo, now.ToInstant(), context.Principal.Id, 1);
        var version = await LinkStore.PutAsync(work, row);
        await journal.AppendAsync(work, context, MemoryEvents.Linked, new MemoryLinked(row.Id, row.From, row.To, row.Type, row.Weight, row.Universe), MemoryJson.Default.MemoryLinked);
        return new LinkWritten(row.Id, version == 1);
    }

    private static async Task CheckCircleAsync(DbWork work, LinkDraft link)
    {
        // Two links that close a circle together must not be written at the same moment.
        await KeyStore.LockAsync(work, KeyStore.Slot("", link.Universe, "acyclic/" + link.Type));
        var seen = new HashSet<string>(StringComparer.Ordinal) { link.To };
        for (var frontier = new List<string> { link.To }; frontier.Count > 0;)
        {
            var next = new List<string>();
            foreach (var chunk in frontier.Chunk(StepMax))
                foreach (var id in await LinkStore.StepAsync(work, link.Type, link.Universe, chunk))
                {
                    if (id == link.From) throw LinkProblems.Cycle.Because($"'{link.To}' leads back to '{link.From}' by links of the type {link.Type}.");
                    if (seen.Add(id)) next.Add(id);
                    if (seen.Count > CircleMax) throw LinkProblems.Cycle.Because($"More than {CircleMax} memories follow; that none of them leads back could not be shown.");
                }
            frontier = next;
        }
    }
}
