using System.Text.Json;
using SomaStack.Agents.Workflows;
using SomaStack.Bench;

namespace SomaStack.Tests.Workflows.Deciding;

/// <summary>
/// Histories that released programs wrote. Every later program must read them to the same end and decide every input the same. When a
/// change of rules breaks one, do not record it anew: raise <see cref="RunDecider.Version"/>, branch on the version where the rules
/// differ, and record new histories beside these (<c>SOMA_UPDATE=1</c> writes those that are missing, and never one that is there).
/// </summary>
public sealed class GoldenHistoryTests
{
    public static TheoryData<string> Names => [.. GoldenScripts.All.Select(static script => $"v{RunDecider.Version}_{script.Name}").Union(Files().Select(static file => Path.GetFileNameWithoutExtension(file)))];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_recorded_history_is_read_and_decided_as_it_was(string name)
    {
        var file = Path.Combine(Folder(), name + ".json");
        if (!File.Exists(file) && Environment.GetEnvironmentVariable("SOMA_UPDATE") == "1") File.WriteAllText(file, Record(name[(name.IndexOf('_', StringComparison.Ordinal) + 1)..]));
        Assert.True(File.Exists(file), $"{file} is missing; SOMA_UPDATE=1 records it.");
        using var golden = JsonDocument.Parse(File.ReadAllText(file));
        var inputs = golden.RootElement.GetProperty("inputs").Deserialize(RunHistoryJson.Default.IReadOnlyListRunInput)!;
        var recorded = golden.RootElement.GetProperty("events");
        var state = RunState.None;
        var decided = new List<RunEvent>();
        foreach (var input in inputs)
        {
            var events = RunDecider.Decide(state, input);
            decided.AddRange(events);
            state = RunDecider.Apply(state, events);
        }
        var kept = recorded.EnumerateArray().ToList();
        for (var i = 0; i < Math.Min(kept.Count, decided.Count); i++)
        {
            var now = JsonSerializer.SerializeToElement(decided[i], RunHistoryJson.Default.RunEvent);
            Assert.True(JsonElement.DeepEquals(kept[i], now), $"Event {i} is decided otherwise now. This breaks runs that are under way: see the remark on this class.\nwas {kept[i].GetRawText()}\nnow {now.GetRawText()}");
        }
        Assert.Equal(kept.Count, decided.Count);
        var read = RunDecider.Apply(RunState.None, JsonSerializer.Deserialize(Compact(recorded), RunHistoryJson.Default.IReadOnlyListRunEvent)!);
        Assert.True(SimulationChecks.Same(state, read), "The history reads to another state than deciding gives.");
        Assert.Equal(golden.RootElement.GetProperty("status").GetString(), read.Status.ToString());
        Assert.Equal(golden.RootElement.GetProperty("outputs").GetString(), read.Outputs);
    }

    [Fact]
    public void The_recorded_histories_hold_every_kind_of_event()
    {
        var text = string.Concat(Files().Select(File.ReadAllText));
        var kinds = typeof(RunEvent).GetCustomAttributes(typeof(System.Text.Json.Serialization.JsonDerivedTypeAttribute), false).Cast<System.Text.Json.Serialization.JsonDerivedTypeAttribute>();
        var missing = kinds.Select(static kind => (string)kind.TypeDiscriminator!).Where(kind => kind is not ("run_forked" or "run_continued") && !text.Contains($"\"type\": \"{kind}\"", StringComparison.Ordinal)).ToList();
        Assert.True(missing.Count == 0, string.Join(' ', missing));
    }

    /// <summary>The files are indented for people; JSON inside events is kept as it stands, so it is read as it was written.</summary>
    private static byte[] Compact(JsonElement json)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) json.WriteTo(writer);
        return stream.ToArray();
    }

    private static string Record(string name)
    {
        var script = GoldenScripts.All.Single(script => script.Name == name);
        var run = script.Play();
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("inputs");
            JsonSerializer.SerializeToElement(run.Inputs, RunHistoryJson.Default.IReadOnlyListRunInput).WriteTo(writer);
            writer.WritePropertyName("events");
            JsonSerializer.SerializeToElement(run.History, RunHistoryJson.Default.IReadOnlyListRunEvent).WriteTo(writer);
            writer.WriteString("status", run.State.Status.ToString());
            if (run.State.Outputs is { } outputs) writer.WriteString("outputs", outputs);
            else writer.WriteNull("outputs");
            writer.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    private static string[] Files() => [.. Directory.EnumerateFiles(Folder(), "*.json").Order(StringComparer.Ordinal)];

    private static string Folder()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "SomaStack.slnx"))) return Path.Combine(at.FullName, "tests/SomaStack.Tests/Workflows/Deciding/golden");
        throw new DirectoryNotFoundException("The checkout was not found.");
    }
}
