using System.Net;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <summary>Secrets that stand in the ancestor's files and in everybody's examples.</summary>
internal sealed class DefaultSecretsCheck(SomaOptions options) : IModePrecondition
{
    private const int ShortestSecret = 12;

    private static readonly HashSet<string> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        "dev-secret", "development-secret", "development-secret-key", "change-me-please", "changeme-changeme", "your-api-key-here", "supersecretkey",
        "insecure-default", "default-secret", "not-a-secret", "password1234", "administrator", "sk-your-key-here", "postgrespostgres",
    };

    public string Code => "default_secrets";

    public ValueTask<string?> FaultAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var faults = Secrets().Where(static secret => secret.Value is not null && (secret.Value.Length < ShortestSecret || Known.Contains(secret.Value))).Select(static secret => secret.Name).ToList();
        return ValueTask.FromResult(faults.Count == 0 ? null : $"Short or well known: {string.Join(", ", faults)}.");
    }

    private IEnumerable<(string Name, string? Value)> Secrets()
    {
        yield return ("SOMA_OPENAI_KEY", options.OpenAiKey);
        yield return ("SOMA_ANTHROPIC_KEY", options.AnthropicKey);
        // A database on the same machine may know its caller by other means than a password.
        if (Uri.TryCreate(options.DatabaseUrl, UriKind.Absolute, out var database) && database.Scheme.StartsWith("postgres", StringComparison.Ordinal)
            && (database.UserInfo.Contains(':', StringComparison.Ordinal) || !database.IsLoopback))
            yield return ("SOMA_DATABASE (its password)", Uri.UnescapeDataString(database.UserInfo.Split(':', 2).ElementAtOrDefault(1) ?? ""));
    }
}

internal sealed class KeyFilesCheck(SomaOptions options) : IModePrecondition
{
    public string Code => "key_files_private";

    public ValueTask<string?> FaultAsync(RequestContext context, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(options.KeysDirectory)) return ValueTask.FromResult<string?>(null);
        // Public keys of signers are meant to be read, and locks hold nothing.
        var open = Directory.EnumerateFiles(options.KeysDirectory, "*", SearchOption.AllDirectories)
            .Where(static file => !file.EndsWith(".pub", StringComparison.Ordinal) && !file.EndsWith(".lock", StringComparison.Ordinal) && KeyFile.IsOpenToOthers(file))
            .Select(file => Path.GetRelativePath(options.KeysDirectory, file)).Order(StringComparer.Ordinal).ToList();
        return ValueTask.FromResult(open.Count == 0 ? null : $"Open to others: {string.Join(", ", open)}.");
    }
}

internal sealed class SecretFilesCheck(SomaOptions options) : IModePrecondition
{
    public string Code => "secret_files_private";

    public ValueTask<string?> FaultAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var open = options.SecretFiles.Where(static file => File.Exists(file.Value) && KeyFile.IsOpenToOthers(file.Value)).Select(static file => file.Key).Order(StringComparer.Ordinal).ToList();
        return ValueTask.FromResult(open.Count == 0 ? null : $"Open to others: the files of {string.Join(", ", open)}.");
    }
}

internal sealed class PlainHttpCheck(SomaOptions options) : IModePrecondition
{
    public string Code => "plain_http";

    public ValueTask<string?> FaultAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var open = options.Url.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(static url => !IsFine(url)).ToList();
        return ValueTask.FromResult(open.Count == 0 ? null : $"Listening on {string.Join(", ", open)}.");
    }

    /// <summary>A name, <c>*</c> or <c>+</c> in the place of the host is every address.</summary>
    private static bool IsFine(string url)
    {
        if (url.StartsWith("https://", StringComparison.OrdinalIgnoreCase)) return true;
        return Uri.TryCreate(url, UriKind.Absolute, out var address)
            && (address.Host == "localhost" || IPAddress.TryParse(address.Host.Trim('[', ']'), out var literal) && IPAddress.IsLoopback(literal));
    }
}

internal sealed class RowSecurityCheck(Db db) : IModePrecondition
{
    public string Code => "row_security";

    public async ValueTask<string?> FaultAsync(RequestContext context, CancellationToken cancellationToken) => await db.WarningAsync(cancellationToken);
}

internal sealed class FoundProvidersCheck(SomaOptions options) : IModePrecondition
{
    public string Code => "found_providers";

    public ValueTask<string?> FaultAsync(RequestContext context, CancellationToken cancellationToken) =>
        ValueTask.FromResult(options.Detect ? "Servers of models on this machine are looked for." : null);
}
