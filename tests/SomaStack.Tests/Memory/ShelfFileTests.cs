using CsCheck;
using SomaStack.Intelligence.Memory;

namespace SomaStack.Tests.Memory;

public sealed class ShelfFileTests
{
    private const long Now = 1_800_000_000_000_000;

    private static readonly ShelfHeader Header = new("tenant", "namespace", "model", ShelfFile.Analysis, 42);

    private static readonly string[] Words = ["red", "green", "blue", "stone", "river", "42", "x-1", "日本", "naïve"];

    [Fact]
    public void A_shelf_from_its_file_answers_as_one_from_the_rows() =>
        Gen.Select(Gen.Int[0, 1 << 20], Gen.Int[0, 300]).Sample((seed, count) =>
        {
            var random = new Random(seed);
            var entries = Enumerable.Range(0, count).Select(i => Entry(random, i)).ToList();
            using var fresh = Of([.. entries.Select(entry => new Change(entry.Id, entry))]);
            using var grown = Of([.. entries.Select(entry => new Change(entry.Id, entry))]);
            foreach (var entry in entries.Where(_ => random.Next(5) == 0))
            {
                fresh.Apply([new Change(entry.Id, null)]);
                grown.Apply([new Change(entry.Id, null)]);
            }
            using var loaded = Of(Read(Bytes(grown.Capture())).Entries());
            Assert.Equal(fresh.Count, loaded.Count);
            Assert.Equal(fresh.Pending, loaded.Pending);
            var vector = Vector(random);
            foreach (var text in new[] { "red stone", "river 42", "x-1", "日本", "nothing of it" })
                foreach (var asked in new[] { null, vector })
                    Assert.Equal(Search(fresh, text, asked), Search(loaded, text, asked));
        }, iter: 60);

    [Fact]
    public void Every_property_of_an_entry_survives()
    {
        var random = new Random(7);
        foreach (var entry in Enumerable.Range(0, 5000).Select(i => Entry(random, i)).Append(Plain()).Append(Full()))
        {
            var read = Read(Bytes([entry])).Entries()[0].Entry!;
            foreach (var property in typeof(Entry).GetProperties())
                if (property.GetValue(entry) is not (DocumentTerms or IReadOnlyList<string> or byte[])) Assert.Equal(property.GetValue(entry), property.GetValue(read));
            Assert.Equal(entry.Tags, read.Tags);
            Assert.Equal(entry.Vector, read.Vector);
            Assert.Equal(entry.Terms.Terms, read.Terms.Terms);
            Assert.Equal(entry.Terms.Counts, read.Terms.Counts);
            Assert.Equal(entry.Terms.Length, read.Terms.Length);
        }
        // A new property that nobody writes would have its default in Full, and be lost without a word.
        foreach (var property in typeof(Entry).GetProperties()) Assert.NotEqual(property.GetValue(Plain()), property.GetValue(Full()));
    }

    [Fact]
    public void A_file_with_any_byte_flipped_or_missing_is_refused()
    {
        var random = new Random(11);
        var bytes = Bytes([.. Enumerable.Range(0, 12).Select(i => Entry(random, i))]);
        Assert.Equal(12, Read(bytes).Count);
        for (var i = 0; i < bytes.Length; i++)
        {
            var flipped = (byte[])bytes.Clone();
            flipped[i] ^= (byte)(1 << random.Next(8));
            Assert.Throws<InvalidDataException>(() => Read(flipped));
            Assert.Throws<InvalidDataException>(() => Read(bytes[..i]));
        }
    }

    [Fact]
    public void The_header_says_whose_it_is() => Assert.Equal(Header, Read(Bytes([])).Header);

    private static ShelfFileReader Read(byte[] bytes) => ShelfFileReader.Open(bytes);

    private static byte[] Bytes(IReadOnlyList<Entry> entries)
    {
        using var stream = new MemoryStream();
        ShelfFileWriter.Write(stream, Header, entries);
        return stream.ToArray();
    }

    private static Entry Plain() => new("p", 1, "fact", [], null, Now, 0, 0.5, new DocumentTerms([], [], 0), null) { RecordedAt = Now };

    private static Entry Full() => new("f", 2, "episode", ["t"], "c/1", Now - 1, 3, 0.25, new DocumentTerms(["a", "b"], [1, 300], 301), [1, 2, 3])
    {
        Key = "k", Universe = "u", ValidFrom = 1, ValidTo = 2, RecordedAt = 3, SupersededAt = 4, SupersededFrom = 5, ExpiresAt = 6, DuplicateOf = "d", Pending = true,
        Speaker = "s", Asks = true, NamesTime = true,
    };

    private static Entry Entry(Random random, int number)
    {
        var text = string.Join(' ', Enumerable.Range(0, random.Next(1, 9)).Select(_ => Words[random.Next(Words.Length)])) + (random.Next(4) == 0 ? "?" : "");
        var terms = Analyser.Document(text);
        return new Entry(
            $"m{number}", random.Next(1, 4), random.Next(2) == 0 ? "fact" : "episode", random.Next(3) == 0 ? ["one", "two"] : [], random.Next(2) == 0 ? $"c/{random.Next(4)}" : null,
            Now - random.Next(1000), random.Next(3), random.NextDouble(), terms, random.Next(3) == 0 ? null : Quantised.Encode(Vector(random)))
        {
            Key = random.Next(4) == 0 ? $"k{random.Next(5)}" : null, Universe = random.Next(5) == 0 ? "what-if" : "real", RecordedAt = Now - random.Next(1000),
            ValidFrom = random.Next(4) == 0 ? Now - 500 : long.MinValue, ValidTo = random.Next(4) == 0 ? Now + 500 : long.MaxValue,
            SupersededAt = random.Next(6) == 0 ? Now - 10 : long.MaxValue, SupersededFrom = random.Next(6) == 0 ? Now - 20 : long.MaxValue,
            ExpiresAt = random.Next(6) == 0 ? Now + 5 : long.MaxValue, DuplicateOf = number > 0 && random.Next(6) == 0 ? $"m{random.Next(number)}" : null,
            Pending = random.Next(5) == 0, Speaker = random.Next(4) == 0 ? "ada" : null, Asks = text.EndsWith('?'), NamesTime = Speech.NamesTime(terms),
        };
    }

    private static float[] Vector(Random random)
    {
        var vector = Enumerable.Range(0, 32).Select(_ => (float)random.NextDouble() - 0.5f).ToArray();
        var length = MathF.Sqrt(vector.Sum(value => value * value));
        return [.. vector.Select(value => value / length)];
    }

    private static Shelf Of(IReadOnlyList<Change> changes)
    {
        var shelf = new Shelf();
        shelf.Fill(changes);
        shelf.Open();
        return shelf;
    }

    private static List<(string, double)> Search(Shelf shelf, string text, float[]? vector) =>
        [.. shelf.Search(new Question(Analyser.Query(text), vector, 50, null, null, null, null, Now), Ranking.Default).Select(hit => (hit.Id, hit.Score))];
}
