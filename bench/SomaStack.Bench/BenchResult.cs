using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SomaStack.Bench;

/// <summary>One figure over the rounds of one run.</summary>
public sealed record Figure(double Median, double Min, double Max, string Unit)
{
    /// <exception cref="ArgumentException">There is nothing to summarise.</exception>
    public static Figure Of(IReadOnlyCollection<double> rounds, string unit)
    {
        if (rounds.Count == 0) throw new ArgumentException("A figure needs at least one round.", nameof(rounds));
        var sorted = rounds.Order().ToArray();
        return new Figure(Middle(sorted), sorted[0], sorted[^1], unit);
    }

    public static double Middle(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}

/// <summary>What a benchmark found: figures with their spread, and ratios against something that ran in the same run.</summary>
public sealed record BenchResult(
    string Bench, IReadOnlyDictionary<string, Figure> Figures, IReadOnlyDictionary<string, double> Ratios, int Runs, string Machine)
{
    /// <summary>Further keys of the same object, for what is no figure over rounds.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement> Facts { get; } = [];

    public static BenchResult Of(string bench, IReadOnlyDictionary<string, Figure> figures, IReadOnlyDictionary<string, double> ratios, int runs) =>
        new(bench, figures, ratios, runs, ThisMachine());

    public static BenchResult FromJson(string json) => JsonSerializer.Deserialize(json, BenchJson.Default.BenchResult) ?? throw new JsonException("There is no result.");

    public string ToJson() => JsonSerializer.Serialize(this, BenchJson.Default.BenchResult);

    /// <summary>The same as text for people.</summary>
    public string ToTable()
    {
        var text = new StringBuilder().Append(Bench).Append(": ").Append(Runs).Append(Runs == 1 ? " run on " : " runs on ").AppendLine(Machine);
        var width = Math.Max(24, Figures.Keys.Concat(Ratios.Keys).Select(key => key.Length).DefaultIfEmpty().Max() + 2);
        if (Figures.Count > 0) text.AppendLine($"{"figure".PadRight(width)}{"median",12}{"min",12}{"max",12}  unit");
        foreach (var (key, figure) in Figures)
            text.AppendLine($"{key.PadRight(width)}{Short(figure.Median),12}{Short(figure.Min),12}{Short(figure.Max),12}  {figure.Unit}");
        if (Ratios.Count > 0) text.AppendLine().AppendLine($"{"ratio".PadRight(width)}{"value",12}");
        foreach (var (key, ratio) in Ratios) text.AppendLine($"{key.PadRight(width)}{Short(ratio),12}");
        foreach (var (key, fact) in Facts) AppendFact(text, key, fact, width);
        return text.ToString().TrimEnd();
    }

    private static void AppendFact(StringBuilder text, string key, JsonElement fact, int width)
    {
        if (fact.ValueKind != JsonValueKind.Array)
        {
            text.AppendLine($"{key.PadRight(width)}{fact.GetRawText(),12}");
            return;
        }
        text.AppendLine().AppendLine(key);
        static string Shown(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        foreach (var item in fact.EnumerateArray())
            text.AppendLine("  " + (item.ValueKind != JsonValueKind.Object ? item.GetRawText() : string.Join("  ",
                item.EnumerateObject().Where(static field => field.Value.ValueKind != JsonValueKind.Null).Select(static field => $"{field.Name}={Shown(field.Value)}"))));
    }

    /// <summary>Processor, cores, memory, system and runtime: what a reader needs to compare figures.</summary>
    public static string ThisMachine()
    {
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30);
        return string.Create(CultureInfo.InvariantCulture,
            $"{Processor()}, {Environment.ProcessorCount} cores, {memory:0} GiB, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}");
    }

    private static string Processor()
    {
        const string cpuinfo = "/proc/cpuinfo";
        var line = File.Exists(cpuinfo) ? File.ReadLines(cpuinfo).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }

    private static string Short(double value) => value.ToString(Math.Abs(value) >= 1000 ? "0" : Math.Abs(value) >= 10 ? "0.0" : "0.000", CultureInfo.InvariantCulture);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BenchResult))]
[JsonSerializable(typeof(List<RecordingReport>))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(string))]
internal sealed partial class BenchJson : JsonSerializerContext;
