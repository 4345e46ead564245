using System.Collections.Concurrent;

namespace SomaStack.Intelligence.Inference;

/// <summary>The breaker of each model and the retry budget of each provider, as this process has experienced them.</summary>
internal sealed class Circuits(TimeProvider clock)
{
    /// <summary>A server may list thousands of models; beyond this all is forgotten and learned anew.</summary>
    private const int Limit = 4096;

    private readonly ConcurrentDictionary<(string Provider, string Model), CircuitBreaker> _breakers = new();
    private readonly ConcurrentDictionary<string, RetryBudget> _budgets = new(StringComparer.Ordinal);

    public CircuitBreaker Of(KnownModel model)
    {
        if (_breakers.TryGetValue((model.Provider, model.Id), out var known)) return known;
        if (_breakers.Count >= Limit) _breakers.Clear();
        return _breakers.GetOrAdd((model.Provider, model.Id), static (_, clock) => new CircuitBreaker(clock), clock);
    }

    public RetryBudget BudgetOf(string provider) => _budgets.TryGetValue(provider, out var known) ? known : _budgets.GetOrAdd(provider, static _ => new RetryBudget());
}
