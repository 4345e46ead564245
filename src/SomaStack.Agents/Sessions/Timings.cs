using System.Text.Json.Serialization;

namespace SomaStack.Agents.Sessions;

/// <summary>Milliseconds of each stage, in the order in which they were passed.</summary>
/// <param name="before">Of the same turn in the process that began it.</param>
internal sealed class Timings(TimeProvider clock, IReadOnlyDictionary<string, double>? before = null)
{
    private readonly long _began = clock.GetTimestamp();
    private readonly Dictionary<string, double> _stages = before is null ? [] : new(before);
    private long _last = clock.GetTimestamp();

    public IReadOnlyDictionary<string, double> Stages => _stages;

    /// <summary>The stage that ends now began where the last one ended; one that is passed twice counts both times.</summary>
    public void Mark(string stage)
    {
        var now = clock.GetTimestamp();
        _stages[stage] = Math.Round(_stages.GetValueOrDefault(stage) + clock.GetElapsedTime(_last, now).TotalMilliseconds, 3);
        _last = now;
    }

    /// <summary>Since the request came in; kept once, as <c>first_token</c> and <c>total</c> are.</summary>
    public void Since(string stage) => _stages.TryAdd(stage, Math.Round(clock.GetElapsedTime(_began).TotalMilliseconds, 3));

    public TimeSpan Elapsed => clock.GetElapsedTime(_began);
}

/// <summary>What the gate's digest covers: the exact words by their hash, the persona and the model. Keys in canonical order.</summary>
internal sealed record GateArguments(string Model, string Persona, string PromptSha256);

/// <summary>What a second person is shown of a turn: the exact words.</summary>
internal sealed record TurnArguments(string Model, string Persona, long PersonaVersion, string Prompt, string Provider);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(GateArguments))]
[JsonSerializable(typeof(TurnArguments))]
internal sealed partial class GateJson : JsonSerializerContext;
