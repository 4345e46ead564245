using SomaStack.Intelligence.Inference;

namespace SomaStack.Tests.Inference;

public sealed class FairShareTests
{
    [Fact]
    public void Over_random_backlogs_no_tenant_that_waits_has_less_than_another_was_given()
    {
        var random = new Random(20261128);
        for (var round = 0; round < 500; round++)
        {
            var tenants = Enumerable.Range(0, random.Next(1, 9)).Select(i => new WaitingTenant("t" + i, random.Next(0, 6), random.Next(0, 1000))).ToList();
            var left = tenants.ToDictionary(one => one.Tenant, _ => random.Next(0, 30));
            var under = tenants.ToDictionary(one => one.Tenant, one => one.Running);
            var places = random.Next(1, 40);
            var waiting = left.Values.Sum();
            var given = 0;
            for (var turns = new FairShare(tenants); given < places && turns.Next is { } tenant;)
            {
                if (left[tenant] == 0)
                {
                    turns.Leave();
                    continue;
                }
                // Nobody who still waits has fewer under way than whoever gets the place.
                Assert.All(tenants.Where(one => left[one.Tenant] > 0), one => Assert.True(under[one.Tenant] >= under[tenant], $"round {round}: {one.Tenant} waits with {under[one.Tenant]}, {tenant} has {under[tenant]}"));
                left[tenant]--;
                under[tenant]++;
                given++;
                turns.Serve();
            }
            Assert.Equal(Math.Min(places, waiting), given);
        }
    }

    [Fact]
    public void Among_equals_the_one_served_longest_ago_goes_first_and_then_they_take_turns()
    {
        var turns = new FairShare([new WaitingTenant("a", 0, 30), new WaitingTenant("b", 0, 10), new WaitingTenant("c", 1, 0)]);
        var order = new List<string>();
        for (var i = 0; i < 6; i++)
        {
            order.Add(turns.Next!);
            turns.Serve();
        }
        Assert.Equal(["b", "a", "c", "b", "a", "c"], order);
    }
}
