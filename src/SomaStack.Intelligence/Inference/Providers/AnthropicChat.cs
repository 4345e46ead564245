using System.Runtime.CompilerServices;
using Anthropic;
using Anthropic.Models.Messages;
using Microsoft.Extensions.AI;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Anthropic's official client on our transport. It takes a stream that breaks off for a complete one, so the end is looked for here.
/// </summary>
internal sealed class AnthropicChat(IChatClient inner) : DelegatingChatClient(inner)
{
    /// <summary>The format wants a limit in every request; this is also what a call without one reserves.</summary>
    private const int OutputTokensDefault = 4096;

    /// <summary>Where the official client puts the tokens that were written to the cache.</summary>
    private const string CacheWrites = "CacheCreationInputTokens";

    /// <summary>Where we put those of them that are kept for an hour: the client's own counts leave them out.</summary>
    private const string HourWrites = "CacheCreationHourInputTokens";

    /// <param name="address">Without <c>/v1</c>.</param>
    public static IChatClient Create(Uri address, string? key, HttpClient http, string model)
    {
        var client = new AnthropicClient
        {
            BaseUrl = address.AbsoluteUri.TrimEnd('/'),
            // Also when null: otherwise the client would look for a key in the environment.
            ApiKey = key,
            HttpClient = http,
            // Retries are the router's decision.
            MaxRetries = 0,
            Timeout = TimeSpan.FromMinutes(10),
            Handlers = [new AnthropicRefusals()],
        };
        return new AnthropicChat(client.AsIChatClient(model, OutputTokensDefault, ThinkingOf(model)));
    }

    public static long? CacheWritesOf(UsageDetails? details) => Count(details, CacheWrites);

    public static long? HourWritesOf(UsageDetails? details) => Count(details, HourWrites);

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var (complete, hour) = (false, (long?)null);
        await foreach (var update in base.GetStreamingResponseAsync(messages, options, cancellationToken))
        {
            complete |= update.RawRepresentation is RawMessageStreamEvent { Value: RawMessageStopEvent };
            // Told once, when the stream begins; what is counted later is counted anew without it.
            if (update.RawRepresentation is RawMessageStreamEvent { Value: RawMessageStartEvent begun }) hour = begun.Message.Usage.CacheCreation?.Ephemeral1hInputTokens;
            if (hour is > 0) Remember(update, hour.Value);
            if (!complete) ForgetOutput(update);
            yield return update;
        }
        if (!complete) throw InferenceProblems.Garbled.Because("Its stream ended before it was complete.");
    }

    /// <summary>What the stream's beginning says of the output is not what was written until it broke off.</summary>
    private static void ForgetOutput(ChatResponseUpdate update)
    {
        foreach (var content in update.Contents)
            if (content is UsageContent { Details: var usage }) (usage.OutputTokenCount, usage.ReasoningTokenCount, usage.TotalTokenCount) = (null, null, null);
    }

    private static void Remember(ChatResponseUpdate update, long hour)
    {
        foreach (var content in update.Contents)
            if (content is UsageContent { Details: var usage }) (usage.AdditionalCounts ??= [])[HourWrites] = hour;
    }

    private static long? Count(UsageDetails? details, string name) => details?.AdditionalCounts is { } counts && counts.TryGetValue(name, out var count) ? count : null;

    /// <summary>Models before Claude 4.6 are told a budget for their thinking; later ones adapt it to an effort.</summary>
    internal static AnthropicThinkingMode ThinkingOf(string model)
    {
        // claude-3-7-sonnet, claude-sonnet-4-20250514, claude-opus-4-1: the version is the first number, the minor one has a digit or two.
        var parts = model.Split('-');
        var at = Array.FindIndex(parts, static part => int.TryParse(part, out _));
        if (at < 0) return AnthropicThinkingMode.Adaptive;
        var major = int.Parse(parts[at], System.Globalization.CultureInfo.InvariantCulture);
        var minor = at + 1 < parts.Length && parts[at + 1].Length <= 2 && int.TryParse(parts[at + 1], out var number) ? number : 0;
        return (major, minor).CompareTo((4, 6)) < 0 ? AnthropicThinkingMode.Extended : AnthropicThinkingMode.Adaptive;
    }
}
