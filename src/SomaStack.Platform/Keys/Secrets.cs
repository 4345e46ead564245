namespace SomaStack.Platform;

/// <summary>What a program reads its settings from at its start: the environment, files, and a Vault for what neither has.</summary>
public static class Secrets
{
    /// <summary>Precedence: <c>NAME</c>, then <c>NAME_FILE</c>, then the field NAME of the Vault secret. Without <c>SOMA_VAULT_ADDR</c> nothing is asked.</summary>
    /// <exception cref="InvalidOperationException">The settings of Vault make no sense.</exception>
    public static Func<string, string?> Over(Func<string, string?> environment)
    {
        if (VaultOptions.From(environment) is not { } options) return environment;
        var vault = VaultSecrets.Connect(options, TimeProvider.System);
        // Read before anything else runs, so waiting here holds nobody up.
        return name => environment(name) ?? (IsOwn(name) || environment(name + "_FILE") is not null ? null : vault.FindAsync(name, CancellationToken.None).AsTask().GetAwaiter().GetResult());
    }

    /// <summary>What leads to Vault is not in Vault, and neither are names of files.</summary>
    private static bool IsOwn(string name) => name.StartsWith("SOMA_VAULT_", StringComparison.Ordinal) || name.EndsWith("_FILE", StringComparison.Ordinal);
}
