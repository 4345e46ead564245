using CsCheck;
using SomaStack.Intelligence.Memory;

namespace SomaStack.Tests.Memory;

public sealed class ShelfTests
{
    private const long Now = 1_800_000_000_000_000;

    [Fact]
    public void An_exact_id_and_a_rare_word_come_first()
    {
        using var shelf = Of([.. Enumerable.Range(0, 500).Select(i => ($"m{i:D3}", $"ticket ABC-{1000 + i} about the printer on floor {i % 10}"))]);
        Assert.Equal("m123", Search(shelf, "what about ticket ABC-1123")[0].Id);
    }

    [Fact]
    public void Without_anything_relevant_nothing_is_returned()
    {
        using var shelf = Of([("a", "cats sleep"), ("b", "dogs bark")]);
        Assert.Empty(Search(shelf, "quantum chromodynamics"));
        using var empty = Of([]);
        Assert.Empty(Search(empty, "anything"));
    }

    [Fact]
    public void The_turn_beside_a_hit_is_found_through_it()
    {
        using var shelf = new Shelf();
        shelf.Fill([Row("q", "Where did you buy that lamp?", "c/1", 1), Row("x", "At the flea market.", "c/1", 2), Row("y", "Unrelated line.", "c/2", 3)]);
        shelf.Open();
        Assert.Equal(["q", "x"], Search(shelf, "lamp").Select(hit => hit.Id));
    }

    [Fact]
    public void The_order_of_arrival_changes_nothing() =>
        Gen.Select(Gen.Int[0, 1000], Gen.Int[1, 60]).Sample((seed, count) =>
        {
            var random = new Random(seed);
            string[] words = ["red", "green", "blue", "stone", "river", "42", "x-1"];
            var rows = Enumerable.Range(0, count).Select(i => Row($"m{i}", string.Join(' ', Enumerable.Range(0, 5).Select(_ => words[random.Next(words.Length)])), i % 3 == 0 ? null : $"c/{i % 4}", random.Next(10))).ToList();
            var gone = rows.Where(_ => random.Next(4) == 0).Select(row => row.Id).ToHashSet();
            using var whole = new Shelf();
            whole.Fill([.. rows.Where(row => !gone.Contains(row.Id))]);
            whole.Open();
            using var grown = new Shelf();
            var shuffled = rows.ToArray();
            random.Shuffle(shuffled);
            grown.Apply([.. shuffled.Take(count / 2)]);
            grown.Open();
            foreach (var row in shuffled.Skip(count / 2)) grown.Apply([row]);
            foreach (var id in gone) grown.Apply([new Change(id, null)]);
            foreach (var query in new[] { "red stone", "river 42", "x-1" })
                Assert.Equal(Search(whole, query).Select(hit => (hit.Id, hit.Score)), Search(grown, query).Select(hit => (hit.Id, hit.Score)));
        });

    [Fact]
    public void Many_removals_are_compacted_and_an_old_row_does_not_come_back()
    {
        using var shelf = Of([.. Enumerable.Range(0, 3000).Select(i => ($"m{i}", $"word{i % 7} common"))]);
        shelf.Apply([.. Enumerable.Range(0, 2900).Select(i => new Change($"m{i}", null))]);
        Assert.Equal(100, shelf.Count);
        shelf.Apply([Row("m5", "word5 common", null, 0)]);
        Assert.Equal(100, shelf.Count);
        Assert.All(Search(shelf, "common"), hit => Assert.True(int.Parse(hit.Id.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture) >= 2900));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Candidates_lose_hardly_anything_against_scoring_everything(int seed)
    {
        var random = new Random(seed);
        var centres = Enumerable.Range(0, 40).Select(_ => Direction(random, null)).ToArray();
        string[] words = [.. Enumerable.Range(0, 400).Select(i => $"word{i}")];
        using var shelf = new Shelf();
        shelf.Fill([.. Enumerable.Range(0, 6000).Select(i => Row($"m{i:D4}", string.Join(' ', Enumerable.Range(0, 8).Select(_ => words[(int)(400 * Math.Pow(random.NextDouble(), 2))])), $"c/{i / 20}", i) is var row
            ? row with { Entry = row.Entry! with { Vector = Quantised.Encode(Direction(random, centres[random.Next(40)])), Kind = i % 50 == 0 ? "rare" : "fact" } } : default)]);
        shelf.Open();
        var (kept, all) = (0, 0);
        for (var asked = 0; asked < 40; asked++)
        {
            var question = new Question(
                [words[random.Next(400)], words[random.Next(400)], words[random.Next(400)]], Direction(random, centres[random.Next(40)]), 10, null, asked % 4 == 0 ? "rare" : null, null, null, Now);
            var whole = shelf.Search(question, Ranking.Default with { ScoredWhole = int.MaxValue });
            var some = shelf.Search(question, Ranking.Default with { ScoredWhole = 0 });
            Assert.Equal(whole.Count, some.Count);
            kept += whole.Select(static hit => hit.Id).Intersect(some.Select(static hit => hit.Id)).Count();
            all += whole.Count;
        }
        Assert.InRange((double)kept / all, 0.95, 1);
    }

    private static float[] Direction(Random random, float[]? near) =>
        Unit([.. Enumerable.Range(0, 64).Select(i => (float)(random.NextDouble() - 0.5) * (near is null ? 1 : 0.5f) + (near?[i] ?? 0) * 2)]);

    [Fact]
    public void A_cosine_of_rounded_vectors_is_near_the_true_one() =>
        Gen.Float[-1, 1].Array[512].Array[2].Sample(pair =>
        {
            var (a, b) = (Unit(pair[0]), Unit(pair[1]));
            var encoded = Quantised.Encode(b);
            var query = Quantised.Query(a, out var scale);
            var rounded = Quantised.Dot(query, Quantised.Values(encoded)) * scale * Quantised.Scale(encoded);
            var exact = a.Zip(b, (x, y) => (double)x * y).Sum();
            Assert.InRange(rounded - exact, -0.005, 0.005);
        }, iter: 200);

    private static float[] Unit(float[] vector)
    {
        var norm = Math.Sqrt(vector.Sum(x => (double)x * x)) + 1e-9;
        return [.. vector.Select(x => (float)(x / norm))];
    }

    private static Shelf Of((string Id, string Text)[] rows)
    {
        var shelf = new Shelf();
        shelf.Fill([.. rows.Select(row => Row(row.Id, row.Text, null, 0))]);
        shelf.Open();
        return shelf;
    }

    private static Change Row(string id, string text, string? group, long minutes) =>
        new(id, new Entry(id, 1, "fact", [], group, Now - 1_000_000_000 + minutes * 60_000_000, 0, 0.5, Analyser.Document(text), null));

    private static IReadOnlyList<Found> Search(Shelf shelf, string query) =>
        shelf.Search(new Question(Analyser.Query(query), null, 20, null, null, null, null, Now), Ranking.Default);
}
