using System.Collections.Frozen;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>What can be asked: the built-in responder and the models that the configured providers list, refreshed in the background.</summary>
internal sealed class ModelDirectory(SomaOptions options, TimeProvider clock, ProviderList providers) : IDisposable
{
    private static readonly KnownModel BuiltIn = new(ExtractiveResponder.Model, ExtractiveResponder.Provider, null, ExtractiveResponder.Provider, null);
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RetryUnknownAfter = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _refreshing = new(1);
    private volatile State _state = new([BuiltIn], FrozenDictionary<string, Heard>.Empty, null);

    /// <summary>The built-in one first, then provider by provider as they list them.</summary>
    public IReadOnlyList<KnownModel> All => _state.List;

    /// <summary>Why the models of some provider are not known, or null.</summary>
    public Problem? Failure => _state.Heard.Values.FirstOrDefault(static heard => heard.Failure is not null)?.Failure;

    public string Default => options.Model;

    /// <summary>
    /// No I/O. Until the first provider has been heard once, the operator's own default model is taken at its word.
    /// </summary>
    /// <param name="id">A model's own name, or <c>provider/model</c>.</param>
    public KnownModel? Find(string id)
    {
        var state = _state;
        if (state.ByName.TryGetValue(id, out var known)) return known;
        return id == options.Model && providers.All.Count > 0 && !state.HasHeard(providers.All[0]) ? new KnownModel(id, providers.All[0].Name, null, null, null) : null;
    }

    /// <summary>The name under which a model is listed: its own, unless an earlier provider has that name too.</summary>
    public string NameOf(KnownModel model) => ReferenceEquals(Find(model.Id), model) ? model.Id : model.Qualified;

    /// <summary>Asks the providers again when an unknown name comes in, but not more than once in some seconds.</summary>
    public async ValueTask<KnownModel?> FindAsync(string id, CancellationToken cancellationToken)
    {
        if (Find(id) is { } known) return known;
        if (providers.All.Count == 0) return null;
        await RefreshAsync(RetryUnknownAfter, cancellationToken);
        return Find(id);
    }

    public Task RefreshAsync(CancellationToken cancellationToken) => RefreshAsync(Fresh, cancellationToken);

    /// <summary>404 with what there is, or the reason why that is not known.</summary>
    public Problem Unknown(string id) => _state.Heard.Values.FirstOrDefault(static heard => heard is { Once: false, Failure: not null }) is { Failure: { } failure }
        ? InferenceProblems.Unavailable.Because($"Whether there is a model '{Shorten(id)}' is not known: a configured server does not list its models. {failure.Detail}", failure)
        : InferenceProblems.ModelUnknown.Because($"'{Shorten(id)}' is not among: {string.Join(", ", All.Take(50).Select(NameOf))}{(All.Count > 50 ? ", \u2026" : "")}.");

    public void Dispose() => _refreshing.Dispose();

    private async Task RefreshAsync(TimeSpan maxAge, CancellationToken cancellationToken)
    {
        if (providers.All.Count == 0 || IsFresh(maxAge)) return;
        await _refreshing.WaitAsync(cancellationToken);
        try
        {
            if (IsFresh(maxAge)) return;
            var before = _state;
            var asked = providers.All;
            var heard = await Task.WhenAll(asked.Select(provider => AskAsync(provider, before, cancellationToken)));
            var byProvider = asked.Zip(heard).ToFrozenDictionary(static pair => pair.First.Name, static pair => pair.Second, StringComparer.Ordinal);
            _state = new State([BuiltIn, .. heard.SelectMany(static one => one.Models).Where(static model => model.Id != BuiltIn.Id)], byProvider, clock.GetTimestamp());
        }
        finally
        {
            _refreshing.Release();
        }
    }

    private async Task<Heard> AskAsync(Provider provider, State before, CancellationToken cancellationToken)
    {
        try
        {
            return new Heard(true, await provider.ListModelsAsync(clock, cancellationToken), null);
        }
        catch (Problem problem)
        {
            // What was known stays known: the call itself will tell if the server is still away.
            var known = before.Heard.GetValueOrDefault(provider.Name);
            return new Heard(known?.Once ?? false, known?.Models ?? [], problem);
        }
    }

    // A server that was found since has not been heard.
    private bool IsFresh(TimeSpan maxAge) => _state is { At: { } at } state && clock.GetElapsedTime(at) < maxAge && state.Heard.Count == providers.All.Count;

    private static string Shorten(string id) => id.Length <= 100 ? id : id[..100] + "\u2026";

    /// <param name="Once">The provider has listed its models at least once.</param>
    private sealed record Heard(bool Once, IReadOnlyList<KnownModel> Models, Problem? Failure);

    private sealed class State(IReadOnlyList<KnownModel> list, FrozenDictionary<string, Heard> heard, long? at)
    {
        public IReadOnlyList<KnownModel> List => list;

        public FrozenDictionary<string, Heard> Heard => heard;

        public FrozenDictionary<string, KnownModel> ByName { get; } = list.SelectMany(static model => new[] { (model.Id, model), (model.Qualified, model) })
            .DistinctBy(static pair => pair.Item1, StringComparer.Ordinal).ToFrozenDictionary(static pair => pair.Item1, static pair => pair.model, StringComparer.Ordinal);

        public long? At => at;

        public bool HasHeard(Provider provider) => heard.GetValueOrDefault(provider.Name)?.Once == true;
    }
}
