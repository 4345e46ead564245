using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

internal enum ProviderKind
{
    OpenAi,
    OpenAiCompatible,
    Anthropic,
}

/// <summary>A provider as the operator configured it.</summary>
/// <param name="Name">Unique; the price book's provider. 1 to 64 characters a-z, 0-9, '-' and '_'.</param>
/// <param name="Address">For Anthropic without a path, for the others with the version: <c>https://api.groq.com/openai/v1</c>.</param>
/// <param name="Models">Names that are taken at their word where the server does not list its models; empty otherwise.</param>
internal sealed record ProviderSettings(string Name, ProviderKind Kind, Uri Address, string? Key, IReadOnlyList<string> Models)
{
    /// <summary>One entry of the file that <c>SOMA_PROVIDERS</c> names. Keys are never in it: it names the environment variable, or a file, that holds one.</summary>
    internal sealed record Entry(string Name, string Kind, string? Url = null, string? KeyEnv = null, string? KeyFile = null, IReadOnlyList<string>? Models = null);

    public static IReadOnlyList<ProviderSettings> From(SomaOptions options, Func<string, string?> environment)
    {
        var all = new List<ProviderSettings>();
        if (options.OpenAiUrl is { Length: > 0 } url)
        {
            var address = new Uri(url, UriKind.Absolute);
            // Prices belong to a provider: only OpenAI's own host is charged by OpenAI's price list.
            var own = IsOpenAi(address);
            all.Add(new ProviderSettings(own ? "openai" : "openai-compatible", own ? ProviderKind.OpenAi : ProviderKind.OpenAiCompatible, address, options.OpenAiKey, []));
        }
        if (options.AnthropicUrl is { Length: > 0 } anthropic) all.Add(new ProviderSettings("anthropic", ProviderKind.Anthropic, new Uri(anthropic, UriKind.Absolute), options.AnthropicKey, []));
        if (options.ProvidersFile is { Length: > 0 } file) all.AddRange(Read(File.ReadAllBytes(file), environment));
        var twice = all.GroupBy(static provider => provider.Name, StringComparer.Ordinal).FirstOrDefault(static group => group.Count() > 1);
        return twice is null ? all : throw new InvalidOperationException($"The provider '{twice.Key}' is configured twice.");
    }

    public static IReadOnlyList<ProviderSettings> Read(ReadOnlySpan<byte> json, Func<string, string?> environment) =>
        [.. (JsonSerializer.Deserialize(json, InferenceJson.Default.EntryArray) ?? []).Select(entry => Of(entry, environment))];

    private static ProviderSettings Of(Entry entry, Func<string, string?> environment)
    {
        if (entry.Name.Length is 0 or > 64 || !entry.Name.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_'))
            throw new InvalidOperationException($"The provider's name '{entry.Name}' must have 1 to 64 characters a-z, 0-9, '-' and '_'.");
        var kind = entry.Kind switch
        {
            "openai" => ProviderKind.OpenAi,
            "openai-compatible" => ProviderKind.OpenAiCompatible,
            "anthropic" => ProviderKind.Anthropic,
            _ => throw new InvalidOperationException($"The kind of provider '{entry.Name}' must be openai, openai-compatible or anthropic."),
        };
        var address = entry.Url ?? kind switch { ProviderKind.OpenAi => "https://api.openai.com/v1", ProviderKind.Anthropic => "https://api.anthropic.com", _ => null };
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")) throw new InvalidOperationException($"The provider '{entry.Name}' needs a url with http or https.");
        var key = entry.KeyEnv is { } name ? environment(name) : entry.KeyFile is { } path ? File.ReadAllText(path).Trim() : null;
        return new ProviderSettings(entry.Name, kind, url, key, entry.Models ?? []);
    }

    private static bool IsOpenAi(Uri address) => address.Host.EndsWith("api.openai.com", StringComparison.Ordinal);
}
