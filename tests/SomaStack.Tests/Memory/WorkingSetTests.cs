using CsCheck;
using SomaStack.Intelligence.Memory;
using SomaStack.Platform;

namespace SomaStack.Tests.Memory;

public sealed class WorkingSetTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    /// <summary>What a session may be asked to do: admit, recall, pin, unpin, remove or resize.</summary>
    private static readonly Gen<(int Kind, int Which, int Size, bool Pinned)[]> Steps =
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 30], Gen.Int[1, 120], Gen.Bool).Array[1, 120];

    [Fact]
    public void Capacity_is_never_exceeded_and_what_is_pinned_never_evicted() => Steps.Sample(steps =>
    {
        var set = WorkingSet.Empty with { Capacity = WorkingSet.CapacityMin };
        foreach (var step in steps)
        {
            var pinned = set.Items.Where(static item => item.Pinned).Select(static item => item.Id).ToList();
            var before = set;
            try
            {
                IReadOnlyList<string> evicted;
                (set, evicted) = Apply(set, step);
                Assert.Empty(pinned.Intersect(evicted));
                if (step.Kind < 7) Assert.All(pinned, id => Assert.NotNull(set.Find(id)));
                Assert.All(evicted, id => Assert.Null(set.Find(id)));
            }
            catch (Problem problem)
            {
                // A refusal changes nothing, and only happens when what is pinned leaves no room.
                Assert.Equal("working_memory_full", problem.Code.Code);
                Assert.Same(before, set);
                Assert.True(set.Pinned + step.Size > Math.Min(set.Capacity, WorkingSet.CapacityMin), "there was room");
            }
            Assert.True(set.Tokens <= set.Capacity, $"{set.Tokens} of {set.Capacity}");
            Assert.True(set.Items.Count <= WorkingSet.ItemsMax);
            Assert.Equal(set.Items.Select(static item => item.Id).Distinct().Order(StringComparer.Ordinal), set.Items.Select(static item => item.Id));
        }
    }, iter: 400);

    [Fact]
    public void The_same_steps_over_rows_in_any_order_end_the_same() => Gen.Select(Steps, Gen.Int).Sample((steps, seed) =>
    {
        var random = new Random(seed);
        var one = WorkingSet.Empty with { Capacity = WorkingSet.CapacityMin };
        var other = one;
        foreach (var step in steps)
        {
            string? first = null, second = null;
            try
            {
                (one, var evicted) = Apply(one, step);
                first = string.Join(',', evicted);
            }
            catch (Problem problem)
            {
                first = problem.Code.Code;
            }
            try
            {
                var shuffled = other.Items.ToArray();
                random.Shuffle(shuffled);
                (other, var evicted) = Apply(other with { Items = shuffled }, step);
                second = string.Join(',', evicted);
            }
            catch (Problem problem)
            {
                second = problem.Code.Code;
            }
            Assert.Equal(first, second);
            Assert.Equal(Lines(one), Lines(other));
        }
    }, iter: 200);

    [Fact]
    public void The_same_words_are_one_item_and_the_newer_ones_stand()
    {
        var first = WorkingSet.Empty.Admit(Item("a", "The  Archive opens at nine."), Now);
        var again = first.Set.Admit(Item("b", "the archive opens at nine."), Now.AddMinutes(1));
        Assert.True(again is { Created: false, Merged: true, Item.Id: "a", Item.Text: "the archive opens at nine." });
        Assert.Single(again.Set.Items);
        Assert.Equal((2, Now, Now.AddMinutes(1)), (again.Item.LastTurn, again.Item.AdmittedAt, again.Item.LastUsedAt));
    }

    [Fact]
    public void Near_meaning_is_merged_but_not_with_other_figures()
    {
        var set = WorkingSet.Empty.Admit(Item("a", "The train leaves from platform 4", vector: [1, 0, 0.1f]), Now).Set;
        Assert.True(set.Admit(Item("b", "From platform 4 the train departs", vector: [1, 0.05f, 0.1f]), Now).Merged);
        Assert.True(set.Admit(Item("b", "The train leaves from platform 5", vector: [1, 0.05f, 0.1f]), Now).Created);
        Assert.True(set.Admit(Item("b", "The bus leaves from platform 4", vector: [1, 0.4f, 0.1f]), Now).Created);
    }

    [Fact]
    public void A_merge_with_other_words_forgets_the_memory_of_the_older_ones()
    {
        var set = WorkingSet.Empty.Admit(Item("a", "She is in Rome", vector: [1, 0]) with { MemoryId = "m1", Promotion = "why" }, Now).Set;
        Assert.Equal(("m1", "why"), set.Admit(Item("b", "she is in  rome", vector: [1, 0]), Now).Item is var same ? (same.MemoryId, same.Promotion) : default);
        Assert.Equal((null, null), set.Admit(Item("b", "She stays in Rome", vector: [1, 0]), Now).Item is var other ? (other.MemoryId, other.Promotion) : ("", ""));
    }

    [Fact]
    public void The_least_salient_goes_first_and_use_keeps()
    {
        var set = WorkingSet.Empty with { Capacity = 300 };
        foreach (var id in new[] { "a", "b", "c" }) set = set.Admit(Item(id, "topic " + id, 100), Now).Set;
        set = set.Use(["a"], Now);
        // b and c are as novel, but b was said longer ago than c.
        Assert.Equal(["b"], set.Admit(Item("d", "topic d", 100), Now).Evicted);
        Assert.Equal(["c"], set.Change(set.Find("b")! with { Pinned = true }).Admit(Item("d", "topic d", 100), Now).Evicted);
        Assert.Equal(["c", "b"], set.Change(set.Find("b")! with { Novelty = 1 }).Change(set.Find("c")! with { Novelty = 0 }).Admit(Item("d", "topic d", 200), Now).Evicted);
        Assert.Throws<Problem>(() => set.Admit(Item("d", "topic d", 301), Now));
    }

    [Fact]
    public void Salience_is_the_documented_sum()
    {
        var item = Item("a", "x") with { Novelty = 0.5, Uses = 2, LastTurn = 10 };
        Assert.Equal(0.4 * 0.5 + 0.4 * 0.5 + 0.2 * 2 / 3, WorkingSet.Salience(item, 18), 6);
        Assert.Equal(0.4 * 0.5 + 0.4 + 0.2, WorkingSet.Salience(item with { Uses = 9 }, 10), 6);
    }

    [Fact]
    public void Novelty_is_what_nothing_else_is_like()
    {
        var set = WorkingSet.Empty.Admit(Item("a", "red house", vector: [1, 0]), Now);
        Assert.Equal(1, set.Item.Novelty);
        Assert.Equal(0.4, set.Set.Admit(Item("b", "x", vector: [0.6f, 0.8f]), Now).Item.Novelty, 0.01);
        Assert.Equal(2.0 / 3, set.Set.Admit(Item("b", "red roof"), Now).Item.Novelty, 0.001);
    }

    [Fact]
    public void A_third_use_makes_an_item_due_unless_a_memory_holds_it()
    {
        var set = WorkingSet.Empty.Admit(Item("a", "x"), Now).Set;
        for (var use = 1; use <= 3; use++)
        {
            Assert.False(WorkingSet.IsDue(set.Find("a")!));
            set = set.Use(["a"], Now);
        }
        Assert.True(WorkingSet.IsDue(set.Find("a")!));
        Assert.False(WorkingSet.IsDue(set.Find("a")! with { MemoryId = "m" }));
        Assert.Equal(4, set.Turn);
    }

    private static (WorkingSet Set, IReadOnlyList<string> Evicted) Apply(WorkingSet set, (int Kind, int Which, int Size, bool Pinned) step)
    {
        var id = $"i{step.Which:D2}";
        switch (step.Kind)
        {
            case 0 or 1 or 2 or 3:
                var admission = set.Admit(Item(id, $"words {step.Which % 9} of {step.Size % 4}", step.Size, [step.Which % 5, step.Size % 3, 1]) with { Pinned = step.Pinned }, Now);
                return (admission.Set, admission.Evicted);
            case 4:
                return (set.Use([id, $"i{step.Size % 30:D2}"], Now), []);
            case 5 or 6 when set.Find(id) is { } item:
                return (set.Change(item with { Pinned = step.Pinned || item.Pinned }), []);
            case 7:
                return (set.Without([id]), []);
            case 8:
                return set.Resize(WorkingSet.CapacityMin + step.Size);
            default:
                return (set, []);
        }
    }

    private static IEnumerable<string> Lines(WorkingSet set) => set.Items.Select(static item => $"{item.Id} {item.Text} {item.Tokens} {item.Pinned} {item.Novelty} {item.Uses} {item.LastTurn}").Order(StringComparer.Ordinal);

    private static WorkingItem Item(string id, string text, int tokens = 10, float[]? vector = null)
    {
        byte[]? encoded = null;
        if (vector is not null)
        {
            var padded = new float[32];
            vector.CopyTo(padded, 0);
            encoded = Quantised.Encode(padded);
        }
        return new WorkingItem(id, text, tokens, Analyser.Document(text), encoded, encoded is null ? null : "test-1");
    }
}
