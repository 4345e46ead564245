namespace SomaStack.Platform;

/// <summary>Port: where secrets come from. A name is that of a setting, e.g. <c>SOMA_OPENAI_KEY</c>. Nothing lists what there is.</summary>
public interface ISecretSource
{
    /// <summary>Null when the source holds nothing under the name. What was rotated is seen without a restart.</summary>
    /// <exception cref="Problem">503 <c>unavailable</c> when the source does not answer. It never says what a secret was.</exception>
    ValueTask<string?> FindAsync(string name, CancellationToken cancellationToken);
}
