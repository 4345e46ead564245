using SomaStack.Bench;

namespace SomaStack.EndToEndTests.Inference;

/// <summary><c>soma bench recordings</c> over the shared folder: every recording became what it should, and not one token was booked wrongly.</summary>
public sealed class RecordingsReplayTests
{
    private static readonly string[] WithoutAdapter =
    [
        "embeddings/TestCohere.test_embed_error.yaml", "openai-chat/multiple_agent_tool_calls.yaml", "openai-compatible/tool_choice_matrix-auto-huggingface.yaml",
    ];

    [Fact]
    public async Task Every_recording_is_parsed_and_booked_exactly()
    {
        Assert.SkipWhen(Recordings.Root is null, "../shared/data/provider-recordings is not there.");
        var lines = new List<string>();
        var reports = await RecordingsBenchmark.ReplayAsync(Recordings.Root!, new BenchOptions(null, null, lines.Add), TestContext.Current.CancellationToken);
        TestContext.Current.TestOutputHelper!.WriteLine(string.Join('\n', lines));
        Assert.Equal(48, reports.Count);
        Assert.Equal(0, reports.Sum(report => report.UsageErrors));
        Assert.Equal(WithoutAdapter, reports.Where(report => !report.Parsed).Select(report => report.File));
        // Counted by hand from the files: what all parsed exchanges of the OpenAI formats report.
        var openAi = reports.Where(report => !report.File.StartsWith("anthropic/", StringComparison.Ordinal)).ToList();
        Assert.Equal(openAi.Sum(report => report.Expected.Input ?? 0), openAi.Sum(report => report.Booked.Input ?? 0));
        Assert.True(openAi.Sum(report => report.Booked.Output ?? 0) > 1000);
        Assert.True(openAi.Sum(report => report.Booked.Reasoning ?? 0) > 0);
    }

    [Fact]
    public async Task A_folder_without_recordings_reports_none_and_a_missing_one_is_named()
    {
        var empty = Directory.CreateTempSubdirectory("soma-none-").FullName;
        try
        {
            var result = await RecordingsBenchmark.Benchmark.RunAsync(new BenchOptions(null, null, _ => { }) { Directory = empty }, TestContext.Current.CancellationToken);
            Assert.Contains("\"files\":0,\"parsed\":0,\"usage_errors\":0,\"per_file\":[]", result.ToJson(), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(empty);
        }
        var problem = await Assert.ThrowsAsync<Platform.Problem>(() => RecordingsBenchmark.Benchmark.RunAsync(new BenchOptions(null, null, _ => { }) { Directory = empty }, TestContext.Current.CancellationToken));
        Assert.Contains(empty, problem.Detail, StringComparison.Ordinal);
    }
}
