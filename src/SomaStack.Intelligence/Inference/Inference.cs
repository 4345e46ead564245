using System.Collections.Concurrent;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using SomaStack.Intelligence.Inference.Contracts;

namespace SomaStack.Intelligence.Inference;

/// <summary>The client of each model. Clients are kept: each is safe for concurrent use.</summary>
internal sealed class Inference(TimeProvider clock, ProviderList providers, ITextEmbedder? embedder = null) 
{
    // A server may list thousands of models; a client is a few kilobytes.
    private const int ClientLimit = 256;

    private readonly ConcurrentDictionary<string, IChatClient> _clients = new(StringComparer.Ordinal);

    public IChatClient ClientOf(KnownModel known)
    {
        if (_clients.TryGetValue(known.Qualified, out var client)) return client;
        if (_clients.Count >= ClientLimit) _clients.Clear();
        return _clients.GetOrAdd(known.Qualified, Create, known);
    }

    private IChatClient Create(string name, KnownModel known)
    {
        var inner = providers.Of(known)?.Client(known.Id) ?? new ExtractiveResponder(clock, embedder);
        return inner.AsBuilder()
            .Use(next => new ProviderFailures(next, clock))
            // Spans only. Its log lines would hold the provider's words, which may repeat a key; its metrics would count a call a second time, so
            // they stay under its own name, which is traced and not metered.
            .UseOpenTelemetry(NullLoggerFactory.Instance, null, telemetry => telemetry.EnableSensitiveData = false)
            .Build();
    }
}
