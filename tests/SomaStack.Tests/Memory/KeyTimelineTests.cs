using CsCheck;
using SomaStack.Intelligence.Memory;

namespace SomaStack.Tests.Memory;

/// <summary>Writes of one key in any order leave one line in time: no gaps after the first, no two at once, one open.</summary>
public sealed class KeyTimelineTests
{
    [Fact]
    public void Whatever_the_order_of_the_writes_one_is_open_and_each_ends_where_the_next_begins() =>
        Gen.Select(Gen.Long[0, 20], Gen.Int[0, 6]).Array[1, 25].Sample(writes =>
        {
            var places = new List<KeyTimeline.Place>();
            for (var i = 0; i < writes.Length; i++)
            {
                var (start, text) = writes[i];
                var decision = KeyTimeline.Decide(places, start, "h" + text);
                if (decision.Same is not null) continue;
                var id = $"m{i:D3}";
                foreach (var closed in decision.Closes)
                {
                    var at = places.FindIndex(place => place.Id == closed);
                    places[at] = places[at] with { SupersededBy = id, End = start };
                }
                places.Add(new KeyTimeline.Place(id, start, "h" + text, decision.ClosedBy, decision.ClosedFrom));
            }
            Assert.Single(places, place => place.SupersededBy is null);
            var first = places.Min(place => place.Start);
            for (var at = first; at <= 21; at++)
                Assert.Single(places, place => place.Start <= at && (place.End is null || at < place.End));
        });

    [Fact]
    public void The_same_text_at_the_same_time_or_in_the_open_one_is_met()
    {
        KeyTimeline.Place[] places = [new("old", 1, "berlin", "new", 5), new("new", 5, "paris", null, null)];
        Assert.Equal("new", KeyTimeline.Decide(places, 9, "paris").Same);
        Assert.Equal("old", KeyTimeline.Decide(places, 1, "berlin").Same);
        // To move back is a new fact.
        Assert.Equal(["new"], KeyTimeline.Decide(places, 9, "berlin").Closes);
        Assert.Equal(("new", 5L), KeyTimeline.Decide(places, 3, "rome") is { } history ? (history.ClosedBy, history.ClosedFrom!.Value) : default);
    }
}
