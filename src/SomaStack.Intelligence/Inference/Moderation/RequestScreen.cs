using System.Text.Json;
using Microsoft.Extensions.AI;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <param name="Body">As it goes on: what a rule redacts or drops in a tool's answer is replaced in it. The memory that came when nothing is.</param>
/// <param name="Taints">Whose words it holds and what was found in them.</param>
internal readonly record struct ScreenedBody(ReadOnlyMemory<byte> Body, IReadOnlyList<string> Taints);

/// <summary>What every surface asks before the gate: kill switch, the caller's lock, then the texts that a model would read.</summary>
internal sealed class RequestScreen(IModeration moderation)
{
    private const string Withheld = "[redacted]";

    /// <param name="body">A chat, a response or a message request, known to be a JSON object.</param>
    /// <exception cref="Problem">403 <c>moderation_blocked</c> with the reasons; 503 when nothing can be checked.</exception>
    public async Task<ScreenedBody> BodyAsync(RequestContext context, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var found = RequestTexts.Read(body.Span);
        var screened = await ScreenAsync(context, [.. found.Select(static one => one.Text)], cancellationToken);
        var edits = new BodyEdits();
        for (var i = 0; i < found.Count; i++)
            if (Replacement(screened.Texts[i]) is { } replacement) edits.Replace(found[i].Start, found[i].Length, JsonText.Quoted(replacement));
        return new ScreenedBody(edits.Apply(body), screened.Labels);
    }

    /// <summary>Texts that the caller says now, and nothing else.</summary>
    /// <returns>Taints.</returns>
    /// <exception cref="Problem">As for <see cref="BodyAsync"/>.</exception>
    public async Task<IReadOnlyList<string>> WordsAsync(RequestContext context, IEnumerable<string?> words, CancellationToken cancellationToken) =>
        (await ScreenAsync(context, [.. words.Where(static text => !string.IsNullOrWhiteSpace(text)).Select(static text => new ScreenText(ModerationStage.Input, text!, IsNew: true))], cancellationToken)).Labels;

    /// <summary>Messages that were read already, edited where a rule says so.</summary>
    /// <param name="areNew">The caller sends them now; else they wait since it did, and cost no strike again.</param>
    /// <exception cref="Problem">As for <see cref="BodyAsync"/>.</exception>
    public async Task<IReadOnlyList<string>> MessagesAsync(RequestContext context, IReadOnlyList<ChatMessage> messages, bool areNew, CancellationToken cancellationToken)
    {
        var (texts, places) = (new List<ScreenText>(), new List<(AIContent Content, ModerationStage Stage)>());
        var answered = -1;
        for (var i = 0; i < messages.Count; i++)
            if (messages[i].Role == ChatRole.Assistant) answered = i;
        for (var i = 0; i < messages.Count; i++)
        {
            var stage = messages[i].Role == ChatRole.Assistant ? ModerationStage.Output : messages[i].Role == ChatRole.Tool ? ModerationStage.ToolResult : ModerationStage.Input;
            var isNew = areNew && i > answered && messages[i].Role == ChatRole.User;
            foreach (var content in messages[i].Contents)
                if (TextOf(content) is { Length: > 0 } text)
                {
                    texts.Add(new ScreenText(stage, text, isNew));
                    places.Add((content, stage));
                }
        }
        var screened = await ScreenAsync(context, texts, cancellationToken);
        for (var i = 0; i < places.Count; i++)
            if (Replacement(screened.Texts[i]) is { } replacement) Replace(places[i].Content, replacement);
        return screened.Labels;
    }

    /// <summary>What memory gives a model to read: dropped, redacted or as it is.</summary>
    /// <exception cref="Problem">As for <see cref="BodyAsync"/>.</exception>
    public async Task<IReadOnlyList<Contracts.Evidence>> MemoriesAsync(RequestContext context, IReadOnlyList<Contracts.Evidence> memories, CancellationToken cancellationToken)
    {
        if (memories.Count == 0) return memories;
        var screened = await ScreenAsync(context, [.. memories.Select(static memory => new ScreenText(ModerationStage.Memory, memory.Text))], cancellationToken);
        var kept = new List<Contracts.Evidence>(memories.Count);
        for (var i = 0; i < memories.Count; i++)
            if (!screened.Texts[i].Blocked) kept.Add(screened.Texts[i].Redacted is { } redacted ? memories[i] with { Text = redacted } : memories[i]);
        return kept;
    }

    /// <summary>For an answer to the same request.</summary>
    public OutputWatch Watch(RequestContext context) => new(moderation, context);

    private async Task<ScreenResult> ScreenAsync(RequestContext context, IReadOnlyList<ScreenText> texts, CancellationToken cancellationToken)
    {
        var screened = await moderation.ScreenAsync(context, texts, cancellationToken);
        return screened.Refusal is { } refusal ? throw ModerationProblems.Because(refusal, "The moderation rules stop this text.") : screened;
    }

    /// <summary>A format wants an answer to each call of a tool, so a dropped one is emptied and not removed.</summary>
    private static string? Replacement(ModerationResult result) => result.Blocked ? Withheld : result.Redacted;

    private static string? TextOf(AIContent content) => content switch
    {
        TextContent text => text.Text,
        FunctionResultContent { Result: string result } => result,
        FunctionResultContent { Result: JsonElement result } => result.ValueKind == JsonValueKind.String ? result.GetString() : result.GetRawText(),
        _ => null,
    };

    private static void Replace(AIContent content, string text)
    {
        if (content is TextContent said) said.Text = text;
        else if (content is FunctionResultContent result) result.Result = text;
    }
}
