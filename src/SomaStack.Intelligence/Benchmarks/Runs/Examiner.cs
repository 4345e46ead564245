using System.Numerics.Tensors;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SomaStack.Intelligence.Benchmarks.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

/// <summary>What became of one question.</summary>
/// <param name="Status">answered, failed (the model's or its server's fault) or skipped (not asked, or stopped by us).</param>
/// <param name="Reason">A stable word for why it was not answered.</param>
/// <param name="Quality">Null when nothing could be graded.</param>
internal sealed record Outcome(
    string Status, string? Reason = null, string? Provider = null, double? Quality = null, bool Refused = false, double? LatencyMs = null, double? FirstTokenMs = null,
    long? InputTokens = null, long? OutputTokens = null, long? CostNanos = null, string? Currency = null, string? CallId = null)
{
    public const string Answered = "answered";
    public const string Failed = "failed";
    public const string Skipped = "skipped";

    public static Outcome Skip(string reason) => new(Skipped, reason);
}

/// <summary>Asks one model one question of a capsule and grades what it says. Every call is a governed one.</summary>
internal sealed class Examiner(IModelAnswers answers, ISpokenSentences speech, TimeProvider clock, ITextEmbedder? embedder = null)
{
    private const int OutputTokensMax = 256;

    /// <summary>A model that has not answered by then has failed.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <exception cref="OperationCanceledException">The caller's token was cancelled.</exception>
    public async Task<Outcome> AskAsync(RequestContext context, string model, Capsule capsule, CapsuleItem item, CancellationToken cancellationToken)
    {
        if (capsule.Skipped is { } why) return Outcome.Skip(why);
        if (capsule.Task == "embeddings") return Rank(model, item);
        if (embedder?.Model == model) return Outcome.Skip("not_for_this_task");
        if (capsule.Task == "speech" && await speech.UnavailabilityAsync(context, model, cancellationToken) is { } deaf) return Outcome.Skip(deaf);
        using var patience = new CancellationTokenSource(Patience, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        var begun = clock.GetTimestamp();
        try
        {
            return capsule.Task == "speech" ? await HearAsync(context, model, item, both.Token) : await AskModelAsync(context, model, capsule, item, both.Token);
        }
        catch (Problem problem)
        {
            return IsModelsFault(problem) ? new Outcome(Outcome.Failed, problem.Code.Code, LatencyMs: clock.GetElapsedTime(begun).TotalMilliseconds) : Outcome.Skip(problem.Code.Code);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Outcome(Outcome.Failed, "timeout", LatencyMs: clock.GetElapsedTime(begun).TotalMilliseconds);
        }
    }

    /// <summary>Structural signs alone: a finish for the sake of a filter, a refusal of its own kind, an answer without anything in it.</summary>
    internal static bool IsRefused(ChatResponse response) =>
        response.FinishReason == ChatFinishReason.ContentFilter
        || response.Messages.Any(static message => message.Contents.Any(static content => content is ErrorContent))
        || (string.IsNullOrWhiteSpace(response.Text) && Calls(response).Count == 0);

    /// <summary>Our budget, gate, key or switch says nothing about the model.</summary>
    private static bool IsModelsFault(Problem problem) => problem.Code.Code.StartsWith("provider_", StringComparison.Ordinal) && problem.Code.Code != "provider_unauthorized";

    private async Task<Outcome> AskModelAsync(RequestContext context, string model, Capsule capsule, CapsuleItem item, CancellationToken cancellationToken)
    {
        ModelAnswer answer;
        try
        {
            answer = await answers.AnswerAsync(context, Request(model, capsule, item, temperature: 0), cancellationToken);
        }
        catch (Problem problem) when (problem.Code.Code == "provider_rejected" && problem.Detail.Contains("temperature", StringComparison.OrdinalIgnoreCase))
        {
            // Some models take no temperature but their own.
            answer = await answers.AnswerAsync(context, Request(model, capsule, item, temperature: null), cancellationToken);
        }
        var (response, receipt) = answer;
        // A fallback's answer says nothing about the model that was asked.
        if (receipt.Model != model && receipt.Provider + "/" + receipt.Model != model) return new Outcome(Outcome.Failed, "answered_by_another", receipt.Provider, CallId: receipt.CallId);
        return new Outcome(
            Outcome.Answered, null, receipt.Provider, Grade(capsule, item, response), IsRefused(response), receipt.DurationMs, receipt.FirstTokenMs, receipt.InputTokens, receipt.OutputTokens,
            receipt.CostNanos, receipt.Currency, receipt.CallId);
    }

    private static double Grade(Capsule capsule, CapsuleItem item, ChatResponse response) => (item.Grader ?? capsule.Grader) switch
    {
        "tool_call" => Grader.Calls(Calls(response), item.Tool, item.Schema),
        "json_schema" => Grader.Json(response.Text, item.Schema!.Value),
        var grader => Grader.Text(grader, response.Text, item.Expected ?? []),
    };

    private static ModelRequest Request(string model, Capsule capsule, CapsuleItem item, float? temperature)
    {
        var messages = new List<ChatMessage>(2);
        var system = item.Context is null ? capsule.Instructions : $"{capsule.Instructions}\n\n<context>\n{item.Context}\n</context>";
        if (!string.IsNullOrWhiteSpace(system)) messages.Add(new ChatMessage(ChatRole.System, system.Trim()));
        messages.Add(new ChatMessage(ChatRole.User, item.Input));
        // The built-in responder quotes evidence; without the key it would look into the tenant's memory.
        IReadOnlyList<Evidence> evidence = item.Context is null ? [] : [new Evidence(item.Id, item.Context, 1, null, null)];
        var options = new ChatOptions
        {
            MaxOutputTokens = capsule.MaxOutputTokens ?? OutputTokensMax, Temperature = temperature,
            AdditionalProperties = new AdditionalPropertiesDictionary { [Evidence.Key] = evidence },
        };
        long bytes = messages.Sum(static message => (long)Encoding.UTF8.GetByteCount(message.Text));
        if (capsule.Tools is { Count: > 0 } tools)
        {
            options.Tools = [.. tools.Select(static tool => (AITool)AIFunctionFactory.CreateDeclaration(tool.Name, tool.Description, tool.Parameters))];
            options.ToolMode = ChatToolMode.Auto;
            // What stands around each tool in a provider's prompt is not told; twice its own text is room for it.
            bytes += 2 * tools.Sum(static tool => (long)Encoding.UTF8.GetByteCount(tool.Name + tool.Description + tool.Parameters.GetRawText())) + 1024;
        }
        var digest = TextDigest.Of($"{capsule.Named}\n{item.Id}\n{system}\n{item.Input}");
        return new ModelRequest(model, messages, options, "benchmark", digest, bytes + 64) { Role = Tasks.RoleOf(capsule.Task) };
    }

    private static List<AskedCall> Calls(ChatResponse response)
    {
        var calls = new List<AskedCall>();
        foreach (var message in response.Messages)
            foreach (var content in message.Contents)
                if (content is FunctionCallContent call) calls.Add(new AskedCall(call.Name, Arguments(call)));
        return calls;
    }

    private static JsonElement Arguments(FunctionCallContent call)
    {
        if (call.Exception is not null) return default;
        var arguments = new JsonObject();
        foreach (var (name, value) in call.Arguments ?? new Dictionary<string, object?>())
            arguments[name] = value switch
            {
                null => null,
                JsonElement element => JsonNode.Parse(element.GetRawText()),
                JsonNode node => node.DeepClone(),
                string text => JsonValue.Create(text),
                bool flag => JsonValue.Create(flag),
                long whole => JsonValue.Create(whole),
                int whole => JsonValue.Create(whole),
                double number => JsonValue.Create(number),
                _ => JsonValue.Create(value.ToString()),
            };
        return JsonSerializer.SerializeToElement(arguments, BenchmarksJson.Default.JsonObject);
    }

    private Outcome Rank(string model, CapsuleItem item)
    {
        if (embedder is null || embedder.Model != model) return Outcome.Skip("not_for_this_task");
        if (embedder.Unavailability is not null) return Outcome.Skip("embedder_unavailable");
        var begun = clock.GetTimestamp();
        var asked = embedder.Embed(item.Input);
        var took = clock.GetElapsedTime(begun).TotalMilliseconds;
        var candidates = item.Candidates!;
        var likeness = new double[candidates.Count];
        for (var i = 0; i < likeness.Length; i++)
        {
            if (asked is null || embedder.Embed(candidates[i]) is not { } vector) return Outcome.Skip("embedder_unavailable");
            likeness[i] = TensorPrimitives.CosineSimilarity(asked, vector);
        }
        var right = 0;
        while (candidates[right] != item.Expected![0]) right++;
        // The built-in embedder costs nothing (price book); latency is of the question alone, as candidates lie embedded in an index.
        return new Outcome(Outcome.Answered, null, "somastack", Grader.ReciprocalRank(likeness, right), LatencyMs: took, FirstTokenMs: took, CostNanos: 0, Currency: "USD");
    }

    private async Task<Outcome> HearAsync(RequestContext context, string model, CapsuleItem item, CancellationToken cancellationToken)
    {
        var heard = await speech.HearAsync(context, model, item.Input, cancellationToken);
        return new Outcome(
            Outcome.Answered, null, heard.Provider, Grader.Text("wer", heard.Text, item.Input), string.IsNullOrWhiteSpace(heard.Text), heard.LatencyMs, CostNanos: heard.CostNanos, Currency: heard.Currency,
            CallId: heard.CallId);
    }
}
