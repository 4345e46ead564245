using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SomaStack.Bench;

/// <summary>A recorded exchange and the file that it stands in.</summary>
internal sealed record FiledExchange(string File, RecordedExchange Recorded)
{
    /// <summary>The host that answered.</summary>
    public string Provider => Recorded.Uri.Host;

    public Uri Address => Recorded.Uri;

    public string? Model => Recorded.Request?["model"] is JsonValue value && value.TryGetValue<string>(out var model) ? model : null;

    /// <summary>Each JSON object of the answer: the whole, or one for each event.</summary>
    public IEnumerable<JsonObject> Parts()
    {
        var text = Encoding.UTF8.GetString(Recorded.Body);
        if (text.StartsWith('{'))
        {
            if (Parse(text) is { } whole) yield return whole;
            yield break;
        }
        foreach (var line in text.Split('\n'))
            if (line.StartsWith("data: {", StringComparison.Ordinal) && Parse(line["data: ".Length..]) is { } part) yield return part;
    }

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>The recordings beside a checkout, read where they lie.</summary>
internal static class RecordedTraffic
{
    /// <summary>Null when they are not there.</summary>
    public static string? DefaultFolder() => Beside("../shared/data/provider-recordings") is { } folder && Directory.Exists(folder) ? folder : null;

    /// <summary>A path from the root of the checkout; null outside of one.</summary>
    public static string? Beside(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "SomaStack.slnx"))) return Path.GetFullPath(Path.Combine(folder.FullName, path));
        return null;
    }

    public static IEnumerable<FiledExchange> Read(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            foreach (var exchange in ExchangesOf(file)) yield return new FiledExchange(Path.GetRelativePath(folder, file), exchange);
    }

    /// <summary>One of the shared recordings is an empty file; it has nothing to measure.</summary>
    private static List<RecordedExchange> ExchangesOf(string file)
    {
        try
        {
            return RecordingFile.Read(file);
        }
        catch (InvalidDataException)
        {
            return [];
        }
    }
}
