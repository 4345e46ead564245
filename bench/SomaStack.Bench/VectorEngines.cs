using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using SomaStack.Intelligence.Memory;

namespace SomaStack.Bench;

/// <summary>What an engine said to one command.</summary>
internal sealed record EngineAnswer(bool Ready, double Seconds, double Qps, double Recall, string? Error);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(EngineAnswer))]
internal sealed partial class EngineJson : JsonSerializerContext;

/// <summary>An engine with the vectors in it, asked on one thread.</summary>
internal interface IVectorEngine : IAsyncDisposable
{
    string Name { get; }

    Task<double> BuildAsync(CancellationToken cancellationToken);

    /// <summary>Questions a second, one after the other, and recall@10 against the exact answer in full precision.</summary>
    Task<(double Qps, double Recall)> AskAsync(int width, int questions, CancellationToken cancellationToken);
}

internal sealed class OurEngine(VectorSet set) : IVectorEngine
{
    private readonly Hnsw _index = new(VectorSet.Dimensions);

    public string Name => "ours";

    public double BytesPerVector => (double)_index.Bytes / set.Count;

    public Task<double> BuildAsync(CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        _index.Reserve(set.Count);
        for (var i = 0; i < set.Count; i++) _index.Add(i, set.Vector(i));
        _index.Link(int.MaxValue, 1, cancellationToken);
        return Task.FromResult(Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    public Task<(double Qps, double Recall)> AskAsync(int width, int questions, CancellationToken cancellationToken)
    {
        var answers = new VectorMatch[questions * VectorSet.Nearest];
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < questions; i++) _index.Search(set.Question(i), width, answers.AsSpan(i * VectorSet.Nearest, VectorSet.Nearest), null, cancellationToken);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var right = 0;
        for (var i = 0; i < answers.Length; i++)
            if (set.Truth.AsSpan(i / VectorSet.Nearest * VectorSet.Nearest, VectorSet.Nearest).Contains(answers[i].Key)) right++;
        return Task.FromResult((questions / seconds, (double)right / answers.Length));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Another engine in a process of node (bench/vectors/engine.mjs), with the same constants of the graph.</summary>
internal sealed class NodeEngine : IVectorEngine
{
    private readonly Process _process;

    private NodeEngine(string name, Process process) => (Name, _process) = (name, process);

    public string Name { get; }

    /// <exception cref="InvalidOperationException">It does not start; the message says why.</exception>
    public static async Task<NodeEngine> StartAsync(string name, string project, string data, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("node") { WorkingDirectory = project, RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var argument in (string[])["engine.mjs", name, data, $"{VectorSet.Dimensions}", $"{HnswOptions.Default.Links}", $"{HnswOptions.Default.BuildWidth}"]) start.ArgumentList.Add(argument);
        start.Environment["RUST_LOG"] = "error";
        var engine = new NodeEngine(name, Process.Start(start)!);
        await engine.ReadAsync(cancellationToken);
        return engine;
    }

    public async Task<double> BuildAsync(CancellationToken cancellationToken) => (await SendAsync("""{"do":"build"}""", cancellationToken)).Seconds;

    public async Task<(double Qps, double Recall)> AskAsync(int width, int questions, CancellationToken cancellationToken)
    {
        var answer = await SendAsync($$"""{"do":"ask","width":{{width}},"queries":{{questions}}}""", cancellationToken);
        return (answer.Qps, answer.Recall);
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<EngineAnswer> SendAsync(string command, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(command.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
        return await ReadAsync(cancellationToken);
    }

    private async Task<EngineAnswer> ReadAsync(CancellationToken cancellationToken)
    {
        var line = await _process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException("node stopped without an answer.");
        var answer = JsonSerializer.Deserialize(line, EngineJson.Default.EngineAnswer)!;
        return answer.Error is null ? answer : throw new InvalidOperationException(answer.Error);
    }
}
