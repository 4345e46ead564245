using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Finds servers of models that run beside this one at their usual addresses, so that nobody has to configure what is plainly there.
/// What is configured is left alone, and so is an address that does not list models to anybody (another SomaStack asks for a key).
/// </summary>
internal sealed partial class LoopbackServers
{
    /// <summary>Longest wait for one of them; they are asked at once, and apart from the start.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(300);

    private static readonly (string Name, string Address)[] Usual =
    [
        ("ollama", "http://127.0.0.1:11434/v1"), ("vllm", "http://127.0.0.1:8000/v1"), ("llamacpp", "http://127.0.0.1:8081/v1"), ("lmstudio", "http://127.0.0.1:1234/v1"),
    ];

    private readonly ProviderList _providers;
    private readonly TimeProvider _clock;
    private readonly ILogger<LoopbackServers> _log;
    private readonly List<Provider> _missing;

    /// <param name="isOn"><c>SOMA_DETECT</c>.</param>
    /// <param name="connect">A client that may reach the address.</param>
    public LoopbackServers(ProviderList providers, bool isOn, Func<Uri, HttpClient> connect, TimeProvider clock, ILogger<LoopbackServers> log)
    {
        (_providers, _clock, _log, _missing) = (providers, clock, log, []);
        if (!isOn) return;
        foreach (var (name, text) in Usual)
        {
            var address = new Uri(text);
            if (providers.All.Any(provider => provider.Name == name || IsSame(provider.BaseAddress, address))) continue;
            _missing.Add(new Provider(new ProviderSettings(name, ProviderKind.OpenAiCompatible, address, null, []), connect(address)));
        }
    }

    /// <summary>Looks again for those not found yet. One caller at a time.</summary>
    public async Task DetectAsync(CancellationToken cancellationToken)
    {
        if (_missing.Count == 0) return;
        var there = await Task.WhenAll(_missing.Select(provider => IsThereAsync(provider, cancellationToken)));
        for (var i = there.Length - 1; i >= 0; i--)
        {
            if (!there[i]) continue;
            LogFound(_missing[i].Name, _missing[i].BaseAddress);
            _providers.Add(_missing[i]);
            _missing.RemoveAt(i);
        }
    }

    private async Task<bool> IsThereAsync(Provider provider, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, _clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return (await provider.ListModelsAsync(_clock, both.Token)).Count > 0;
        }
        catch (Exception)
        {
            // Whatever a stranger's port does, it is no provider then, and no reason to fail.
            return false;
        }
    }

    private static bool IsSame(Uri one, Uri other) => one.IsLoopback && one.Port == other.Port;

    [LoggerMessage(Level = LogLevel.Information, Message = "The provider {Name} was found at {Address}. SOMA_DETECT=0 leaves such servers alone.")]
    private partial void LogFound(string name, Uri address);
}
