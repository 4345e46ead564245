using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Looks at an answer on its way out, whole or piece by piece. A piece is read together with the end of what went before it, so a rule
/// finds what a cut parts; of such a match only what is still to come can be redacted. For one answer, by one reader.
/// </summary>
internal sealed class OutputWatch(IModeration moderation, RequestContext context)
{
    /// <summary>Characters of what went before.</summary>
    public const int Overlap = 256;

    /// <summary>Choices and blocks whose pieces may come in turn.</summary>
    private const int ChannelsMax = 64;

    private const string Mark = "[redacted]";

    private readonly AnswerTexts _texts = new();
    private readonly Dictionary<(long, string), string> _before = [];
    private readonly StringBuilder _unasked = new();
    private bool _hasUnasked;

    /// <summary>A whole answer in JSON.</summary>
    /// <returns>The same memory when nothing in it is redacted.</returns>
    /// <exception cref="Problem">403 <c>moderation_blocked</c>.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> WholeAsync(ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        if (!_texts.Read(json.Span)) return await TextAsync(json, cancellationToken);
        var edits = new BodyEdits();
        var edited = false;
        foreach (var text in _texts.Texts)
        {
            if (await LookAsync(text.Text, cancellationToken) is not { } redacted) continue;
            edits.Replace(text.Start, text.Length, JsonText.Quoted(redacted));
            edited = true;
        }
        await ReleaseAsync(cancellationToken);
        return Apply(json, 0, edits, edited);
    }

    /// <summary>A whole answer that is nothing but text, such as subtitles.</summary>
    /// <exception cref="Problem">403 <c>moderation_blocked</c>.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> TextAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken)
    {
        var redacted = await LookAsync(Encoding.UTF8.GetString(text.Span), cancellationToken);
        await ReleaseAsync(cancellationToken);
        return redacted is null ? text : Encoding.UTF8.GetBytes(redacted);
    }

    /// <summary>One event of a stream with its blank line. It may leave after the next <see cref="ReleaseAsync"/>.</summary>
    /// <returns>The same memory when nothing in it is redacted.</returns>
    /// <exception cref="Problem">403 <c>moderation_blocked</c>.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> EventAsync(ReadOnlyMemory<byte> whole, CancellationToken cancellationToken)
    {
        var data = EventRelay.DataOf(whole);
        if (data.IsEmpty || data.Span[0] != '{') return whole;
        if (!_texts.Read(data.Span))
        {
            // What is no JSON for us may be words for its reader.
            if (await PieceAsync((0, "unread"), Encoding.UTF8.GetString(data.Span), cancellationToken) is null) return whole;
            throw ModerationProblems.Because(ModerationResult.Clean, "The moderation rules redact this piece, and it could not be read.");
        }
        if (_texts.Texts.Count == 0) return whole;
        whole.Span.Overlaps(data.Span, out var offset);
        // These repeat what their deltas said: each is whole by itself.
        var repeats = data.Span.IndexOf(".done\""u8) >= 0 || data.Span.IndexOf("\"response.completed\""u8) >= 0 || data.Span.IndexOf("\"response.incomplete\""u8) >= 0;
        var edits = new BodyEdits();
        var edited = false;
        foreach (var text in _texts.Texts)
        {
            if (text.Text.Length == 0) continue;
            var redacted = repeats ? await LookAsync(text.Text, cancellationToken) : await PieceAsync((_texts.Place, text.Field), text.Text, cancellationToken);
            if (redacted is null) continue;
            edits.Replace(offset + text.Start, text.Length, JsonText.Quoted(redacted));
            edited = true;
        }
        return Apply(whole, offset, edits, edited);
    }

    /// <summary>A piece from a provider's official client, redacted in place.</summary>
    /// <exception cref="Problem">403 <c>moderation_blocked</c>.</exception>
    public async ValueTask UpdateAsync(ChatResponseUpdate update, CancellationToken cancellationToken)
    {
        foreach (var content in update.Contents)
            switch (content)
            {
                case TextContent { Text.Length: > 0 } text:
                    text.Text = await PieceAsync((0, "text"), text.Text, cancellationToken) ?? text.Text;
                    break;
                case TextReasoningContent { Text.Length: > 0 } thought:
                    thought.Text = await PieceAsync((0, "thinking"), thought.Text, cancellationToken) ?? thought.Text;
                    break;
                case FunctionCallContent { Arguments: { } arguments }:
                    foreach (var (name, value) in arguments.ToList())
                        if ((value is JsonElement element ? element.GetRawText() : value as string) is { Length: > 0 } written && await LookAsync(written, cancellationToken) is not null)
                            arguments[name] = Mark;
                    break;
            }
        await ReleaseAsync(cancellationToken);
    }

    /// <summary>Asks further detectors, if there are any, about what was looked at since they were asked.</summary>
    /// <exception cref="Problem">403 <c>moderation_blocked</c>.</exception>
    public async ValueTask ReleaseAsync(CancellationToken cancellationToken)
    {
        if (!_hasUnasked) return;
        _hasUnasked = false;
        var result = await moderation.DetectOutputAsync(context, _unasked.ToString(), cancellationToken);
        if (result.Blocked) throw Stopped(result);
        // What a cut parts is in the next question too.
        if (_unasked.Length > Overlap) _unasked.Remove(0, _unasked.Length - Overlap);
    }

    private async ValueTask<string?> PieceAsync((long, string) channel, string text, CancellationToken cancellationToken)
    {
        var before = _before.GetValueOrDefault(channel, "");
        var redacted = await LookAsync(text, before, cancellationToken);
        var passed = before + (redacted ?? text);
        if (_before.Count >= ChannelsMax && !_before.ContainsKey(channel)) _before.Clear();
        _before[channel] = passed.Length > Overlap ? passed[^Overlap..] : passed;
        return redacted;
    }

    private ValueTask<string?> LookAsync(string text, CancellationToken cancellationToken) => LookAsync(text, "", cancellationToken);

    /// <returns>What is to stand in place of the text; null when it may stay.</returns>
    private async ValueTask<string?> LookAsync(string text, string before, CancellationToken cancellationToken)
    {
        if (moderation.DetectsOutput)
        {
            _unasked.Append(text);
            _hasUnasked = true;
        }
        var result = await moderation.GuardAsync(context, before + text, cancellationToken);
        if (result.Blocked) throw Stopped(result);
        if (result.Redacted is not { } redacted) return null;
        return redacted.StartsWith(before, StringComparison.Ordinal) ? redacted[before.Length..] : Mark;
    }

    /// <param name="offset">Where the JSON begins, in which echoes stand.</param>
    private ReadOnlyMemory<byte> Apply(ReadOnlyMemory<byte> bytes, int offset, BodyEdits edits, bool edited)
    {
        if (!edited) return bytes;
        foreach (var (start, length) in _texts.Echoes) edits.Replace(offset + start, length, "null"u8.ToArray());
        return edits.Apply(bytes);
    }

    /// <summary>Whether the answer ends because of moderation, blocked or not checkable, and not by its provider's fault.</summary>
    public static bool Stops(Problem? problem) => problem is not null && (problem.Code == ModerationProblems.Blocked || problem.Code.Code == ModerationProblems.UnavailableCode);

    private static Problem Stopped(ModerationResult result) => ModerationProblems.Because(result, "The moderation rules stop the rest of this answer.");
}
