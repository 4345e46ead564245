using System.Net.Http.Headers;
using System.Text.Json;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Asks a server that speaks OpenAI's <c>/moderations</c> what it finds in a text. Any failure, time-out or answer of another shape is
/// thrown, and moderation then holds the text back: nothing passes because the detector was away.
/// </summary>
internal sealed class ProviderModeration : IModerator, IDisposable
{
    /// <summary>A longer text goes in pieces of one request, each judged by itself.</summary>
    public const int PieceLength = 16_000;

    /// <summary>So much of a piece is at the start of the next one too, so that nothing hides at a cut.</summary>
    public const int Overlap = 200;

    private const long AnswerBytesMax = 4 << 20;

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HttpClient _http;
    private readonly Uri _address;
    private readonly SomaOptions _options;
    private readonly HashSet<ModerationStage> _stages;

    public ProviderModeration(SomaOptions options)
    {
        var url = options.ModerationUrl ?? throw new InvalidOperationException("SOMA_MODERATION_URL is not set.");
        if (!Uri.TryCreate(url.TrimEnd('/') + "/moderations", UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new InvalidOperationException("SOMA_MODERATION_URL must be an http or https address, e.g. https://api.openai.com/v1.");
        (_address, _options) = (address, options);
        _stages = [.. options.ModerationStages.Select(StageOf)];
        _http = OutgoingHttp.Create(new OutgoingLimits(options.ModerationTimeout, AnswerBytesMax, Redirects: 0), address);
    }

    public bool Looks(ModerationStage stage) => _stages.Contains(stage);

    public async Task<IReadOnlyList<Reason>> DetectAsync(RequestContext context, string text, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(text)) return [];
        var pieces = Pieces(text);
        var body = JsonSerializer.SerializeToUtf8Bytes(new ModerationQuestion(_options.ModerationModel, pieces), InferenceJson.Default.ModerationQuestion);
        using var request = new HttpRequestMessage(HttpMethod.Post, _address) { Content = new ByteArrayContent(body) { Headers = { ContentType = Json } } };
        if (_options.ModerationKey is { } key) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var response = await _http.SendAsync(request, cancellationToken);
        // The provider's words are not passed on: they may repeat the text or the key.
        if (!response.IsSuccessStatusCode) throw new HttpRequestException($"The moderation endpoint answered {(int)response.StatusCode}.", null, response.StatusCode);
        using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
        return Read(answer.RootElement, pieces.Count);
    }

    public void Dispose() => _http.Dispose();

    /// <exception cref="InvalidDataException">It is not one result for each piece.</exception>
    internal static IReadOnlyList<Reason> Read(JsonElement answer, int pieces)
    {
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("results", out var results) || results.ValueKind != JsonValueKind.Array || results.GetArrayLength() != pieces)
            throw new InvalidDataException("The moderation endpoint did not answer with one result for each text.");
        var categories = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var result in results.EnumerateArray())
        {
            if (result.ValueKind != JsonValueKind.Object || !result.TryGetProperty("flagged", out var flagged) || flagged.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
                throw new InvalidDataException("The moderation endpoint did not say whether a text is flagged.");
            if (flagged.ValueKind == JsonValueKind.False) continue;
            var named = 0;
            if (result.TryGetProperty("categories", out var listed) && listed.ValueKind == JsonValueKind.Object)
                foreach (var category in listed.EnumerateObject().Where(static category => category.Value.ValueKind == JsonValueKind.True))
                {
                    categories.Add(Name(category.Name));
                    named++;
                }
            if (named == 0) categories.Add("flagged");
        }
        return [.. categories.Select(static category => new Reason(
            "moderation_" + category, "The provider's moderation flags the text.", "provider-" + category, null,
            category.StartsWith("self_harm", StringComparison.Ordinal)
                ? "You do not have to face this alone: call your local emergency number or a crisis line, or talk to somebody near you now."
                : "Say it without what the category names."))];
    }

    internal static IReadOnlyList<string> Pieces(string text)
    {
        var pieces = new List<string>();
        for (var at = 0; ;)
        {
            var end = Math.Min(text.Length, at + PieceLength);
            if (end < text.Length && char.IsHighSurrogate(text[end - 1])) end--;
            pieces.Add(text[at..end]);
            if (end == text.Length) return pieces;
            at = end - Overlap;
            if (char.IsLowSurrogate(text[at])) at--;
        }
    }

    /// <summary>A category as reason codes are written: <c>harassment/threatening</c> becomes <c>harassment_threatening</c>.</summary>
    private static string Name(string category)
    {
        var name = new string([.. category.ToLowerInvariant().Take(64).Select(static c => char.IsAsciiLetterOrDigit(c) ? c : '_')]);
        return name.Length == 0 ? "flagged" : name;
    }

    private static ModerationStage StageOf(string name) => name switch
    {
        "input" => ModerationStage.Input,
        "tool_result" => ModerationStage.ToolResult,
        "memory" => ModerationStage.Memory,
        "output" => ModerationStage.Output,
        _ => throw new InvalidOperationException($"SOMA_MODERATION_STAGES knows input, tool_result, memory and output, not '{name}'."),
    };
}

internal sealed record ModerationQuestion(string Model, IReadOnlyList<string> Input);
