using System.Collections.Concurrent;
using Microsoft.ML.Tokenizers;

namespace SomaStack.Intelligence.Inference;

/// <summary>The tokenizer that stands for a model.</summary>
/// <param name="Encoding">o200k_base or cl100k_base.</param>
/// <param name="IsOwn">The model reads with it; false when it only stands in for one that is not public.</param>
/// <param name="HasRule">The cookbook's rule for messages holds: not for reasoning models, whose recorded usage lies one token beside it.</param>
internal readonly record struct ModelEncoding(string Encoding, bool IsOwn, bool HasRule)
{
    private const string Newer = "o200k_base";
    private const string Older = "cl100k_base";

    /// <summary>As OpenAI's tiktoken assigns them (tiktoken/model.py), longest name first.</summary>
    private static readonly (string Prefix, string Encoding, bool HasRule)[] OpenAi =
    [
        ("text-embedding-", Older, false), ("gpt-3.5-turbo", Older, true), ("chatgpt-4o", Newer, true), ("gpt-35-turbo", Older, true), ("gpt-4.1", Newer, true),
        ("gpt-4.5", Newer, true), ("gpt-4o", Newer, true), ("gpt-4", Older, true), ("gpt-5", Newer, false), ("o1", Newer, false), ("o3", Newer, false), ("o4-mini", Newer, false),
    ];

    /// <param name="model">A model's own name or <c>provider/model</c>; fine-tuned ones as <c>ft:gpt-4o:…</c>.</param>
    public static ModelEncoding Of(string model)
    {
        var name = model.AsSpan(model.LastIndexOf('/') + 1);
        if (name.StartsWith("ft:", StringComparison.Ordinal)) name = name[3..];
        foreach (var (prefix, encoding, hasRule) in OpenAi)
            if (name.StartsWith(prefix, StringComparison.Ordinal) && (name.Length == prefix.Length || prefix[^1] == '-' || name[prefix.Length] is '-' or ':')) return new ModelEncoding(encoding, true, hasRule);
        return new ModelEncoding(Newer, false, false);
    }
}

/// <summary>
/// Tokenizers, each loaded once and only when something asks for it: their tables take a good part of a second and tens of megabytes,
/// so neither the start nor a model call waits for them.
/// </summary>
internal sealed class Tokenizers
{
    private readonly ConcurrentDictionary<string, Lazy<Task<Tokenizer>>> _loaded = new(StringComparer.Ordinal);

    public Task<Tokenizer> LoadAsync(string encoding) => _loaded.GetOrAdd(encoding, static name => new Lazy<Task<Tokenizer>>(() => Task.Run<Tokenizer>(() => TiktokenTokenizer.CreateForEncoding(name)))).Value;

    /// <summary>Null until it is loaded; the first to ask begins that and gets null, however quick it is.</summary>
    public Tokenizer? Warm(string encoding)
    {
        var asked = _loaded.TryGetValue(encoding, out var known) && known.IsValueCreated;
        return LoadAsync(encoding) is { IsCompletedSuccessfully: true } loaded && asked ? loaded.Result : null;
    }
}
