using System.Text;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>Secrets that were bound to an adapter. They go to the tool and are never shown again.</summary>
internal sealed class AdapterSecrets(AdapterStore store, ISealedSecrets sealing)
{
    private const string Purpose = "tool-secret";

    public byte[] Seal(string tenant, string adapter, string name, string value) => sealing.Seal(Purpose, Owner(tenant, adapter, name), Encoding.UTF8.GetBytes(value));

    /// <exception cref="Problem">503 <c>tool_secret_missing</c> when one was sealed under another key file.</exception>
    public async Task<IReadOnlyDictionary<string, string>> OpenAsync(string tenant, string adapter, CancellationToken cancellationToken)
    {
        var boxes = await store.BoxesAsync(tenant, adapter, cancellationToken);
        var opened = new Dictionary<string, string>(boxes.Count, StringComparer.Ordinal);
        foreach (var (name, box) in boxes)
        {
            opened[name] = sealing.Open(Purpose, Owner(tenant, adapter, name), box) is { } plain ? Encoding.UTF8.GetString(plain)
                : throw ToolProblems.SecretMissing.Because($"The secret '{name}' of '{adapter}' was sealed on another installation; bind it again.");
        }
        return opened;
    }

    private static string Owner(string tenant, string adapter, string name) => $"{tenant}/{adapter}/{name}";
}
