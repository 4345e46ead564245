using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SomaStack.Bench;

/// <summary>A regression capsule: what is told, what is asked, and what must come of it. The file explains its own parts.</summary>
internal sealed record CapsuleFile(
    string Name, int Version, int Seed, DateTimeOffset AskedAt, IReadOnlyList<CapsuleFile.Check> Checks, IReadOnlyList<string> People,
    IReadOnlyDictionary<string, IReadOnlyList<CapsuleFile.Value>> Values, IReadOnlyList<CapsuleFile.Telling> Tellings, CapsuleFile.Unanswerable Unknown,
    CapsuleFile.Leaks Isolation, CapsuleFile.Mixed Documents)
{
    /// <param name="Questions">The questions it is about; empty for a measure of its own.</param>
    /// <param name="At">The first so many results count.</param>
    /// <param name="Threshold">The share that is aimed at, or for <paramref name="AtMost"/> the most that is allowed.</param>
    /// <param name="Floor">What is asserted while the threshold is not reached.</param>
    internal sealed record Check(string Name, string Questions, int At, double Threshold, double? Floor, bool AtMost);

    internal sealed record Value(string Said, string Asked);

    internal sealed record Telling(string Family, int Times, string Text, string? Key, IReadOnlyList<string> Open, IReadOnlyList<string> HeldOut);

    internal sealed record Unanswerable(IReadOnlyList<string> Strangers, IReadOnlyList<string> NeverTold);

    internal sealed record Leaks(int Tenants, int Memories, int Probes, string Text, IReadOnlyList<string> Asked);

    internal sealed record Mixed(int Documents, int Embedded, IReadOnlyList<string> Texts);

    /// <summary>Where the shipped capsule lies in a checkout; null outside of one.</summary>
    public static string? DefaultFile()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "SomaStack.slnx"))) continue;
            var file = Path.Combine(folder.FullName, "capsules", "memory_regression.yaml");
            return File.Exists(file) ? file : null;
        }
        return null;
    }

    /// <exception cref="InvalidDataException">The file is not a capsule.</exception>
    public static CapsuleFile Read(string file)
    {
        try
        {
            var yaml = new YamlStream();
            using var text = File.OpenText(file);
            yaml.Load(text);
            return Of((YamlMappingNode)yaml.Documents[0].RootNode);
        }
        catch (Exception exception) when (exception is YamlException or KeyNotFoundException or InvalidCastException or FormatException or ArgumentOutOfRangeException)
        {
            throw new InvalidDataException($"'{file}' is not a regression capsule: {exception.Message}", exception);
        }
    }

    private static CapsuleFile Of(YamlMappingNode root)
    {
        var unknown = (YamlMappingNode)root["unanswerable"];
        var leaks = (YamlMappingNode)root["leaks"];
        var mixed = (YamlMappingNode)root["mixed"];
        return new CapsuleFile(
            root["name"].ToString(), Whole(root, "version"), Whole(root, "seed"),
            DateTimeOffset.Parse(root["asked_at"].ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
            [.. Pairs(root["checks"]).Select(pair => CheckOf(pair.Name, (YamlMappingNode)pair.Node))],
            Texts(root, "people"),
            Pairs(root["values"]).ToDictionary(pair => pair.Name, pair => (IReadOnlyList<Value>)[.. ((YamlSequenceNode)pair.Node).Select(ValueOf)], StringComparer.Ordinal),
            [.. ((YamlSequenceNode)root["facts"]).Select(node => TellingOf((YamlMappingNode)node))],
            new Unanswerable(Texts(unknown, "strangers"), Texts(unknown, "never_told")),
            new Leaks(Whole(leaks, "tenants"), Whole(leaks, "memories"), Whole(leaks, "probes"), leaks["text"].ToString(), Texts(leaks, "asked")),
            new Mixed(Whole(mixed, "documents"), Whole(mixed, "embedded"), Texts(mixed, "texts")));
    }

    private static Check CheckOf(string name, YamlMappingNode node) => new(
        name, Find(node, "questions")?.ToString() ?? "", Whole(node, "at", 1), Share(Find(node, "threshold") ?? node["at_most"]),
        Find(node, "measured_floor") is { } floor ? Share(floor) : null, Find(node, "at_most") is not null);

    private static Telling TellingOf(YamlMappingNode node) => new(
        node["family"].ToString(), Whole(node, "times", 1), node["text"].ToString(), Find(node, "key")?.ToString(), Texts(node, "open"), Texts(node, "held_out"));

    private static Value ValueOf(YamlNode node) =>
        node is YamlSequenceNode pair ? new Value(pair[0].ToString(), pair[1].ToString()) : new Value(node.ToString(), node.ToString());

    private static IEnumerable<(string Name, YamlNode Node)> Pairs(YamlNode node) => ((YamlMappingNode)node).Children.Select(pair => (pair.Key.ToString(), pair.Value));

    private static YamlNode? Find(YamlMappingNode node, string name) => node.Children.TryGetValue(new YamlScalarNode(name), out var found) ? found : null;

    private static IReadOnlyList<string> Texts(YamlMappingNode node, string name) => Find(node, name) is YamlSequenceNode list ? [.. list.Select(one => one.ToString())] : [];

    private static int Whole(YamlMappingNode node, string name, int otherwise = -1) =>
        Find(node, name) is { } found ? int.Parse(found.ToString(), CultureInfo.InvariantCulture)
        : otherwise >= 0 ? otherwise : throw new KeyNotFoundException($"'{name}' is missing.");

    private static double Share(YamlNode node) => double.Parse(node.ToString(), CultureInfo.InvariantCulture);
}
