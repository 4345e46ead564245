using System.Globalization;
using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;

namespace SomaStack.Bench;

/// <summary>
/// Tenants of one server with the same ids and the same sentences but other secrets, each asked for the secrets of all, two at a time.
/// A leak is a result that is not word for word what its own tenant wrote under its id.
/// </summary>
internal sealed class CapsuleLeaks
{
    private readonly List<string> _tenants = [];
    private readonly Dictionary<(string Tenant, string Id), string> _told = [];
    private readonly List<string> _questions = [];

    private CapsuleLeaks() { }

    public static async Task<CapsuleLeaks> TellAsync(MeasuredRoom room, CapsuleFile capsule, int seed, CancellationToken cancellationToken)
    {
        var random = new Random(seed);
        var leaks = new CapsuleLeaks();
        for (var tenant = 0; tenant < capsule.Isolation.Tenants; tenant++)
        {
            var name = "isolated-" + tenant;
            leaks._tenants.Add(name);
            var drafts = new List<MemoryDraft>();
            for (var row = 0; row < capsule.Isolation.Memories; row++)
            {
                var person = capsule.People[row % capsule.People.Count];
                var slots = new Dictionary<string, CapsuleFile.Value>(StringComparer.Ordinal)
                {
                    ["person"] = new(person, person), ["row"] = Number(row), ["secret"] = Number(random.Next(1_000_000, 10_000_000)),
                };
                var draft = new MemoryDraft(CapsuleWords.Fill(capsule.Isolation.Text, slots), "fact", "row-" + row.ToString(CultureInfo.InvariantCulture));
                leaks._told[(name, draft.Id!)] = draft.Text;
                drafts.Add(draft);
                foreach (var asked in capsule.Isolation.Asked) leaks._questions.Add(CapsuleWords.Fill(asked, slots));
            }
            await room.RememberAsync(name, drafts, cancellationToken);
        }
        return leaks;
    }

    /// <summary>How many of so many questions, asked of tenants at random, brought something of another tenant.</summary>
    public async Task<(int Leaks, int Found)> ProbeAsync(MeasuredRoom room, int probes, int seed, CancellationToken cancellationToken)
    {
        var random = new Random(seed);
        var asked = new (string Tenant, string Question)[probes];
        for (var i = 0; i < probes; i++) asked[i] = (_tenants[random.Next(_tenants.Count)], _questions[random.Next(_questions.Count)]);
        var (leaked, found) = (0, 0);
        await Parallel.ForEachAsync(asked, new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = cancellationToken }, async (probe, cancelled) =>
        {
            var recalled = await room.RecallAsync(probe.Tenant, new RecallQuery(probe.Question, 10), Ranking.Default, cancelled);
            Interlocked.Add(ref found, recalled.Memories.Count);
            if (recalled.Memories.Any(memory => !_told.TryGetValue((probe.Tenant, memory.Id), out var text) || text != memory.Text)) Interlocked.Increment(ref leaked);
        });
        return (leaked, found);
    }

    private static CapsuleFile.Value Number(int number)
    {
        var text = number.ToString(CultureInfo.InvariantCulture);
        return new CapsuleFile.Value(text, text);
    }
}
