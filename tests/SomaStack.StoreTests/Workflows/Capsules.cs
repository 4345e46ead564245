using SomaStack.Agents.Capsules.Contracts;

namespace SomaStack.StoreTests.Workflows;

/// <summary>Small capsules, as the reader of YAML would give them.</summary>
internal static class Capsules
{
    public static Capsule Of(params CapsuleStep[] steps) => new("test", "1.0.0", "A test", "composite", new string('a', 64)) { Steps = steps };

    /// <summary>Steps one after the other, each calling <c>world.ACTION</c>.</summary>
    public static Capsule Sequence(params string[] actions) =>
        Of([.. actions.Select((action, i) => Step($"s{i + 1}", "world." + action, $$"""{"n":{{i + 1}}}""", i == 0 ? [] : [$"s{i}"]))]);

    public static CapsuleStep Step(string name, string action, string parameters = "{}", params string[] after) => new(name, action, parameters, after);
}
