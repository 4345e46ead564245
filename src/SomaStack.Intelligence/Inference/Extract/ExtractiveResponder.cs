using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using SomaStack.Intelligence.Inference.Contracts;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// The built-in responder <c>soma-extract</c>: no language model. It answers the last user message by quoting the evidence that came
/// with the request, with citation markers, and says so.
/// </summary>
internal sealed class ExtractiveResponder(TimeProvider clock, ITextEmbedder? embedder) : IChatClient
{
    public const string Provider = "somastack";
    public const string Model = "soma-extract";

    private static readonly ChatClientMetadata Metadata = new(Provider, null, Model);

    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var response = await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);
        // Joining updates leaves their properties on the message; a caller looks at either.
        response.AdditionalProperties = response.Messages[^1].AdditionalProperties;
        return response;
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var question = "";
        var read = 0L;
        foreach (var message in messages)
        {
            read += Words.Count(message.Text);
            if (message.Role == ChatRole.User) question = message.Text;
        }
        var evidence = options?.AdditionalProperties?.TryGetValue(Evidence.Key, out var value) == true && value is IReadOnlyList<Evidence> list ? list : [];
        foreach (var passage in evidence) read += Words.Count(passage.Text);

        var answer = ExtractiveAnswer.Compose(question, evidence, embedder is null ? null : embedder.Embed);
        var text = options?.MaxOutputTokens is { } limit ? Words.Take(answer.Text, limit) : answer.Text;
        var id = "soma-" + Platform.Ids.New(clock);
        var createdAt = clock.GetUtcNow();
        foreach (var chunk in Chunks(text))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new ChatResponseUpdate(ChatRole.Assistant, chunk) { ResponseId = id, MessageId = id, ModelId = Model, CreatedAt = createdAt };
            // One word after another: a slow reader holds the writer back instead of filling a buffer.
            await Task.CompletedTask;
        }
        var written = Words.Count(text);
        yield return new ChatResponseUpdate
        {
            Role = ChatRole.Assistant,
            ResponseId = id,
            MessageId = id,
            ModelId = Model,
            CreatedAt = createdAt,
            FinishReason = text.Length < answer.Text.Length ? ChatFinishReason.Length : ChatFinishReason.Stop,
            Contents = [new UsageContent(new UsageDetails { InputTokenCount = read, OutputTokenCount = written, TotalTokenCount = read + written })],
            AdditionalProperties = new AdditionalPropertiesDictionary { [Quotation.Key] = Kept(answer, text), ["somastack.tokenizer"] = Words.Tokenizer },
        };
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null : serviceType == typeof(ChatClientMetadata) ? Metadata : serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
    }

    /// <summary>Words with the white space after them.</summary>
    internal static IEnumerable<string> Chunks(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            var end = start;
            while (end < text.Length && !char.IsWhiteSpace(text[end])) end++;
            while (end < text.Length && char.IsWhiteSpace(text[end])) end++;
            yield return text[start..end];
            start = end;
        }
    }

    /// <summary>A quote that the token limit cut off is not cited.</summary>
    private static IReadOnlyList<Quotation> Kept(ExtractiveAnswer answer, string text) =>
        text.Length == answer.Text.Length
            ? answer.Quotations
            : [.. answer.Quotations.TakeWhile((_, index) => text.Contains($"\u201d [{index + 1}]", StringComparison.Ordinal))];
}
