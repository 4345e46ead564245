using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Intelligence.Inference;

namespace SomaStack.Bench;

/// <summary>
/// How far the count before a call is from what the provider then counted, over every recorded exchange that reports its input tokens; and
/// what the bound of the reservation costs in time.
/// </summary>
public static class TokenBench
{
    public static readonly Benchmark Benchmark = new("tokens", "Error of the token count before a call, against the usage in recorded traffic (--data FOLDER); time of the bound.", RunAsync);

    internal sealed record Case(FiledExchange Exchange, long Recorded, TokenCount Count, long Bytes, long Bound);

    internal static async Task<List<Case>> MeasureAsync(string folder)
    {
        var tokenizers = new Tokenizers();
        var counter = new TokenCounter(tokenizers);
        await tokenizers.LoadAsync("o200k_base");
        await tokenizers.LoadAsync("cl100k_base");
        var cases = new List<Case>();
        foreach (var exchange in RecordedTraffic.Read(folder))
        {
            if (exchange is not { Recorded: { Status: 200, Request: { } request }, Model: { } model } || InputTokens(exchange) is not { } recorded || Messages(request) is not { } messages) continue;
            using var read = JsonDocument.Parse(messages.ToJsonString());
            using var tools = request["tools"] is JsonArray listed ? JsonDocument.Parse(listed.ToJsonString()) : null;
            var body = Encoding.UTF8.GetBytes(request.ToJsonString());
            cases.Add(new Case(exchange, recorded, await counter.CountMessagesAsync(model, read.RootElement, tools?.RootElement), body.Length, counter.UpperBound(body, model)));
        }
        return cases;
    }

    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var folder = options.Data ?? RecordedTraffic.DefaultFolder() ?? throw new InvalidDataException("No recordings are here (../shared/data/provider-recordings).");
        if (File.Exists(folder)) folder = Path.GetDirectoryName(folder)!;
        var cases = await MeasureAsync(folder);
        var figures = new Dictionary<string, Figure>(StringComparer.Ordinal);
        foreach (var one in cases)
            options.Progress($"{one.Exchange.File} {one.Exchange.Model}: recorded {one.Recorded}, {(one.Count.IsExact ? "exact" : "estimate")} {one.Count.Tokens}, bound {one.Bound}, body {one.Bytes}");
        foreach (var group in cases.GroupBy(static one => one.Exchange.Provider)) Add(figures, group.Key, [.. group]);
        Add(figures, "exact", [.. cases.Where(static one => one.Count.IsExact)]);
        Add(figures, "all", cases);
        var broken = cases.Where(static one => one.Bound < one.Recorded).ToList();
        figures["bound_broken"] = Single(broken.Count, $"of {cases.Count} requests had more tokens than the bound");
        figures["body_bound_broken"] = Single(cases.Count(static one => one.Bytes < one.Recorded), $"of {cases.Count} requests had more tokens than bytes");
        await TimesAsync(figures, options.Rounds ?? 20, cancellationToken);
        return BenchResult.Of("tokens", figures, new Dictionary<string, double>(StringComparer.Ordinal), 1);
    }

    private static void Add(Dictionary<string, Figure> figures, string name, List<Case> cases)
    {
        if (cases.Count == 0) return;
        var errors = cases.Select(static one => 100.0 * Math.Abs(one.Count.Tokens - one.Recorded) / one.Recorded).ToList();
        figures[name + "_mape"] = new Figure(Math.Round(errors.Average(), 2), Math.Round(errors.Min(), 2), Math.Round(errors.Max(), 2), $"% (mean, least, most), n = {cases.Count}");
    }

    /// <summary>The load of the tables, and the bound over texts of the largest body that is still tokenized.</summary>
    private static async Task TimesAsync(Dictionary<string, Figure> figures, int rounds, CancellationToken cancellationToken)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var began = Stopwatch.GetTimestamp();
        var tokenizers = new Tokenizers();
        await tokenizers.LoadAsync("o200k_base");
        figures["load_o200k"] = Single(Stopwatch.GetElapsedTime(began).TotalMilliseconds, "ms");
        figures["memory_o200k"] = Single((GC.GetTotalMemory(forceFullCollection: true) - before) / 1048576.0, "MiB");
        var counter = new TokenCounter(tokenizers);
        foreach (var (name, text) in Texts())
        {
            var body = Encoding.UTF8.GetBytes(new JsonObject { ["model"] = "gpt-4o", ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }) }.ToJsonString());
            if (body.Length > TokenCounter.TokenizedBytesMax) throw new InvalidOperationException($"{name}: {body.Length} bytes are not tokenized.");
            var times = new List<double>();
            for (var round = 0; round < rounds; round++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var start = Stopwatch.GetTimestamp();
                counter.UpperBound(body, "gpt-4o");
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
            figures[$"bound_{name}"] = Figure.Of(times, $"ms for {body.Length} bytes");
        }
    }

    /// <summary>Prose, and what is worst for byte pairs: one long word.</summary>
    private static IEnumerable<(string Name, string Text)> Texts()
    {
        const string sentence = "The keeper of the lighthouse counted 37 ships before noon, wrote each name into his book and went to bed. ";
        yield return ("prose_1k", string.Concat(Enumerable.Repeat(sentence, 9)));
        yield return ("prose_15k", string.Concat(Enumerable.Repeat(sentence, 145)));
        yield return ("one_letter_15k", new string('a', 15_000));
        var random = new Random(7);
        yield return ("one_word_15k", new string([.. Enumerable.Range(0, 15_000).Select(_ => (char)('a' + random.Next(26)))]));
        yield return ("marks_15k", new string([.. Enumerable.Range(0, 15_000).Select(_ => "!#$%()*,-./:;=?@[]^_{|}~"[random.Next(24)])]));
    }

    /// <summary>OpenAI's and its kin's prompt_tokens; of responses input_tokens; of Anthropic input_tokens with what came from and went to the cache.</summary>
    internal static long? InputTokens(FiledExchange exchange)
    {
        long? found = null;
        foreach (var part in exchange.Parts())
        {
            var usage = part["usage"] as JsonObject ?? (part["response"] as JsonObject)?["usage"] as JsonObject ?? (part["message"] as JsonObject)?["usage"] as JsonObject;
            if (usage is null) continue;
            if (Number(usage, "prompt_tokens") is { } prompt) found = prompt;
            else if (Number(usage, "input_tokens") is { } input && input > 0) found = input + (Number(usage, "cache_read_input_tokens") ?? 0) + (Number(usage, "cache_creation_input_tokens") ?? 0);
        }
        return found is > 0 ? found : null;
    }

    /// <summary>The request's messages in OpenAI's shape, whichever of the three formats it has; null for one without.</summary>
    private static JsonArray? Messages(JsonObject request)
    {
        var messages = new JsonArray();
        if (request["system"] is { } system) messages.Add(new JsonObject { ["role"] = "system", ["content"] = system.DeepClone() });
        if (request["instructions"] is { } instructions) messages.Add(new JsonObject { ["role"] = "system", ["content"] = instructions.DeepClone() });
        var list = request["messages"] as JsonArray ?? request["input"] as JsonArray;
        if (list is null && request["input"] is JsonValue input) messages.Add(new JsonObject { ["role"] = "user", ["content"] = input.DeepClone() });
        if (list is null && messages.Count == 0) return null;
        foreach (var item in list ?? [])
            if (item is JsonObject message) messages.Add(Plain(message));
        return messages;
    }

    /// <summary>Calls and results that stand as parts or items of their own are counted as the text that they hold.</summary>
    private static JsonObject Plain(JsonObject message)
    {
        var plain = (JsonObject)message.DeepClone();
        if (plain["type"] is JsonValue type && type.TryGetValue<string>(out var kind) && kind is "function_call" or "function_call_output" or "reasoning")
            return new JsonObject { ["role"] = "assistant", ["content"] = $"{Words(plain["name"])}{Words(plain["arguments"])}{Words(plain["output"])}" };
        if (plain["content"] is not JsonArray parts) return plain;
        foreach (var part in parts.OfType<JsonObject>())
            if (part["text"] is null && part["source"] is null && part["image_url"] is null) part["text"] = $"{Words(part["name"])}{Words(part["input"])}{Words(part["content"])}{Words(part["thinking"])}";
        return plain;
    }

    private static string Words(JsonNode? node) => node switch { null => "", JsonValue value when value.TryGetValue<string>(out var text) => text, _ => node.ToJsonString() };

    private static long? Number(JsonObject item, string name) => item[name] is JsonValue value && value.TryGetValue<long>(out var number) ? number : null;

    private static Figure Single(double value, string unit) => new(Math.Round(value, 3), Math.Round(value, 3), Math.Round(value, 3), unit);
}
