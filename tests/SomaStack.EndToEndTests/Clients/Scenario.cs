using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SomaStack.Client;

namespace SomaStack.EndToEndTests.Clients;

/// <summary>Runs clients/scenario/memory.json through the .NET client; the runners of the other clients do the same.</summary>
internal sealed partial class Scenario(Uri soma, Uri flaky, string token)
{
    private static readonly TimeSpan EventuallyMax = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, JsonNode?> _saved = new(StringComparer.Ordinal);
    private readonly StringBuilder _report = new();

    /// <returns>One line a step; the last says how it went.</returns>
    public async Task<(bool Passed, string Report)> RunAsync(string file, string run, CancellationToken cancellationToken)
    {
        (_saved["run"], _saved["namespace"]) = (run, "scenario-" + run);
        foreach (var step in JsonNode.Parse(await File.ReadAllTextAsync(file, cancellationToken))!["steps"]!.AsArray())
        {
            if (await StepAsync(step!.AsObject(), cancellationToken) is not { } fault) continue;
            _report.AppendLine($"FAILED {step["name"]}: {fault}");
            return (false, _report.ToString());
        }
        _report.AppendLine("all steps passed");
        return (true, _report.ToString());
    }

    private async Task<string?> StepAsync(JsonObject step, CancellationToken cancellationToken)
    {
        var mayBeMissing = step["when_built"]?.GetValue<bool>() == true;
        var unsaved = Variable().Matches(step.ToJsonString()).Select(match => match.Groups[1].Value).FirstOrDefault(name => !_saved.ContainsKey(name));
        if (unsaved is not null)
        {
            if (!mayBeMissing) return $"'{unsaved}' was not saved";
            _report.AppendLine($"not built  {step["name"]} (needs {unsaved})");
            return null;
        }
        using var http = new HttpClient { BaseAddress = step["via"] is { } via ? new Uri(flaky, Fill(via)!.GetValue<string>()) : soma, Timeout = Timeout.InfiniteTimeSpan };
        var client = new SomaClient(http, Options(step["client"]), token);
        var outcome = await OutcomeAsync(client, step, cancellationToken);
        for (var more = step["times"]?.GetValue<int>() ?? 1; more > 1; more--) outcome = await OutcomeAsync(client, step, cancellationToken);
        if (mayBeMissing && outcome.IsNotBuilt)
        {
            _report.AppendLine($"not built  {step["name"]}");
            return null;
        }
        var started = TimeProvider.System.GetTimestamp();
        while (Compare(step, outcome) is { } fault)
        {
            if (step["eventually"]?.GetValue<bool>() != true || TimeProvider.System.GetElapsedTime(started) > EventuallyMax) return fault;
            outcome = await OutcomeAsync(client, step, cancellationToken);
        }
        foreach (var (variable, path) in step["save"]?.AsObject() ?? []) _saved[variable] = At(outcome.Result, Fill(path)!.GetValue<string>())?.DeepClone();
        _report.AppendLine($"ok         {step["name"]}");
        return null;
    }

    private async Task<Outcome> OutcomeAsync(SomaClient client, JsonObject step, CancellationToken cancellationToken)
    {
        var arguments = Fill(step["args"])!.AsObject();
        arguments.Remove("needs");
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (step["cancel_after_ms"] is { } after) cancelled.CancelAfter(after.GetValue<int>());
        try
        {
            if (step["call"]!.GetValue<string>() == "seen") return new Outcome(await SeenAsync(arguments, cancellationToken), null);
            return new Outcome(await DotnetCalls.RunAsync(client, step["call"]!.GetValue<string>(), arguments, Fill(step["idempotency_key"])?.GetValue<string>(), cancelled.Token), null);
        }
        catch (SomaException refusal)
        {
            return new Outcome(null, DotnetCalls.Describe(refusal));
        }
        catch (OperationCanceledException) when (cancelled.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return new Outcome(null, new JsonObject { ["cancelled"] = true });
        }
        catch (TimeoutException)
        {
            return new Outcome(null, new JsonObject { ["timed_out"] = true });
        }
    }

    private async Task<JsonNode?> SeenAsync(JsonObject arguments, CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        return JsonNode.Parse(await http.GetStringAsync(new Uri(flaky, "/seen/" + arguments["name"]), cancellationToken));
    }

    private string? Compare(JsonObject step, Outcome outcome) => step.ContainsKey("error")
        ? outcome.Error is null ? "expected a refusal, actual " + outcome.Result?.ToJsonString() : Matching.Fault(Fill(step["error"]), outcome.Error)
        : outcome.Error is not null ? "refused: " + outcome.Error.ToJsonString() : Matching.Fault(Fill(step["expect"]), outcome.Result);

    private static SomaClientOptions Options(JsonNode? given)
    {
        var options = new SomaClientOptions { Tenant = given?["tenant"]?.GetValue<string>() };
        if (given?["max_attempts"] is { } attempts) options = options with { MaxAttempts = attempts.GetValue<int>() };
        if (given?["deadline_ms"] is { } deadline) options = options with { Deadline = TimeSpan.FromMilliseconds(deadline.GetValue<int>()) };
        if (given?["constitution_cache_ms"] is { } keep) options = options with { ConstitutionCache = TimeSpan.FromMilliseconds(keep.GetValue<int>()) };
        return options;
    }

    /// <summary>Puts what was saved in the place of <c>${name}</c>; a text that is nothing else becomes the value itself.</summary>
    private JsonNode? Fill(JsonNode? node) => node switch
    {
        JsonObject fields => new JsonObject(fields.Select(field => KeyValuePair.Create(field.Key, Fill(field.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Fill)]),
        JsonValue text when text.TryGetValue<string>(out var value) => Variable().Match(value) is { Success: true } match && match.Length == value.Length
            ? _saved[match.Groups[1].Value]?.DeepClone()
            : JsonValue.Create(Variable().Replace(value, match => _saved[match.Groups[1].Value]!.ToString())),
        _ => node?.DeepClone(),
    };

    /// <summary>A part of an answer: names and places with dots between them; <c>?field=value</c> is the first item that has it.</summary>
    private static JsonNode? At(JsonNode? node, string path)
    {
        foreach (var part in path.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            var wanted = part.TrimStart('?').Split('=');
            node = node is not JsonArray items ? node?[part]
                : part[0] == '?' ? items.First(item => item![wanted[0]]?.GetValue<string>() == wanted[1])
                : items[int.Parse(part, System.Globalization.CultureInfo.InvariantCulture)];
        }
        return node;
    }

    private sealed record Outcome(JsonNode? Result, JsonObject? Error)
    {
        /// <summary>Promised, or not even that.</summary>
        public bool IsNotBuilt => Error?["code"]?.GetValue<string>() is "not_built" or "not_found" or "method_not_allowed";
    }

    [GeneratedRegex(@"\$\{(\w+)\}")]
    private static partial Regex Variable();
}
