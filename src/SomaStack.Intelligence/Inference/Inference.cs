using System.Collections.Concurrent;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Resolves a model name to its client. Clients are kept: each is safe for concurrent use.</summary>
internal sealed class Inference(ModelDirectory directory, TimeProvider clock, ProviderList providers, ITextEmbedder? embedder = null) : IInference
{
    // A server may list thousands of models; a client is a few kilobytes.
    private const int ClientLimit = 256;

    private readonly ConcurrentDictionary<string, IChatClient> _clients = new(StringComparer.Ordinal);

    public ResolvedModel Resolve(RequestContext context, string? model)
    {
        var id = model ?? directory.Default;
        var known = directory.Find(id) ?? throw directory.Unknown(id);
        return new ResolvedModel(known.Provider, known.Id, ClientOf(known), known.ContextTokens);
    }

    internal IChatClient ClientOf(KnownModel known)
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
