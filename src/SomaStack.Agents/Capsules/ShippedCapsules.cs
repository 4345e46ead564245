using SomaStack.Agents.Capsules.Contracts;

namespace SomaStack.Agents.Capsules;

/// <summary>Capsules that are part of the program: approved with its release, the same in every tenant.</summary>
internal sealed class ShippedCapsules
{
    private const string Prefix = "capsules/";

    public ShippedCapsules() : this(Resources())
    {
    }

    /// <exception cref="InvalidDataException">A shipped capsule has a fault: the program must not start with it.</exception>
    internal ShippedCapsules(IEnumerable<(string Name, string Text)> files)
    {
        foreach (var (name, text) in files)
        {
            var reading = CapsuleReader.Read(text);
            if (reading.Capsule is not { } capsule) throw new InvalidDataException($"The shipped capsule '{name}' has faults: {string.Join(" ", reading.Faults)}");
            All.Add(new ShippedCapsule(capsule, text, reading.Json!));
        }
    }

    public List<ShippedCapsule> All { get; } = [];

    public ShippedCapsule? Find(string id) => All.Find(shipped => shipped.Capsule.Id == id);

    private static IEnumerable<(string, string)> Resources()
    {
        var assembly = typeof(ShippedCapsules).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(static name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            yield return (name, reader.ReadToEnd());
        }
    }
}

internal sealed record ShippedCapsule(Capsule Capsule, string Source, string Definition);
